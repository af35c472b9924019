"""What may be published: nothing small, nothing that shows it, and always the same."""

import itertools
import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.harm import (
    HELD,
    Figures,
    Moved,
    Period,
    PublishTerms,
    Redress,
    Replay,
    RuleFigures,
    canonical,
    check_delay,
    digest,
    percentile,
    publish,
    read_report,
)
from tallystick.harm.withhold import (
    least_of,
    most_of,
    published,
    published_cells,
    total_of,
)
from tallystick.model import ConfigError, RefusedError
from tallystick.model.share import exact_interval

from .drawn import OCTOBER, figures

leasts = st.sampled_from((1, 3, 4, 10, 25))
DAY_MS = 86_400_000


def counts_in(report):
    """Return every published number of crossings, callers, cases or minutes seen."""
    found = list(report["verified"]["outcomes"].values())
    for rule in (*report["acted"]["rules"], *report["dry_run"]):
        found += [rule["crossings"], *rule["replay"].values()]
    found += [report["verified"]["total"], report["acted"]["total"]]
    found += report["acted"]["replay"].values()
    found += (report["redress"] or {}).values()
    found += [report["completeness"]["uncovered"], report["honest"]["of"]]
    return [*found, *report["open"].values(), *report["halves"].values()]


@given(figures(), leasts)
def test_no_small_number_is_published(drawn, least):
    """Whatever was counted, each number is 0, held back, or large enough, and round."""
    for count in counts_in(publish(drawn, PublishTerms(least=least))):
        assert count in {None, HELD, 0} or (count >= least and count % least == 0)


@given(figures(), leasts)
def test_parts_add_up_to_their_whole(drawn, least):
    """What is shown of the parts makes the whole, exactly."""
    report = publish(drawn, PublishTerms(least=least))
    for total, parts in (
        (report["verified"]["total"], report["verified"]["outcomes"].values()),
        (report["acted"]["total"], [r["crossings"] for r in report["acted"]["rules"]]),
        (report["acted"]["total"], report["acted"]["replay"].values()),
    ):
        shown = sum(part for part in parts if isinstance(part, int))
        assert total == shown or (total == HELD and not shown)
    if least == 1:
        assert report["verified"]["total"] == drawn.verified
        assert report["acted"]["total"] == drawn.acted.total


@pytest.mark.parametrize("least", [3, 4, 5])
def test_what_is_held_back_can_be_any_small_number(least):
    """Who knows all that is published, and how, learns nothing of what is held back.

    Every table of three numbers is published; of those published alike, each number
    that is held back takes every value below the least, beside every other one.
    """
    alike = defaultdict(set)
    for cells in itertools.product(range(2 * least + 2), repeat=3):
        shown = published_cells(dict(zip("abc", cells, strict=True)), least)
        alike[*shown.values(), total_of(shown.values())].add(cells)
    for shown, possible in alike.items():
        held = [place for place in range(3) if shown[place] == HELD]
        seen = {tuple(cells[place] for place in held) for cells in possible}
        assert seen == set(itertools.product(range(1, least), repeat=len(held)))


@given(leasts, st.data())
def test_a_difference_of_two_numbers_shows_no_small_one(least, data):
    """Of a whole and its part published each by itself, the rest may be any number."""
    rest = data.draw(st.integers(1, max(1, least - 1)))
    part = data.draw(st.integers(least, 500))
    whole = part + rest
    if least == 1:
        return
    shown = published(part, least), published(whole, least)
    for other in range(1, least):
        assert any(
            (published(p, least), published(p + other, least)) == shown
            for p in range(least, part + 2 * least)
        )


@given(st.integers(0, 10_000), leasts)
def test_bounds_hold_the_number(count, least):
    """What is published bounds what was counted."""
    shown = published(count, least)
    assert least_of(shown) <= count <= most_of(shown, least)


@given(figures(), leasts)
def test_bounds_on_honest_crossings_hold(drawn, least):
    """The truth lies between at least and at most, and so do its exact intervals."""
    honest = publish(drawn, PublishTerms(least=least))["honest"]
    known = drawn.acted.honest
    assert honest["least"] <= max(known, drawn.redress.upheld if drawn.redress else 0)
    assert honest["most"] >= known + drawn.acted.unproven
    if drawn.verified:
        low, _ = exact_interval(known, drawn.verified)
        _, high = exact_interval(known + drawn.acted.unproven, drawn.verified)
        assert honest["per_million"]["high"] >= high * 1e6
        if drawn.redress is None:
            assert honest["per_million"]["low"] <= low * 1e6
    assert honest["proven"] == (drawn.acted.unproven == 0)


@given(figures(), leasts)
def test_the_same_figures_make_the_same_bytes(drawn, least):
    """Nothing but the arguments is in a report; it reads back as what it is."""
    terms = PublishTerms(least=least)
    made = canonical(publish(drawn, terms))
    assert made == canonical(publish(drawn, terms))
    assert digest(json.loads(made)) == digest(publish(drawn, terms))
    assert read_report(json.loads(made)).by == drawn.party


NOTHING = Replay()


def made(acted=NOTHING, verified=1_000_000, **more):
    """Return plain figures with one live rule."""
    rules = (RuleFigures(rule="r", mode="live", action="mask", replay=acted),)
    outcomes = {"paired": verified - acted.total, "no_departure": acted.total}
    return Figures(
        party="RU",
        peer="BY",
        period=OCTOBER,
        outcomes=outcomes,
        rules=rules if acted.total else (),
        **more,
    )


def test_none_of_a_million_has_its_upper_bound():
    """0 of N: at most 3.69 per million, the exact bound of Clopper and Pearson."""
    honest = publish(made(), PublishTerms(least=1))["honest"]
    assert (honest["least"], honest["most"], honest["of"]) == (0, 0, 1_000_000)
    assert honest["per_million"] == {"low": 0.0, "high": 3.69}
    assert honest["proven"]


def test_without_later_evidence_it_is_unproven_and_not_nought():
    """Every crossing acted on may have been honest, and the report says so."""
    figures_ = made(Replay(unproven=500))
    honest = publish(figures_, PublishTerms(least=1))["honest"]
    assert (honest["least"], honest["most"], honest["proven"]) == (0, 500, False)
    assert honest["per_million"]["high"] > 500


def test_an_upheld_objection_about_another_crossing_counts_besides():
    """Upheld objections that match no crossing acted on here widen the upper bound."""
    for unmatched, most in ((0, 4), (3, 7)):
        redress = Redress(upheld=3, refused=1, unmatched=unmatched)
        given_ = made(Replay(honest=4, confirmed=90), redress=redress)
        honest = publish(given_, PublishTerms(least=1))["honest"]
        assert (honest["least"], honest["most"]) == (4, most)


def test_percentiles_need_enough_calls_beyond_them():
    """The longest few waits are nobody's to know."""
    waits = made(waited_ms={0: 900, 5: 90, 80: 10})
    delay = publish(waits, PublishTerms(least=10))["delay"]
    assert delay == {"p50": 0, "p90": 0, "p99": 5, "p999": None}


@given(
    st.dictionaries(st.integers(0, 400), st.integers(1, 50), min_size=1, max_size=9),
    st.floats(0.01, 1),
)
def test_percentile_is_the_usual_one(counts, share):
    """At least that share of all is no larger, and less of what is smaller still."""
    value, total = percentile(counts, share), sum(counts.values())
    assert sum(n for v, n in counts.items() if v <= value) >= share * total - 1e-9
    below = sum(n for v, n in counts.items() if v < value)
    assert below < share * total + 1e-9


def test_what_moved_is_told_in_round_shares():
    """A scheme that went from one carrier to another shows; small carriers do not."""
    moved = Moved(
        rule="r",
        since_ms=OCTOBER.from_ms + 11 * DAY_MS,
        before={"Alder": 900, "Birch": 100},
        after={"Alder": 96, "Birch": 900, "Cedar": 4},
        all_before=500_000,
        all_after=1_000_000,
    )
    unnamed, named = (
        publish(made(moved=(moved,)), PublishTerms(carriers=carriers))["moved"][0]
        for carriers in (False, True)
    )
    assert unnamed == {
        "rule": "r",
        "since": "2026-10-12",
        "rate_before": 2000.0,
        "rate_after": 1000.0,
        "share": 0.8,
    }
    assert named["carriers"] == [
        {"carrier": "Alder", "before": 0.9, "after": 0.1},
        {"carrier": "Birch", "before": 0.1, "after": 0.9},
        {"carrier": "Cedar", "before": 0.0, "after": HELD},
    ]
    assert "Alder" not in str(unnamed)


def test_of_few_crossings_nothing_is_said_to_have_moved():
    """Fewer than a hundred before or after show nothing."""
    moved = Moved(
        rule="r",
        since_ms=OCTOBER.from_ms + 1,
        before={"Alder": 99},
        after={"Birch": 500},
        all_before=900,
        all_after=900,
    )
    assert publish(made(moved=(moved,)), PublishTerms())["moved"] == []


@pytest.mark.parametrize("least", [0, 2, -1, 10_001])
def test_terms_that_hide_nothing_are_refused(least):
    """With 2, a number held back is known."""
    with pytest.raises(ConfigError) as told:
        PublishTerms(least=least)
    assert told.value.code == "harm-terms"


def test_figures_that_do_not_add_up_are_refused():
    """More acted on than there were is a fault, and nothing is published."""
    with pytest.raises(RefusedError) as told:
        made(Replay(honest=5), verified=5, covered=6)
    assert told.value.code == "harm-figures"


def test_no_earlier_than_agreed():
    """A period is published so many days after its end."""
    due = OCTOBER.until_ms + 7 * DAY_MS
    check_delay(OCTOBER, days=7, now_ms=due)
    with pytest.raises(RefusedError) as told:
        check_delay(OCTOBER, days=7, now_ms=due - 1)
    assert told.value.code == "harm-early"


@pytest.mark.parametrize(
    ("until_ms", "name"),
    [
        (1_793_491_200_000, "2026-10"),
        (1_793_491_200_000 + DAY_MS, "2026-10-01_2026-11-02"),
        (1_793_491_260_500, "2026-10-01_2026-11-01T00.01.00.500Z"),
    ],
)
def test_both_sides_find_the_same_name(until_ms, name):
    """A month has a short name, any other period both its ends."""
    assert Period(from_ms=OCTOBER.from_ms, until_ms=until_ms).name == name
    december = Period(from_ms=1_796_083_200_000, until_ms=1_798_761_600_000)
    assert december.name == "2026-12"


def test_a_period_without_length_is_refused():
    """A period ends after it begins."""
    with pytest.raises(ConfigError) as told:
        Period(from_ms=5, until_ms=5)
    assert told.value.code == "harm-period"
