"""The Identity header field: a token, `info` and other parameters.

    Identity: eyJ...;info=<https://cert.example.org/leaf.pem>;alg=ES256;ppt=shaken

Source: RFC 8224, section 4; spec/passport.md, "Field".
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tallystick.domains.calls.passport.private import Private
from tallystick.domains.calls.passport.refusal import Refusal

MAX_FIELD: Final = 8192  # characters; an rcd token with a jCard stays well below
_HELD: Final = 1024  # parameters of a signer hardly change: one entry for each signer
_MAX_PARAMETERS: Final = 2048  # characters; bounds what the cache can hold to 2 MB
_TOKEN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~"
)


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """The parameters of an Identity header field; one object for one text.

    Attributes:
        info: Where the certificate lies.
        alg: "" where absent, which means ES256.
        ppt: "" where absent.
    """

    info: str
    alg: str = ""
    ppt: str = ""


class Field(Private, frozen=True):
    """An Identity header field in its parts, all as received.

    Attributes:
        signed: Header and payload, what is signed; "." in the compact form.
        signature: Third part of the token.
        parameters: What follows the token.
    """

    signed: str
    signature: str
    parameters: Parameters

    @property
    def is_compact(self) -> bool:
        """Tell whether header and payload are left out."""
        return self.signed == "."


def parse_field(text: str) -> Field:
    """Read the value of an Identity header field.

    Args:
        text: All after the colon, unfolded.

    Raises:
        Refusal: By a rule of spec/passport.md, "Field", or token-parts.

    Bounds: one pass over at most 8,192 characters.
    """
    if len(text) > MAX_FIELD:
        raise Refusal("field-size")
    text = text.strip(" \t")
    if not text.isascii() or not (
        text.isprintable() or text.replace("\t", " ").isprintable()
    ):
        raise Refusal("field-characters")
    token, semicolon, parameters = text.partition(";")
    if not semicolon:
        raise Refusal("field-no-parameters")
    signed, _, signature = token.rstrip(" \t").rpartition(".")
    # Both parts before the signature are left out, or none.
    whole = signed.count(".") == 1 and signed[0] != "." != signed[-1]
    if not signature or not (whole or signed == "."):
        raise Refusal("token-parts")
    if len(parameters) > _MAX_PARAMETERS:
        raise Refusal("field-size")
    return Field(signed, signature, _parse_parameters(parameters))


@lru_cache(maxsize=_HELD)
def _parse_parameters(text: str) -> Parameters:
    found: dict[str, str] = {}
    for piece in _split(text):
        name, equals, value = (part.strip(" \t") for part in piece.partition("="))
        name = name.lower()
        if not name or not _TOKEN.issuperset(name):
            raise Refusal("parameter-malformed")
        if name in found:
            raise Refusal("parameter-repeated")
        found[name] = _value(name, value) if equals else ""
    if not found.get("info"):
        raise Refusal("info-missing")
    if "" in {found.get("alg", "ES256"), found.get("ppt", "shaken")}:
        raise Refusal("parameter-malformed")
    return Parameters(found["info"], found.get("alg", ""), found.get("ppt", ""))


def _split(text: str) -> list[str]:
    """Cut at semicolons outside of <> and quotes.

    Raises:
        Refusal: parameter-malformed.
    """
    pieces: list[str] = []
    start, closing = 0, ""
    for at, character in enumerate(text):
        if closing:
            closing = "" if character == closing else closing
        elif character in '<"':
            closing = ">" if character == "<" else '"'
        elif character == ";":
            pieces.append(text[start:at])
            start = at + 1
    if closing:
        raise Refusal("parameter-malformed")
    return [*pieces, text[start:]]


def _value(name: str, value: str) -> str:
    """Return a value without its brackets or quotes.

    Raises:
        Refusal: parameter-malformed.
    """
    if name == "info":
        inner = value[1:-1]
        if value[:1] != "<" or value[-1:] != ">" or set(inner) & set('<>" \t'):
            raise Refusal("parameter-malformed")
        return inner
    if value[:1] == '"' == value[-1:] and len(value) > 2:
        value = value[1:-1]
        # A quoted value may hold more in other parameters, which nobody reads.
        if name not in {"alg", "ppt"}:
            return value
    if not value or not _TOKEN.issuperset(value):
        raise Refusal("parameter-malformed")
    return value
