"""Laws of the SIP core, by generated examples."""

import json
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.records.sip.message import parse_message as parse_captured
from tallystick.domains.calls.sip import (
    Ask,
    Decision,
    Refusal,
    Request,
    Response,
    Send,
    Source,
    StreamReader,
    parse_message,
)
from tallystick.domains.calls.sip.parties import parties_of

from .messages import NOW_MS, SWITCH, request, server

pytestmark = pytest.mark.property

STORED = json.loads(Path(__file__).with_name("torture.json").read_text("utf-8"))
MESSAGES = [text.encode("latin-1") for text in STORED["messages"].values()]
MESSAGES += [
    request("INVITE", "P-Asserted-Identity: <tel:+1>", "Privacy: id", body=b"v=0"),
    request("CANCEL"),
    request("ACK"),
]
SCRAPS = [b"\r\n", b"\n", b"\r\n ", b";", b",", b'"', b"<", b">", b"\\", b"%00", b"\0"]
SCRAPS += [
    b"Via: ",
    b"\r\nTo: ",
    b";tag=",
    b"branch=z9hG4bK",
    b";rport",
    b"\xff",
    b"9" * 40,
]
STREAM = Source("tls", "192.0.2.1", 40_000)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a message of the table with a few pieces cut out, doubled or put in."""
    data = draw(st.sampled_from(MESSAGES))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 60)))
        scrap = draw(st.one_of(st.sampled_from(SCRAPS), st.binary(max_size=20)))
        data = data[:start] + scrap + data[draw(st.sampled_from((start, end))) :]
    return data


def check_outputs(outputs: list[object]) -> None:
    """Every answer is one whole response whose Via came from the request."""
    for out in outputs:
        if not isinstance(out, Send) or out.data == b"\r\n":
            continue
        message = parse_message(out.data)
        assert isinstance(message, Response)
        assert out.data.count(b"\r\n\r\n") == 1
        assert out.to.host == "192.0.2.1"
        allowed = {"via", "from", "to", "call-id", "cseq", "content-length", "allow"}
        allowed |= {"accept", "contact", "unsupported", "timestamp"}
        allowed |= {"p-asserted-identity"}
        assert set(message.headers.single) <= allowed


@settings(max_examples=600, deadline=None)
@given(damaged(), st.sampled_from((SWITCH, STREAM)))
def test_any_bytes_never_raise(data, source):
    """Whatever comes is answered whole, asked or dropped."""
    assert isinstance(parse_message(data), Request | Response | Refusal)
    node = server()
    outputs = node.receive(data, source, NOW_MS)
    check_outputs(outputs)
    for out in outputs:
        if isinstance(out, Ask):
            check_outputs(node.answer(out.ask_id, Decision(verstat="X"), NOW_MS))
    check_outputs(node.receive(data, source, NOW_MS))
    check_outputs(node.tick(NOW_MS + 450))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.lists(damaged(), max_size=3), st.integers(1, 99))
def test_any_stream_never_raises(noise, messages, size):
    """Nor does a stream; cut anywhere, the same messages come out."""
    wire = b"".join(messages) + noise
    whole, pieces = StreamReader(), StreamReader()
    found = whole.feed(wire)
    cut = [
        message
        for start in range(0, len(wire), size)
        for message in pieces.feed(wire[start : start + size])
    ]
    assert cut == found
    assert whole.is_broken == pieces.is_broken


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("INVITE", "ACK", "CANCEL", "answer", "tick")),
            st.integers(0, 2),
            st.integers(-50, 100),  # in all less than T4
        ),
        max_size=40,
    )
)
def test_every_invite_gets_one_final_answer(events):
    """In any order of events: one, by the deadline, and never two different ones."""
    node = server()
    now_ms, asked, finals = NOW_MS, {}, {}

    def note(outputs: list[object]) -> None:
        for out in outputs:
            if isinstance(out, Ask):
                asked[out.ask_id] = now_ms
            elif isinstance(out, Send) and b"CSeq: 1 INVITE" in out.data:
                status = out.data[8:11]
                branch = out.data.partition(b"branch=")[2][:9]
                if status != b"100":
                    finals.setdefault(branch, set()).add(out.data)

    for event, call, step_ms in events:
        now_ms += step_ms
        if event == "tick":
            note(node.tick(now_ms))
        elif event == "answer":
            note(node.answer(call + 1, Decision("reject"), now_ms))
        else:
            data = request(event, branch=f"z9hG4bK{call}!")
            note(node.receive(data, SWITCH, now_ms))
    for _ in range(20):
        now_ms += 100
        note(node.tick(now_ms))
    assert len(asked) == len(finals)
    assert all(len(answers) == 1 for answers in finals.values())
    assert node.open_questions == 0


UNCLOSED = (
    b"INVITE sip:b@h SIP/2.0\r\nTo: <sip:b@h>\r\nFrom: <sip:a@;87\r\nCall-ID: 1\r\n"
    b"CSeq: 1 INVITE\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n"
)


@settings(max_examples=300, deadline=None)
@given(damaged())
@example(UNCLOSED)
def test_live_and_captured_calls_agree(data):
    """The same INVITE has the same parties in a capture and while it rings."""
    assume(data.isascii())
    for out in server().receive(data, SWITCH, NOW_MS):
        if isinstance(out, Ask):
            parties = parties_of(parse_captured(data))
            assert out.call.calling_number == parties.calling
            assert out.call.called_number == parties.called
            assert out.call.redirecting_number == parties.redirecting
            assert out.call.presentation == parties.presentation
