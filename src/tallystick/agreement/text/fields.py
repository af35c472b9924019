"""The table of everything an agreement's text may hold.

The parser, the JSON Schema and the reference page are all made from it.

Source: spec/agreement.md, "The text".
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from tallystick.agreement.evidence import FACTS
from tallystick.agreement.rule import ACTIONS, HARMLESS, MODES, Rule
from tallystick.agreement.sentences import LANGUAGES
from tallystick.agreement.text.kinds import (
    NAME,
    Day,
    Facts,
    Field,
    Kind,
    Listed,
    Mistake,
    Number,
    Table,
    Text,
    Word,
)
from tallystick.agreement.text.value import (
    AgreedRule,
    AgreementText,
    Completeness,
    Contact,
    Deadlines,
    Harm,
    Numbering,
    Party,
    Publication,
    Retention,
    Tolerances,
    Window,
)
from tallystick.model import Sentence
from tallystick.proof import parse_verifying_key

FORMAT: Final = "tallystick-agreement/1"
RULES_LIMIT: Final = 256
_PARTY: Final = Text(
    most=32,
    pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}",
    what="a party's name of 1 to 32 Latin letters, digits, '.', '_' and '-', as BY",
)


def days(low: int, high: int) -> Number:
    """Return the kind of a number of days."""
    return Number(low=low, high=high, unit="days")


def milliseconds(low: int, high: int) -> Number:
    """Return the kind of a number of milliseconds."""
    return Number(low=low, high=high, unit="milliseconds")


def _party(name: str, body: str, key: str, contacts: tuple[Contact, ...]) -> Party:
    parsed = parse_verifying_key(key, origin="Its key")
    return Party(name=name, body=body, key=parsed, contacts=contacts)


def _rule(*, reference: str, harm: Harm | None, **line: Any) -> AgreedRule:  # ruff: ignore[any-type] (the members of `Rule`)
    return AgreedRule(rule=Rule(**line), reference=reference, harm=harm)


def _text(**members: Any) -> AgreementText:  # ruff: ignore[any-type] (those of the table below)
    del members["format"]
    return AgreementText(**members)


def _party_laws(party: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    name, key = party.get("name"), party.get("key")
    if name and key and key.split()[1] != name:
        yield Mistake(f"{where}.key", "must be the key of the party that is named.")


def _rule_laws(rule: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    does = rule.get("action", "pass")
    if does in HARMLESS:
        return
    act = {"action": does}
    if rule.get("harm", does) is None:
        yield Mistake(
            f"{where}.harm",
            Sentence(
                "is missing: a rule that would {action} a call needs a harm budget.",
                act,
            ),
        )
    if rule.get("reference", does) == "":
        yield Mistake(
            f"{where}.reference",
            Sentence(
                "is missing: a rule that would {action} a call names the law it "
                "carries out.",
                act,
            ),
        )


def _window_laws(window: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    before, usual = window.get("before_ms"), window.get("usual_ms")
    if before and usual and usual > before:
        yield Mistake(f"{where}.usual_ms", "must not be more than before_ms.")


def _publication_laws(told: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    if told.get("least") == 2:
        yield Mistake(
            f"{where}.least", "must not be 2: a number held back could only be 1."
        )


def _text_laws(text: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    parties = [one and one.name for one in text.get("parties", ())]
    for before, after in pairwise(parties):
        if before and after and before >= after:
            yield Mistake(
                f"{where}.parties", "must be two parties, in order of their names."
            )
    for i, one in enumerate(text.get("numbering", ())):
        if one and all(parties) and one.party not in parties:
            yield Mistake(
                f"{where}.numbering[{i}].party", "must be one of the two parties."
            )
    seen: set[str] = set()
    for i, one in enumerate(text.get("rules", ())):
        if one and one.rule.id in seen:
            yield Mistake(
                f"{where}.rules[{i}].id", "must differ from the ids of the other rules."
            )
        seen |= {one.rule.id} if one else set()


CONTACT: Final = Table(
    title="Where somebody is reached.",
    make=Contact,
    fields=(
        Field(name="role", kind=Text(most=64), says="What for, as `duty desk`."),
        Field(
            name="address",
            kind=Text(most=256),
            says="An e-mail address, a page or a telephone number.",
        ),
    ),
)

PARTY: Final = Table(
    title="One of the two parties.",
    make=_party,
    laws=_party_laws,
    fields=(
        Field(name="name", kind=_PARTY, says="Its name, as in its keys."),
        Field(name="body", kind=Text(), says="The body that signs for it."),
        Field(
            name="key",
            kind=Text(
                most=256,
                pattern=r"tallystick-verifying-key/1[ \t]+\S+[ \t]+\S+",
                what="a line as `tally node signing-key` prints it",
            ),
            says="Its public signing key. Compare the fingerprints by telephone.",
        ),
        Field(
            name="contacts",
            kind=Listed(
                of=CONTACT, most=16, what="a list of {least} to {most} contacts"
            ),
            says="Where it is reached.",
        ),
    ),
)

NUMBERING: Final = Table(
    title="How a party's telephone numbers are read.",
    make=Numbering,
    fields=(
        Field(name="party", kind=_PARTY, says="Whose numbers."),
        Field(
            name="country",
            kind=Text(most=2, pattern="[A-Z]{2}", what="an ISO 3166 code, as BY"),
            says="The country of its numbering plan.",
        ),
    ),
)

WINDOW: Final = Table(
    title="How far apart in time the halves of a crossing may lie.",
    make=Window,
    laws=_window_laws,
    fields=(
        Field(
            name="before_ms",
            kind=milliseconds(100, 60_000),
            says="So long before its arrival a departure may have begun.",
        ),
        Field(
            name="usual_ms",
            kind=milliseconds(1, 60_000),
            says="A crossing usually takes no longer.",
        ),
        Field(
            name="after_ms",
            kind=milliseconds(1, 5_000),
            says="So much later a departure may be stamped: what clocks may disagree.",
        ),
        Field(
            name="horizon_ms",
            kind=milliseconds(0, 600_000),
            says="So far outside the window a departure still protects its arrival.",
        ),
        Field(
            name="grace_ms",
            kind=milliseconds(0, 250),
            says="How long a call may wait for the peer's record.",
        ),
    ),
)

TOLERANCES: Final = Table(
    title="What may differ between the two ends of one call that agree.",
    make=Tolerances,
    fields=(
        Field(
            name="answer_ms",
            kind=milliseconds(0, 60_000),
            says="Between the two moments of answer.",
        ),
        Field(
            name="duration_ms",
            kind=milliseconds(0, 60_000),
            says="Between the two lengths of the conversation.",
        ),
    ),
)

COMPLETENESS: Final = Table(
    title="What must be complete before a half may be called missing.",
    make=Completeness,
    fields=(
        Field(
            name="share",
            kind=Number(low=0.9, high=1, whole=False),
            says="Of known-good crossings, the share of which both halves are there.",
        ),
        Field(
            name="minutes",
            kind=Number(low=1, high=1_440, unit="minutes"),
            says="Over so long.",
        ),
        Field(
            name="least_pairs",
            kind=Number(low=1, high=1_000_000, unit="pairs"),
            says="So many were seen before.",
        ),
    ),
)

RETENTION: Final = Table(
    title="How long what is kept, at most.",
    make=Retention,
    fields=(
        Field(
            name="departures_s",
            kind=Number(low=15, high=3_600, unit="seconds"),
            says="The peer's departures, in memory.",
        ),
        Field(name="verdicts_days", kind=days(1, 3_650), says="Verdicts."),
        Field(name="cases_days", kind=days(1, 36_500), says="Cases after they ended."),
        Field(
            name="statements_days",
            kind=days(365, 36_500),
            says="What was said of cases and objections, after they ended.",
        ),
    ),
)

DEADLINES: Final = Table(
    title="Within how many days a step of a case is taken; silence confirms nothing.",
    make=Deadlines,
    fields=(
        Field(name="answer_days", kind=days(1, 365), says="A question is answered."),
        Field(name="decision_days", kind=days(1, 365), says="A case is decided."),
        Field(name="appeal_days", kind=days(1, 365), says="A decision is appealed."),
        Field(
            name="redress_days",
            kind=days(1, 365),
            says="A caller who was stopped by mistake is answered.",
        ),
    ),
)

PUBLICATION: Final = Table(
    title="How harm reports are published, so that nobody is told by them.",
    make=Publication,
    laws=_publication_laws,
    fields=(
        Field(
            name="least",
            kind=Number(low=1, high=1_000),
            says="Smaller numbers are held back, others rounded down; 1: all shown.",
        ),
        Field(name="days", kind=days(0, 365), says="So long after a period's end."),
        Field(
            name="carriers",
            kind=Word(words=("hidden", "shown")),
            says="Whether carriers are named.",
        ),
    ),
)

HARM: Final = Table(
    title="What a rule may do at most; a live rule beyond it suspends itself.",
    make=Harm,
    fields=(
        Field(
            name="share",
            kind=Number(low=0.000001, high=1, whole=False),
            says="The share of crossings that it acts on.",
        ),
        Field(
            name="redress",
            kind=Number(low=0, high=1_000_000, whole=False),
            says="Objections upheld per million crossings.",
        ),
        Field(
            name="change",
            kind=Number(low=1.1, high=1_000, whole=False),
            says="How many times its own recent share it may suddenly act on.",
        ),
    ),
)

RULE: Final = Table(
    title="One line of the decision table. The first rule that holds decides.",
    make=_rule,
    laws=_rule_laws,
    fields=(
        Field(name="id", kind=NAME, says="Its name."),
        Field(
            name="when",
            kind=Facts(facts=FACTS),
            says="Words that each named fact must have one of.",
            needed=False,
            default={},
        ),
        Field(
            name="unless",
            kind=Facts(facts=FACTS),
            says="Words that keep the rule from holding; any one does.",
            needed=False,
            default={},
        ),
        Field(name="action", kind=Word(words=ACTIONS), says="What is done."),
        Field(
            name="mode",
            kind=Word(words=MODES),
            says="`dry-run`: it is only noted what would be done.",
        ),
        Field(
            name="confidence",
            kind=Number(low=0, high=1, whole=False),
            says="How sure the parties are that it is right.",
            needed=False,
        ),
        Field(
            name="reference",
            kind=Text(least=0, most=500),
            says="The legal article it carries out. Needed beyond `log`.",
            needed=False,
            default="",
        ),
        Field(
            name="harm",
            kind=HARM,
            says="What it may do at most. Needed beyond `log`.",
            needed=False,
        ),
    ),
)

AGREEMENT: Final = Table(
    title="What two parties agree for one channel.",
    make=_text,
    laws=_text_laws,
    fields=(
        Field(name="format", kind=Word(words=(FORMAT,)), says="Name and version."),
        Field(
            name="name",
            kind=NAME,
            says="Of the agreement; all its versions have it.",
        ),
        Field(
            name="version",
            kind=Number(low=1, high=1_000_000),
            says="Counts up with each text that both signed.",
        ),
        Field(name="title", kind=Text(), says="For people."),
        Field(
            name="channel",
            kind=Text(
                least=64, most=64, pattern="[0-9a-f]{64}", what="64 hexadecimal digits"
            ),
            says="The channel, as in the file of `tally keys agree`.",
        ),
        Field(
            name="domains",
            kind=Listed(
                of=Word(words=("calls",)), most=1, what="a list of {most} domain"
            ),
            says="What crosses.",
        ),
        Field(
            name="languages",
            kind=Listed(
                of=Word(words=LANGUAGES),
                most=3,
                what="a list of {least} to {most} languages",
            ),
            says="In which the parties write to each other.",
        ),
        Field(name="in_force_from", kind=Day(), says="The first day it may hold."),
        Field(
            name="consultation_days",
            kind=days(0, 365),
            says="So long after it was proposed nobody's signature counts.",
        ),
        Field(
            name="parties",
            kind=Listed(of=PARTY, least=2, most=2, what="a list of {most} parties"),
            says="The two, in order of their names.",
        ),
        Field(
            name="numbering",
            kind=Listed(
                of=NUMBERING,
                most=16,
                what="a list of {least} to {most} numbering plans",
            ),
            says="How each party's numbers are read.",
        ),
        Field(name="window", kind=WINDOW, says=WINDOW.title),
        Field(name="tolerances", kind=TOLERANCES, says=TOLERANCES.title),
        Field(name="completeness", kind=COMPLETENESS, says=COMPLETENESS.title),
        Field(name="retention", kind=RETENTION, says=RETENTION.title),
        Field(name="deadlines", kind=DEADLINES, says=DEADLINES.title),
        Field(
            name="publication",
            kind=PUBLICATION,
            says=PUBLICATION.title,
            needed=False,
        ),
        Field(
            name="rules",
            kind=Listed(
                of=RULE, most=RULES_LIMIT, what="a list of {least} to {most} rules"
            ),
            says="The decision table, in order.",
        ),
    ),
)


def tables(kind: Kind = AGREEMENT, place: str = "$") -> Iterator[tuple[str, Table]]:
    """Yield every table with its place, the outermost first.

    Yields:
        Places such as `$.rules[].harm`.
    """
    if isinstance(kind, Listed):
        yield from tables(kind.of, f"{place}[]")
    elif isinstance(kind, Table):
        yield place, kind
        for one in kind.fields:
            yield from tables(one.kind, f"{place}.{one.name}")
