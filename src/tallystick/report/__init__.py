"""What the analyst sees: the page `report.html`, and one finding explained."""

from tallystick.report.page import write_report as write_report
