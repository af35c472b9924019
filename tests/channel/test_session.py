"""Publisher, feed and subscriber, one rule at a time."""

import pytest

from tallystick.channel import (
    ClosingRecord,
    Data,
    EpochNotice,
    Frame,
    Heartbeat,
    Position,
    Proof,
    Publisher,
    Refusal,
    Refused,
    Resume,
    Resumed,
    SessionError,
    Subscriber,
)
from tallystick.channel.feed import RESUMES_LIMIT
from tallystick.channel.pending import PENDING_LIMIT, PENDING_MS
from tallystick.channel.wire import DEPARTURES_LIMIT

from .line import Line
from .parties import NOW_MS, STREAM, check, departure, publisher, subscriber, terms

END_MS = terms().epoch(1).ends_ms
CLOSING = ClosingRecord(1, True, 4_000, 60_000, 16)


def started(**pace: int) -> Line:
    """Return a line over which the first frames went."""
    line = Line(publisher=publisher(**pace))
    line.take(line.sent())
    return line


def told(line: Line, calls: int = 1, pause_ms: int = 50) -> None:
    """Tell of some calls and bring them over."""
    for _ in range(calls):
        line.tell()
    line.wait(pause_ms)
    line.take(line.sent())


def refusal_of(line: Line, *frames: Frame) -> Refusal:
    """Return why the subscriber ends the session."""
    with pytest.raises(SessionError) as caught:
        line.take(list(frames))
    return caught.value.refusal


def test_a_session_begins_with_a_place_an_epoch_and_a_promise() -> None:
    """Before any call the subscriber knows from where, with which keys, up to when."""
    kinds = [type(frame) for frame in Line().sent()]
    assert kinds == [Resumed, EpochNotice, Heartbeat]


def test_calls_share_a_frame() -> None:
    """Calls of ten milliseconds go in one frame; a full frame goes at once."""
    line = started()
    told(line, 5)
    assert [len(one.departures) for one in line.delivered if one.departures] == [5]
    for _ in range(DEPARTURES_LIMIT):
        line.tell()
    (frame,) = line.sent()
    assert isinstance(frame, Data)
    assert len(frame.departures) == DEPARTURES_LIMIT


def test_the_promise_reaches_to_the_settled_time() -> None:
    """An idle line is covered up to twenty milliseconds ago."""
    line = started()
    line.wait(500)
    line.take(line.sent())
    assert line.subscriber.covered == (NOW_MS, line.now_ms - 20)
    assert line.sent() == []
    line.wait(line.publisher.pace.heartbeat_ms)
    assert [type(frame) for frame in line.sent()] == [Heartbeat]


def test_no_promise_passes_a_pending_call() -> None:
    """The watermark waits for a call whose tokens are not made yet, then goes on."""
    line = started()
    line.wait(100)
    line.begin()
    at_ms = line.now_ms
    line.wait(1_000)
    line.take(line.sent())
    assert line.subscriber.covered == (NOW_MS, at_ms - 1)
    told(line)
    assert line.subscriber.covered == (NOW_MS, line.now_ms - 20)
    assert line.publisher.pending == line.publisher.lost == 0


def test_a_call_that_never_comes_is_given_up() -> None:
    """After five seconds the promise begins anew behind a call that was lost."""
    line = started()
    line.wait(100)
    line.begin()
    at_ms = line.now_ms
    line.wait(PENDING_MS + 1)
    line.wait(1)
    line.take(line.sent())
    assert line.subscriber.covered == (at_ms, line.now_ms - 20)
    assert line.publisher.lost == 1


def test_a_late_call_voids_what_was_promised() -> None:
    """A call whose time was promised comes all the same; the promise begins anew."""
    line = started()
    line.wait(500)
    line.take(line.sent())
    promised_ms = line.now_ms - 20
    one = departure(line.now_ms - 300)
    assert line.publisher.depart(one, now_ms=line.now_ms) == 1
    line.wait(50)
    line.take(line.sent())
    assert list(line.got) == [1]
    assert line.subscriber.covered == (promised_ms, line.now_ms - 20)
    assert line.subscriber.oddities.late == line.publisher.lost == 1


def test_a_flood_of_pending_calls_costs_the_promise_and_no_memory() -> None:
    """More calls than may be pending are let through and nothing is promised."""
    one = publisher()
    tickets = [one.begin(NOW_MS + 1) for _ in range(PENDING_LIMIT + 5)]
    assert tickets[-5:] == [0] * 5
    assert (one.pending, one.lost, one.from_ms) == (PENDING_LIMIT, 5, NOW_MS + 1)


@pytest.mark.parametrize(
    "one",
    [
        departure(NOW_MS - 30_001),
        departure(NOW_MS + 30_001),
        departure(NOW_MS, epoch=0),
        departure(NOW_MS, epoch=2),
        departure(NOW_MS)._replace(pair=bytes(15)),
        departure(NOW_MS)._replace(called=bytes(17)),
        departure(NOW_MS)._replace(states=3),
        departure(NOW_MS)._replace(flags=4),
    ],
)
def test_what_cannot_be_told_is_lost_honestly(one: object) -> None:
    """A departure that no peer would take is not sent, and not promised."""
    teller = publisher()
    at_ms = one.at_ms
    assert teller.depart(one, now_ms=NOW_MS) == 0
    assert (teller.next_sequence, teller.lost) == (1, 1)
    assert teller.from_ms >= min(at_ms, NOW_MS)


def test_closings_follow() -> None:
    """The end of a call comes with the number of its departure."""
    line = started()
    told(line)
    assert line.publisher.close(CLOSING, now_ms=line.now_ms)
    long = CLOSING._replace(duration_ms=2**40)
    assert line.publisher.close(long, now_ms=line.now_ms)
    line.wait(50)
    line.take(line.sent())
    ends = [one for delivered in line.delivered for one in delivered.closings]
    assert ends == [CLOSING, CLOSING._replace(duration_ms=2**32 - 1)]


@pytest.mark.parametrize(
    "one",
    [
        CLOSING._replace(sequence_of=2),
        CLOSING._replace(sequence_of=0),
        CLOSING._replace(cause=128),
        CLOSING._replace(answered=False),
        CLOSING._replace(duration_ms=-1),
    ],
)
def test_ends_that_cannot_be_meant_are_not_told(one: ClosingRecord) -> None:
    """The end of a call that was not told, or an impossible one, is not sent."""
    line = started()
    told(line)
    assert not line.publisher.close(one, now_ms=line.now_ms)
    assert line.publisher.get_timer() is None


def test_a_subscriber_goes_on_where_it_stopped() -> None:
    """After a cut nothing is missing and the covered time has no hole."""
    line = started()
    told(line, 3)
    for _ in range(4):
        line.tell()
        line.wait(60)
        line.sent()  # lost with the connection
    line.connect()
    line.take(line.sent())
    line.wait(50)
    line.take(line.sent())
    assert sorted(line.got) == list(range(1, 8))
    assert line.subscriber.covered == (NOW_MS, line.now_ms - 20)
    assert line.subscriber.oddities.jumps == 0


def test_a_slow_subscriber_jumps_and_no_call_waits() -> None:
    """What a slow subscriber needs is gone: it goes on from the oldest kept frame."""
    line = started(retention_bytes=400)
    told(line)
    for _ in range(10):
        line.tell()
        line.wait(20)
    kept = line.publisher.kept
    assert kept.next_number - kept.oldest == 3
    line.take(line.sent())
    assert sorted(line.got) == [1, 9, 10, 11]
    assert line.subscriber.oddities.jumps == 1
    assert line.subscriber.covered is not None
    assert line.subscriber.covered.from_ms == line.told[8]
    line.wait(200)
    line.take(line.sent())
    assert line.subscriber.covered == (line.told[8], line.now_ms - 20)


def test_a_subscriber_that_was_long_away_goes_on_from_the_oldest_kept() -> None:
    """After a long cut it gets all that is kept, and the rest is not covered."""
    line = started(retention_bytes=400)
    for _ in range(10):
        line.tell()
        line.wait(20)
    line.connect()
    line.take(line.sent())
    assert sorted(line.got) == [8, 9, 10]
    line.wait(50)
    line.take(line.sent())
    assert line.subscriber.covered == (line.told[7], line.now_ms - 20)


def test_a_gap_is_asked_for_once_and_mended() -> None:
    """A missing frame is asked for once; then everything comes."""
    line = started()
    line.tell()
    line.wait(50)
    line.sent()  # lost
    told(line)
    assert line.got == {}
    assert line.subscriber.oddities.gaps == 1
    line.take(line.sent())
    assert sorted(line.got) == [1, 2]


def test_a_new_subscriber_does_not_get_yesterday() -> None:
    """A subscriber that was never there begins a minute ago."""
    line = Line()
    told(line)
    line.wait(70_000)
    told(line)
    late = Line(publisher=line.publisher, now_ms=line.now_ms)
    late.take(late.sent())
    assert sorted(late.got) == [2]
    assert late.subscriber.covered == (NOW_MS, line.now_ms - 20)


def test_a_node_that_starts_again_covers_nothing_of_before() -> None:
    """A position from a file brings what is missing, not what was forgotten."""
    line = started()
    told(line, 2)
    again = Subscriber(terms(), check, position=line.subscriber.position)
    other = Line(publisher=line.publisher, subscriber=again, now_ms=line.now_ms)
    told(other)
    covered = again.covered
    assert covered is not None
    assert covered.from_ms == NOW_MS  # both calls had left by then


def test_a_publisher_that_starts_again_is_a_new_stream() -> None:
    """What the old run promised last is not joined to what the new one promises."""
    line = started()
    told(line, 2)
    line.wait(1_000)
    line.publisher = Publisher(terms(), stream=b"stream-2", now_ms=line.now_ms)
    started_ms = line.now_ms
    line.connect()
    line.take(line.sent())
    assert line.subscriber.covered is not None
    assert line.subscriber.covered.from_ms > line.subscriber.covered.to_ms
    line.wait(500)
    line.take(line.sent())
    assert line.subscriber.position == Position(b"stream-2", 1)
    assert line.subscriber.covered == (started_ms, line.now_ms - 20)
    assert line.subscriber.oddities.jumps == 1


def test_epochs_turn_without_a_gap() -> None:
    """Around an epoch's end calls of both are told, each under its own."""
    line = Line(publisher=Publisher(terms(), stream=STREAM, now_ms=END_MS - 40_000))
    line.now_ms = END_MS - 40_000
    line.connect()
    line.take(line.sent())
    line.wait(39_990)
    line.take(line.sent())
    line.begin()
    last_ms = line.now_ms
    line.wait(200)
    first = departure(line.now_ms - 100, number=1)
    old = departure(last_ms, number=2)
    assert (first.epoch, old.epoch) == (2, 1)
    line.publisher.depart(first, now_ms=line.now_ms)
    line.publisher.depart(old, now_ms=line.now_ms, ticket=line.begun.pop()[1])
    line.wait(60)
    line.take(line.sent())
    epochs = [one.epoch for one in line.delivered if one.departures]
    assert epochs == [2, 1]
    assert line.subscriber.covered == (END_MS - 40_000, line.now_ms - 20)


def test_the_next_epoch_is_announced_in_time() -> None:
    """Half a minute before it begins, the next epoch's keys are compared."""
    line = Line(now_ms=END_MS - 30_001)
    notices = [one.epoch for one in line.sent() if isinstance(one, EpochNotice)]
    assert notices == [1]
    line.wait(1)
    assert [one.epoch for one in line.sent() if isinstance(one, EpochNotice)] == [2]


ONE = Data(1, 1, NOW_MS, 0, 1, (), ())


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        (ONE._replace(first=2), Refusal.SEQUENCE),
        (ONE._replace(closings=(CLOSING,)), Refusal.SEQUENCE),
        (Heartbeat(0, 2, NOW_MS, NOW_MS, NOW_MS), Refusal.SEQUENCE),
        (Resumed(Position(STREAM, 1), 2, NOW_MS), Refusal.SEQUENCE),
        (Resumed(Position(STREAM, 9), 0, NOW_MS), Refusal.SEQUENCE),
        (EpochNotice(1, END_MS, check(1)), Refusal.EPOCH),
        (EpochNotice(1, terms().epoch(1).starts_ms, check(2)), Refusal.EPOCH),
        (EpochNotice(2**32 - 1, NOW_MS, bytes(8)), Refusal.EPOCH),
        (Proof(bytes(64)), Refusal.ORDER),
        (Resume(Position()), Refusal.ORDER),
        (Refused(Refusal.CLOSING), Refusal.CLOSING),
    ],
)
def test_a_peer_that_contradicts_itself_is_left(frame: Frame, refusal: Refusal) -> None:
    """Each contradiction ends the session with its own code."""
    assert refusal_of(started(), frame) is refusal


def test_nothing_is_taken_before_the_publisher_said_from_where() -> None:
    """Data and heartbeats before that end the session."""
    for frame in (ONE, Heartbeat(0, 1, NOW_MS, NOW_MS, NOW_MS)):
        line = Line()
        assert refusal_of(line, frame) is Refusal.ORDER


def test_departures_of_another_epoch_are_refused() -> None:
    """An epoch that was not announced, or not of its calls' time, is not taken."""
    for at_ms, epoch in ((NOW_MS, 2), (END_MS + 30_000, 1)):
        teller = publisher()
        teller.terms = terms()
        line = Line(publisher=teller)
        told(line)
        (record,) = line.got.values()
        other = started()
        wrong = ONE._replace(epoch=epoch, departures=(record._replace(at_ms=at_ms),))
        assert refusal_of(other, wrong) is Refusal.EPOCH


def test_a_promise_about_the_future_is_not_believed() -> None:
    """A lying peer, or one whose clock is ahead, covers nothing by it."""
    line = started()
    for ahead_ms in (101, 1_000, 3_600_000):
        until_ms = line.now_ms + ahead_ms
        line.take([Heartbeat(0, 1, NOW_MS - 10, until_ms, NOW_MS)])
    assert line.subscriber.covered is None
    assert line.subscriber.oddities.future == 3
    line.take([Heartbeat(0, 1, NOW_MS - 10, line.now_ms + 100, NOW_MS)])
    assert line.subscriber.covered == (NOW_MS, line.now_ms + 100)


def test_a_broken_promise_is_seen() -> None:
    """A departure of a time that was promised before voids what was promised."""
    line = started()
    line.take([Heartbeat(0, 1, NOW_MS, NOW_MS + 90, NOW_MS)])
    other = Line()
    told(other)
    (record,) = other.got.values()
    late = record._replace(at_ms=NOW_MS + 50)
    frame = ONE._replace(departures=(late,), watermark_ms=NOW_MS + 95)
    line.take([frame])
    assert line.got == {1: late}
    assert line.subscriber.covered == (NOW_MS + 90, NOW_MS + 95)
    assert line.subscriber.oddities.late == 1


def test_replayed_frames_change_nothing() -> None:
    """Old data and old heartbeats are passed over."""
    line = started()
    line.tell()
    line.wait(50)
    frames = line.sent()
    line.take(frames)
    told(line)
    before = (line.subscriber.covered, line.subscriber.position)
    line.take(frames * 3)
    assert (line.subscriber.covered, line.subscriber.position) == before
    assert sorted(line.got) == [1, 2]
    assert line.subscriber.oddities.repeated == 3


def test_a_feed_refuses_what_has_no_place() -> None:
    """A subscriber says nothing but from where; and not for ever."""
    line = started()
    with pytest.raises(SessionError):
        line.feed.receive(ONE, now_ms=NOW_MS)
    for _ in range(RESUMES_LIMIT - 1):
        line.feed.receive(Resume(Position()), now_ms=NOW_MS)
    with pytest.raises(SessionError):
        line.feed.receive(Resume(Position()), now_ms=NOW_MS)


def test_a_feed_gives_as_much_as_the_line_takes() -> None:
    """A limit ends after the frame that passes it."""
    line = started()
    for _ in range(10):
        line.tell()
        line.wait(20)
    assert len(line.sent(limit_bytes=1)) == 1
    assert line.feed.behind == 9
    assert len(line.sent(limit_bytes=200)) == 2
    assert line.feed.get_timer() is None
    line.sent()
    assert line.feed.get_timer() == line.now_ms + 25


def test_the_clocks_are_compared() -> None:
    """A heartbeat shows how far the peer's clock is from ours."""
    line = started()
    line.take([Heartbeat(0, 1, NOW_MS, 0, line.now_ms - 1_500)])
    assert line.subscriber.clock_offset_ms == -1_500
    assert line.subscriber.heard_ms == line.now_ms
    assert subscriber().heard_ms is None
