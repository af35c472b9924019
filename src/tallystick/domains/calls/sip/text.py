"""Takes header values apart, in time that grows with their length and no faster.

Source: RFC 3261 section 25 (token, quoted-string, generic-param).
"""

import re
from typing import Final

TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
# Every repetition begins with a character that the one before cannot match, so that a
# text that does not match is found out without going back.
QUOTED: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SPECIAL: Final = re.compile(r'[\\",;<>]')
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def split_list(value: str) -> list[str]:
    """Split a header value at commas outside quotation marks and angle brackets."""
    return _split(value, ",")


def split_params(text: str) -> list[str]:
    """Split parameters at semicolons outside quotation marks and angle brackets."""
    return _split(text, ";")


def _split(value: str, separator: str) -> list[str]:
    if separator not in value:
        parts = [value]
    elif '"' not in value and "<" not in value:
        parts = value.split(separator)
    else:
        parts = _split_outside(value, separator)
    return [bare for part in parts if (bare := part.strip())]


def _split_outside(value: str, separator: str) -> list[str]:
    parts, start, quoted, inside, escaped = [], 0, False, False, -1
    for match in _SPECIAL.finditer(value):
        at, mark = match.start(), match[0]
        if at == escaped:
            continue
        if quoted and mark == "\\":
            escaped = at + 1
        elif mark == '"':
            quoted = not quoted
        elif not quoted and mark in "<>":
            inside = mark == "<"
        elif mark == separator and not quoted and not inside:
            parts.append(value[start:at])
            start = at + 1
    parts.append(value[start:])
    return parts


def params_of(text: str) -> dict[str, str]:
    """Return parameters by name in lower case; of one given twice, the last."""
    found = {}
    bare = '"' not in text and "<" not in text
    for part in text.split(";") if bare else split_params(text):
        name, _, value = part.partition("=")
        if name := name.strip().lower():
            found[name] = value.strip().strip('"')
    return found


def plain(text: str, *, longest: int = 2048) -> str:
    """Return text that can stand in a header whatever it holds.

    Characters that would end the line become spaces; anything beyond ASCII becomes
    the bytes of UTF-8, one character each, as the messages here are Latin-1.
    """
    if text.isascii():
        return _CONTROL.sub(" ", text[:longest])
    return _CONTROL.sub(
        " ", text[:longest].encode("utf-8", "replace").decode("latin-1")
    )


def quoted(text: str, *, longest: int = 256) -> str:
    """Return text as a quoted-string."""
    escaped = plain(text, longest=longest).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
