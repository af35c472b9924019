"""Calls of the same two numbers that come close together are told apart."""

import pytest

from .day import LOST, Day

PAIR = {"calling": "+375291110001", "called": "+79161110001"}


@pytest.fixture
def day():
    day = Day()
    day.background(300)
    return day


def redials(day, *, lost=(), talks=(0, 0, 0, 35), gap_s=6.0, **changes):
    """Dial until somebody answers; return the ids of both halves of each call."""
    at_s, calls = 7200.0, []
    for number, talk_s in enumerate(talks):
        ring_s = 5.0 + 3 * number
        calls.append(
            day.call(
                at_s,
                talk_s=talk_s,
                ring_s=ring_s,
                arrival=LOST if number in lost else None,
                **{**PAIR, **changes},
            )
        )
        at_s += ring_s + talk_s + gap_s
    return calls


def test_redials_pair_in_order(day, tmp_path):
    """Four calls within a minute pair first with first and last with last."""
    calls = redials(day)
    said = day.say(tmp_path)
    assert {d: said.partner(d) for d, _ in calls} == dict(calls)
    assert said.accused == []


def test_redials_pair_in_order_though_clocks_scatter(tmp_path):
    """Where clocks scatter by more than the redials are apart, order still holds."""
    day = Day()
    day.background(300, lags_s=(-6.0, 6.0))
    calls = redials(day, talks=(0, 0, 0, 50), gap_s=1.0)
    said = day.say(tmp_path)
    assert {d: said.partner(d) for d, _ in calls} == dict(calls)
    assert said.accused == []


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_one_lost_record_amid_redials(day, tmp_path, lost):
    """If one arrival is lost, the others keep their partners and nobody is accused."""
    calls = redials(day, lost=(lost,))
    said = day.say(tmp_path)
    kept = dict(c for n, c in enumerate(calls) if n != lost)
    assert {d: said.partner(d) for d in kept} == kept
    assert said.partner(calls[lost][0]) is None
    assert said.kind(calls[lost][0]) == "unproven"
    assert said.accused == []


def test_two_calls_of_two_exchanges_at_once(day, tmp_path):
    """Two calls at once between two switchboards are two calls, not a loop."""
    first = day.call(7200.0, talk_s=310, **PAIR)
    second = day.call(7204.0, talk_s=45, **PAIR, out="MSQ-2")
    said = day.say(tmp_path)
    assert said.partner(first[0]) == first[1]
    assert said.partner(second[0]) == second[1]
    assert said.accused == []


def test_a_call_that_comes_around_again_is_a_loop(day, tmp_path):
    """One call crossing three times, nested, is a loop; its redial is not."""
    crossings = [
        day.call(7200.0 + 2.5 * n, talk_s=140, ring_s=20 - 2.5 * n, **PAIR)
        for n in range(3)
    ]
    redial = day.call(7400.0, talk_s=20, **PAIR)
    said = day.say(tmp_path)
    looped = said.findings.filter(kind="loop")
    assert set(looped["departure_id"]) == {d for d, _ in crossings}
    assert said.partner(redial[0]) == redial[1]
    assert said.kind(redial[0]) is None
