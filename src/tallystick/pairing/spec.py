"""What a domain declares so that its halves can be paired.

A spec is data: the engine derives every step from it, and the live matcher is to
execute the same declaration. Nothing here knows which domain it serves.

Source: spec/pairing.md, "The declaration".
"""

from dataclasses import dataclass, field
from typing import Final, Literal

Against = Literal["arrivals", "domestic"]

MISSING_KINDS: Final = ("no_departure", "no_arrival")
UNPROVEN: Final = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A comparable attribute that both halves carry.

    Attributes:
        name: Column of the halves table.
        cls: `EQ` (boolean or code, equal after normalisation) or `TOL` (a number
            that agrees within a tolerance learned from clean pairs).
        step: For `TOL`, the width of the narrowest bin in which differences are
            counted, in the attribute's own unit.
        absent: For `TOL`, the value that says there was nothing to measure.
        evidence: Whether agreement in it speaks for a second reading.
        noun: What reasons call it; its name if not given.
        increments: For `TOL`, to what keepers are known to round it up, the largest
            first.
    """

    name: str
    cls: Literal["EQ", "TOL"]
    step: int = 1000
    absent: int = 0
    evidence: bool = True
    noun: str = ""
    increments: tuple[int, ...] = ()

    def difference(self, what: str, value: float) -> dict[str, object]:
        """Return a difference as evidence names it: times in seconds."""
        if self.cls == "EQ":
            return {}
        if self.name.endswith("_ms"):
            return {f"{what}_s": round(value / 1000, 3)}
        return {what: round(value, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A second way to recognise a crossing whose full match key found nothing.

    Attributes:
        name: Written to the `pass` column of what it pairs.
        key: The part of the match key that must still be equal.
        differs: The part that may differ; `None` when the whole key is irrelevant.
        against: Which halves of the arrival side are read.
        kind: The finding when the differing part is present on both sides.
        kind_removed: The finding when it is absent at arrival only.
        reason: Code of what speaks for it; made of the key's name if not given.
        support: Code of the support that carriers, or a supporting value, lend.
    """

    name: str
    key: str
    kind: str
    reason: str = ""
    support: str = "carrier_support"
    differs: str | None = None
    against: Against = "arrivals"
    kind_removed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A law that clean pairs keep; pairs that break it are findings.

    Attributes:
        kind: Name of the finding.
        attribute: The attribute looked at.
        test: `departure_only` (an `EQ` boolean true at departure, false at
            arrival), `departure_earlier` (a `TOL` delay shorter at departure) or
            `departure_exceeds` (a `TOL` amount larger at departure).
        least: Smallest difference worth naming, in the attribute's unit.
        reason: Code of what speaks for the finding; the test if not given.
        delay: For `departure_only`, the delay after which it was completed.
    """

    kind: str
    attribute: str
    test: Literal["departure_only", "departure_earlier", "departure_exceeds"]
    least: int = 0
    reason: str = ""
    delay: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """One crossing seen again and again: same key, overlapping, alike.

    Attributes:
        kind: Name of the finding.
        within_ms: How far apart two crossings of it may start.
        alike: The `TOL` attribute that must agree.
        tolerance: By how much it may differ.
    """

    kind: str
    within_ms: int
    alike: str
    tolerance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """One crossing written in several records, each going on where one ended.

    Attributes:
        amount: The `TOL` attribute that adds up over the records.
        delay: The attribute that is zero in a record that only goes on.
        tolerance_ms: How far from the end of one the next may start.
        interim_ms: Interim records last a whole multiple of this.
        longest_delay_ms: Where a record does not say when it ended, at most this much
            lies between its beginning and what it measured.
    """

    amount: str
    delay: str
    tolerance_ms: int = 2000
    interim_ms: int = 60_000
    longest_delay_ms: int = 180_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """By which neighbours a half without a partner is judged.

    If no other half with this part has a partner either, the loss of a record is an
    unlikely explanation; if all others have one, it is a likely one.

    Attributes:
        side: The halves judged.
        part: The part of the key that neighbours share.
        block: Neighbours are those whose part falls into the same block of this
            many consecutive values (1: the very same value).
    """

    side: str
    part: str
    block: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingSpec:
    """Everything the engine needs to know of a domain.

    Attributes:
        domain: Name of the domain.
        parts: Parts of the match key, in the order in which they are blinded.
        attributes: Comparable attributes.
        readings: Second readings, the strongest finding first.
        checks: Laws of clean pairs, the strongest first.
        recurrence: How a looping crossing is recognised, if the domain has any.
        continuation: How interim records are recognised, if the domain has any.
        order: All kinds; a crossing gets the first that holds.
        company: By which neighbours halves without a partner are judged.
        horizon_ms: No two halves further apart than this can be one crossing once
            their clocks are corrected.
    """

    domain: str
    parts: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    order: tuple[str, ...]
    readings: tuple[Reading, ...] = ()
    checks: tuple[Check, ...] = ()
    recurrence: Recurrence | None = None
    continuation: Continuation | None = None
    company: tuple[Company, ...] = ()
    horizon_ms: int = 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time in which a side's record is not complete.

    Attributes:
        side: Whose record.
        from_ms: Start, UTC milliseconds: of a declared gap by that side's own clock,
            else by the corrected one.
        to_ms: End.
        point: The trunk (or office, or gate) concerned; `None` for all.
        why: `declared`, `silence`, `serial` or `edge`.
    """

    side: str
    from_ms: int
    to_ms: int
    point: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the operator may set.

    Attributes:
        false_discovery_rate: Largest expected share of wrong findings in a kind.
        accused_per_million: Largest expected number of honest crossings among the
            findings marked `certain`, per million crossings.
        declared_gaps: Gaps that the keepers themselves declare.
        window_ms: Half-width of the window, instead of the one learned.
    """

    false_discovery_rate: float = 0.005
    accused_per_million: float = 1.0
    declared_gaps: tuple[Gap, ...] = field(default_factory=tuple)
    window_ms: int | None = None
