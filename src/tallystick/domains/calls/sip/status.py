"""The status codes that are sent, and their words.

Source: RFC 3261 section 21, RFC 8224, 8197, 8688, 5079; ATIS-1000099 ("603+").
"""

from types import MappingProxyType
from typing import Final

PHRASES: Final = MappingProxyType(
    {
        100: "Trying",
        200: "OK",
        302: "Moved Temporarily",
        400: "Bad Request",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        416: "Unsupported URI Scheme",
        420: "Bad Extension",
        428: "Use Identity Header",
        433: "Anonymity Disallowed",
        436: "Bad Identity Info",
        437: "Unsupported Credential",
        438: "Invalid Identity Header",
        480: "Temporarily Unavailable",
        481: "Call/Transaction Does Not Exist",
        486: "Busy Here",
        487: "Request Terminated",
        488: "Not Acceptable Here",
        500: "Server Internal Error",
        501: "Not Implemented",
        503: "Service Unavailable",
        505: "Version Not Supported",
        513: "Message Too Large",
        600: "Busy Everywhere",
        603: "Decline",
        604: "Does Not Exist Anywhere",
        606: "Not Acceptable",
        607: "Unwanted",
        608: "Rejected",
    }
)
