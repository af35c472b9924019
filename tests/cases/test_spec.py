"""The tables of spec/cases.md, walked row by row."""

import re
from pathlib import Path

from spec_tables import cells_below
from tallystick.cases.bodies import BODIES
from tallystick.cases.course import CASE, OBJECTION, SILENCE
from tallystick.cases.reference import make_reference
from tallystick.domains.calls.cases import RULES

SPEC = (Path(__file__).parents[2] / "spec" / "cases.md").read_text(encoding="utf-8")


def codes(cell):
    return re.findall(r"`([a-z_-]+)`", cell)


def test_cases_of_calls_are_those_of_the_table():
    """Kinds, what they gather, whose they are, how many make one, what is asked."""
    rows = cells_below(SPEC, "case | findings")
    assert len(rows) == len(RULES)
    for rule, (kind, found, actor, about, least, days, asks) in zip(
        RULES, rows, strict=True
    ):
        assert codes(kind) == [rule.kind]
        assert codes(found) == list(rule.findings)
        assert actor == rule.actor.replace("_", " ")
        assert (rule.object is None) == (about == "")
        assert (int(least), int(days)) == (rule.least, rule.days)
        asked = [one.partition(": ") for one in asks.split("; ")]
        assert [(whom, *codes(q)) for whom, _, q in asked] == list(rule.asks)


def test_decisions_are_those_of_the_table():
    """Of a case and of an objection, after each answer and after none."""
    for answer, case, objection in cells_below(SPEC, "answer | a case may be"):
        code = (codes(answer) or [SILENCE])[0]
        plain, _, after_contest = case.partition("; ")
        assert set(codes(plain)) == CASE.allows[code]
        assert bool(after_contest) == (code == "contested")
        assert set(codes(objection)) == OBJECTION.allows[code]


def test_steps_are_those_of_the_table():
    """Each row is a step of a case, in the same order but for who is named first."""
    rows = cells_below(SPEC, "kind | in | by")
    told = sorted(
        (codes(kind)[0], sorted(states.split(", "))) for kind, states, *_ in rows
    )
    assert told == sorted((step.kind, sorted(step.states)) for step in CASE.steps)


def test_kinds_of_statements_are_those_of_the_table():
    """And none besides."""
    rows = cells_below(SPEC, "kind | body | says")
    assert {code for kind, *_ in rows for code in codes(kind)} == set(BODIES)


def test_the_example_of_a_reference_holds():
    """As somebody else would compute it."""
    assert f"`{make_reference(b'k' * 32, 'call-1')}`" in SPEC
