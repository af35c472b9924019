"""Each row of the tables of spec/passport.md, one test."""

import re
from pathlib import Path

import pytest

from tallystick.domains.calls.passport import RULES

from .cases import CASES

SPEC = Path(__file__).parents[2] / "spec" / "passport.md"
ROW = re.compile(r"\| `([a-z0-9-]+)` \| (.+) \| (\d{3}) \| (.+) \| (\S+) \|")
LINES = SPEC.read_text(encoding="utf-8").splitlines()
ROWS = [found.groups() for line in LINES if (found := ROW.fullmatch(line))]


def test_the_program_has_the_rules_of_the_specification():
    """Every rule is a row of the document, and the other way round."""
    assert [row[0] for row in ROWS if row[0] not in RULES] == []
    assert sorted(RULES) == sorted(row[0] for row in ROWS)
    assert sorted(CASES) == sorted(RULES)


@pytest.mark.parametrize(
    ("name", "code", "phrase", "verstat"), [(r[0], *r[2:]) for r in ROWS]
)
def test_rule(name, code, phrase, verstat):
    """What does not keep the rule is refused by it, with the answer of the row."""
    rule = RULES[name]
    assert (str(rule.code), rule.phrase, rule.verstat) == (code, phrase, verstat)
    verdict = CASES[name]()
    assert verdict.rule == name
    if hasattr(verdict, "code"):
        assert (verdict.code, verdict.reason) == (rule.code, phrase)
        assert verdict.verstat == verstat
        assert not verdict.is_passed
