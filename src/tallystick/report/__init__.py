"""What the analyst sees: the page `report.html`, and one finding explained.

`tallystick.report.page` writes the page, `tallystick.report.telling` tells a finding.
"""
