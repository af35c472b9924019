"""What was done to calls, and to how many honest ones: the harm report.

Counting, exact intervals, what may be published, and what both parties' reports say
together. Nothing here reads a clock, a file or the network.
"""

from tallystick.harm.compare import Difference, compare
from tallystick.harm.figures import (
    NOTICED,
    OUTCOMES,
    Figures,
    Moved,
    Redress,
    Replay,
    RuleFigures,
    percentile,
)
from tallystick.harm.period import Period, check_delay, period_name
from tallystick.harm.publish import PublishTerms, canonical, digest, publish
from tallystick.harm.said import HarmState, countersigned, read_harm, reported
from tallystick.harm.shape import Report, read_report
from tallystick.harm.withhold import HELD, Count

__all__ = [
    "HELD",
    "NOTICED",
    "OUTCOMES",
    "Count",
    "Difference",
    "Figures",
    "HarmState",
    "Moved",
    "Period",
    "PublishTerms",
    "Redress",
    "Replay",
    "Report",
    "RuleFigures",
    "canonical",
    "check_delay",
    "compare",
    "countersigned",
    "digest",
    "percentile",
    "period_name",
    "publish",
    "read_harm",
    "read_report",
    "reported",
]
