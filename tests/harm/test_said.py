"""What both parties say about one period, and what stands then."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.blinding import new_private_key
from tallystick.harm import (
    PublishTerms,
    compare,
    countersigned,
    publish,
    read_harm,
    reported,
)
from tallystick.proof import Statement, read_statement, sign_statement, signing_key

from .drawn import figures

CHANNEL = "5b" * 32
PARTIES = ("BY", "RU")
KEYS = {
    party: signing_key(
        new_private_key(party, draw=lambda n, p=party: (p * n).encode()[:n])
    )
    for party in (*PARTIES, "KZ")
}
TERMS = PublishTerms(least=1)
NOON = 1_794_800_000_000


def made(party, peer, *, told=None, heard=None, paired=100):
    """Return a report."""
    from tallystick.harm import Figures

    from .drawn import OCTOBER

    return publish(
        Figures(
            party=party,
            peer=peer,
            period=OCTOBER,
            outcomes={"paired": paired},
            told=told,
            heard=heard,
        ),
        TERMS,
    )


def signed(statement):
    """Return a statement as the other side reads it."""
    note = sign_statement(statement, KEYS[statement.by]).note
    keys = [key.public() for key in KEYS.values()]
    return read_statement(note, keys, channel=CHANNEL)


def said(report, at=NOON, after=()):
    """Return a signed report."""
    return signed(reported(report, channel=CHANNEL, at_ms=at, after=after))


def read(*statements):
    """Return what stands."""
    return read_harm(statements, PARTIES, period="2026-10")


def seen_by(party, state, at=NOON + 10):
    """Return a party's countersignature."""
    return signed(countersigned(state, by=party, channel=CHANNEL, at_ms=at))


BY = made("BY", "RU", told=500, heard=300)
RU = made("RU", "BY", told=300, heard=500)


def test_two_reports_that_agree_are_countersigned():
    """One, then both, then seen by both."""
    one, two = said(BY), said(RU, NOON + 1)
    assert read().standing == "missing"
    assert read(one).standing == "one-sided"
    state = read(one, two)
    assert (state.standing, state.differences) == ("agreed", ())
    whole = read(one, two, seen_by("BY", state), seen_by("RU", state))
    assert whole.countersigned == {"BY", "RU"}
    assert whole.passed_over == ()


def test_what_one_told_and_the_other_did_not_hear_is_named():
    """The difference names whose departures, and both numbers."""
    state = read(said(BY), said(made("RU", "BY", told=300, heard=499)))
    assert state.standing == "differs"
    assert state.differences == (("told-heard", "BY", 500, 499),)


def test_more_pairs_than_departures_cannot_be():
    """Each pair used up a departure."""
    other = made("RU", "BY", told=300, heard=500, paired=501)
    assert [one.code for one in compare(BY, other)] == ["paired-told"]


def test_what_was_rounded_is_compared_as_such():
    """500 and 500 in tens may be the same number; 500 and 520 are not."""
    rounded = {"least": 10, "days": 7, "carriers": False}
    one, two = BY | {"terms": rounded}, RU | {"terms": rounded}
    near = two | {"halves": {"told": 300, "heard": 500}}
    far = two | {"halves": {"told": 300, "heard": 520}}
    assert compare(one, near) == []
    assert [found.code for found in compare(one, far)] == ["told-heard"]


def test_a_correction_takes_the_place_of_a_report_and_unseals_it():
    """Who corrects a report needs it to be seen again."""
    one, two = said(BY), said(RU)
    state = read(one, two)
    seal = seen_by("RU", state)
    better = said(made("BY", "RU", told=501, heard=300), NOON + 20, after=(one.id,))
    after = read(one, two, seal, better)
    assert after.reports["BY"] == better
    assert after.standing == "differs"
    assert after.countersigned == frozenset()
    late = seen_by("BY", state, NOON + 30)  # of the reports as they stood before
    again = read(one, two, seal, better, late)
    assert again.countersigned == frozenset()
    assert (late.id, "other-reports") in again.passed_over


def changed(**body):
    return Statement(
        channel=CHANNEL,
        by="BY",
        at_ms=NOON,
        about="harm/2026-10",
        kind="reported",
        body={"report": BY, "sha256": "00" * 32} | body,
    )


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (changed(), "other-digest"),
        (changed(report=[]), "no-report"),
        (changed(report=BY | {"verified": 3}), "no-report"),
        (reported(made("KZ", "RU"), channel=CHANNEL, at_ms=NOON), "not-a-party"),
        (reported(made("BY", "KZ"), channel=CHANNEL, at_ms=NOON), "other-party"),
        (
            reported(
                BY | {"period": BY["period"] | {"name": "2026-11"}},
                channel=CHANNEL,
                at_ms=NOON,
            ),
            "other-thing",
        ),
    ],
)
def test_what_is_not_allowed_is_passed_over(statement, why):
    """It never counts and never fails, and the reason is told."""
    one = signed(statement)
    state = read(one, said(RU))
    assert state.passed_over == ((one.id, why),)
    assert state.standing == "one-sided"


@settings(max_examples=40)
@given(figures("BY", "RU"), figures("RU", "BY"), st.sampled_from((1, 10)))
def test_the_two_sides_are_alike(first, second, least):
    """Sides changed about, only labels change about; whoever reads, reads the same."""
    terms = PublishTerms(least=least)
    one, two = publish(first, terms), publish(second, terms)
    there, back = compare(one, two), compare(two, one)
    assert [(d.code, d.of, d.second, d.first) for d in there] == [
        tuple(d) for d in back
    ]
    swapped = [
        compare(*({**r, "by": r["peer"], "peer": r["by"]} for r in pair))
        for pair in ((one, two), (two, one))
    ]
    label = {"BY": "RU", "RU": "BY", "": ""}
    assert sorted((d.code, label[d.of]) for d in swapped[0]) == sorted(
        (d.code, d.of) for d in there
    )
    statements = [said(one), said(two, NOON + 1)]
    states = list(itertools.starmap(read, itertools.permutations(statements)))
    assert states[0].standing == states[1].standing
    assert states[0].differences == states[1].differences == tuple(compare(one, two))
