"""What two parties agree, as values. None of them can hold what the laws forbid.

Source: spec/agreement.md, "The text".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tallystick.agreement.rule import Rule, RuleTable
from tallystick.proof import VerifyingKey

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where somebody is reached.

    Attributes:
        role: What for, as "duty desk".
        address: An e-mail address, a page or a telephone number.
    """

    role: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One of the two.

    Attributes:
        name: As in its keys.
        body: The lead body that signs for it.
        key: What its signatures are checked with.
        contacts: Where it is reached.
    """

    name: str
    body: str
    key: VerifyingKey
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How a party's numbers are read.

    Attributes:
        party: Whose they are.
        country: ISO 3166 code of its plan.
    """

    party: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How far apart in time halves may lie, as in `pairing.live.LiveWindow`.

    Units: milliseconds.
    """

    before_ms: int
    usual_ms: int
    after_ms: int
    horizon_ms: int
    grace_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """What may differ between the two ends of a crossing that agree."""

    answer_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What must be complete before anything rests on absence.

    Attributes:
        share: Of the crossings of known-good traffic, those with both halves.
        minutes: Over so long.
        least_pairs: So many pairs were seen.
    """

    share: float
    minutes: int
    least_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is kept."""

    departures_s: int
    verdicts_days: int
    cases_days: int
    statements_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Days within which each step of a case is taken."""

    answer_days: int
    decision_days: int
    appeal_days: int
    redress_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How harm reports are published, so that nobody is told by them.

    Attributes:
        least: Numbers from 1 to below it are held back, others rounded down to its
            multiples; 1: all are shown.
        days: So many days after its end a period may be published.
        carriers: `hidden` or `shown`.
    """

    least: int
    days: int
    carriers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What a rule may do at most before it stops itself.

    Attributes:
        share: Of the crossings, those acted on.
        redress: Objections upheld per million crossings.
        change: How many times its own recent share.
    """

    share: float
    redress: float
    change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedRule:
    """A rule with the law it carries out and what it may do at most.

    Attributes:
        rule: The line of the decision table.
        reference: The legal article it carries out; "" where it touches no call.
        harm: Its budget; None where it touches no call.
    """

    rule: Rule
    reference: str
    harm: Harm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementText:
    """What two parties agree for a channel.

    Attributes:
        name: Of the agreement; all its versions have it.
        version: Counts up with each text both signed.
        title: For people.
        channel: 64 hexadecimal digits.
        domains: What crosses.
        languages: In which the parties write.
        in_force_from: The first day.
        consultation_days: How long anybody may object before it is signed.
        parties: The two, in order of their names.
        numbering: How each one's numbers are read.
        window: How far apart halves may lie.
        tolerances: What may differ.
        completeness: What must be complete.
        retention: How long what is kept.
        deadlines: When whose answer is due.
        publication: How harm reports are published; None: it is not agreed.
        rules: In order.
    """

    name: str
    version: int
    title: str
    channel: str
    domains: tuple[str, ...]
    languages: tuple[str, ...]
    in_force_from: date
    consultation_days: int
    parties: tuple[Party, ...]
    numbering: tuple[Numbering, ...]
    window: Window
    tolerances: Tolerances
    completeness: Completeness
    retention: Retention
    deadlines: Deadlines
    publication: Publication | None = None
    rules: tuple[AgreedRule, ...]

    @property
    def from_ms(self) -> int:
        """When the first day begins, UTC milliseconds."""
        day = self.in_force_from
        return (
            int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
        )

    @property
    def consultation_ms(self) -> int:
        """How long anybody may object, in milliseconds."""
        return self.consultation_days * DAY_MS

    @property
    def keys(self) -> tuple[VerifyingKey, ...]:
        """The parties' keys, in order of their names."""
        return tuple(party.key for party in self.parties)

    @property
    def budgets(self) -> Mapping[str, Harm]:
        """The budget of each rule that has one."""
        return {one.rule.id: one.harm for one in self.rules if one.harm}

    def table(self) -> RuleTable:
        """Return the decision table."""
        rules = tuple(one.rule for one in self.rules)
        return RuleTable(name=self.name, version=self.version, rules=rules)
