"""Parses SIP messages from the network, strictly and fast.

A message is text of Latin-1 here, one character a byte, so that what is copied into an
answer is the very bytes that came. Nothing in this module raises, whatever the bytes:
what cannot be understood is a `Refusal` that knows how to be answered.

Source: RFC 3261 sections 7, 18.3 and 25; spec/sip.md, "What is refused".
"""

import re
from typing import Final, NamedTuple

from tallystick.domains.calls.sip.address import strict_parts
from tallystick.domains.calls.sip.name import COMPACT, KNOWN
from tallystick.domains.calls.sip.text import TOKEN, params_of, split_list
from tallystick.domains.calls.sip.via import Via, parse_via

# The largest UDP datagram; a call with several Identity headers takes some 8 KiB.
MAX_MESSAGE_BYTES: Final = 65_535
# Lines, so that folded ones count too.
MAX_LINES: Final = 256
_METHODS: Final = frozenset(
    {
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    }
)
_SCHEMES: Final = frozenset({"sip", "sips", "tel", "urn"})
_URI: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):[A-Za-z0-9!#$%&'()*+,./:;=?@\[\]_~-]+"
)
_CSEQ: Final = re.compile(r"([0-9]{1,32})[ \t]+(\S+)")
_LARGEST_CSEQ: Final = (1 << 31) - 1
_VERSION: Final = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_STATUS: Final = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.IGNORECASE)
# Values of these may come once only: two of them are two different messages.
_ONCE: Final = ("from", "to", "call-id", "cseq")
_AT_MOST_ONCE: Final = frozenset({*_ONCE, "content-length", "max-forwards"})


class Headers(NamedTuple):
    """The headers of a message, names in lower case and long form.

    Attributes:
        single: First value of each, as it came.
        repeated: Every value of those that stand there more than once, in order.
    """

    single: dict[str, str]
    repeated: dict[str, list[str]]

    def values(self, name: str) -> list[str]:
        """Return every value of a header, one for each line."""
        if name in self.repeated:
            return self.repeated[name]
        found = self.single.get(name)
        return [] if found is None else [found]

    def first(self, name: str) -> str:
        """Return the first value of a header, or an empty text."""
        return self.single.get(name, "")


class Request(NamedTuple):
    """A request that keeps the grammar.

    Attributes:
        headers: By name in lower case and long form, every value as it came.
        via: The topmost.
        cseq: Its number.
        sender: URI of From, and the parameters behind it.
        from_tag: Empty when there is none, as before RFC 3261.
        to_tag: Empty outside a dialog.
        body: As many bytes as Content-Length states.
    """

    method: str
    uri: str
    headers: Headers
    via: Via
    cseq: int
    sender: tuple[str, str]
    from_tag: str
    to_tag: str
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header, lists taken apart at their commas."""
        if name not in self.headers.single:
            return []
        found = self.headers.values(name)
        if len(found) == 1 and "," not in found[0]:
            return found if found[0] else []
        return [part for value in found for part in split_list(value)]

    def first(self, name: str) -> str:
        """Return the first value of a header, or an empty text."""
        return self.headers.single.get(name, "")

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.headers.single["call-id"]

    @property
    def is_known_method(self) -> bool:
        """Whether the method is one of the registry's, supported here or not."""
        return self.method in _METHODS


class Response(NamedTuple):
    """A response; who only answers has no use for it."""

    status: int
    headers: Headers


class Refusal(NamedTuple):
    """Bytes that are no message, or one that may not be acted on.

    Attributes:
        status: With what it is to be answered; 0: it cannot be.
        why: Which rule of spec/sip.md it breaks.
        method: Of the request, or empty.
        headers: What could be read of it.
        via: The topmost, or None when it could not be read.
        is_request: Whether it can be answered at all.
    """

    status: int
    why: str
    method: str
    uri: str
    headers: Headers
    via: Via | None
    is_request: bool


def parse_message(data: bytes) -> Request | Response | Refusal:
    """Return the message that a datagram holds, or one that a stream delivered.

    Never raises.

    Bounds: MAX_MESSAGE_BYTES, MAX_LINES; time grows with the length.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(0, "too-large", "", "", Headers({}, {}), None, False)
    head, gap, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    lines = text.split("\r\n")
    ends = len(lines) - 1
    is_bare = text.count("\n") != ends or text.count("\r") != ends
    if is_bare:  # an answer that copied such a line would hold headers of a stranger
        lines = [line.replace("\r", " ").replace("\n", " ") for line in lines]
    start = lines[0]
    headers = Headers({}, {})
    fault = _read_headers(lines, headers)
    if not gap:
        fault = "no-end"
    if is_bare:
        fault = "bare-line-end"
    if start[:4].upper() == "SIP/":
        return _response(start, headers, fault)
    return _request(start, headers, body, fault)


def _read_headers(lines: list[str], headers: Headers) -> str:
    """Put the header lines into `headers`; return what is wrong with them."""
    if len(lines) > MAX_LINES:
        return "too-many-lines"
    fault = ""
    single, repeated = headers
    latest = ""
    rest = iter(lines)
    next(rest)
    for line in rest:
        name, colon, value = line.partition(":")
        known = KNOWN.get(name)
        if known is None or not colon:
            if line[:1] in {" ", "\t"} and latest:
                _fold(line.strip(" \t"), latest, headers)
                continue
            name = name.rstrip(" \t").lower()
            if not (colon and TOKEN.fullmatch(name)):
                fault = fault or "header-line"
                continue
            known = COMPACT.get(name, name)
        latest = known
        if known not in single:
            single[known] = value.strip(" \t")
        elif known in repeated:
            repeated[known].append(value.strip(" \t"))
        else:
            repeated[known] = [single[known], value.strip(" \t")]
    return fault


def _fold(more: str, name: str, headers: Headers) -> None:
    """Put a continuation behind the latest value."""
    values = headers.values(name)
    values[-1] = f"{values[-1]} {more}" if values[-1] else more
    if len(values) == 1:
        headers.single[name] = values[0]


def _response(start: str, headers: Headers, fault: str) -> Response | Refusal:
    status = _STATUS.fullmatch(start)
    if fault or status is None:
        return Refusal(0, fault or "status-line", "", "", headers, None, False)
    return Response(int(status[1]), headers)


def _request(
    start: str, headers: Headers, body: bytes, fault: str
) -> Request | Refusal:
    method, _, rest = start.partition(" ")
    uri, _, version = rest.rpartition(" ")
    single = headers.single
    via = parse_via(single["via"]) if "via" in single else None
    status, why = _start_fault(method, uri, version)
    if not status:
        why = fault or _needed_fault(method, headers) or ("" if via else "via")
        status = 400 if why else 0
    length = len(body)
    if not status and "content-length" in single:
        length = _number(single["content-length"], MAX_MESSAGE_BYTES)
        if not 0 <= length <= len(body):
            status, why = 400, "content-length"
    if not status:
        sender = strict_parts(single["from"])
        target = strict_parts(single["to"])
        if sender is None or target is None:
            status, why = 400, "address"
        elif via:
            return Request(
                method,
                uri,
                headers,
                via,
                int(single["cseq"].split(None, 1)[0]),
                sender,
                _tag(sender[1]),
                _tag(target[1]),
                body[:length],
            )
    can_answer = bool(method) and TOKEN.fullmatch(method) is not None
    return Refusal(status, why, method, uri, headers, via, can_answer)


def _start_fault(method: str, uri: str, version: str) -> tuple[int, str]:
    """Return status and rule of a request line that is refused."""
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        wrong = 505 if _VERSION.fullmatch(version) else 400
        return wrong, "version" if wrong == 505 else "request-line"
    if method not in _METHODS and not TOKEN.fullmatch(method):
        return 400, "request-line"
    found = _URI.fullmatch(uri)
    if not found:
        return 400, "request-uri"
    scheme = found[1].lower()
    if scheme not in _SCHEMES:
        return 416, "scheme"
    # In the user part, a question mark is a letter like any other.
    if scheme != "urn" and ("?" in uri.rpartition("@")[2] or uri.count("@") > 1):
        return 400, "request-uri"
    return 0, ""


def _needed_fault(method: str, headers: Headers) -> str:
    """Return the rule that the headers every request needs break."""
    single, repeated = headers
    for name in _ONCE:
        if not single.get(name):
            return "missing"
    if repeated and not _AT_MOST_ONCE.isdisjoint(repeated):
        return "repeated"
    found = _CSEQ.fullmatch(single["cseq"])
    if not found or found[2] != method or int(found[1]) > _LARGEST_CSEQ:
        return "cseq"
    if "max-forwards" in single and _number(single["max-forwards"], 255) < 0:
        return "max-forwards"
    call_id = single["call-id"]
    if " " in call_id or "\t" in call_id:
        return "call-id"
    return ""


def _number(text: str, largest: int) -> int:
    """Return a number, or -1 when it is none or too large."""
    if not text.isdecimal() or len(text) > 32:
        return -1
    value = int(text)
    return value if value <= largest else -1


def _tag(params: str) -> str:
    """Return the tag among the parameters behind an address."""
    if not params:
        return ""
    if params[:5] == ";tag=" and params.find(";", 5) < 0:
        return params[5:]
    return params_of(params).get("tag", "")
