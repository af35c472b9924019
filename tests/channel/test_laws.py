"""Laws of the channel, by generated examples.

The line may lose, repeat, hold back and reorder whole frames, and be cut: more than
TCP under TLS ever does.
"""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.channel import (
    Answering,
    Frame,
    FrameError,
    Opening,
    Position,
    SessionError,
)
from tallystick.channel.codec import seal
from tallystick.channel.frame import Kind

from .line import Line
from .make_vectors import FOLDER
from .parties import BY, RU, departure, frames_of, publisher, standing

ACTS = ["pass", "pass", "pass", "none", "none", "cut", "lose", "repeat", "swap"]
ROUNDS = st.tuples(
    st.sampled_from([0, 0, 1, 1, 2]),  # calls begun
    st.sampled_from([0, 0, 1, 2, 3]),  # calls told
    st.sampled_from([0, 4, 12, 30, 60]),  # milliseconds before they are told
    st.sampled_from([0, 0, 4, 12]),  # milliseconds after
    st.sampled_from(ACTS),
    st.integers(0, 30),  # which frame
)
Round = tuple[int, int, int, int, str, int]


def play(line: Line, one: Round, seen: list[Frame]) -> None:
    """Let calls leave and time pass, and the line do something with the frames."""
    begun, told, before_ms, after_ms, act, which = one
    for _ in range(begun):
        line.begin()
    line.wait(before_ms)
    for _ in range(told):
        line.tell()
    line.wait(after_ms)
    if act == "cut":
        line.connect()
    elif act != "none":
        frames = line.sent(limit_bytes=200 if which % 3 else 100_000)
        seen += frames
        if frames and act == "lose":
            del frames[which % len(frames)]
        elif seen and act == "repeat":
            frames.append(seen[which % len(seen)])
        elif frames and act == "swap":
            frames.insert(0, frames.pop(which % len(frames)))
        try:
            line.take(frames)
        except SessionError:
            line.connect()  # a frame out of its session; the node connects again


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.lists(ROUNDS, max_size=60), st.sampled_from([400, 2_000, 1_000_000]))
def test_no_line_makes_a_promise_cover_what_is_missing(
    rounds: list[Round], retention_bytes: int
) -> None:
    """Whatever the line does, nothing is missing where the subscriber relies on it."""
    line = Line(publisher=publisher(retention_bytes=retention_bytes))
    seen: list[Frame] = []
    for one in rounds:
        play(line, one, seen)
        line.check()
        assert list(line.got) == sorted(line.got)


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["depart", "lose", "poll", "flush"]),
            st.integers(0, 40),  # milliseconds before it
            st.integers(-30, 3_000),  # how long ago the call left
        ),
        max_size=40,
    )
)
def test_no_promise_is_given_again_for_a_time_it_was_taken_back_of(
    acts: list[tuple[str, int, int]],
) -> None:
    """A call that was lost stays outside the promise, whatever comes after it."""
    told = publisher()
    now_ms, lost_ms = told.from_ms, told.from_ms
    for act, later_ms, ago_ms in acts:
        now_ms += later_ms
        match act:
            case "depart":
                told.depart(departure(now_ms - ago_ms), now_ms=now_ms)
            case "lose":
                told.lose(now_ms - ago_ms)
                lost_ms = max(lost_ms, now_ms - ago_ms)
            case "poll":
                told.poll(now_ms=now_ms)
            case _:
                told.flush(now_ms=now_ms)
        assert told.from_ms >= lost_ms


@pytest.mark.property
@given(st.lists(ROUNDS, max_size=30))
def test_an_honest_line_brings_everything(rounds: list[Round]) -> None:
    """Once the line is good again, all that is told comes, once, and is covered."""
    line = Line()
    for one in rounds:
        play(line, one, [])
    while line.begun:
        line.tell()
    for _ in range(3):
        line.wait(1_100)
        line.connect()
        line.take(line.sent())
        line.take(line.sent())
    assert sorted(line.got) == sorted(line.told)
    assert {number: one.at_ms for number, one in line.got.items()} == line.told
    covered = line.subscriber.covered
    assert covered is not None
    assert covered.to_ms == line.now_ms - 20
    line.check()


GOOD = json.loads((FOLDER / "good.json").read_text(encoding="utf-8"))
SENT = [bytes.fromhex(row["frame"]) for row in GOOD["handshake"] + GOOD["frames"]]
CHANGES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4)


@pytest.mark.property
@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SENT), CHANGES), max_size=8))
def test_a_hostile_peer_gets_nothing_but_refusals(
    frames: list[tuple[bytes, list[tuple[int, int]]]],
) -> None:
    """Rightly sealed frames of any content raise nothing but the two refusals."""
    line = Line()
    line.take(line.sent())
    answering = Answering(standing(BY), nonce=bytes(32))
    receivers: list[Callable[[Frame], object]] = [
        lambda one: line.take([one]),
        lambda one: line.feed.receive(one, now_ms=line.now_ms),
        lambda one: answering.receive_hello(one, now_ms=line.now_ms),
        answering.receive_proof,
        Opening(standing(RU), nonce=bytes(32), position=Position()).receive,
    ]
    for data, changes in frames:
        payload = bytearray(data[8:-4])
        for place, value in changes:
            payload[place % len(payload)] = value
        with suppress(FrameError):
            for frame in frames_of(seal(Kind(data[3]), bytes(payload))):
                for receive in receivers:
                    with suppress(SessionError):
                        receive(frame)
    line.feed.data_to_send(now_ms=line.now_ms)
