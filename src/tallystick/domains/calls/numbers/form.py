"""The ways in which a number may be written, and what a trunk is said to write.

Source: spec/numbers.md, "Forms".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tallystick.domains.calls.numbers.plan import is_country


class Written(StrEnum):
    """How a number is written, or was read."""

    PLUS = "plus"  # +375291234567
    PREFIX = "prefix"  # 00375291234567, 810375291234567
    INTERNATIONAL = "international"  # 375291234567
    PREFIXED = "prefixed"  # national with its trunk prefix: 80291234567
    BARE = "bare"  # national without: 291234567
    SUBSCRIBER = "subscriber"  # without area code: 2123456
    KEPT = "kept"  # a trunk prefix after the country code: 375 80 29 ...
    LOOSE = "loose"  # an assigned country code and 8 to 15 digits, no more


@dataclass(frozen=True, slots=True)
class Form:
    """What the numbering file says of one column of a trunk.

    Attributes:
        kind: "international", "national" or "subscriber".
        country: Whose plan; "" for "international".
        area: Area code before a subscriber number; "" otherwise.
    """

    kind: str
    country: str = ""
    area: str = ""

    def covers(self, written: Written, country: str) -> bool:
        """Tell whether a reading is one that this form promises."""
        kinds = _COVERED[self.kind]
        return written in kinds and (not self.country or country == self.country)

    def __str__(self) -> str:
        """Return the form as the numbering file writes it."""
        return ":".join(part for part in (self.kind, self.country, self.area) if part)


_COVERED: Final = {
    "international": (Written.INTERNATIONAL,),
    "national": (Written.PREFIXED, Written.BARE),
    "subscriber": (Written.SUBSCRIBER,),
}
_PARTS: Final = {"international": 1, "national": 2, "subscriber": 3}


def parse_form(text: str, *, country: str | None) -> Form | None:
    """Parse "international", "national[:RU]" or "subscriber:BY:17".

    Args:
        text: What the file says.
        country: The country of the side, for a form that names none.

    Returns:
        None when the text is no form.
    """
    kind, *rest = text.split(":")
    if kind == "national" and not rest and country:
        rest = [country]
    if kind not in _PARTS or len(rest) + 1 != _PARTS[kind]:
        return None
    if rest and not is_country(rest[0]):
        return None
    if len(rest) > 1 and not (rest[1].isascii() and rest[1].isdigit()):
        return None
    return Form(kind, *rest)
