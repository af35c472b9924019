"""Takes telephone numbers out of SIP addresses.

Source: RFC 3261 section 20.10 (addresses), RFC 3966 (tel URIs and separators).
"""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from tallystick.domains.calls.sip.text import QUOTED, params_of

_SCHEMES: Final = frozenset({"sip", "sips", "tel"})
_VISUAL: Final = str.maketrans("", "", " -.()")
_NUMBER: Final = re.compile(r"\+?[0-9*#A-Da-d]+")
# What stands where a number would when there is none.
ANONYMOUS: Final = frozenset(
    {"anonymous", "restricted", "unavailable", "unknown", "private", "withheld"}
)
# Tokens and blanks; bytes beyond ASCII too, which many switches fail to quote.
_UNQUOTED_NAME: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~ \t\x80-\xff-]*")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"\x00-\x1f\x7f]+")

# What nearly every address of an interconnect looks like.
_USUAL: Final = re.compile(r"sip:(\+?[0-9]+)@[A-Za-z0-9.:-]+(;user=phone)?")
# Without angle brackets, a comma or a question mark would belong to the header.
_BARE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"\x00-\x1f\x7f,?]+")


class Address(NamedTuple):
    """One address of a header.

    Attributes:
        user: Its user part, or the number of a tel URI; empty when it has none.
        params: Parameters of the header, such as the tag, names in lower case.
        uri_params: Parameters of the URI.
        uri_headers: What stands behind the question mark of the URI.
    """

    user: str
    params: dict[str, str]
    uri_params: dict[str, str]
    uri_headers: str

    @property
    def is_number(self) -> bool:
        """Whether the user part can be a telephone number."""
        return _NUMBER.fullmatch(self.user) is not None

    @property
    def is_anonymous(self) -> bool:
        """Whether the user part says that the caller withholds the number."""
        return self.user.lower() in ANONYMOUS


def parse_address(value: str) -> Address:
    """Return the address in a header value such as From or a Request-URI.

    What cannot be understood gives an address without user: a strange header of
    somebody else must not cost the record of a call.
    """
    if parts := _bracketed(value):
        return _of_uri(parts[1], params_of(parts[2]) if parts[2] else {})
    # Without angle brackets, parameters belong to the header (RFC 3261, 20.10).
    uri, _, rest = value.strip().partition(";")
    return _of_uri(uri, params_of(rest))


def parse_uri(uri: str) -> Address:
    """Return the address that a bare URI states."""
    return _of_uri(uri.strip().strip("<>"), {})


def strict_parts(value: str) -> tuple[str, str] | None:
    """Return the URI of a From or To value, and the parameters behind it.

    Returns:
        Both as they stand there; None when the value breaks the grammar.
    """
    if value[:1] == "<":  # the usual form
        uri, closing, rest = value[1:].partition(">")
        holds = bool(closing) and _URI.fullmatch(uri) is not None
    elif parts := _bracketed(value):
        name, uri, rest = parts
        holds = _URI.fullmatch(uri) is not None and (
            name[:1] == '"' or _UNQUOTED_NAME.fullmatch(name) is not None
        )
    else:
        uri, semicolon, rest = value.partition(";")
        uri, rest = uri.rstrip(" \t"), semicolon + rest
        holds = _BARE_URI.fullmatch(uri) is not None
    rest = rest.strip(" \t")
    return (uri, rest) if holds and rest[:1] in {"", ";"} else None


def _bracketed(value: str) -> tuple[str, str, str] | None:
    """Return display name, URI and what follows the closing bracket."""
    bare = value.lstrip()
    if bare[:1] == '"':
        name = QUOTED.match(bare)
        if not name:
            return None
        start = name.end()
        opening = bare.find("<", start)
        if opening < 0 or bare[start:opening].strip():
            return None
    else:
        opening = bare.find("<")
        if opening < 0 or '"' in bare[:opening]:
            return None
    closing = bare.find(">", opening)
    if closing < 0:
        return None
    return bare[:opening], bare[opening + 1 : closing], bare[closing + 1 :]


def _of_uri(uri: str, params: dict[str, str]) -> Address:
    if usual := _USUAL.fullmatch(uri):
        return Address(usual[1], params, {"user": "phone"} if usual[2] else {}, "")
    scheme, _, body = uri.strip().partition(":")
    if scheme not in _SCHEMES and scheme.lower() not in _SCHEMES:
        return Address("", params, {}, "")
    if body[:2] == "//":
        body = body[2:]
    # In the user part, a question mark is a letter like any other.
    is_tel = scheme[:1] in "tT"
    userinfo, at, host = ("", "", body) if is_tel else body.partition("@")
    host, _, headers = (host if at else body).partition("?")
    place, _, rest = host.partition(";")
    uri_params = params_of(rest) if rest else {}
    if is_tel:
        number = place
    elif at:
        number, _, rest = userinfo.partition(":")[0].partition(";")
        if rest:
            uri_params |= params_of(rest)
    else:
        return Address("", params, uri_params, headers)
    if "%" in number:
        number = unquote(number)
    return Address(_clean(number, uri_params), params, uri_params, headers)


def _clean(user: str, uri_params: dict[str, str]) -> str:
    """Take visual separators out of a number and put its country before it."""
    if user[:1] == "+" and user[1:].isdecimal() and user.isascii():
        return user
    bare = user.translate(_VISUAL)
    if not _NUMBER.fullmatch(bare):
        return user.strip()
    context = uri_params.get("phone-context", "").translate(_VISUAL)
    if context.startswith("+") and not bare.startswith("+"):
        return context + bare
    return bare
