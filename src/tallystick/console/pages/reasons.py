"""Numbers that are hidden, and the reason why somebody looks at them."""

from typing import Final

from tallystick.console.pages.numbers import holds_number
from tallystick.domains.calls.numbers import mask

WHY_LENGTH: Final = 256


def hidden(number: str | None) -> str:
    """Return a number with its middle hidden; one that is hidden stays as it is."""
    return number if number and "*" in number else mask(number or "")


def reason_problem(why: str) -> str:
    """Return what is wrong with a reason; empty: nothing."""
    if not why or len(why) > WHY_LENGTH:
        return "no_reason"
    return "number_in_reason" if holds_number(why) else ""
