"""The console's words: the same in three languages, and all that are asked for."""

import itertools
import re
from importlib.resources import files
from io import BytesIO
from string import Formatter
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from tallystick.agreement.evidence import FACTS
from tallystick.agreement.guard import REASONS
from tallystick.agreement.life import PHASES
from tallystick.agreement.life.fold import _WHY as _UNCOUNTED
from tallystick.agreement.rule import ACTIONS, MODES
from tallystick.agreement.sentences import catalogue as sentences
from tallystick.cases.course import ANSWERS, CASE, OBJECTION
from tallystick.console.desk import words
from tallystick.console.pages import (
    audit,
    findings,
    harm,
    objections,
    people,
    verdicts,
)
from tallystick.console.pages.cases import listing as cases
from tallystick.console.pages.today import _TROUBLE
from tallystick.console.people.rights import RIGHTS, ROLES
from tallystick.console.saying import agreement as agreement_said
from tallystick.console.saying import cases as cases_said
from tallystick.domains.calls.cases import RULES
from tallystick.domains.calls.schema import KINDS
from tallystick.harm.said import Standing
from tallystick.proof import KINDS as LOGGED
from tallystick.report.texts import LANGUAGES, texts_in
from tallystick.store.cases.desk import _WHY
from tallystick.store.findings.keeping import PARTS, SIDES
from tallystick.store.findings.routes import GROUPS

ROUTES = (
    *("carrier", "point", "side", "crossings", "paired", "proven"),
    *("findings", "late_ms"),
)
WAITS = ("consultation", "answer", "signature", "first-day", "resume")
SAYING = files("tallystick.console") / "saying"
_FIELDS = {
    name
    for one in SAYING.iterdir()
    if one.name.endswith(".py")
    for name in re.findall(r'Field\(\s*name="(\w+)"', one.read_text(encoding="utf-8"))
}
PACKAGE = files("tallystick.console")
FORMS = {"en": 2, "ru": 3, "be": 3}
# Letters that the language does not have: a mixed-up catalogue shows by them.
FOREIGN = {"ru": "іўʼ", "be": "ищъИЩЪ", "en": "аеіоуўыэ"}
ASKED = re.compile(r'\bt\.(?:say|count)\(\s*[\'"]([a-z_.]+[a-z_])[\'"]\s*[,)]')


def catalogue(language):
    """Return the texts of a language by id."""
    source = (PACKAGE / "words" / f"{language}.po").read_bytes()
    found = read_po(BytesIO(source), locale=language)
    return {
        one.id if isinstance(one.id, str) else one.id[0]: (
            (one.string,) if isinstance(one.string, str) else one.string
        )
        for one in found
        if one.id
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_what_the_others_have(language):
    """The same messages, with the same parameters, in all plural forms."""
    english, mine = catalogue("en"), catalogue(language)
    assert set(mine) == set(english)
    for name, texts in mine.items():
        wanted = set().union(*map(parameters, english[name]))
        for text in texts:
            assert text.strip(), name
            assert parameters(text) == wanted, name
            assert not set(FOREIGN[language]) & set(text), name
        assert len(texts) == (FORMS[language] if len(english[name]) > 1 else 1), name


def parameters(text):
    """Return the names that stand in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_is_asked_for_is_there(language):
    """Those written out in pages and templates, and those put together."""
    t, asked = words(language), set()
    for path in (PACKAGE / "pages").rglob("*"):
        if path.suffix in {".py", ".j2"}:
            asked |= set(ASKED.findall(path.read_text(encoding="utf-8")))
    columns = itertools.chain(
        *(audit.TABLE.columns, people.TABLE.columns),
        *(cases.COLUMNS, findings.COLUMNS, objections.COLUMNS),
        *(harm.COLUMNS, verdicts.COLUMNS),
    )
    asked |= {one.title for one in columns}
    asked |= {f"column.{one}" for one in ("by", *ROUTES)}
    asked |= {f"by.{one}" for one in GROUPS} | {f"side.{one}" for one in SIDES}
    asked |= {f"part.{one}" for one in PARTS}
    asked |= {f"standing.{one}" for one in get_args(Standing)}
    asked |= {"findings.own", "findings.lead", "routes.own", "routes.lead"}
    asked |= {f"verdicts.{one}" for one in ("own", "lead", "all", "looked")}
    asked |= {"harm_page.sent", "harm_page.unsent"}
    asked |= {"today.stopped_rule", "today.stopped_all"}
    asked |= {f"kind.{one}.title" for one in KINDS}
    asked |= {f"page.{one.page}" for one in RIGHTS}
    asked |= {f"role.{one}" for one in ROLES} | {f"why.{one}" for one in ROLES}
    asked |= {f"outcome.{one}" for one in verdicts.OUTCOMES}
    asked |= {f"trouble.{one}" for one in _TROUBLE}
    asked |= {f"case.{one}" for one in cases.KINDS}
    asked |= {f"state.{one}" for one in cases.STATES}
    asked |= {f"step.{one.kind}" for one in CASE.steps}
    asked |= {f"answer.{one}" for one in ANSWERS}
    asked |= {f"decision.{one}" for one in CASE.decisions | {"withdrawn", "lapsed"}}
    asked |= {f"step.{one.kind}" for one in OBJECTION.steps}
    asked |= {f"decision.{one}" for one in OBJECTION.decisions}
    asked |= {f"objection.outcome_{one}" for one in OBJECTION.decisions}
    asked |= {f"state.{one}" for one in objections.STATES}
    asked |= {f"action.{one}" for one in ACTIONS}
    for kind in ("asked", "answered", "decided", "told"):
        asked |= {
            f"objections.{one}_{kind}" for one in ("form", "note", "text", "send")
        }
    for name in ("objection", "objections"):
        page = (PACKAGE / "pages" / f"{name}.py").read_text(encoding="utf-8")
        asked |= {f"problem.{one}" for one in re.findall(r'problem="(\w+)"', page)}
    asked |= {f"over.{one}" for one in (*_WHY, "later")}
    found = {one for rule in RULES for one in rule.findings}
    asked |= {f"kind.{one}.title" for one in found}
    for path in (*(PACKAGE / "pages").rglob("*.py"), *(PACKAGE / "saying").iterdir()):
        if path.suffix == ".py":
            page = path.read_text(encoding="utf-8")
            found = re.findall(r'(?:problem=|refuse\(|_refused\(.+, )"(\w+)"', page)
            asked |= {f"problem.{one}" for one in found}
    asked |= {f"uncounted.{one}" for one in (*_UNCOUNTED, "unsuspended")}
    for kind in cases_said.SAYINGS:
        asked |= {f"say.{kind}", f"say.{kind}_note", f"did.{kind}"}
        asked |= {f"sentence.{kind}"}
    for kind in (*agreement_said.SAYINGS, "proposed"):
        asked |= {f"did.{kind}", f"step.{kind}", f"sentence.agreement.{kind}"}
    for kind in agreement_said.SAYINGS:
        asked |= {f"say.agreement.{kind}", f"say.agreement.{kind}_note"}
    asked |= {f"say.{one}" for one in _FIELDS}
    asked |= {f"covers.{one}" for one in cases_said.COVERS}
    asked |= {f"question.{who}" for rule in RULES for who, _ in rule.asks}
    asked |= {f"phase.{one}" for one in PHASES}
    asked |= {f"wait.{one}" for one in WAITS}
    asked |= {f"then.{one}" for one in ACTIONS}
    asked |= {f"rule.seen_{one}" for one in REASONS}
    asked |= {f"mode.{one}" for one in (*MODES, "suspended")}
    asked |= {f"logged.{one}" for one in LOGGED}
    facts = {f"{fact}_{one}" for fact, words in FACTS.items() for one in words}
    asked |= {f"fact.{one}" for one in facts - set(sentences())}
    asked |= {"problem.no_reason", "problem.number_in_reason"}
    entry = (PACKAGE / "people" / "entry.py").read_text(encoding="utf-8")
    passwords = (PACKAGE / "people" / "passwords.py").read_text(encoding="utf-8")
    asked |= {f"refusal.{one}" for one in re.findall(r'Refusal\("(\w+)"', entry)}
    asked |= {f"refusal.{one}" for one in re.findall(r'return "(\w+)"', passwords)}
    for path in (PACKAGE / "provider").rglob("*.py"):
        said = path.read_text(encoding="utf-8")
        asked |= {
            f"refusal.{one}" for one in re.findall(r'ProviderError\("(\w+)"', said)
        }
    asked.add("refusal.provider_state")
    asked |= {"sorry.429", "sorry.503", "sorry.untold"}
    accounts = (PACKAGE / "people" / "accounts.py").read_text(encoding="utf-8")
    asked |= {f"problem.{one}" for one in re.findall(r'"(account-\w+)",', accounts)}
    assert len(asked) > 120
    assert [one for one in sorted(asked) if not t.has(one)] == []


def test_the_reports_words_are_there_as_well():
    """One machinery, the console's words before the report's."""
    assert words("be").say("unit.s") == texts_in("be").say("unit.s")
    assert words("ru").say("page.today") == "Сегодня"
    assert not texts_in("ru").has("page.today")
