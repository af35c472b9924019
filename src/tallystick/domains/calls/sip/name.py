"""Header names: compact forms, and the spellings that are met most.

Source: the IANA registry of SIP header fields.
"""

from types import MappingProxyType
from typing import Final

COMPACT: Final = MappingProxyType(
    {
        "a": "accept-contact",
        "b": "referred-by",
        "c": "content-type",
        "d": "request-disposition",
        "e": "content-encoding",
        "f": "from",
        "i": "call-id",
        "j": "reject-contact",
        "k": "supported",
        "l": "content-length",
        "m": "contact",
        "n": "identity-info",
        "o": "event",
        "r": "refer-to",
        "s": "subject",
        "t": "to",
        "u": "allow-events",
        "v": "via",
        "x": "session-expires",
        "y": "identity",
    }
)
_USUAL: Final = (
    *("Accept", "Allow", "Call-ID", "Contact", "Content-Length", "Content-Type"),
    *("CSeq", "Date", "Diversion", "Expires", "From", "History-Info", "Identity"),
    *("Max-Forwards", "Min-SE", "P-Asserted-Identity", "P-Charging-Vector"),
    *("Priority", "Privacy", "Record-Route", "Resource-Priority", "Route"),
    *("Session-Expires", "Supported", "Timestamp", "To", "User-Agent", "Via"),
)
# Name as it is mostly written -> name in lower case and long form.
# A plain dictionary: it is looked into for every line of every message.
KNOWN: Final[dict[str, str]] = {
    **{name: name.lower() for name in _USUAL},
    **{name.lower(): name.lower() for name in _USUAL},
    **{short.upper(): name for short, name in COMPACT.items()},
    **COMPACT,
}
