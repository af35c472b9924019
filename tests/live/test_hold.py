"""The grace hold: who waits, for how long, and for whom nobody waits."""

import pytest

from tallystick.model import ConfigError
from tallystick.pairing.live import Breaker, BreakerSettings, Hold, HoldSettings

from .halves import T0, covered, half, promised

NOW = T0 + 10_000
ASKED = half(b"a", 10_000, 1, 2)


@pytest.fixture
def hold():
    """A hold whose peer was heard now, and promised up to a little before now."""
    held = Hold(promised(covered(), 9_950))
    held.breaker.hear(now_ms=NOW)
    return held


def test_an_arrival_waits_for_its_departure(hold):
    """It is answered the moment the departure comes."""
    assert hold.ask(ASKED, now_ms=NOW) is None
    assert hold.due_ms() == NOW + 250
    assert hold.due(now_ms=NOW + 20) == []
    hold.matcher.add(half(1, 9_700, 1, 2), now_ms=NOW + 40)
    (answer,) = hold.due(now_ms=NOW + 40)
    assert (answer.arrival, answer.match.outcome, answer.waited_ms) == (
        b"a",
        "paired",
        40,
    )
    assert hold.due_ms() is None


def test_an_arrival_waits_for_the_watermark(hold):
    """It is answered the moment the record is complete."""
    assert hold.ask(ASKED, now_ms=NOW) is None
    promised(hold.matcher, 10_100)
    (answer,) = hold.due(now_ms=NOW + 120)
    assert answer.match.outcome == "no_departure"


def test_nobody_waits_longer_than_the_grace(hold):
    """After 250 ms without the stream it is unproven, and passes."""
    hold.ask(ASKED, now_ms=NOW)
    assert hold.due(now_ms=NOW + 249) == []
    (answer,) = hold.due(now_ms=NOW + 250)
    assert (answer.match.outcome, answer.match.why) == ("unproven", "stream_behind")


def test_the_deadline_counts_from_the_switch(hold):
    """Who asked earlier is answered earlier, whoever stands before it."""
    hold.ask(ASKED, now_ms=NOW)
    hold.ask(half(b"b", 10_000, 5, 6), now_ms=NOW, asked_ms=NOW - 300)
    assert hold.due_ms() == NOW + 150
    (answer,) = hold.due(now_ms=NOW + 150)
    assert answer.arrival == b"b"
    late = hold.ask(half(b"c", 10_000, 5, 6), now_ms=NOW, asked_ms=NOW - 450)
    assert late.outcome == "unproven"


def test_emergency_and_priority_calls_never_wait(hold):
    """They are answered at once, whatever is known."""
    assert hold.ask(ASKED, now_ms=NOW, patient=False).outcome == "unproven"
    assert len(hold) == 0


def test_nobody_waits_for_what_waiting_cannot_heal(hold):
    """A partner that is there, or a gap in the stream, is answered at once."""
    hold.matcher.add(half(1, 9_700, 5, 6), now_ms=NOW)
    hold.matcher.doubt(NOW)
    assert hold.ask(half(b"b", 10_000, 5, 6), now_ms=NOW).outcome == "paired"
    assert hold.ask(ASKED, now_ms=NOW).why == "stream_gap"


def test_nobody_waits_for_a_silent_peer(hold):
    """A second without a sign of life ends all waiting."""
    later = half(b"a", 11_100, 1, 2)
    answer = hold.ask(later, now_ms=NOW + 1_100)
    assert (answer.outcome, answer.why) == ("unproven", "silent")
    hold.breaker.hear(now_ms=NOW + 1_150)
    assert hold.ask(half(b"b", 11_150, 1, 2), now_ms=NOW + 1_150) is None


def test_waits_in_vain_open_the_breaker():
    """After some waits in vain nobody waits for a while; then it is tried again."""
    settings = BreakerSettings(failures=3, silent_ms=10**9)
    hold = Hold(promised(covered(), 0), breaker=Breaker(settings))
    hold.breaker.hear(now_ms=NOW)
    for n in range(3):
        assert hold.ask(half(b"%d" % n, 10_000, n, n), now_ms=NOW) is None
    hold.due(now_ms=NOW + 250)
    assert hold.ask(ASKED, now_ms=NOW + 300).why == "silent"
    later = NOW + 250 + settings.open_ms
    assert hold.ask(half(b"z", 25_250, 1, 2), now_ms=later) is None


def test_who_gave_up_is_not_answered(hold):
    """A cancelled call brings no answer."""
    hold.ask(ASKED, now_ms=NOW)
    hold.cancel(b"a")
    assert hold.due_ms() is None
    assert hold.due(now_ms=NOW + 300) == []


def test_a_full_hold_answers_at_once():
    """More than its capacity never wait."""
    hold = Hold(promised(covered(), 9_950), settings=HoldSettings(capacity=1))
    hold.breaker.hear(now_ms=NOW)
    assert hold.ask(ASKED, now_ms=NOW) is None
    assert hold.ask(ASKED, now_ms=NOW) is None  # asked again, it still waits
    assert hold.ask(half(b"b", 10_000, 5, 6), now_ms=NOW).outcome == "unproven"


def test_later_words_on_answered_arrivals_are_kept(hold):
    """What was answered before the departure came is corrected afterwards."""
    hold.ask(ASKED, now_ms=NOW)
    hold.due(now_ms=NOW + 250)
    hold.matcher.add(half(1, 9_700, 1, 2), now_ms=NOW + 300)
    assert hold.due(now_ms=NOW + 300) == []
    event = hold.next_event()
    assert (event.match.outcome, event.before.outcome) == ("paired", "unproven")


@pytest.mark.parametrize(
    "wrong", [{"grace_ms": 251}, {"deadline_ms": 451}, {"grace_ms": -1}]
)
def test_waits_that_a_switch_would_not_sit_out_are_refused(wrong):
    """The limits of the hold cannot be set away."""
    with pytest.raises(ConfigError) as caught:
        HoldSettings(**wrong)
    assert caught.value.code == "hold-limits"


@pytest.mark.parametrize(
    ("behind_ms", "may"), [(0, True), (149, True), (150, False), (-1, False)]
)
def test_a_fresh_promise_closes_the_breaker(behind_ms, may):
    """Once the stream is back in time, the next arrival may wait for it at once."""
    settings = BreakerSettings(failures=1)
    hold = Hold(promised(covered(), 0), breaker=Breaker(settings))
    hold.hear(now_ms=NOW)
    hold.breaker.fail(now_ms=NOW)
    assert not hold.breaker.may_wait(now_ms=NOW)
    hold.matcher.promise(NOW - behind_ms, since_ms=0)
    hold.hear(now_ms=NOW)
    assert hold.breaker.may_wait(now_ms=NOW) == may


def test_a_clock_that_is_set_keeps_nobody_waiting(hold):
    """Those who waited by the old clock are answered at once, whatever it says now."""
    assert hold.ask(ASKED, now_ms=NOW) is None
    back = NOW - 3_600_000
    assert hold.due(now_ms=back) == []
    hold.matcher.coverage.begin(back)
    (answer,) = hold.let_go(now_ms=back)
    assert answer.match.outcome == "unproven"
    assert len(hold) == 0
    assert hold.due(now_ms=NOW + 300) == []


def test_a_clock_set_back_lets_nothing_pile_up():
    """What came before is let go though it lies in the future now."""
    matcher = covered()
    for turn in range(3):
        now = NOW - 3_600_000 * turn
        for n in range(200):
            at = now - T0
            matcher.add(half(turn * 1_000 + n, at, n, n), now_ms=now)
            matcher.match(half(b"%d-%d" % (turn, n), at, 500 + n, n), now_ms=now)
    matcher.expire(now)
    assert len(matcher) == 200
