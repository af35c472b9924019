"""Read the content of a request: which form it has, and what it says.

Source: spec/stir-http.md, "Which form" and "Parameters".
"""

import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from tallystick.domains.calls.passport import canonical_number, canonical_uri
from tallystick.domains.calls.sip.address import parse_address
from tallystick.domains.calls.stir.asked import (
    AtisVerification,
    Signing,
    Some,
    ThreeGppVerification,
    Verification,
)
from tallystick.domains.calls.stir.errors import FaultError, Form

# What only one of the forms has.
ONLY_ATIS: Final = frozenset({"identity"})
ONLY_3GPP: Final = frozenset(
    {"identityHeader", "identityHeaders", "dest", "protectedHeaders"}
)
ONLY_3GPP_SIGNING: Final = frozenset(
    {"ppt", "div", "rph", "sph", "profileId", "requestId"}
)
_MISSING: Final = re.compile(r"missing required field `([A-Za-z]+)`")
_PLACE: Final = re.compile(r"at `\$((?:\.[A-Za-z]+)*)")
_WRONG: Final = "wrong type, size or word"
S = TypeVar("S")


def read_signing(body: bytes, *, default: Form) -> tuple[Form, Signing]:
    """Read a request for a signature.

    Args:
        body: JSON.
        default: The form of a request that does not show one.

    Raises:
        FaultError: body-malformed, parameter-missing or parameter-invalid.
    """
    members = _members(body, "signingRequest")
    form: Form = default if ONLY_3GPP_SIGNING.isdisjoint(members) else "3gpp"
    return form, _read(members, Signing, form)


def read_verification(body: bytes, *, default: Form) -> Verification:
    """Read a request for a verification.

    Args:
        body: JSON.
        default: The form of a request that does not show one.

    Raises:
        FaultError: body-malformed, parameter-missing or parameter-invalid.
    """
    members = _members(body, "verificationRequest")
    form = default
    if not ONLY_3GPP.isdisjoint(members):
        form = "3gpp"
    elif not ONLY_ATIS.isdisjoint(members):
        form = "atis"
    return _atis(members) if form == "atis" else _three_gpp(members)


def _atis(members: dict[str, Any]) -> Verification:
    found = _read(members, AtisVerification, "atis")
    return Verification(
        form="atis",
        identities=(found.identity,),
        calling=_caller(found.from_, "atis"),
        called=_names(found.to, "to", "atis"),
        time_s=found.time,
        request_id=found.request_id or "",
    )


def _three_gpp(members: dict[str, Any]) -> Verification:
    found = _read(members, ThreeGppVerification, "3gpp")
    further = found.identity_headers or ()
    to = _names(found.to, "to", "3gpp")
    # A diverted call is addressed to where it goes now, and its first token to where
    # it went; any other is held against To, as it was signed.
    if found.dest and further:
        to = _names(found.dest, "dest", "3gpp")
    return Verification(
        form="3gpp",
        identities=(found.identity_header, *further),
        calling=_caller(found.from_, "3gpp"),
        called=to,
        time_s=found.time,
        request_id=found.request_id or "",
    )


def _members(body: bytes, whole: str) -> dict[str, Any]:
    """Return the members of the object in the object.

    Raises:
        FaultError: body-malformed, parameter-missing or parameter-invalid.
    """
    try:
        outer = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise FaultError("body-malformed", "no JSON") from None
    if not isinstance(outer, dict):
        raise FaultError("body-malformed", "no JSON object")
    if whole not in outer:
        raise FaultError("parameter-missing", whole)
    inner = outer[whole]
    if not isinstance(inner, dict):
        raise FaultError("parameter-invalid", whole, _WRONG)
    return inner


def _read(members: dict[str, Any], kind: type[S], form: Form) -> S:
    """Read what is known of an object.

    Raises:
        FaultError: parameter-missing or parameter-invalid.
    """
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError as error:
        # The names in it are ours; values, which may be numbers, are not passed on.
        said = str(error)
    except (ValueError, RecursionError):
        raise FaultError("body-malformed", "too deep", form=form) from None
    place = _PLACE.search(said)
    name = place[1][1:] if place else ""
    if missing := _MISSING.search(said):
        name = f"{name}.{missing[1]}" if name else missing[1]
        raise FaultError("parameter-missing", name, form=form)
    first = name.partition(".")[0]
    raise FaultError("parameter-invalid", first, _WRONG, form=form)


def _caller(party: Some | str, form: Form) -> str:
    """Return the calling party: its number where it has one.

    Raises:
        FaultError: parameter-missing or parameter-invalid.
    """
    return _names(party, "from", form)[0]


def _names(party: Some | str, parameter: str, form: Form) -> tuple[str, ...]:
    """Return numbers and URIs as tokens have them, numbers first.

    Raises:
        FaultError: parameter-missing or parameter-invalid.
    """
    if isinstance(party, str):
        number = canonical_number(party)
        texts: tuple[str, ...] = () if number else (party,)
        numbers: tuple[str, ...] = (number,) if number else ()
    else:
        numbers = tuple(canonical_number(one) for one in _all(party.tn))
        texts = _all(party.uri)
    if not numbers and not texts:
        raise FaultError("parameter-missing", f"{parameter}.tn", form=form)
    found = [*numbers, *(name for text in texts for name in _of_uri(text))]
    if not all(found):
        raise FaultError("parameter-invalid", parameter, _WRONG, form=form)
    return tuple(dict.fromkeys(found))


def _of_uri(text: str) -> tuple[str, ...]:
    """Return the number in an address, where there is one, and the URI."""
    inner = text[text.find("<") + 1 :].partition(">")[0].strip()
    address = parse_address(text)
    number = canonical_number(address.user) if address.is_number else ""
    uri = canonical_uri(inner) if ":" in inner else ""
    return tuple(filter(None, (number, uri))) or ("",)


def _all(value: str | tuple[str, ...] | UnsetType) -> tuple[str, ...]:
    if value is UNSET:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
