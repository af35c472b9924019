"""Base64url and JSON, read strictly and written in one way only.

Source: RFC 7515, section 2; RFC 8225, section 9; spec/passport.md, "Token".
"""

import json
from binascii import Error, a2b_base64, b2a_base64
from typing import Final, Never

from tallystick.domains.calls.passport.refusal import Refusal

JSONObject = dict[str, object]

MAX_NESTED: Final = 256  # a jCard of a hundred properties fits

# Bytes of the ordinary alphabet that base64url does not know become invalid ones.
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
# Last characters whose unused bits are zero, by length modulo 4: so that one octet
# string has one text.
_LAST: Final = (
    None,
    frozenset[str](),
    frozenset("AQgw"),
    frozenset("AEIMQUYcgkosw048"),
)


def bytes_from_base64url(text: str) -> bytes:
    """Decode base64url without padding.

    Args:
        text: ASCII.

    Raises:
        Refusal: token-base64.
    """
    left = len(text) % 4
    last = _LAST[left]
    if not text or (last is not None and text[-1] not in last):
        raise Refusal("token-base64")
    data = text.encode("ascii").translate(_FROM_URL)
    try:
        return a2b_base64(data + b"=" * (-left % 4), strict_mode=True)
    except Error:
        raise Refusal("token-base64") from None


def base64url_from_bytes(data: bytes) -> str:
    """Encode as base64url without padding."""
    encoded = b2a_base64(data, newline=False).rstrip(b"=")
    return encoded.translate(_TO_URL).decode("ascii")


def _object(pairs: list[tuple[str, object]]) -> JSONObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal("json-repeated")
    return found


def _not_an_integer(_text: str) -> Never:
    raise Refusal("json-malformed")


_decode = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_not_an_integer,
    parse_constant=_not_an_integer,
).decode


def _value(data: bytes) -> object:
    text = data.decode("utf-8")
    if text.count("[") + text.count("{") > MAX_NESTED:
        raise ValueError("too many objects")
    found: object = _decode(text)
    if "\\u" in text:  # a lone surrogate is no text
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    return found


def object_from_json(data: bytes) -> JSONObject:
    """Read a JSON object: UTF-8, no member twice, integers only, no lone surrogate.

    Raises:
        Refusal: json-malformed, json-repeated or json-not-object.

    Bounds: 256 objects and arrays, so that none is nested deeper.
    """
    try:
        found = _value(data)
    except ValueError:
        raise Refusal("json-malformed") from None
    if not isinstance(found, dict):
        raise Refusal("json-not-object")
    return found


def json_from_object(value: object) -> bytes:
    """Write JSON deterministically: members sorted, no white space.

    Source: RFC 8225, section 9.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")
