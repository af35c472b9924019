"""From evidence to a verdict: the default table, and laws for every table."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.agreement import (
    ACTIONS,
    FACTS,
    GROUNDS,
    Decider,
    Evidence,
    Rule,
    RuleTable,
    decide,
    default_rules,
)
from tallystick.model import RefusedError

SPEC = Path(__file__).parents[2] / "spec" / "verdict.md"
PROVEN = {"covered": True, "why": "nothing_known", "half": "no_departure"}
TOUCHING = set(ACTIONS) - {"pass", "log"}


def cases():
    """Return the rows of the spec's table of the default rules."""
    section = (
        SPEC.read_text().partition("## The default table\n")[2].partition("\n## ")[0]
    )
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.+) \| `(\w+)` \| `([\w-]+)` \|$", section, re.MULTILINE
    )
    assert len(rows) == len(default_rules().rules)
    return rows


@pytest.mark.parametrize(("rule", "facts", "action", "mode"), cases())
def test_the_default_table_is_the_specs(rule, facts, action, mode):
    """Each row of the spec is a rule of the shipped table, with facts and action."""
    (held,) = [one for one in default_rules().rules if one.id == rule]
    told = {
        fact: set(words.split(" or "))
        for fact, words in re.findall(r"`(\w+)` = ([\w ]+)", facts)
    }
    assert told == held.when
    assert (held.action, held.mode) == (action, mode)


VERDICTS = {
    "paired": (Evidence(half="paired", covered=True), "paired", "pass", "pass"),
    "paired, but garbled signature": (
        Evidence(half="paired", identity="invalid"),
        "paired",
        "pass",
        "pass",
    ),
    "missing": (Evidence(**PROVEN, origin="peer"), "missing", "log", "mask"),
    "missing, third country": (
        Evidence(**PROVEN, origin="third"),
        "missing-elsewhere",
        "log",
        "log",
    ),
    "missing, signed": (
        Evidence(**PROVEN, origin="peer", identity="valid", attestation="A"),
        "signed-but-missing",
        "log",
        "log",
    ),
    "late": (
        Evidence(half="unproven", why="stream_behind"),
        "unproven",
        "pass",
        "pass",
    ),
    "said to be missing without coverage": (
        Evidence(half="no_departure", covered=False),
        "unproven",
        "pass",
        "pass",
    ),
    "own number at home": (
        Evidence(half="unproven", origin="own", roaming="home"),
        "own-number-at-home",
        "pass",
        "mask",
    ),
    "emergency": (
        Evidence(**PROVEN, number="do_not_originate", emergency=True),
        "law_emergency",
        "pass",
        "pass",
    ),
    "priority": (
        Evidence(**PROVEN, number="do_not_originate", priority=True),
        "law_priority",
        "pass",
        "pass",
    ),
}


@pytest.mark.parametrize("case", VERDICTS.values(), ids=VERDICTS)
def test_verdicts_of_the_default_table(case):
    """Rule, action, and what the rule would do."""
    evidence, rule, action, would = case
    verdict = decide(evidence, default_rules())
    assert (verdict.rule, verdict.action, verdict.would) == (rule, action, would)


def test_a_rule_acts_once_it_is_live():
    """A dry run only notes; the same rule live acts, and says so."""
    table = default_rules()
    evidence = Evidence(**PROVEN, origin="peer")
    dry = decide(evidence, table)
    assert (dry.mode, dry.action, dry.acting) == ("dry-run", "log", "missing-elsewhere")
    live = decide(evidence, table.with_mode("missing", "live"))
    assert (live.mode, live.action, live.acting) == ("live", "mask", "missing")
    assert live.reasons == dry.reasons == ("half_no_departure", "origin_peer")


def test_an_empty_table_passes_everything():
    """Without rules nothing is done."""
    verdict = decide(Evidence(**PROVEN), RuleTable(name="x", version=1, rules=()))
    assert (verdict.action, verdict.rule, verdict.acting) == ("pass", "none", "none")


def words(fact):
    return st.frozensets(st.sampled_from(FACTS[fact]), min_size=1)


conditions = st.dictionaries(st.sampled_from(sorted(FACTS)), st.none(), max_size=3)


@st.composite
def tables(draw):
    """Return a table of rules that the laws let through."""
    rules = []
    for n in range(draw(st.integers(0, 8))):
        when = {fact: draw(words(fact)) for fact in draw(conditions)}
        unless = {fact: draw(words(fact)) for fact in draw(conditions)}
        try:
            rules.append(
                Rule(
                    id=f"r{n}",
                    when=when,
                    unless=unless,
                    action=draw(st.sampled_from(ACTIONS)),
                    mode=draw(st.sampled_from(("live", "dry-run"))),
                )
            )
        except RefusedError:
            continue
    return RuleTable(name="drawn", version=1, rules=tuple(rules))


evidences = st.builds(
    Evidence,
    **{fact: st.sampled_from(allowed) for fact, allowed in FACTS.items()},
    why=st.just("stream_behind"),
    covered=st.booleans(),
    emergency=st.booleans(),
    priority=st.booleans(),
)


@pytest.mark.property
@given(evidences, tables())
def test_no_table_breaks_a_law(evidence, table):
    """Whatever two parties sign: emergency passes, nothing is done without grounds,
    and nothing for want of a half that may only be late."""
    verdict = decide(evidence, table)
    if verdict.action in TOUCHING:
        assert not evidence.emergency
        assert not evidence.priority
        assert any(getattr(evidence, f) in grounds for f, grounds in GROUNDS.items())
        (acting,) = [rule for rule in table.rules if rule.id == verdict.acting]
        if "half" in acting.when or "half" in acting.unless:
            assert evidence.covered
            assert evidence.half in GROUNDS["half"]


@pytest.mark.property
@given(evidences, tables())
def test_a_memory_changes_nothing(evidence, table):
    """The decider says what `decide` says, again and again."""
    decider = Decider(table)
    assert decider.decide(evidence) == decider.decide(evidence)
    assert decider.decide(evidence) == decide(evidence, table)


@pytest.mark.property
@given(evidences, tables())
def test_dry_runs_never_act(evidence, table):
    """With every rule a dry run, every call passes."""
    for rule in table.rules:
        table = table.with_mode(rule.id, "dry-run")
    assert decide(evidence, table).action == "pass"
