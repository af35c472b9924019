"""How findings of calls become cases."""

from tallystick.domains.calls.cases.sorting import sort_findings
from tallystick.domains.calls.cases.table import RULES

__all__ = ["RULES", "sort_findings"]
