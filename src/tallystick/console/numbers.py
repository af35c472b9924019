"""Telephone numbers: hidden on pages, and kept out of what people write."""

import re
from typing import Final

from tallystick.domains.calls.numbers import mask

WHY_LENGTH: Final = 256
_NUMBER: Final = re.compile(r"(?:\d[\s().+-]*){9}")
"""A number that is dialled abroad has nine digits at least."""
_DAY: Final = r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})"
_TIME: Final = r"(?:[01]?\d|2[0-3])[:.][0-5]\d(?:[:.][0-5]\d)?"
_MOMENT: Final = re.compile(rf"(?<![\w.])(?:{_DAY}(?:T{_TIME})?|{_TIME})Z?(?!\w|\.\d)")
"""A day, a time, or both as one word; what goes on in groups is none."""


def hidden(number: str | None) -> str:
    """Return a number with its middle hidden; one that is hidden stays as it is."""
    return number if number and "*" in number else mask(number or "")


def holds_number(text: str) -> bool:
    """Tell whether a text seems to hold a telephone number.

    Dates and times of day are none, also one behind the other: who was stopped will
    say when.

    Args:
        text: What somebody wrote.
    """
    return _NUMBER.search(_MOMENT.sub("·", text)) is not None


def reason_problem(why: str) -> str:
    """Return what is wrong with a reason; empty: nothing."""
    if not why or len(why) > WHY_LENGTH:
        return "no_reason"
    return "number_in_reason" if holds_number(why) else ""
