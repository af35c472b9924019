"""Laws of an agreement's life, for whatever two parties say in whatever order."""

import dataclasses
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.agreement.life import Life, fold
from tallystick.agreement.text import digest_of
from tallystick.proof import Signed

from .agreed import BEGIN, DAY, KEYS, NAME, live, read, statement, text

TEXTS = [
    live(text(consultation=0)),
    live(text(consultation=6, title='"Second"')),
    live(text(version=2, consultation=1, in_force_from="2026-11-25")),
]
DIGESTS = [digest_of(one) for one in TEXTS]
MOMENTS = [BEGIN + day * DAY for day in range(0, 80, 4)]
OTHER = {"BY": "RU", "RU": "BY"}

ACTS = ("propose", "amend", "sign", "object", "answer", "suspend", "resume", "withdraw")
steps = st.lists(
    st.tuples(
        st.sampled_from(["BY", "RU"]),
        st.sampled_from(ACTS + ("sign",) * 6 + ("propose",) * 2),
        st.integers(0, 2),  # which text, rule or earlier statement
        st.booleans(),  # whether this party hears the other one first
    ),
    max_size=16,
)


def play(
    story: list[tuple[str, str, int, bool]], who: Callable[[str], str] = str
) -> list[Signed]:
    """Let two parties speak, each knowing what it heard; return what was said."""
    said: list[Signed] = []
    known: dict[str, set[str]] = {"BY": set(), "RU": set()}
    for hour, (name, act, which, hears) in enumerate(story):
        if hears:
            known[name] |= {one.id for one in said}
        own = [one for one in said if one.id in known[name]]
        followed = {i for one in own for i in one.statement.after}
        heads = tuple(one.id for one in own if one.id not in followed)
        kind, body = spoken(act, which, own)
        at_ms = BEGIN + hour * 4 * DAY
        made = statement(who(name), at_ms, kind, heads[:16], **body)
        said.append(made)
        known[name].add(made.id)
    return said


def spoken(act: str, which: int, own: list[Signed]) -> tuple[str, dict[str, object]]:
    """Return kind and body of an act of a party that knows `own`."""
    made, digest = TEXTS[which], DIGESTS[which]
    kinds = {
        "answer": [one.id for one in own if one.statement.kind == "objected"],
        "resume": [one.id for one in own if one.statement.kind == "suspended"],
    }
    ident = (kinds.get(act) or ["0" * 64])[-1]
    return {
        "propose": ("proposed", {"text": made, "digest": digest}),
        "amend": (
            "amended",
            {"text": made, "digest": digest, "follows": DIGESTS[which - 1]},
        ),
        "sign": ("signed", {"digest": digest}),
        "object": ("objected", {"digest": digest, "rule": "missing", "text": "?"}),
        "answer": ("answered", {"to": ident, "text": "!"}),
        "suspend": (
            "suspended",
            {"why": "?", **({"rule": "missing"} if which else {})},
        ),
        "resume": ("resumed", {"lifts": [ident]}),
        "withdraw": ("withdrawn", {"digest": digest, "why": "?"}),
    }[act]


def picture(life: Life, name: Callable[[str], str] = str) -> object:
    """Return what matters of a state, with parties by `name` and no identifiers."""
    held = [life.in_force(at) for at in MOMENTS]
    return (
        [one and (one.version.digest, one.suspended) for one in held],
        {
            one.digest: (
                {name(who): at for who, at in one.signed.items()},
                [life.phase(one, at) for at in MOMENTS],
            )
            for one in life.versions
        },
        sorted((one.at_ms, name(one.by), one.rule) for one in life.suspensions),
        sorted((one.at_ms, name(one.by), len(one.answers)) for one in life.remarks),
        sorted(one.code for one in life.passed_over),
    )


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(steps, st.randoms())
def test_both_sides_read_the_same_in_any_order(story, shuffled: random.Random):
    """Also when some of it comes twice."""
    said = play(story)
    other = [*said, *said[:3]]
    shuffled.shuffle(other)
    assert read(other) == read(said)


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(steps)
def test_swapping_the_parties_swaps_only_labels(story):
    """Neither side has more to say than the other."""
    one = picture(read(play(story)))
    other = picture(read(play(story, OTHER.__getitem__)), OTHER.__getitem__)
    assert one == other


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(steps, st.randoms())
def test_nothing_is_in_force_without_both_signatures(story, shuffled: random.Random):
    """Over its digest, whatever else was said, at every moment."""
    said = play(story)
    life = read(shuffled.sample(said, len(said)))
    for at in MOMENTS:
        held = life.in_force(at)
        if held is None:
            continue
        signers = {
            one.statement.by
            for one in said
            if one.statement.kind == "signed"
            and one.statement.body["digest"] == held.version.digest
            and one.statement.at_ms <= at
        }
        assert signers == {"BY", "RU"}


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(steps, st.sampled_from(["BY", "RU"]), st.randoms())
def test_a_suspension_stops_everything_whatever_has_come(
    story, who, shuffled: random.Random
):
    """Even if nothing that it follows is there yet."""
    said = play(story)
    seen = tuple(one.id for one in said)[-1:]
    stop = statement(who, MOMENTS[-1], "suspended", seen, why="?")
    come = [one for one in said if shuffled.random() < 0.8]
    held = read([stop, *come]).in_force(MOMENTS[-1])
    assert held is None or all(rule.mode == "dry-run" for rule in held.table.rules)


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(steps, st.integers(0, 16))
def test_what_comes_later_takes_no_signature_back(story, cut):
    """Of what was said in causal order, a longer book never unsigns a text."""
    said = play(story)
    before, after = read(said[:cut]), read(said)
    for one in before.versions:
        now = after.version(one.digest)
        assert now is not None
        assert one.signed.items() <= now.signed.items()


def test_the_stories_reach_every_state():
    """Else the laws above would hold of nothing."""
    dice = random.Random(4)  # ruff: ignore[suspicious-non-cryptographic-random-usage] (a story, no secret)
    seen: set[str] = set()
    codes: set[str] = set()
    for _ in range(600):
        story = [
            (
                dice.choice(["BY", "RU"]),
                dice.choice(ACTS + ("sign",) * 6 + ("propose",) * 2),
                dice.randrange(3),
                dice.random() < 0.7,
            )
            for _ in range(16)
        ]
        life = read(play(story))
        codes |= {one.code for one in life.passed_over}
        seen |= {life.phase(one, at) for one in life.versions for at in MOMENTS}
    assert seen == {
        "consultation",
        "to-sign",
        "signed-by-one",
        "signed-by-both",
        "in-force",
        "suspended",
        "superseded",
        "withdrawn",
    }
    assert {"early", "objection", "unseen", "adopted", "follows", "outdated"} <= codes


def test_statements_about_something_else_are_no_part_of_it():
    """Nor those of another agreement."""
    said = play([("BY", "propose", 0, True)])
    other = dataclasses.replace(
        said[0],
        id="0" * 64,
        statement=dataclasses.replace(said[0].statement, about="agreement/another"),
    )
    assert fold([*said, other], name=NAME, keys=KEYS) == read(said)
