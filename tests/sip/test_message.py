"""What is read, what is refused."""

import pytest

from tallystick.domains.calls.sip import (
    Refusal,
    Request,
    Response,
    Source,
    StreamReader,
    parse_message,
)
from tallystick.domains.calls.sip.via import parse_via

from .messages import NOW_MS, SWITCH, ask, request, sent, server, statuses, table

WHOLE = request()
BROKEN = {
    "too-large": WHOLE + b"x" * 65_536,
    "request-line": WHOLE.replace(b"SIP/2.0\r\nVia", b"SIP/2.0 \r\nVia"),
    "version": WHOLE.replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"),
    "request-uri": request(uri="sip:a@b@192.0.2.9"),
    "scheme": request(uri="http://example.org"),
    "bare-line-end": WHOLE.replace(b"tag=a\r\n", b"tag=a\n"),
    "no-end": WHOLE[:-2],
    "header-line": request("INVITE", "no colon"),
    "too-many-lines": request("INVITE", *["X: y"] * 260),
    "missing": WHOLE.replace(b"Call-ID", b"Call-It"),
    "repeated": request("INVITE", "To: <sip:2@x>"),
    "cseq": request(cseq="2147483648 INVITE"),
    "max-forwards": WHOLE.replace(b"Forwards: 69", b"Forwards: 256"),
    "call-id": request(call_id="a b"),
    "via": WHOLE.replace(b"UDP 192.0.2.1:5060", b"UDP 192.0.2.1:99999"),
    "content-length": WHOLE.replace(b"Length: 0", b"Length: 1"),
    "address": request(target='"open <sip:1@x>'),
}
RULES = {row[0]: row[1] for row in table("What is refused")}


@pytest.mark.parametrize("rule", RULES)
def test_refusals(rule):
    """Each rule of the specification refuses what breaks it, with its status."""
    found = parse_message(BROKEN[rule])
    assert isinstance(found, Refusal)
    assert found.why == rule
    expected = [] if RULES[rule] == "none" else [int(RULES[rule])]
    assert statuses(server().receive(BROKEN[rule], SWITCH, NOW_MS)) == expected


REFUSED = {
    "superscript digits": request(cseq="\xb2 INVITE"),
    "no CSeq number": request(cseq="INVITE"),
    "method in CSeq": request(cseq="1 ACK"),
    "two lengths": request("INVITE", "l: 0"),
    "quoted comma": request(sender="Bell, A <sip:1@x>;tag=a"),
    "blank in brackets": request(sender="< sip:1@x >;tag=a"),
    "question mark": request(sender="sip:1@x?a=b;tag=a"),
    "words behind": request(sender="<sip:1@x> tag=a"),
    "empty Via parameter": WHOLE.replace(b";rport", b";;rport"),
    "Via port 0": WHOLE.replace(b"192.0.2.1:5060;", b"192.0.2.1:0;"),
    "Via without host": WHOLE.replace(b"UDP 192.0.2.1:5060", b"UDP"),
    "Via of commas": WHOLE.replace(b"SIP/2.0/UDP 192.0.2.1:5060", b",,").replace(
        b";branch=z9hG4bK7;rport", b""
    ),
    "Via that ends early": WHOLE.replace(
        b"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7;rport", b"SIP / 2.0 /"
    ),
    "Via version": WHOLE.replace(b"Via: SIP/2.0", b"Via: SIP/3.0"),
    "urn with blank": request(uri="urn: service"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_more_refusals(name):
    """Each is answered 400 and never asked."""
    assert statuses(server().receive(REFUSED[name], SWITCH, NOW_MS)) == [400]


TAKEN = {
    "letters without quotation marks": request(sender="\xd0\x98 <sip:1@x>;tag=a"),
    "no From tag": request(sender="<sip:1@x>"),
    "folded": WHOLE.replace(b"From: ", b"From:\r\n "),
    "compact": WHOLE.replace(b"Call-ID", b"I").replace(b"From:", b"f :"),
    "line ends in front": b"\r\n\r\n" + WHOLE,
    "question mark in the user": request(uri="sip:a?b@192.0.2.9"),
    "IPv6": WHOLE.replace(b"UDP 192.0.2.1:5060", b"UDP [2001:db8::1]:5060"),
    "unknown headers": request("INVITE", "X-Any: ;;,\x00", "X-Any: again"),
    "required extension": request("INVITE", "Require: nobodyKnowsThis"),
    "version in small letters": WHOLE.replace(b"SIP/2.0\r\nV", b"sip/2.0\r\nV", 1),
    "more than stated": WHOLE + b"garbage",
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name):
    """Each is read as the INVITE it is."""
    found = parse_message(TAKEN[name])
    assert isinstance(found, Request)
    assert (found.method, found.call_id, found.cseq) == ("INVITE", "1@192.0.2.1", 1)


def test_lists_and_repeated_headers():
    """Every value of a header comes out, whatever lines they stand on."""
    found = parse_message(
        request(
            "INVITE", "Identity: a;info=<x,y>, b", "y: c", "Identity:", "Y: d\r\n e"
        )
    )
    assert isinstance(found, Request)
    assert found.all("identity") == ["a;info=<x,y>", "b", "c", "d e"]
    assert found.first("identity") == "a;info=<x,y>, b"
    assert found.all("absent") == []
    assert found.body == b""


def test_responses():
    """A response is told from a request and from what is neither."""
    assert isinstance(parse_message(b"SIP/2.0 200 OK\r\nv: x\r\n\r\n"), Response)
    for line in (b"SIP/2.0 099 No", b"SIP/2.0 4294967301 x", b"SIP/2.0 2000 x"):
        found = parse_message(line + b"\r\n\r\n")
        assert isinstance(found, Refusal)
        assert not found.is_request


VIAS = {
    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1": "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
    "SIP/2.0/UDP h.example": "SIP/2.0/UDP h.example;received=192.0.2.1",
    "SIP / 2.0 / UDP  192.0.2.1 ; branch = x ; rport": (
        "SIP/2.0/UDP 192.0.2.1;branch=x;received=192.0.2.1;rport=5070"
    ),
    "SIP/2.0/UDP h;received=198.51.100.1;rport;branch=x": (
        "SIP/2.0/UDP h;branch=x;received=192.0.2.1;rport=5070"
    ),
    'SIP/2.0/UDP 192.0.2.1;x="a;b";branch=x': 'SIP/2.0/UDP 192.0.2.1;x="a;b";branch=x',
}


@pytest.mark.parametrize("value", VIAS)
def test_answered_via(value):
    """`received` and `rport` tell where the request came from."""
    via = parse_via(value)
    assert via is not None
    assert via.answered(Source("udp", "192.0.2.1", 5070)) == VIAS[value]


PLACES = {
    "192.0.2.1:5080;rport": ("192.0.2.1", 5070),
    "192.0.2.1:5080": ("192.0.2.1", 5080),
    "192.0.2.1": ("192.0.2.1", 5060),
    "203.0.113.9:5080;maddr=203.0.113.7": ("192.0.2.1", 5080),
}


@pytest.mark.parametrize("stated", PLACES)
def test_destinations(stated):
    """An answer never goes to an address that the request only names."""
    via = parse_via(f"SIP/2.0/UDP {stated}")
    assert via is not None
    place = via.destination(Source("udp", "192.0.2.1", 5070))
    assert (place.host, place.port) == PLACES[stated]


def test_only_the_topmost_via_changes():
    """The others come back as they came, on one line or several."""
    data = request("INVITE", "v: SIP/2.0/TCP b.example, SIP/2.0/TCP c.example").replace(
        b";rport", b";rport , SIP/2.0/TLS a.example;branch=q"
    )
    node = server()
    ask(node, data)
    (out,) = sent(node.receive(data.replace(b"INVITE", b"CANCEL"), SWITCH, NOW_MS))[:1]
    lines = [line for line in out.split("\r\n") if line.startswith("Via: ")]
    topmost = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7;received=192.0.2.1;rport=5060"
    assert lines == [
        f"Via: {topmost}, SIP/2.0/TLS a.example;branch=q",
        "Via: SIP/2.0/TCP b.example, SIP/2.0/TCP c.example",
    ]


def test_streams():
    """Messages come out whole, however the bytes are cut; pings too."""
    one, two = request(body=b"v=0\r\n"), request("OPTIONS")
    wire = one + b"\r\n\r\n" + two + b"\r\n" + one
    for size in (1, 2, 3, 7, 100, len(wire)):
        reader = StreamReader()
        found = []
        for start in range(0, len(wire), size):
            found += reader.feed(wire[start : start + size])
        assert found == [one, b"\r\n\r\n", two, one]
        assert not reader.is_broken


@pytest.mark.parametrize("ends", ["\r\r\n\r\n", "\n\n\r\n\r\r\n\r\n", "\r\n" * 5])
def test_line_ends_between_messages_are_read_alike_however_cut(ends):
    """A ping is one wherever it stands among stray line ends."""
    wire = WHOLE + ends.encode() + WHOLE
    whole = StreamReader().feed(wire)
    assert whole.count(b"\r\n\r\n") == ends.count("\r\n\r\n")
    for size in (1, 2, 3, 5):
        reader = StreamReader()
        cut = [wire[start : start + size] for start in range(0, len(wire), size)]
        assert [one for piece in cut for one in reader.feed(piece)] == whole


@pytest.mark.parametrize("length", ["", "x", "-1", "99999", "0\r\nl: 0", "7 "])
def test_streams_that_lose_the_thread(length):
    """Without one Content-Length, the head is refused and nothing follows."""
    data = WHOLE.replace(b"Length: 0", f"Length: {length}".encode())
    reader = StreamReader()
    (head, *rest) = reader.feed(data + WHOLE) or [b""]
    if length == "7 ":  # well-formed: seven bytes of what follows belong to it
        assert head == data + WHOLE[:7]
        return
    assert (rest, reader.is_broken, reader.feed(WHOLE)) == ([], True, [])
    stream = Source("tcp", "192.0.2.1", 40_000)
    assert statuses(server().receive(head, stream, NOW_MS)) == [400]


def test_streams_without_end():
    """A head that never ends is given up."""
    reader = StreamReader()
    assert reader.feed(b"INVITE " + b"x" * 65_000) == []
    assert len(reader.feed(b"x" * 1000)) == 1
    assert reader.is_broken
