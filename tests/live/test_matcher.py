"""What an arrival is answered: the table of spec/verdict.md, row by row."""

import re
from pathlib import Path
from typing import get_args

import pytest

from tallystick.model import ConfigError
from tallystick.pairing.live import (
    ABSENT,
    DIVERTED,
    RESTRICTED,
    UNREADABLE,
    LiveWindow,
)
from tallystick.pairing.live.half import Why
from tallystick.pairing.live.index import CHAIN_LIMIT

from .halves import T0, WINDOW, covered, half, promised, token

SPEC = Path(__file__).parents[2] / "spec" / "verdict.md"
NOW = T0 + 10_000
ASKED = half(b"a", 10_000, 1, 2)
NONE = {"calling_state": ABSENT}
GARBLED = {"calling_state": UNREADABLE}

# name: departures, arrival, outcome, why, partner, differs
CASES = {
    "its departure": ([half(1, 9_700, 1, 2)], ASKED, "paired", "key", 1, ()),
    "nothing": ([], ASKED, "no_departure", "nothing_known", None, ()),
    "another caller": (
        [half(1, 9_700, 7, 2)],
        ASKED,
        "altered",
        "called_known",
        1,
        ("calling",),
    ),
    "another called": (
        [half(1, 9_700, 1, 7)],
        ASKED,
        "altered",
        "calling_known",
        1,
        ("called",),
    ),
    "too early": (
        [half(1, 1_000, 1, 2)],
        ASKED,
        "unproven",
        "outside_window",
        1,
        (),
    ),
    "stamped later": (
        [half(1, 15_000, 1, 2)],
        ASKED,
        "unproven",
        "outside_window",
        1,
        (),
    ),
    "two other callers": (
        [half(1, 9_000, 7, 2), half(2, 9_100, 8, 2)],
        ASKED,
        "unproven",
        "number_busy",
        None,
        (),
    ),
    "a caller who calls everybody": (
        [half(i, 9_000 + i, 1, 20 + i) for i in range(5)],
        ASKED,
        "no_departure",
        "nothing_known",
        None,
        (),
    ),
    "another caller, diverted": (
        [half(1, 9_700, 7, 2, flags=DIVERTED)],
        ASKED,
        "unproven",
        "diverted",
        None,
        (),
    ),
    "another caller, garbled there": (
        [half(1, 9_700, 7, 2, **GARBLED)],
        ASKED,
        "paired",
        "unreadable",
        1,
        (),
    ),
    "no caller, withheld there": (
        [half(1, 9_700, 7, 2, flags=RESTRICTED)],
        half(b"a", 10_000, 0, 2, **NONE),
        "paired",
        "withheld",
        1,
        (),
    ),
    "no caller, shown there": (
        [half(1, 9_700, 7, 2)],
        half(b"a", 10_000, 0, 2, **NONE),
        "altered",
        "called_known",
        1,
        ("calling",),
    ),
    "no caller, none at either end": (
        [half(1, 9_700, 0, 2, **NONE)],
        half(b"a", 10_000, 0, 2, **NONE),
        "paired",
        "withheld",
        1,
        (),
    ),
    "no caller, nothing": (
        [],
        half(b"a", 10_000, 0, 2, **NONE),
        "unproven",
        "number_absent",
        None,
        (),
    ),
    "garbled caller": (
        [half(1, 9_700, 7, 2)],
        half(b"a", 10_000, -5, 2, **GARBLED),
        "paired",
        "unreadable",
        1,
        (),
    ),
    "garbled caller, nothing": (
        [],
        half(b"a", 10_000, -5, 2, **GARBLED),
        "unproven",
        "unreadable",
        None,
        (),
    ),
    "garbled called": (
        [half(1, 9_700, 1, 7)],
        half(b"a", 10_000, 1, -5, called_state=UNREADABLE),
        "paired",
        "unreadable",
        1,
        (),
    ),
    "known by its redirecting number": (
        [half(1, 9_700, 4, 2)],
        half(b"a", 10_000, 1, 2, alias=token("p", 4, 2)),
        "paired",
        "other_number",
        1,
        (),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_arrival_is_answered(case):
    """Each arrival gets the outcome, reason, partner and difference of the table."""
    departures, arrival, *expected = case
    matcher = covered(10_100)
    for departure in departures:
        matcher.add(departure, now_ms=NOW)
    match = matcher.match(arrival, now_ms=NOW)
    assert [match.outcome, match.why, match.partner, match.differs] == expected


def test_the_spec_lists_every_reason():
    """spec/verdict.md has a row for each reason, and no other."""
    section = SPEC.read_text().partition("### Reasons\n")[2].partition("\n#")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(
        get_args(Why)
    )


def test_a_departure_is_used_up():
    """A second arrival of one departure is repeated; the first keeps its partner."""
    matcher = covered(10_600)
    matcher.add(half(1, 9_700, 1, 2), now_ms=NOW)
    assert matcher.match(ASKED, now_ms=NOW).outcome == "paired"
    again = matcher.match(half(b"b", 10_500, 1, 2), now_ms=NOW + 500)
    assert (again.outcome, again.partner) == ("repeated", 1)
    assert matcher.match(ASKED, now_ms=NOW + 500).partner == 1


def test_redials_pair_in_order():
    """The first redial is the first, also where both ends overlap."""
    matcher = covered(10_600)
    for n in (1, 2, 3):
        matcher.add(half(n, 8_000 + 300 * n, 1, 2), now_ms=NOW)
    arrivals = [half(b"abc"[n : n + 1], 9_500 + 300 * n, 1, 2) for n in range(3)]
    partners = [matcher.match(a, now_ms=NOW + 500).partner for a in arrivals]
    assert partners == [1, 2, 3]


def test_a_departure_lost_on_the_way_is_passed_over():
    """A redial takes its own departure, not the one that never arrived."""
    matcher = covered(10_100)
    matcher.add(half(1, 4_000, 1, 2), now_ms=NOW)
    matcher.add(half(2, 9_600, 1, 2), now_ms=NOW)
    assert matcher.match(ASKED, now_ms=NOW).partner == 2


def test_the_own_arrival_takes_its_departure_back():
    """An altered arrival loses its claim when the departure's own arrival comes."""
    matcher = covered(10_100)
    matcher.add(half(1, 9_700, 7, 2), now_ms=NOW)
    assert matcher.match(ASKED, now_ms=NOW).outcome == "altered"
    own = matcher.match(half(b"own", 10_100, 7, 2), now_ms=NOW + 100)
    assert (own.outcome, own.partner) == ("paired", 1)
    event = matcher.next_event()
    assert (event.arrival, event.match.outcome) == (b"a", "no_departure")
    assert event.before.outcome == "altered"


def test_one_departure_is_altered_once():
    """Two strangers cannot both have the one departure that is left."""
    matcher = covered(10_100)
    matcher.add(half(1, 9_700, 7, 2), now_ms=NOW)
    assert matcher.match(ASKED, now_ms=NOW).outcome == "altered"
    promised(matcher, 10_160)
    other = matcher.match(half(b"c", 10_050, 5, 2), now_ms=NOW + 100)
    assert other.outcome == "no_departure"
    assert matcher.match(ASKED, now_ms=NOW + 200).outcome == "altered"


def test_a_late_departure_settles_its_arrival():
    """An arrival that outran its departure is paired when that comes."""
    matcher = promised(covered(), 9_900)
    assert matcher.match(ASKED, now_ms=NOW).why == "stream_behind"
    matcher.add(half(1, 9_700, 1, 2), now_ms=NOW + 30)
    event = matcher.next_event()
    assert (event.arrival, event.match.outcome) == (b"a", "paired")
    assert matcher.match(ASKED, now_ms=NOW + 40).partner == 1
    promised(matcher, 10_600)
    further = matcher.match(half(b"b", 10_400, 1, 2), now_ms=NOW + 500)
    assert further.outcome == "repeated"


def test_a_late_departure_at_another_time_takes_a_word_back():
    """Nothing stays called missing once its departure shows at another time."""
    matcher = covered(10_100)
    assert matcher.match(ASKED, now_ms=NOW).outcome == "no_departure"
    matcher.add(half(1, 12_000, 1, 2), now_ms=NOW + 30)
    event = matcher.next_event()
    assert (event.match.outcome, event.match.why) == ("unproven", "outside_window")


LACKS = {
    "no promise": (len, 10_000, "no_promise"),
    "behind": (lambda m: promised(m, 10_050), 10_000, "stream_behind"),
    "future promise": (lambda m: promised(m, 10_500), 10_000, "clock_off"),
    "future arrival": (lambda m: promised(m, 10_000), 10_500, "clock_off"),
    "gap": (
        lambda m: (promised(m, 10_100), m.doubt(T0 + 5_000)),
        10_000,
        "stream_gap",
    ),
    "long ago": (lambda m: promised(m, 10_100), -15_000, "forgotten"),
    # Its departure may have been let go, if it was eight seconds on its way.
    "late": (lambda m: promised(m, 10_100), -3_000, "forgotten"),
}


@pytest.mark.parametrize("case", LACKS.values(), ids=LACKS)
def test_nothing_rests_on_absence_without_coverage(case):
    """Each lack of coverage makes an arrival unproven and says which it is."""
    prepare, at_ms, why = case
    matcher = covered()
    matcher.coverage.watermark_ms = None
    prepare(matcher)
    matcher.add(half(1, at_ms - 300, 7, 2), now_ms=NOW)  # would be an altered number
    match = matcher.match(half(b"a", at_ms, 1, 2), now_ms=NOW)
    assert (match.outcome, match.why, match.covered) == ("unproven", why, False)


def test_the_clocks_must_be_known():
    """Nothing is called missing before some pairs have shown the clocks."""
    matcher = covered(10_100, window=LiveWindow(least_pairs=2))
    for n in (1, 2):
        assert matcher.match(half(b"x%d" % n, 10_000, 5, 50 + n), now_ms=NOW).why == (
            "clock_unknown"
        )
        matcher.add(half(n, 9_700, n, 9), now_ms=NOW)
        matcher.match(half(b"a%d" % n, 10_000, n, 9), now_ms=NOW)
    assert matcher.match(ASKED, now_ms=NOW).outcome == "no_departure"


def test_a_clock_that_is_off_shows_in_pairs():
    """Departures stamped after their arrivals end all talk of absence."""
    matcher = covered(10_100)
    for n in range(3):
        matcher.add(half(n, 10_080, n, 9), now_ms=NOW)
        assert matcher.match(half(b"%d" % n, 10_000, n, 9), now_ms=NOW).partner == n
    assert matcher.match(ASKED, now_ms=NOW).why == "clock_off"


def test_what_is_let_go_too_early_is_not_missed():
    """A flood beyond the capacity costs coverage, never an honest call."""
    matcher = covered(10_100, window=LiveWindow(least_pairs=0, capacity=10))
    matcher.add(half(0, 9_700, 1, 2), now_ms=NOW)
    for n in range(1, 30):
        matcher.add(half(n, 9_800, n, 1000 + n), now_ms=NOW)
    assert len(matcher) == 10
    assert matcher.match(ASKED, now_ms=NOW).why == "stream_gap"


def test_memory_is_let_go_by_time():
    """Departures leave after their life, not before."""
    matcher = covered()
    for n in range(100):
        matcher.add(half(n, 0, n, n), now_ms=T0)
    matcher.expire(T0 + WINDOW.life_ms - 1)
    assert len(matcher) == 100
    matcher.expire(T0 + WINDOW.life_ms)
    assert len(matcher) == 0
    assert matcher.add(half(7, 40_000, 1, 2), now_ms=T0 + 40_000)
    assert len(matcher) == 1


def test_a_flood_of_one_number_costs_a_bounded_look():
    """However often one pair is sent, only the newest are looked at."""
    matcher = covered(10_100)
    for n in range(3 * CHAIN_LIMIT):
        matcher.add(half(n, 9_000 + n, 1, 2), now_ms=NOW)
    match = matcher.match(ASKED, now_ms=NOW)
    assert match.outcome == "paired"
    assert match.partner >= 2 * CHAIN_LIMIT


@pytest.mark.parametrize("at_ms", [-(2**63), -(2**70), 2**63, 2**70])
def test_no_time_of_a_departure_can_break_the_matcher(at_ms):
    """Stamps beyond all bounds are not taken in."""
    matcher = covered(10_100)
    assert not matcher.add(half(1, at_ms, 1, 2), now_ms=NOW)
    assert matcher.match(ASKED, now_ms=NOW).outcome == "no_departure"


@pytest.mark.parametrize(
    "wrong",
    [{"usual_ms": 0}, {"before_ms": 10}, {"after_ms": 0}, {"busy": 0}, {"capacity": 0}],
)
def test_a_window_that_cannot_be_meant_is_refused(wrong):
    """A window must have its bounds in order."""
    with pytest.raises(ConfigError) as caught:
        LiveWindow(**wrong)
    assert caught.value.code == "live-window"
