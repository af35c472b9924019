"""What the analyst sees: the page `report.html`, and a finding explained."""

from tallystick.report.page import write_report as write_report
