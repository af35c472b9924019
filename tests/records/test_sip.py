"""SIP messages, the parties in them, and the calls they make up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.records.sip import calls
from tallystick.domains.calls.records.sip.address import parse_address, parse_uri
from tallystick.domains.calls.records.sip.calls import Call, CallTracker
from tallystick.domains.calls.records.sip.message import parse_message, split_list
from tallystick.domains.calls.records.sip.parties import parties_of, reason_cause
from tallystick.model.errors import MalformedError

from .sip import CALLEE, CALLER, Packet, answered_call, request, response


def follow(packets: list[Packet]) -> list[Call]:
    """Return the calls that the messages of some packets make up."""
    tracker = CallTracker()
    for number, packet in enumerate(packets, start=1):
        ends = (CALLER, CALLEE) if packet.forward else (CALLEE, CALLER)
        tracker.receive_message(
            parse_message(packet.payload),
            now_ms=round(packet.at_s * 1000),
            packet=number,
            source=ends[0],
            destination=ends[1],
        )
    tracker.finish()
    found = []
    while call := tracker.next_call():
        found.append(call)
    return found


def one(*packets: Packet) -> Call:
    (call,) = follow(list(packets))
    return call


def answer(at_s: float, status: int, *extra: str, **options: object) -> Packet:
    return Packet(at_s, response(status, *extra, **options), forward=False)


def test_an_answered_call_is_one_call():
    """Retransmissions, a challenge and a re-INVITE do not make it two."""
    call = one(*answered_call())
    assert (call.started_ms, call.answered_ms, call.released_ms) == (0, 4000, 34_000)
    assert call.duration_ms == 30_000
    assert call.cause == 16
    assert call.packet == 1
    assert call.parties.calling == "+375290000001"
    assert call.parties.called == "+79160000011"


def test_every_message_twice_changes_nothing():
    """A capture on two ports holds each message twice."""
    twice = [packet for packet in answered_call() for _ in range(2)]
    call = one(*twice)
    assert (call.answered_ms, call.released_ms) == (4000, 34_000)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, 17), (404, 1), (480, 18), (503, 41), (603, 21), (488, None), (302, None)],
)
def test_refusals(status, cause):
    """A refusal ends the call with the cause of RFC 3398."""
    call = one(Packet(0, request("INVITE")), answer(3, status))
    assert call.released_ms == 3000
    assert call.duration_ms == 0
    assert call.cause == cause


def test_reason_says_more_than_the_status():
    """A Q.850 cause in the response wins over the mapping."""
    call = one(
        Packet(0, request("INVITE")),
        answer(3, 503, "Reason: SIP;cause=503", "Reason: q.850 ;cause=34"),
    )
    assert call.cause == 34


def test_cancelled_call():
    """The caller gives up: normal clearing, unless a Reason says otherwise."""
    for extra, cause in (((), 16), (("Reason: Q.850;cause=31",), 31)):
        call = one(
            Packet(0, request("INVITE")),
            Packet(5, request("CANCEL", *extra)),
            answer(5.1, 200, method="CANCEL"),
            answer(5.2, 487),
            Packet(6, request("CANCEL")),
        )
        assert (call.released_ms, call.duration_ms, call.cause) == (5200, 0, cause)


def test_answer_that_crosses_a_cancel():
    """A 200 in spite of CANCEL is an answered call."""
    call = one(
        Packet(0, request("INVITE")),
        Packet(5, request("CANCEL")),
        answer(5.1, 200),
        Packet(5.2, request("BYE", cseq=2, tags=("a", "b"))),
    )
    assert (call.answered_ms, call.duration_ms, call.cause) == (5100, 100, 16)


def test_responses_of_other_hops_do_not_count():
    """A proxy tries two routes in turn: what the caller was told is the outcome."""
    call = one(
        Packet(0.0, request("INVITE", branch="z9hG4bKin")),
        Packet(0.1, request("INVITE", branch="z9hG4bKout1")),
        answer(1.0, 503, branch="z9hG4bKout1"),
        Packet(1.1, request("INVITE", branch="z9hG4bKout2")),
        answer(3.0, 200, branch="z9hG4bKout2"),
        answer(3.1, 200, branch="z9hG4bKin"),
        Packet(9.1, request("BYE", cseq=2, tags=("a", "b"))),
    )
    assert (call.answered_ms, call.released_ms) == (3100, 9100)


def test_a_new_try_after_a_refusal_is_a_new_call():
    """A further INVITE with the same Call-ID, after the first call is over."""
    first, second = follow(
        [
            Packet(0, request("INVITE")),
            answer(1, 486),
            Packet(9, request("INVITE", cseq=2, branch="z9hG4bK2")),
            answer(12, 200, cseq=2, branch="z9hG4bK2"),
        ]
    )
    assert {first.number, second.number} == {0, 1}
    assert sorted([first.duration_ms or 0, second.duration_ms or 0]) == [0, 0]
    assert {first.status, second.status} == {486, 200}


def test_calls_whose_end_is_not_seen():
    """Nothing is claimed of what the capture does not show."""
    assert one(Packet(0, request("INVITE"))).duration_ms is None
    assert one(Packet(0, request("INVITE")), answer(3, 200)).duration_ms is None
    lost = one(
        Packet(0, request("INVITE")),
        Packet(60, request("BYE", cseq=2, tags=("a", "b"))),
    )
    assert (lost.released_ms, lost.duration_ms) == (60_000, None)
    # Long after any proxy would have given up, it was not answered.
    given_up, _ = follow(
        [Packet(0, request("INVITE")), Packet(400, request("INVITE", call_id="c2"))]
    )
    assert given_up.duration_ms == 0


def test_dialogs_that_began_before_the_capture():
    """A re-INVITE or BYE of an unknown call is no call, but is counted."""
    tracker = CallTracker()
    for payload in (
        request("INVITE", tags=("a", "b")),
        request("BYE", tags=("a", "b")),
        response(200),
        request("REGISTER"),
    ):
        tracker.receive_message(
            parse_message(payload), now_ms=0, packet=1, source="", destination=""
        )
    tracker.finish()
    assert tracker.next_call() is None
    assert tracker.without_start == 2


def test_calls_are_handed_out_after_a_while(monkeypatch):
    """Finished calls leave; too many open ones push the oldest out."""
    packets = [*answered_call(), Packet(100, request("INVITE", call_id="c2"))]
    assert [call.call_id for call in follow(packets)] == ["c1", "c2"]
    monkeypatch.setattr(calls, "MAX_CALLS", 2)
    many = [Packet(n, request("INVITE", call_id=f"c{n}")) for n in range(5)]
    assert [call.call_id for call in follow(many)] == [f"c{n}" for n in range(5)]


PARTIES = {
    "asserted identity": (
        ('P-Asserted-Identity: "A, B" <sip:+375290000005@x>, <tel:+375290000006>',),
        ("+375290000005", "", "allowed"),
    ),
    "withheld but asserted": (
        (
            "From: Anonymous <sip:anonymous@anonymous.invalid>;tag=a",
            "P-Asserted-Identity: <tel:+375-29-000-00-05>",
            "Privacy: id;critical",
        ),
        ("+375290000005", "", "restricted"),
    ),
    "withheld": (
        ('From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=a',),
        ("anonymous", "", "restricted"),
    ),
    "asserted name": (
        ("P-Asserted-Identity: <sip:alice@x>",),
        ("+375290000001", "", "allowed"),
    ),
    "privacy none": (("Privacy: none",), ("+375290000001", "", "allowed")),
    "diverted": (
        (
            "Diversion: <tel:+375290000009>;reason=no-answer",
            "Diversion: <tel:+375290000008>;reason=unconditional",
        ),
        ("+375290000001", "+375290000009", "allowed"),
    ),
    "history of RFC 7044": (
        (
            "History-Info: <sip:+375290000007@x>;index=1, <sip:8@x>;index=1.1;mp=1",
            "History-Info: <sip:+79160000011@x>;index=1.2;rc=1.1",
        ),
        ("+375290000001", "+375290000007", "allowed"),
    ),
    "history of RFC 4244": (
        (
            "History-Info: <sip:+375290000007@x?Reason=SIP%3Bcause%3D302>;index=1",
            "History-Info: <sip:+79160000011@x>;index=1.1",
        ),
        ("+375290000001", "+375290000007", "allowed"),
    ),
    "no diversion in a history": (
        ("History-Info: <sip:+79160000011@x>;index=1",),
        ("+375290000001", "", "allowed"),
    ),
}


@pytest.mark.parametrize("name", PARTIES)
def test_parties(name):
    """Who calls, who diverted, and whether the number is withheld."""
    extra, expected = PARTIES[name]
    found = parties_of(parse_message(request("INVITE", *extra)))
    assert (found.calling, found.redirecting, found.presentation) == expected
    assert found.called == "+79160000011"


ADDRESSES = {
    "<sip:+375290000001@host>;tag=x": "+375290000001",
    '"A \\"quoted\\" <name>" <sip:375290000001@host;user=phone>;tag=x': "375290000001",
    "sip:80291234567@host;tag=x": "80291234567",
    "tel:+375-29-(000).00.01": "+375290000001",
    "<tel:290000001;phone-context=+375>;tag=x": "+375290000001",
    "<sips:375290000001:secret@host>": "375290000001",
    "<sip:+375290000001;npdi;rn=1@host>": "+375290000001",
    "<sip:%2B375290000001@host>": "+375290000001",
    "<sip:alice@host>": "alice",
    "<sip:host>": "",
    "<im:alice@host>": "",
    "": "",
    "<>": "",
    '"open <sip:1@h>': "",
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses(text):
    """Numbers in every dress; what cannot be read has no user."""
    assert parse_address(text).user == ADDRESSES[text]


def test_address_parts():
    """Tags, parameters and the number of a bare URI."""
    address = parse_address("<sip:1@h;user=phone?Reason=x>;TAG=ab;flag")
    assert address.params == {"tag": "ab", "flag": ""}
    assert address.uri_params == {"user": "phone"}
    assert address.uri_headers == "Reason=x"
    assert parse_uri("tel:+7916;ext=2").user == "+7916"


def test_lists():
    """Commas inside quotation marks and angle brackets do not split."""
    assert split_list('"a, \\", b" <x,y>, <z> ,') == ['"a, \\", b" <x,y>', "<z>"]


def test_message_forms():
    """Compact names, folded lines, bare line feeds, empty lines in front."""
    data = b"\r\n\r\nINVITE tel:+1 SIP/2.0 \nf: <tel:+2>\n\t;tag=a\nt: <tel:+1>\n"
    data += b"i: x\nCSeq:\n 1 INVITE\n\n"
    message = parse_message(data)
    assert (message.call_id, message.cseq, message.uri) == ("x", 1, "tel:+1")
    assert parse_address(message.first("from")).params["tag"] == "a"


def test_cause_of_reasons():
    """Q.850 first, then a SIP status, then nothing."""
    bye = [
        ('Reason: Q.850;cause=16;text="x, y"', 16),
        ("Reason: SIP;cause=486", 17),
        ('Reason: SIP;cause=486, Q.850;text="t";cause=19', 19),
        ("Reason: Q.850;cause=999", None),
        ("Reason: X.int;reasoncode=0", None),
        ("Subject: none", None),
    ]
    for line, cause in bye:
        assert reason_cause(parse_message(request("BYE", line))) == cause


BAD_MESSAGES = {
    "nothing": b"",
    "words": b"hello\r\n\r\n",
    "version": request("INVITE").replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"),
    "no call id": request("INVITE").replace(b"Call-ID", b"Call-It"),
    "sequence": request("INVITE").replace(b"CSeq: 1", b"CSeq: 99999999999"),
    "method": request("INVITE").replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
    "status": response(200).replace(b" 200 ", b" 999 "),
    "headers": request("INVITE", *["X: y"] * 600),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_bad_messages(name):
    """What cannot be read is refused with a sentence, without its content."""
    with pytest.raises(MalformedError, match="The SIP message") as caught:
        parse_message(BAD_MESSAGES[name])
    assert "375290000001" not in str(caught.value)


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 400))
def test_damaged_messages_never_raise_anything_else(noise, start, end):
    """A damaged message is either understood or refused."""
    whole = request("INVITE", "Diversion: <tel:+1>", "Privacy: id")
    data = whole[: min(start, end)] + noise + whole[max(start, end) :]
    try:
        message = parse_message(data)
    except MalformedError:
        return
    parties_of(message)
    reason_cause(message)


def test_torture_messages(shared_data):
    """The messages of RFC 4475 give a message or a sentence, never a traceback."""
    folder = shared_data / "telephony" / "sip-torture-rfc4475"
    refused = set()
    for path in sorted(folder.glob("*.dat")):
        try:
            message = parse_message(path.read_bytes())
        except MalformedError:
            refused.add(path.stem)
            continue
        if message.method == "INVITE":
            parties_of(message)
    assert {"badvers", "bigcode", "insuf", "scalarlg"} <= refused
    valid = {"wsinv", "intmeth", "esc01", "escnull", "esc02", "lwsdisp", "longreq"}
    valid |= {"dblreq", "semiuri", "transports", "mpart01", "unreason", "noreason"}
    assert not valid & refused
