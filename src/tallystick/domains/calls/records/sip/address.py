"""Takes telephone numbers out of SIP addresses.

Source: RFC 3261 section 20.10 (addresses), RFC 3966 (tel URIs and separators).
"""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

_ADDRESS: Final = re.compile(
    r'\s*(?:"(?:[^"\\]|\\.)*"|[^<"]*)\s*<([^>]*)>(.*)', re.DOTALL
)
_URI: Final = re.compile(
    r"(sips?|tel):(?://)?([^?]*)(?:\?(.*))?", re.IGNORECASE | re.DOTALL
)
_VISUAL: Final = str.maketrans("", "", " -.()")
_NUMBER: Final = re.compile(r"\+?[0-9*#A-Da-d]+")
# What stands where a number would when there is none.
ANONYMOUS: Final = frozenset(
    {"anonymous", "restricted", "unavailable", "unknown", "private", "withheld"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a header.

    Attributes:
        user: Its user part, or the number of a tel URI; empty when it has none.
        params: Parameters of the header, such as the tag, names in lower case.
        uri_params: Parameters of the URI.
        uri_headers: What stands behind the question mark of the URI.
    """

    user: str
    params: dict[str, str] = field(default_factory=dict)
    uri_params: dict[str, str] = field(default_factory=dict)
    uri_headers: str = ""

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
    if match := _ADDRESS.match(value):
        uri, rest = match[1], match[2]
        return _of_uri(uri, _params(rest))
    # Without angle brackets, parameters belong to the header (RFC 3261, 20.10).
    uri, _, rest = value.strip().partition(";")
    return _of_uri(uri, _params(rest))


def parse_uri(uri: str) -> Address:
    """Return the address that a bare URI states."""
    return _of_uri(uri.strip().strip("<>"), {})


def _of_uri(uri: str, params: dict[str, str]) -> Address:
    match = _URI.fullmatch(uri.strip())
    if not match:
        return Address("", params)
    scheme, body, headers = match[1].lower(), match[2], match[3] or ""
    if scheme == "tel":
        number, _, rest = body.partition(";")
        uri_params = _params(rest)
    else:
        userinfo, at, host = body.rpartition("@")
        if not at:
            return Address("", params, _params(body.partition(";")[2]), headers)
        number, _, user_rest = userinfo.partition(":")[0].partition(";")
        uri_params = _params(host.partition(";")[2]) | _params(user_rest)
    return Address(_clean(unquote(number), uri_params), params, uri_params, headers)


def _clean(user: str, uri_params: dict[str, str]) -> str:
    """Take visual separators out of a number and put its country before it."""
    bare = user.translate(_VISUAL)
    if not _NUMBER.fullmatch(bare):
        return user.strip()
    context = uri_params.get("phone-context", "").translate(_VISUAL)
    if context.startswith("+") and not bare.startswith("+"):
        return context + bare
    return bare


def _params(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            found[name.strip().lower()] = value.strip().strip('"')
    return found
