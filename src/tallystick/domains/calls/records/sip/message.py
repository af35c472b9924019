"""Parses SIP messages.

Only what a call record needs is understood; the rest of a message is kept as it is.
Source: RFC 3261 section 7 and 25; compact forms from the IANA registry.
"""

import re
from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.sip.name import COMPACT
from tallystick.domains.calls.sip.text import split_list
from tallystick.model.errors import MalformedError

__all__ = [
    "LOOKS_LIKE_SIP",
    "MAX_HEADERS",
    "MAX_MESSAGE_BYTES",
    "Message",
    "parse_message",
    "split_list",
]

# A message is at most one UDP datagram, or a little more over TCP.
MAX_MESSAGE_BYTES: Final = 256 << 10
MAX_HEADERS: Final = 512

_WORD: Final = r"[A-Za-z0-9.!%*_+`'~-]+"
_REQUEST: Final = re.compile(rf"({_WORD}) +(\S.*?) +SIP/(\d+\.\d+)", re.IGNORECASE)
_STATUS: Final = re.compile(r"SIP/(\d+\.\d+) +(\d{3})(?: (.*))?", re.IGNORECASE)
# What a datagram or the start of a stream must look like to be taken for SIP.
LOOKS_LIKE_SIP: Final = re.compile(
    rb"(?:\r?\n)*(?:SIP/\d\.\d +\d{3}[ \r\n]|[A-Za-z0-9.!%*_+`'~-]{1,64} +"
    rb"<?[A-Za-z][A-Za-z0-9+.-]*:[^\r\n]{0,4096}SIP/\d)",
    re.IGNORECASE,
)
_CSEQ: Final = re.compile(rf"(\d{{1,10}})\s+({_WORD})")


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP request or response.

    Attributes:
        method: Of the request, or of the request that a response answers.
        uri: Request-URI; empty in a response.
        status: Status code; 0 in a request.
        cseq: Sequence number.
        headers: Name in lower case and long form, value; in order.
    """

    method: str
    uri: str
    status: int
    cseq: int
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Return every value of a header, lists taken apart at their commas."""
        return [
            part
            for header, value in self.headers
            if header == name
            for part in split_list(value)
        ]

    def first(self, name: str) -> str:
        """Return the first value of a header, or an empty text."""
        return next((value for header, value in self.headers if header == name), "")

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.first("call-id")


def parse_message(data: bytes) -> Message:
    """Return the message in `data`.

    Raises:
        MalformedError: It is no SIP message, or lacks what every message must have.
    """
    head = re.split(rb"\r?\n\r?\n", data.lstrip(b"\r\n"), maxsplit=1)[0]
    text = head.decode("utf-8", errors="replace")
    start, *lines = re.split(r"\r?\n", re.sub(r"\r?\n[ \t]+", " ", text))
    headers = tuple(_headers(lines))
    number, method = _cseq(headers)
    if request := _REQUEST.fullmatch(start.rstrip()):
        _demand(request[3] == "2.0", "is not of SIP version 2.0")
        _demand(request[1] == method, "names another method in its CSeq")
        return Message(request[1], request[2], 0, number, headers)
    answer = _STATUS.fullmatch(start.rstrip())
    if answer is None:
        raise MalformedError(
            "sip-message",
            "The SIP message begins neither as a request nor as a response.",
        )
    _demand(answer[1] == "2.0", "is not of SIP version 2.0")
    status = int(answer[2])
    _demand(100 <= status <= 699, "has a status code that does not exist")
    return Message(method, "", status, number, headers)


def _demand(holds: object, otherwise: str) -> None:
    """Refuse a message.

    Raises:
        MalformedError: "sip-message", unless it `holds`.
    """
    if not holds:
        raise MalformedError("sip-message", f"The SIP message {otherwise}.")


def _cseq(headers: tuple[tuple[str, str], ...]) -> tuple[int, str]:
    """Return sequence number and method; check that the needed headers are there."""
    found = dict(reversed(headers))
    for name in ("call-id", "from", "to", "cseq"):
        _demand(name in found, f"has no {name} header")
    cseq = _CSEQ.fullmatch(found["cseq"].strip())
    number = int(cseq[1]) if cseq else 1 << 32
    _demand(number < 1 << 32, "has a CSeq header that is no number and method")
    return number, cseq[2] if cseq else ""


def _headers(lines: list[str]) -> list[tuple[str, str]]:
    _demand(len(lines) <= MAX_HEADERS, f"has more than {MAX_HEADERS} headers")
    found = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            lowered = name.strip().lower()
            found.append((COMPACT.get(lowered, lowered), value.strip()))
    return found
