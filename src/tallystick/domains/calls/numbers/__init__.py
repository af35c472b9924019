"""Calling, called and redirecting numbers as E.164 integers.

Source: spec/numbers.md.
"""

from tallystick.domains.calls.numbers.display import key_text, mask
from tallystick.domains.calls.numbers.learn import Learned, agree, learn
from tallystick.domains.calls.numbers.normalise import normalise, second_readings
from tallystick.domains.calls.numbers.numbering import Numbering
from tallystick.domains.calls.numbers.plan import plan_version
from tallystick.domains.calls.numbers.propose import propose_numbering

__all__ = [
    "Learned",
    "Numbering",
    "agree",
    "key_text",
    "learn",
    "mask",
    "normalise",
    "plan_version",
    "propose_numbering",
    "second_readings",
]
