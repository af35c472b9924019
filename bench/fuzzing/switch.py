"""Targets on the switch's side by SIP: messages, streams."""

import json
import re
from pathlib import Path
from random import Random

from fuzzing.spoil import spoiler
from fuzzing.target import Target, require
from tallystick.domains.calls.sip import (
    Ask,
    Client,
    Decision,
    Output,
    Passed,
    Reason,
    RedirectServer,
    Refusal,
    Request,
    Response,
    Send,
    Source,
    StreamReader,
    Withdrawn,
    parse_message,
)

TORTURE = Path(__file__).parents[2] / "tests" / "sip" / "torture.json"
SWITCH = Source("udp", "192.0.2.1", 5060)
LINE = Source("tcp", "192.0.2.1", 40_000, connection=1)
NOW_MS = 1_800_000_000_000
NAMES = re.findall(
    r"\S+",
    """Via Max-Forwards From To Call-ID CSeq Contact Identity Date Privacy Require
    P-Asserted-Identity Diversion History-Info Resource-Priority Priority Timestamp
    Content-Length Reason Record-Route Route i v f t m l""",
)
WORDS = (
    *(f"\r\n{name}: ".encode() for name in NAMES),
    b" SIP/2.0\r\n",
    b"INVITE sip:+79161234567@192.0.2.9;user=phone SIP/2.0\r\n",
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-1;rport\r\n",
    *(b";tag=", b";branch=z9hG4bK", b";rport", b";maddr=198.51.100.1", b";received="),
    *(b"sip:", b"sips:", b"tel:+375291234567", b"urn:service:sos", b";phone-context="),
    *(b"anonymous", b"esnet.0", b"id;header", b"\r\n ", b"\r\n\t", b"[::1]", b"2001:"),
    b'"Bell, Alexander" <sip:a@b>;tag=1',
    b"<sip:+79161234567@192.0.2.9?Reason=SIP%3Bcause%3D302>;index=1",
)
MORE = (
    "P-Asserted-Identity: <tel:+375291234567>\r\nPrivacy: id\r\n",
    "Identity: eyJ.eyJ.c2ln;info=<https://cert.example.org/a.pem>;alg=ES256\r\n",
    "Diversion: <sip:+375447654321@192.0.2.1>;reason=unconditional\r\n",
    "History-Info: <sip:+375447654321@192.0.2.1?Reason=SIP%3Bcause%3D302>;index=1\r\n",
    "Resource-Priority: esnet.0\r\nDate: Sat, 21 Nov 2026 01:00:00 GMT\r\n",
)
DIALECTS = ("redirect", "next-route", "reason")
ALLOWED = {"via", "from", "to", "call-id", "cseq", "content-length", "timestamp"}
ALLOWED |= {"allow", "accept", "contact", "unsupported", "p-asserted-identity"}
ALLOWED |= {"identity", "reason", "privacy"}


def request(method: str, more: str = "", body: str = "") -> bytes:
    """Return a request as a gateway writes it."""
    return (
        f"{method} sip:+79161234567@192.0.2.9;user=phone SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-7;rport\r\n"
        "Via: SIP/2.0/TCP [2001:db8::9];branch=z9hG4bK-8\r\n"
        "Max-Forwards: 69\r\nFrom: <sip:+375291234567@192.0.2.1>;tag=a\r\n"
        "To: <sip:+79161234567@192.0.2.9>\r\nCall-ID: 1@192.0.2.1\r\n"
        f"CSeq: 1 {method}\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode("latin-1")


def _messages() -> tuple[bytes, ...]:
    stored = json.loads(TORTURE.read_text("utf-8"))["messages"].values()
    own = [request(method) for method in ("INVITE", "ACK", "CANCEL", "OPTIONS", "BYE")]
    own += [request("INVITE", more, "v=0\r\n") for more in MORE]
    return (*(text.encode("latin-1") for text in stored), *own)


_spoil = spoiler(WORDS)


def _altered(random: Random, data: bytes) -> bytes:
    """Spoil bytes, or whole header lines: left out, doubled, moved, folded."""
    if random.random() < 0.6:
        return _spoil(random, data)
    head, gap, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(int(random.expovariate(0.7)) + 1):
        at = int(random.random() * len(lines))
        line = lines[at]
        match int(random.random() * 5):
            case 0:
                lines.insert(at, random.choice(lines))
            case 1 if len(lines) > 1:
                del lines[at]
            case 2:
                lines[at] = line.replace(b";", b"\r\n ;", 1)
            case 3:
                lines.insert(1, lines.pop(at))
            case _:
                lines[at] = _spoil(random, line)
        if not lines:
            break
    return b"\r\n".join(lines) + gap + body


def _check_sent(outputs: list[Output], source: Source) -> list[Ask]:
    asked = []
    for out in outputs:
        require(holds=isinstance(out, Ask | Passed | Send | Withdrawn), law="an output")
        if isinstance(out, Ask):
            asked.append(out)
        if not isinstance(out, Send) or out.data == b"\r\n":
            continue
        message = parse_message(out.data)
        require(holds=isinstance(message, Response), law="answers are responses")
        require(holds=out.data.count(b"\r\n\r\n") == 1, law="one answer at a time")
        require(holds=out.to.host == source.host, law="answers go to who asked")
        if isinstance(message, Response):
            others = set(message.headers.single) - ALLOWED
            require(holds=not others, law="no header of a stranger is answered")
    return asked


DECISION = Decision(
    "reject",
    verstat="TN-Validation-Failed",
    reasons=(Reason("STIR", 436, "Bad Identity Info"),),
)


def _take_message(data: bytes) -> None:
    message = parse_message(data)
    require(holds=isinstance(message, Request | Response | Refusal), law="a message")
    require(holds=message == parse_message(data), law="read alike twice")
    dialect = DIALECTS[len(data) % 3]
    client = Client(name="switch", networks=("192.0.2.0/24",), dialect=dialect)
    server = RedirectServer([client], tag_key=b"fuzz")
    for source in (SWITCH, LINE):
        for ask in _check_sent(server.receive(data, source, NOW_MS), source):
            _check_sent(server.answer(ask.ask_id, DECISION, NOW_MS), source)
        _check_sent(server.receive(data, source, NOW_MS + 1), source)
    _check_sent(server.tick(NOW_MS + 450), SWITCH)
    require(holds=server.open_questions == 0, law="every question is answered")


def message() -> Target:
    """SIP messages, read and answered by the redirect server in each dialect."""
    return Target(_messages(), _altered, _take_message)


def _take_stream(data: bytes) -> None:
    whole, pieces = StreamReader(), StreamReader()
    found = whole.feed(data)
    size = data[-1] % 97 + 1 if data else 1
    size = max(size, len(data) // 2_000)
    cut = [
        message
        for start in range(0, len(data), size)
        for message in pieces.feed(data[start : start + size])
    ]
    # Of a message too long for any, as much is given out as had come.
    told = slice(None, -1) if whole.is_broken else slice(None)
    require(holds=cut[told] == found[told], law="messages do not depend on the cut")
    require(holds=whole.is_broken == pieces.is_broken, law="nor does the end")


def stream() -> Target:
    """Streams of SIP messages, cut anywhere."""
    messages = _messages()

    def altered(random: Random, data: bytes) -> bytes:
        parts = [data, random.choice(messages), b"\r\n\r\n", random.choice(messages)]
        wire = b"".join(parts[: int(random.random() * 4) + 1])
        return _altered(random, wire)

    return Target(messages, altered, _take_stream)
