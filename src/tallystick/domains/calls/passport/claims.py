"""The claims of a token, each of the type its RFC says.

Source: RFC 8225, section 5; RFC 8588; RFC 8946; RFC 9795; spec/passport.md, "Claims".
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from tallystick.domains.calls.passport.encoding import (
    JSONObject,
    bytes_from_base64url,
    object_from_json,
)
from tallystick.domains.calls.passport.number import (
    MAX_URI,
    canonical_number,
    canonical_uri,
    is_canonical_number,
)
from tallystick.domains.calls.passport.private import Private
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.domains.calls.passport.rich import check_rich

MAX_DESTINATIONS: Final = 32  # numbers and URIs; a call to a conference has few
_LATEST_S: Final = 1 << 40
_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)
_ATTESTED: Final = frozenset({"A", "B", "C"})


class Claims(Private, frozen=True):
    """What a token says. Never shown in an error or a log: it holds numbers.

    Attributes:
        orig: Calling number, or canonical URI.
        dest: Called numbers and canonical URIs.
        iat_s: When it was made.
        attest: "A", "B", "C"; "" where not claimed.
        origid: "" where not claimed.
        div: Number or URI the call was diverted from; "" where not claimed.
        payload: The second part of the token, decoded.
    """

    orig: str
    dest: tuple[str, ...]
    iat_s: int
    attest: str
    origid: str
    div: str
    payload: bytes

    @property
    def members(self) -> Mapping[str, object]:
        """All claims as received."""
        return object_from_json(self.payload)

    @property
    def name(self) -> str:
        """The caller's name, where the token carries one (RFC 9795)."""
        rich = self.members.get("rcd")
        name = rich.get("nam") if isinstance(rich, dict) else None
        return name if isinstance(name, str) else ""


class _One(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    tn: str


class _Many(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    tn: tuple[str, ...]


class _Usual(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    attest: Literal["A", "B", "C"]
    dest: _Many
    iat: int
    orig: _One
    origid: str


_decode_usual = msgspec.json.Decoder(_Usual).decode
_encode_usual = msgspec.json.Encoder().encode


def parse_claims(payload: str, ppt: str, *, tolerant: bool) -> Claims:
    """Read the second part of a token.

    Args:
        payload: As received.
        ppt: The extension the header names.
        tolerant: Whether a text for `iat`, a single text for `dest.tn` and
            separators in numbers are read, as in the examples of some RFCs.

    Raises:
        Refusal: By a rule of spec/passport.md, "Token" or "Claims".
    """
    data = bytes_from_base64url(payload)
    usual = _read_usual(data) if ppt == "shaken" else None
    return usual or _read(data, ppt, tolerant)


def _read_usual(data: bytes) -> Claims | None:
    """Read a payload that is just as RFC 8588 shows it; None: look closer.

    What comes out again byte for byte held no member twice and nothing else.
    """
    try:
        found = _decode_usual(data)
    except (ValueError, RecursionError):
        return None
    orig, dest = found.orig.tn, found.dest.tn
    if (
        _encode_usual(found) == data
        and 0 < found.iat < _LATEST_S
        and _UUID.fullmatch(found.origid)
        and is_canonical_number(orig)
        and 1 <= len(dest) <= MAX_DESTINATIONS
        and all(map(is_canonical_number, dest))
    ):
        return Claims(orig, dest, found.iat, found.attest, found.origid, "", data)
    return None


def _read(data: bytes, ppt: str, tolerant: bool) -> Claims:
    members = object_from_json(data)
    iat_s = members.get("iat")
    if tolerant and isinstance(iat_s, str) and iat_s.isascii() and iat_s.isdigit():
        iat_s = int(iat_s[:20])
    if type(iat_s) is not int or not 0 < iat_s < _LATEST_S:
        raise Refusal("iat-malformed")
    orig = _one(members.get("orig"), "orig-malformed", tolerant)
    dest = _many(members.get("dest"), tolerant)
    attest = origid = div = ""
    if ppt == "shaken":
        attest, origid = _attested(members)
    elif ppt == "div":
        div = _diverted(members, tolerant)
    if "rcd" in members or "rcdi" in members or ppt == "rcd":
        check_rich(members)
    return Claims(orig, dest, iat_s, attest, origid, div, data)


def _one(value: object, rule: str, tolerant: bool) -> str:
    """Read an object with one number or one URI.

    Raises:
        Refusal: By the rule given.
    """
    if isinstance(value, dict) and len(value) == 1:
        if "tn" in value:
            return _number(value["tn"], rule, tolerant)
        if "uri" in value:
            return _uri(value["uri"], rule)
    raise Refusal(rule)


def _many(value: object, tolerant: bool) -> tuple[str, ...]:
    """Read an object with lists of numbers and of URIs.

    Raises:
        Refusal: dest-malformed.
    """
    if not isinstance(value, dict) or not 1 <= len(value) <= 2:
        raise Refusal("dest-malformed")
    found: list[str] = []
    for kind, listed in value.items():
        several = [listed] if tolerant and isinstance(listed, str) else listed
        if not isinstance(several, list) or not several:
            raise Refusal("dest-malformed")
        if kind == "tn":
            found += [_number(number, "dest-malformed", tolerant) for number in several]
        elif kind == "uri":
            found += [_uri(uri, "dest-malformed") for uri in several]
        else:
            raise Refusal("dest-malformed")
    if len(found) > MAX_DESTINATIONS:
        raise Refusal("dest-malformed")
    return tuple(found)


def _number(value: object, rule: str, tolerant: bool) -> str:
    if isinstance(value, str):
        number = canonical_number(value) if tolerant else value
        if is_canonical_number(number):
            return number
    raise Refusal(rule)


def _uri(value: object, rule: str) -> str:
    if not isinstance(value, str) or not 3 <= len(value) <= MAX_URI:
        raise Refusal(rule)
    if ":" not in value or not value.isprintable():
        raise Refusal(rule)
    return canonical_uri(value)


def _attested(members: JSONObject) -> tuple[str, str]:
    attest, origid = members.get("attest"), members.get("origid")
    if not isinstance(attest, str) or attest not in _ATTESTED:
        raise Refusal("attest-wrong")
    if not isinstance(origid, str) or not _UUID.fullmatch(origid):
        raise Refusal("origid-wrong")
    return attest, origid


def _diverted(members: JSONObject, tolerant: bool) -> str:
    """Read the former destination; `hi`, an index of History-Info, may stand by it.

    Raises:
        Refusal: div-malformed.
    """
    div = members.get("div")
    if "opt" in members or not isinstance(div, dict):
        raise Refusal("div-malformed")
    if not isinstance(div.get("hi", ""), str):
        raise Refusal("div-malformed")
    former = {name: value for name, value in div.items() if name != "hi"}
    return _one(former, "div-malformed", tolerant)
