"""Telephone numbers and URIs in the form in which tokens compare them.

Source: RFC 8224, sections 8.3 and 8.5.
"""

from typing import Final

MAX_DIGITS: Final = 15  # TelephoneNumber of RFC 8226
MAX_URI: Final = 1024  # characters; longer ones name nobody we could compare
_SEPARATORS: Final = str.maketrans("", "", "+-.() ")
_DIGITS: Final = frozenset("0123456789#*")


def canonical_number(text: str) -> str:
    """Drop what only helps the eye from a telephone number.

    Args:
        text: A number with its country code, or a short number.

    Returns:
        Digits, # and *; "" where the text is no number.
    """
    number = text.translate(_SEPARATORS)
    return number if is_canonical_number(number) else ""


def is_canonical_number(text: str) -> bool:
    """Tell whether a text is 1 to 15 of 0-9, # and *."""
    if text.isdigit() and text.isascii():
        return len(text) <= MAX_DIGITS
    return 1 <= len(text) <= MAX_DIGITS and _DIGITS.issuperset(text)


def canonical_uri(text: str) -> str:
    """Reduce a SIP URI to scheme, user and host.

    Returns:
        Without parameters, headers and port; scheme and host in lower case.
    """
    scheme, _, rest = text[:MAX_URI].partition(":")
    address = rest.partition("?")[0]
    user, at, host = address.rpartition("@")
    host = host.partition(";")[0]
    name = host[: host.find("]") + 1] if host.startswith("[") else host.split(":")[0]
    return f"{scheme.lower()}:{user.partition(';')[0]}{at}{name.lower()}"
