"""The report as JSON, field by field: what a reader may count on.

Source: spec/harm.md, "The report".
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from tallystick.model import MalformedError

_Number = Annotated[int, msgspec.Meta(ge=0)]
_Count = _Number | Literal["held"] | None
_Name = Annotated[str, msgspec.Meta(max_length=128)]
_Moment = Annotated[
    str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
]
_Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)] | Literal["held"]
_Rate = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The period."""

    name: _Name
    start: _Moment = msgspec.field(name="from")
    until: _Moment


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed about publishing."""

    least: Annotated[int, msgspec.Meta(ge=1)]
    days: _Number
    carriers: bool


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Crossings by outcome."""

    paired: _Count
    altered: _Count
    no_departure: _Count
    repeated: _Count
    unproven: _Count


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """Crossings a verdict fell on."""

    total: _Count
    outcomes: Outcomes


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """What later evidence says."""

    honest: _Count
    confirmed: _Count
    unproven: _Count


class ByRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule did, or would have done."""

    rule: _Name
    action: _Name
    crossings: _Count
    replay: Later


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """Crossings acted on."""

    total: _Count
    rules: list[ByRule]
    replay: Later


class Objections(msgspec.Struct, frozen=True, kw_only=True):
    """Objections of callers."""

    upheld: _Count
    refused: _Count
    open: _Count


class PerMillion(msgspec.Struct, frozen=True, kw_only=True):
    """An exact interval, per million."""

    low: _Rate
    high: _Rate


class Honest(msgspec.Struct, frozen=True, kw_only=True):
    """Honest crossings touched."""

    least: _Number
    most: _Number
    of: _Count
    per_million: PerMillion
    proven: bool
    replayed: bool


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds until the answer."""

    p50: _Number | None
    p90: _Number | None
    p99: _Number | None
    p999: _Number | None


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """Where the peer's record was complete."""

    uncovered: _Count
    minutes: _Number
    minutes_seen: _Count
    minutes_covered: _Count


class CarrierMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Which share came by one carrier, before and after."""

    carrier: _Name
    before: _Share
    after: _Share


class MovedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What went elsewhere after a rule went live."""

    rule: _Name
    since: _Day
    rate_before: _Rate
    rate_after: _Rate
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    carriers: list[CarrierMoved] | None = None


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that remain."""

    cases: _Count
    overdue: _Count


class Halves(msgspec.Struct, frozen=True, kw_only=True):
    """Own departures told, the peer's heard."""

    told: _Count
    heard: _Count


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One party's report."""

    format: Literal["tallystick-harm/1"]
    by: _Name
    peer: _Name
    period: Span
    terms: Terms
    verified: Verified
    acted: Acted
    dry_run: list[ByRule]
    redress: Objections | None
    honest: Honest
    delay: Delay
    completeness: Completeness
    moved: list[MovedPart]
    open: Open
    halves: Halves


def read_report(report: object, *, origin: str = "The report") -> Report:
    """Read a report; members that are not known are passed over.

    Args:
        report: What JSON gave, from whomever.
        origin: How to name it in errors.

    Raises:
        MalformedError: "harm-report".
    """
    try:
        return msgspec.convert(report, type=Report)
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at ")[2] if " - at " in str(error) else "$"
        raise MalformedError(
            "harm-report",
            "{origin} is not a harm report of this version, at {place}.",
            advice="Take `report.json` as `tally harm report` wrote it.",
            origin=origin,
            place=place,
        ) from None


def is_report(report: Mapping[str, Any]) -> bool:
    """Tell whether `read_report` would take it."""
    try:
        read_report(report)
    except MalformedError:
        return False
    return True
