"""From the text of a record to digits: URIs, separators, words for "withheld".

Nothing here depends on countries or trunks, so both sides clean alike.

Source: spec/numbers.md, "Cleaning"; RFC 3261 section 19.1, RFC 3966, RFC 3323.
"""

import hashlib
import re
import unicodedata
from typing import Final, NamedTuple
from urllib.parse import unquote

from tallystick.domains.calls.numbers.absent import ABSENT_WORDS

UNREADABLE_BITS: Final = 62
_EDGES: Final = "'\"`=\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e \t\r\n"
_BRACKETED: Final = re.compile(r"<([^<>]*)>[^<>]*\Z")
_SCHEME: Final = re.compile(r"(?:tel|sips?|callto|h323|pstn)\s*:\s*(?://)?")
_FLOAT: Final = re.compile(r"(\+?[0-9]+)\.0+")
_DROPPED: Final = re.compile(r"[\s().\-/~_·•]+")
_USUAL: Final = re.compile(r"\+?[0-9]+").fullmatch  # most texts: nothing to clean
_DIGITS: Final = re.compile(r"\+?[0-9()~ -]+").fullmatch
_NUMBER: Final = re.compile(r"(\+*)([0-9]+)f*#?")  # F fills up telephony BCD digits


class Cleaned(NamedTuple):
    """What a text says. A named tuple: two are made for every live call.

    Attributes:
        text: What remains, lower case, without plus; "" when no number is given.
        digits: The same when it is digits only, else "".
        plus: Whether an explicit + stood before them.
    """

    text: str
    digits: str = ""
    plus: bool = False


def clean(raw: str) -> Cleaned:
    """Reduce the text of a number field to digits.

    Args:
        raw: As received: digits, a tel: or SIP URI, a name and address, a word.

    Returns:
        The digits; or the text, where it is no number; or an empty text, where
        the number is withheld, unknown or missing.
    """
    if _USUAL(raw):
        digits = raw.lstrip("+")
        return _from_digits(digits, plus=len(digits) < len(raw))
    number, context = _user_part(_plain(raw))
    whole = _FLOAT.fullmatch(number)
    squeezed = _DROPPED.sub("", whole[1] if whole else number)
    found = _NUMBER.fullmatch(squeezed)
    if found and found[1]:
        return _from_digits(found[2], plus=True)
    if found:
        return _from_digits(context + found[2], plus=bool(context))
    word = squeezed.lstrip("+")
    return Cleaned("" if word in ABSENT_WORDS else word)


def unreadable(text: str) -> int:
    """Return the negative integer that stands for a text which is no number.

    Returns:
        -1 - h, where h is the first 62 bits of the SHA-256 of the text.

    Source: spec/numbers.md, "What cannot be read".
    """
    first = hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8]
    return -1 - (int.from_bytes(first, "big") >> (64 - UNREADABLE_BITS))


def _from_digits(digits: str, *, plus: bool) -> Cleaned:
    if not digits.strip("0"):
        return Cleaned("")
    return Cleaned(digits, digits, plus)


def _plain(raw: str) -> str:
    """Fold width, case, digits and dashes; drop what is not seen; unquote."""
    text = unicodedata.normalize("NFKC", raw).lower()
    return "".join(map(_plain_character, text)).strip(_EDGES)


def _plain_character(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    match unicodedata.category(character):
        case "Pd":
            return "-"
        case "Cf" | "Cc":
            return " " if character.isspace() else ""
        case _:
            return character


def _user_part(text: str) -> tuple[str, str]:
    """Cut a URI or address down to its user part.

    Returns:
        The user part without parameters, and the digits of its phone-context.
    """
    if bracketed := _BRACKETED.search(text):
        text = bracketed[1].strip(_EDGES)
    scheme = _SCHEME.match(text)
    if scheme:
        text = unquote(text[scheme.end() :])
    user, at, _host = text.partition("@")
    number, *parameters = user.split(";")
    if scheme and not at and scheme[0].startswith("sip") and not _DIGITS(number):
        number = ""  # a host alone names nobody
    return number.partition(":")[0] if at else number, _context(parameters)


def _context(parameters: list[str]) -> str:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "phone-context" and value.strip().startswith("+"):
            return _DROPPED.sub("", value.strip()[1:])
    return ""
