"""Numbers as people may see them, and as they are blinded.

Source: spec/numbers.md, "Masking" and "The text that is blinded".
"""

import re
from typing import Final

_MAYBE: Final = re.compile(
    r"(?P<other>"
    r"\b(?=[0-9a-f]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{24}|[0-9a-f]{16})\b"  # a digest
    r"|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])"  # a date
    r")|\+?[0-9](?:[\s().-]{0,2}[0-9]){6,}"
)
_NO_DIGIT: Final = re.compile(r"[^0-9]")
_SHOWN_FIRST: Final = 5  # country code and operator, say +375 29
_SHOWN_LAST: Final = 2
_HIDDEN: Final = 4  # at least so many digits, however short the number


def mask(number: int | str) -> str:
    """Return a number with its middle hidden, as in "+37529*****67".

    Args:
        number: What `normalise` made of it, or digits with or without +.

    Returns:
        "" for no number, "?" for one that could not be read.
    """
    text = str(number).strip().removeprefix("+")
    if text in {"", "0"}:
        return ""
    if not (text.isascii() and text.isdigit()):
        return "?"
    shown = max(0, len(text) - _HIDDEN)
    last = min(_SHOWN_LAST, shown)
    first = min(_SHOWN_FIRST, shown - last)
    hidden = "*" * (len(text) - first - last)
    return f"+{text[:first]}{hidden}{text[len(text) - last :]}"


def mask_in(text: str) -> str:
    """Return a text with the middle of everything hidden that may be a number.

    Seven digits, however they are set, may be one; those of a digest or a date are not.
    """

    def hide(found: re.Match[str]) -> str:
        return found["other"] or mask(_NO_DIGIT.sub("", found[0]))

    return _MAYBE.sub(hide, text)


def key_text(number: int) -> str:
    """Return the text of a number that is blinded: its decimal digits.

    Args:
        number: What `normalise` made of it; may be 0 or negative.

    Returns:
        ASCII, no leading zeros, no +; a minus sign before a negative number.
    """
    return str(int(number))
