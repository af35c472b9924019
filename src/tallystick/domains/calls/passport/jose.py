"""The JOSE header of a token.

Source: RFC 8225, section 4; RFC 7515, section 4.1; spec/passport.md, "Token".
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tallystick.domains.calls.passport.encoding import (
    bytes_from_base64url,
    object_from_json,
)
from tallystick.domains.calls.passport.field import Parameters
from tallystick.domains.calls.passport.refusal import Refusal

ALGORITHM: Final = "ES256"
SUPPORTED: Final = frozenset({"", "shaken", "div", "rcd"})
_HELD: Final = 1024  # one for each signer and extension
_MAX_HEADER: Final = 2048  # characters; bounds what the cache can hold to some 4 MB


@dataclass(frozen=True, slots=True)
class Jose:
    """What the header of a token says.

    Attributes:
        ppt: The extension; "" for none.
        x5u: Where the certificate lies.
    """

    ppt: str
    x5u: str


@lru_cache(maxsize=_HELD)
def parse_header(text: str, parameters: Parameters) -> Jose:
    """Read the header of a token and hold the field's parameters against it.

    Args:
        text: First part of the token.
        parameters: Of the same field.

    Raises:
        Refusal: By a rule of spec/passport.md, "Token".
    """
    if len(text) > _MAX_HEADER:
        raise Refusal("field-size")
    header = object_from_json(bytes_from_base64url(text))
    if "crit" in header:
        raise Refusal("crit-present")
    if header.get("typ") != "passport":
        raise Refusal("typ-wrong")
    if header.get("alg") != ALGORITHM or parameters.alg not in {"", ALGORITHM}:
        raise Refusal("alg-unsupported")
    x5u, ppt = header.get("x5u"), header.get("ppt", "")
    if not isinstance(x5u, str) or not x5u:
        raise Refusal("x5u-missing")
    if x5u != parameters.info:
        raise Refusal("info-differs")
    if not isinstance(ppt, str) or (parameters.ppt and parameters.ppt != ppt):
        raise Refusal("ppt-differs")
    if ppt not in SUPPORTED:
        raise Refusal("ppt-unsupported")
    return Jose(ppt, x5u)
