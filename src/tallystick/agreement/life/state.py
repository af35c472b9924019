"""The state of an agreement, as anybody who holds its statements reads it.

Source: spec/agreement.md, "Life".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from tallystick.agreement.rule import RuleTable
from tallystick.agreement.text import AgreementText

Phase = Literal[
    "consultation",
    "to-sign",
    "signed-by-one",
    "signed-by-both",
    "in-force",
    "suspended",
    "superseded",
    "withdrawn",
]
PHASES: Final[tuple[Phase, ...]] = (
    "consultation",
    "to-sign",
    "signed-by-one",
    "signed-by-both",
    "in-force",
    "suspended",
    "superseded",
    "withdrawn",
)


class PassedOver(NamedTuple):
    """A statement that does not count.

    Attributes:
        id: Of the statement.
        code: Why, in a word.
        sentence: Why, for a person.
    """

    id: str
    code: str
    sentence: str


class Wait(NamedTuple):
    """What the agreement waits for.

    Attributes:
        who: The parties of whom something is awaited; none: only time.
        what: `consultation`, `answer`, `signature`, `first-day` or `resume`.
        digest: Of which text; "" for a suspension.
        until_ms: When waiting ends by itself.
        of: The statement that waits: an objection, a suspension.
    """

    who: tuple[str, ...]
    what: str
    digest: str = ""
    until_ms: int | None = None
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to a remark."""

    id: str
    by: str
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment or an objection.

    Attributes:
        id: Of the statement.
        by: The party that hosts it.
        whom: Who says so; the party itself where nobody else is named.
        at_ms: When.
        digest: The text it is about.
        rule: The rule it is about; "" for the whole.
        text: What it says.
        objects: Whether it is an objection.
        answers: In order.
    """

    id: str
    by: str
    whom: str
    at_ms: int
    digest: str
    rule: str
    text: str
    objects: bool
    answers: tuple[Answer, ...] = ()

    def is_open(self, at_ms: int) -> bool:
        """Tell whether it is an objection without an answer at a moment."""
        answered = any(one.at_ms <= at_ms for one in self.answers)
        return self.objects and self.at_ms <= at_ms and not answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A text that was proposed.

    Attributes:
        digest: Of the text.
        text: To the byte.
        value: What it says.
        by: Who proposed it first.
        at_ms: When.
        follows: The digest of the text before it; "" for the first.
        signed: When each party signed it in a way that counts.
    """

    digest: str
    text: str
    value: AgreementText
    by: str
    at_ms: int
    follows: str
    signed: Mapping[str, int]

    @property
    def sign_from_ms(self) -> int:
        """When consultation ends."""
        return self.at_ms + self.value.consultation_ms

    @property
    def adopted_ms(self) -> int | None:
        """When both had signed it; None before."""
        return max(self.signed.values()) if len(self.signed) == 2 else None

    @property
    def begins_ms(self) -> int | None:
        """When it comes into force; None while a signature is missing."""
        adopted = self.adopted_ms
        return None if adopted is None else max(adopted, self.value.from_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """What a party stopped.

    Attributes:
        id: Of the statement.
        by: Who.
        at_ms: When.
        rule: Which rule; "" for all.
        why: In its words.
        lifted: When each party lifted it.
    """

    id: str
    by: str
    at_ms: int
    rule: str
    why: str
    lifted: Mapping[str, int]

    def holds(self, at_ms: int) -> bool:
        """Tell whether it holds at a moment: until both have lifted it."""
        return not (len(self.lifted) == 2 and max(self.lifted.values()) <= at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a party ended for good.

    Attributes:
        id: Of the statement.
        by: Who.
        at_ms: When.
        digest: Which text; "" for the agreement.
        why: In its words.
    """

    id: str
    by: str
    at_ms: int
    digest: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What both parties signed and what of it holds.

    Attributes:
        version: The text.
        suspended: Rules that are suspended, all of them where the whole is.
        table: The decision table, suspended rules as dry runs.
    """

    version: Version
    suspended: frozenset[str]
    table: RuleTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """All that was said about an agreement and counts.

    Attributes:
        parties: The two, in order of their names.
        versions: In the order in which they were proposed.
        remarks: Comments and objections, in order.
        suspensions: By moment.
        withdrawals: By moment.
        passed_over: Statements that do not count, and why.
    """

    parties: tuple[str, str]
    versions: tuple[Version, ...]
    remarks: tuple[Remark, ...]
    suspensions: tuple[Suspension, ...]
    withdrawals: tuple[Withdrawal, ...]
    passed_over: tuple[PassedOver, ...]

    def version(self, digest: str) -> Version | None:
        """Return a text by its digest; None where it was never proposed."""
        return next((one for one in self.versions if one.digest == digest), None)

    def in_force(self, at_ms: int) -> Holding | None:
        """Return what was in force at a moment; None where nothing was.

        Args:
            at_ms: The moment, past, present or to come, as far as is known.
        """
        return self._in_force(at_ms, at_ms)

    def obeyed(self, now_ms: int) -> Holding | None:
        """Return what a node acts by now.

        Suspensions and withdrawals that it holds count whatever their date, so that
        no clock that is ahead keeps a rule acting.

        Args:
            now_ms: The present time.
        """
        moments = [one.at_ms for one in self.suspensions]
        moments += [one.at_ms for one in self.withdrawals]
        return self._in_force(now_ms, max([now_ms, *moments]))

    def phase(self, version: Version, at_ms: int) -> Phase:
        """Return where a text stands at a moment."""
        if self._is_withdrawn(version, at_ms):
            return "withdrawn"
        holds = self.latest(at_ms)
        if holds is not None and holds.digest == version.digest:
            whole = any(not one.rule for one in self._suspensions(at_ms, at_ms))
            return "suspended" if whole else "in-force"
        if holds is not None and holds.value.version >= version.value.version:
            return "superseded"
        signed = sum(at <= at_ms for at in version.signed.values())
        if signed:
            return "signed-by-one" if signed == 1 else "signed-by-both"
        return "consultation" if at_ms < version.sign_from_ms else "to-sign"

    def waits(self, at_ms: int) -> Iterator[Wait]:
        """Yield what is waited for, and of whom.

        Yields:
            First what the texts wait for, then suspensions.
        """
        for one in self.versions:
            if one.at_ms <= at_ms:
                yield from self._version_waits(one, at_ms)
        for held in self._suspensions(at_ms, at_ms):
            lifted = {who for who, at in held.lifted.items() if at <= at_ms}
            who = tuple(party for party in self.parties if party not in lifted)
            yield Wait(who=who, what="resume", of=held.id)

    def objections(self, version: Version) -> Iterator[Remark]:
        """Yield the objections to rules that a text holds unchanged."""
        rules = {one.rule.id: one for one in version.value.rules}
        for remark in self.remarks:
            about = self.version(remark.digest)
            if not remark.objects or about is None or remark.rule not in rules:
                continue
            if rules[remark.rule] in about.value.rules:
                yield remark

    def _version_waits(self, version: Version, at_ms: int) -> Iterator[Wait]:
        phase, digest = self.phase(version, at_ms), version.digest
        if phase == "signed-by-both":
            yield Wait((), "first-day", digest=digest, until_ms=version.begins_ms)
        if phase not in {"consultation", "to-sign", "signed-by-one"}:
            return
        if at_ms < version.sign_from_ms:
            yield Wait((), "consultation", digest=digest, until_ms=version.sign_from_ms)
        still = [one for one in self.objections(version) if one.is_open(at_ms)]
        for one in still:
            yield Wait(self.parties, "answer", digest=digest, of=one.id)
        if still or at_ms < version.sign_from_ms:
            return
        signed = {who for who, at in version.signed.items() if at <= at_ms}
        who = tuple(party for party in self.parties if party not in signed)
        yield Wait(who, "signature", digest=digest)

    def _in_force(self, at_ms: int, heard_ms: int) -> Holding | None:
        version = self.latest(at_ms)
        if version is None or self._is_withdrawn(version, heard_ms):
            return None
        table = version.value.table()
        stopped = [one.rule for one in self._suspensions(at_ms, heard_ms)]
        all_rules = frozenset(rule.id for rule in table.rules)
        suspended = all_rules if "" in stopped else all_rules & set(stopped)
        rules = tuple(
            replace(one, mode="dry-run") if one.id in suspended else one
            for one in table.rules
        )
        return Holding(
            version=version, suspended=suspended, table=replace(table, rules=rules)
        )

    def latest(self, at_ms: int) -> Version | None:
        """Return the text that has come into force last, withdrawn since or not."""
        begun = [
            one
            for one in self.versions
            if one.begins_ms is not None
            and one.begins_ms <= at_ms
            and not self._is_withdrawn(one, one.begins_ms)
        ]
        return max(
            begun,
            key=lambda one: (one.value.version, one.begins_ms or 0, one.digest),
            default=None,
        )

    def _is_withdrawn(self, version: Version, at_ms: int) -> bool:
        return any(
            one.at_ms <= at_ms and one.digest in {"", version.digest}
            for one in self.withdrawals
        )

    def _suspensions(self, at_ms: int, heard_ms: int) -> Iterator[Suspension]:
        for one in self.suspensions:
            if one.at_ms <= heard_ms and one.holds(at_ms):
                yield one


def bound_by(lives: Iterable[Life], at_ms: int) -> AgreementText | None:
    """Return the text by whose periods things are kept; None: there never was one.

    It is the one that came into force last, also where it was withdrawn since: what
    was gathered under it is kept as it says until another takes its place.

    Args:
        lives: Of every agreement for the channel.
        at_ms: The moment.
    """
    found = [one for life in lives if (one := life.latest(at_ms)) is not None]
    last = max(found, key=lambda one: (one.begins_ms or 0, one.digest), default=None)
    return None if last is None else last.value


def holding_of(lives: Iterable[Life], at_ms: int) -> Holding | None:
    """Return what was in force for a channel at a moment; None: nothing.

    Of several agreements the one that began last counts, on both sides alike.

    Args:
        lives: Of every agreement for the channel.
        at_ms: The moment.
    """
    found = [one for life in lives if (one := life.in_force(at_ms)) is not None]
    return max(
        found,
        key=lambda one: (one.version.begins_ms or 0, one.version.digest),
        default=None,
    )
