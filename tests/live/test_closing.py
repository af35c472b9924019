"""How a crossing ends at both sides."""

import pytest

from tallystick.pairing.live import ClosingHalf, ClosingMatcher

from .halves import T0, covered, half

TALKED = ClosingHalf(1, answered=True, answer_ms=8_000, duration_ms=60_000)
OWN = ClosingHalf(b"a", answered=True, answer_ms=7_700, duration_ms=60_000)

CASES = {
    "alike": (TALKED, OWN, "agrees"),
    "longer": (TALKED._replace(duration_ms=66_000), OWN, "stretched"),
    "a little longer": (TALKED._replace(duration_ms=61_500), OWN, "agrees"),
    "not answered here": (
        TALKED,
        OWN._replace(answered=False, answer_ms=None, duration_ms=0, held_ms=30_000),
        "false_answer",
    ),
    "a mailbox there": (
        TALKED._replace(answer_ms=29_800),
        OWN._replace(answered=False, answer_ms=None, duration_ms=0, held_ms=30_000),
        "agrees",
    ),
    "answered earlier": (
        TALKED._replace(answer_ms=2_000, duration_ms=66_000),
        OWN,
        "false_answer",
    ),
    "answered here only": (
        TALKED._replace(answered=False, answer_ms=None, duration_ms=0),
        OWN,
        "agrees",
    ),
}


@pytest.mark.parametrize("first", ["departure", "arrival"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_both_ends_are_compared(case, first):
    """The sign does not depend on which end comes first."""
    departure, arrival, sign = case
    matcher = covered(10_100)
    matcher.add(half(1, 9_700, 1, 2), now_ms=T0 + 10_000)
    matcher.match(half(b"a", 10_000, 1, 2), now_ms=T0 + 10_000)
    ends = [
        lambda: matcher.close(departure, now_ms=T0 + 80_000),
        lambda: matcher.release(arrival, now_ms=T0 + 80_000),
    ]
    for end in ends if first == "departure" else reversed(ends):
        assert matcher.next_course() is None
        end()
    course = matcher.next_course()
    assert (course.sign, course.departure, course.arrival) == (sign, 1, b"a")
    assert matcher.next_course() is None


@pytest.mark.parametrize(("watched", "signs"), [(True, ["short_stop"]), (False, [])])
def test_an_answered_departure_that_never_arrived(watched, signs):
    """It is stopped short only where every own arrival was told."""
    closings = ClosingMatcher()
    if watched:
        closings.watch_since(T0)
    closings.leave(1, at_ms=T0 + 10)
    closings.close_departure(TALKED, now_ms=T0 + 80_000)
    assert [c.sign for c in iter(closings.next_course, None)] == signs


def test_an_unanswered_departure_that_never_arrived_says_nothing():
    """Attempts fail on every road."""
    closings = ClosingMatcher()
    closings.watch_since(T0)
    closings.close_departure(ClosingHalf(1, answered=False), now_ms=T0 + 100)
    closings.leave(1, at_ms=T0 + 10)
    assert closings.next_course() is None
    assert len(closings) == 0


def test_ends_that_never_come_are_let_go():
    """Memory is bounded by number and by time."""
    closings = ClosingMatcher(capacity=10)
    for n in range(30):
        closings.pair(n, b"%d" % n, now_ms=T0)
    assert len(closings) == 10
    closings.expire(T0 + 7_200_001)
    assert len(closings) == 0


def test_an_attempt_made_again_at_once_is_not_stopped_short():
    """Of two departures of one key and one arrival, neither is called stopped."""
    matcher = covered()
    matcher.closings.watch_since(T0)
    for n, at_ms in ((1, 9_200), (2, 9_700)):
        matcher.add(half(n, at_ms, 1, 2), now_ms=T0 + 10_000)
        matcher.close(TALKED._replace(id=n), now_ms=T0 + 10_000)
    matcher.add(half(3, 9_700, 5, 6), now_ms=T0 + 10_000)
    matcher.close(TALKED._replace(id=3), now_ms=T0 + 10_000)
    matcher.match(half(b"a", 10_000, 1, 2), now_ms=T0 + 10_000)
    matcher.expire(T0 + 100_000)
    assert [c.departure for c in iter(matcher.next_course, None)] == [3]


def test_a_call_that_arrived_altered_is_not_stopped_short():
    """It has an arrival, though one that shows another calling number."""
    matcher = covered(10_100)
    matcher.closings.watch_since(T0)
    for n, called in ((1, 2), (2, 3)):
        matcher.add(half(n, 9_700, 7, called), now_ms=T0 + 10_000)
        matcher.close(TALKED._replace(id=n), now_ms=T0 + 10_000)
    altered = matcher.match(half(b"a", 10_000, 1, 2), now_ms=T0 + 10_000)
    assert altered.outcome == "altered"
    matcher.expire(T0 + 100_000)
    assert [c.departure for c in iter(matcher.next_course, None)] == [2]


def test_a_peer_that_counts_anew_is_not_mixed_up():
    """A handle that comes again for another arrival is another crossing."""
    closings = ClosingMatcher()
    closings.pair(1, b"a", now_ms=T0)
    closings.close_departure(TALKED, now_ms=T0)
    closings.pair(1, b"b", now_ms=T0)
    closings.close_arrival(OWN._replace(id=b"b", duration_ms=1), now_ms=T0)
    assert closings.next_course() is None
