"""Numbers that are hidden, and the reason why somebody looks at them."""

import re
from typing import Final

from tallystick.domains.calls.numbers import mask

WHY_LENGTH: Final = 256
# A date has eight digits; a number that is dialled abroad has more.
_NUMBER: Final = re.compile(r"(?:\d[\s().+-]*){9}")


def hidden(number: str | None) -> str:
    """Return a number with its middle hidden; one that is hidden stays as it is."""
    return number if number and "*" in number else mask(number or "")


def reason_problem(why: str) -> str:
    """Return what is wrong with a reason; empty: nothing."""
    if not why or len(why) > WHY_LENGTH:
        return "no_reason"
    return "number_in_reason" if _NUMBER.search(why) else ""
