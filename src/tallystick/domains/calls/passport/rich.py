"""Rich call data: a name, a jCard, and digests of what they refer to.

Source: RFC 9795, sections 5 and 6; spec/passport.md, "Claims".
"""

import hashlib
import re
from base64 import b64encode
from typing import Final

from tallystick.domains.calls.passport.encoding import JSONObject, json_from_object
from tallystick.domains.calls.passport.number import is_canonical_number
from tallystick.domains.calls.passport.refusal import Refusal

MAX_NAME: Final = 256  # characters; telephones show some 30
MAX_DIGESTS: Final = 64
_DIGEST: Final = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/]{43,86}={0,2})")


def check_rich(members: JSONObject) -> None:
    """Hold `rcd` and `rcdi` against their rules.

    Raises:
        Refusal: rcd-malformed.
    """
    rich, digests = members.get("rcd"), members.get("rcdi")
    if not isinstance(rich, dict) or not _is_well_formed(rich):
        raise Refusal("rcd-malformed")
    if "rcdi" in members and not _are_digests(digests, rich):
        raise Refusal("rcd-malformed")


def _is_well_formed(rich: JSONObject) -> bool:
    name, other = rich.get("nam"), rich.get("apn")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        return False
    if "apn" in rich and not (isinstance(other, str) and is_canonical_number(other)):
        return False
    if "jcd" in rich and ("jcl" in rich or not isinstance(rich["jcd"], list)):
        return False
    return all(_is_https(rich[member]) for member in ("jcl", "icn") if member in rich)


def _is_https(value: object) -> bool:
    return isinstance(value, str) and value.startswith("https://")


def _are_digests(digests: object, rich: JSONObject) -> bool:
    if not isinstance(digests, dict) or not 1 <= len(digests) <= MAX_DIGESTS:
        return False
    for pointer, digest in digests.items():
        found = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
        if not pointer.startswith("/") or found is None:
            return False
        # What lies behind a URI is not here; the card itself is.
        if pointer == "/jcd" and not _is_digest_of(rich.get("jcd"), found[1], found[2]):
            return False
    return True


def _is_digest_of(value: object, algorithm: str, expected: str) -> bool:
    digest = hashlib.new(algorithm, json_from_object(value)).digest()
    return b64encode(digest).decode("ascii") == expected
