"""Texts that people write must hold no telephone number."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"(?:\d[\s().+-]*){9}")
"""A number that is dialled abroad has nine digits at least."""
_MOMENT: Final = re.compile(
    r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)\b"
)


def holds_number(text: str) -> bool:
    """Tell whether a text seems to hold a telephone number.

    Dates and times of day are none, also one behind the other: who was stopped will
    say when.

    Args:
        text: What somebody wrote.
    """
    return _NUMBER.search(_MOMENT.sub("·", text)) is not None
