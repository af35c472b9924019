"""Laws of the live matcher, on generated traffic."""

from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.pairing.live import Hold, LiveMatcher

from .halves import T0, WINDOW, half, promised

NUMBERS = st.integers(1, 4)
MOMENTS = st.integers(0, 60_000)
LAGS = st.integers(-WINDOW.after_ms // 2, WINDOW.usual_ms)
STATES = st.sampled_from((0, 1, 1, 1, 1, 2))
ACCUSING = {"no_departure", "altered", "repeated"}

crossings = st.lists(
    st.tuples(MOMENTS, LAGS, NUMBERS, NUMBERS), max_size=30, unique_by=itemgetter(0)
)
strays = st.lists(
    st.tuples(MOMENTS, NUMBERS, NUMBERS, STATES, STATES), min_size=1, max_size=20
)


def halves_of(drawn):
    """Return departures and arrivals of crossings whose order is kept on the way."""
    departures, arrivals, last = [], [], {}
    for n, (at, lag, calling, called) in enumerate(sorted(drawn)):
        key = (calling, called)
        here = max(at + lag, last.get(key, -1) + 1)
        if here - at > WINDOW.usual_ms:
            continue
        last[key] = here
        departures.append(half(n, at, calling, called))
        arrivals.append(half(b"%d" % n, here, calling, called))
    return departures, arrivals


def run(steps, *, late_ms=0):
    """Feed (moment, half) in order; a half with a bytes handle is asked about."""
    matcher, said = LiveMatcher(WINDOW), {}
    for moment, one in steps:
        now = T0 + moment
        if isinstance(one.id, int):
            matcher.add(one, now_ms=now)
        else:
            matcher.promise(now - late_ms, since_ms=T0 - 3_600_000)
            said[one.id] = matcher.match(one, now_ms=now)
        while (event := matcher.next_event()) is not None:
            said[event.arrival] = event.match
    return said


def in_time(departures, arrivals, *, delay=0):
    """Return steps in which each half comes at its time, arrivals after departures."""
    steps = [(d.at_ms - T0 + delay, d) for d in departures]
    steps += [(a.at_ms - T0 + WINDOW.after_ms + 200, a) for a in arrivals]
    return sorted(steps, key=lambda step: (step[0], isinstance(step[1].id, bytes)))


def partners(said):
    return {arrival: match.partner for arrival, match in said.items()}


@pytest.mark.property
@given(crossings, st.data())
def test_repeats_change_nothing(drawn, data):
    """Records that are sent again, in any order and number, change no pair."""
    departures, arrivals = halves_of(drawn)
    plain = run(in_time(departures, arrivals))
    steps = in_time(departures, arrivals)
    again = data.draw(st.lists(st.sampled_from(steps), max_size=30)) if steps else []
    late = [(moment + 300, one) for moment, one in again]
    repeated = sorted(steps + late, key=lambda s: (s[0], isinstance(s[1].id, bytes)))
    told = run(repeated)
    assert partners(told) == partners(plain)
    assert all(m.outcome == "paired" for m in told.values())


@pytest.mark.property
@given(crossings, st.lists(st.integers(0, 250), min_size=30, max_size=30))
def test_any_interleaving_gives_the_same_pairs(drawn, delays):
    """How long each departure takes on the stream does not matter while it comes
    before it is needed."""
    departures, arrivals = halves_of(drawn)
    steps = in_time(departures, arrivals)
    other = [
        (moment + (delays[one.id] if isinstance(one.id, int) else 0), one)
        for moment, one in steps
    ]
    other.sort(key=lambda s: (s[0], isinstance(s[1].id, bytes)))
    assert partners(run(other)) == partners(run(steps))


@pytest.mark.property
@given(crossings, strays, st.integers(0, 60_000))
def test_a_change_of_keys_changes_no_answer(drawn, others, change_ms):
    """Departures before a moment have other tokens than those after it."""
    departures, arrivals = halves_of(drawn)
    arrivals += [
        half(b"s%d" % n, at, *numbers, calling_state=calling, called_state=called)
        for n, (at, *numbers, calling, called) in enumerate(others)
    ]
    same = run(in_time(departures, arrivals))
    departures = [under(one.at_ms - T0 >= change_ms, one) for one in departures]
    arrivals = [across(change_ms, one) for one in arrivals]
    assert run(in_time(departures, arrivals)) == same


def under(later, one):
    """Return a half with the tokens of the earlier or the later epoch."""
    salt = b"2" if later else b"1"
    return one._replace(
        pair=salt + one.pair, called=salt + one.called, calling=salt + one.calling
    )


def across(change_ms, one):
    """Return an arrival under the keys of every epoch its departure may be of."""
    at_ms = one.at_ms - T0
    moments = at_ms, at_ms - WINDOW.keep_ms, at_ms + WINDOW.keep_ms
    first, *others = dict.fromkeys(moment >= change_ms for moment in moments)
    return under(first, one)._replace(others=tuple(under(o, one) for o in others))


@pytest.mark.property
@given(crossings, strays, st.integers(101, 5_000))
def test_nobody_is_accused_without_coverage(drawn, others, late_ms):
    """While the promise lags, no outcome rests on absence, whatever arrives."""
    departures, arrivals = halves_of(drawn)
    arrivals += [
        half(b"s%d" % n, at, calling, called, calling_state=one, called_state=other)
        for n, (at, calling, called, one, other) in enumerate(others)
    ]
    steps = in_time(departures, arrivals, delay=400)
    said = run(steps, late_ms=late_ms + 200)
    assert not [m for m in said.values() if m.outcome in ACCUSING]


@pytest.mark.property
@given(crossings, strays)
def test_a_departure_has_one_arrival(drawn, others):
    """However many arrive, no departure is paired or altered twice."""
    departures, arrivals = halves_of(drawn)
    arrivals += [
        half(b"s%d" % n, at, calling, called, calling_state=one, called_state=other)
        for n, (at, calling, called, one, other) in enumerate(others)
    ]
    said = run(in_time(departures, arrivals))
    taken = [m.partner for m in said.values() if m.outcome in {"paired", "altered"}]
    assert len(taken) == len(set(taken))


@pytest.mark.property
@settings(max_examples=50)
@given(crossings, st.integers(0, 600))
def test_the_hold_answers_everybody_once_and_in_time(drawn, lag_ms):
    """With any lag of the stream each arrival is answered once, within 250 ms, and
    honest ones are paired or unproven."""
    departures, arrivals = halves_of(drawn)
    hold, answered = Hold(LiveMatcher(WINDOW)), []
    steps = [(d.at_ms - T0 + lag_ms, 0, d) for d in departures]
    steps += [(max(0, a.at_ms - T0), 1, a) for a in arrivals]
    steps += [(m, 2, None) for m in range(0, 65_000, 50)]
    waiting = {}
    for moment, _, one in sorted(steps, key=itemgetter(0, 1)):
        now = T0 + moment
        hold.breaker.hear(now_ms=now)
        promised(hold.matcher, moment - lag_ms - 1)
        if one is None:
            pass
        elif isinstance(one.id, int):
            hold.matcher.add(one, now_ms=now)
        elif (match := hold.ask(one, now_ms=now)) is None:
            waiting[one.id] = now
        else:
            answered.append((one.id, match))
        for answer in hold.due(now_ms=now):
            assert now - waiting.pop(answer.arrival) <= 250 + 50
            answered.append((answer.arrival, answer.match))
    assert not waiting
    assert sorted(a for a, _ in answered) == sorted(a.id for a in arrivals)
    assert {m.outcome for _, m in answered} <= {"paired", "unproven"}
