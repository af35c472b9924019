"""Pair calls while they ring: the live matcher, the grace hold, closing halves.

Source: spec/verdict.md, "The live matcher".
"""

from tallystick.pairing.live.breaker import Breaker, BreakerSettings
from tallystick.pairing.live.closing import ClosingHalf, ClosingMatcher, Course
from tallystick.pairing.live.coverage import Coverage
from tallystick.pairing.live.half import (
    ABSENT,
    DIVERTED,
    PRESENT,
    RESTRICTED,
    UNREADABLE,
    Ident,
    LiveHalf,
    Match,
    Settled,
    Token,
)
from tallystick.pairing.live.hold import Answer, Hold, HoldSettings
from tallystick.pairing.live.matcher import LiveMatcher
from tallystick.pairing.live.window import LiveWindow

__all__ = [
    "ABSENT",
    "DIVERTED",
    "PRESENT",
    "RESTRICTED",
    "UNREADABLE",
    "Answer",
    "Breaker",
    "BreakerSettings",
    "ClosingHalf",
    "ClosingMatcher",
    "Course",
    "Coverage",
    "Hold",
    "HoldSettings",
    "Ident",
    "LiveHalf",
    "LiveMatcher",
    "LiveWindow",
    "Match",
    "Settled",
    "Token",
]
