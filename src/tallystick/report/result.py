"""What lies in a result directory, read back as values.

The report uses nothing but these files: no records, no keys, no network.

Source: spec/files.md, "What pairing writes".
"""

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from tallystick.model.errors import MalformedError, UnavailableError

FORMAT: Final = "tallystick-result/1"
SIDES: Final = ("departures", "arrivals")
UNPROVEN: Final = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A value built from one JSON object; members it does not know are ignored."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Build the value; what is absent or null keeps its default."""
        known = {_SPELT.get(name, name): value for name, value in values.items()}
        names = {one.name for one in fields(cls)}
        return cls(**{n: v for n, v in known.items() if n in names and v is not None})


# Names of the file that are words of the language, or are told apart here.
_SPELT: Final = {"from": "start", "to": "end", "of": "among"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Row):
    """What was read of one side."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    continued: int = 0
    halves: int = 0
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Row):
    """A share with the interval it lies in."""

    count: int = 0
    share: float = 0.0
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness(Row):
    """How much of what a side should hold in one hour it does hold."""

    hour: str
    expected: int = 0
    held: int = 0
    share: float = 1.0
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Row):
    """A stretch of time where a side's records do not cover."""

    side: str
    start: str = ""
    end: str = ""
    trunk: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Row):
    """The clock of one trunk against the other side's."""

    side: str
    trunk: str = ""
    offset_ms: float = 0.0
    spread_ms: float = 0.0
    pairs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom(Row):
    """Why a carrier's route is not what it is sold as."""

    share: float = 0.0
    low: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(Row):
    """One carrier (or one of its trunks) as one side saw it."""

    side: str
    carrier: str = ""
    trunk: str | None = None
    calls: int = 0
    answered: int = 0
    asr: float = 0.0
    acd_s: float = 0.0
    paired: int = 0
    findings: dict[str, Interval] = field(default_factory=dict)
    phantom: Phantom | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspected(Row):
    """A kind that a carrier shows clearly more often than usual."""

    kind: str
    side: str
    carrier: str = ""
    calls: int = 0
    among: int = 0
    share: float = 0.0
    low: float = 0.0
    high: float = 1.0
    usual: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Row):
    """Calls that left by one trunk and ended in one place."""

    departure_carrier: str = ""
    departure_trunk: str = ""
    ends: str = ""  # arrivals, domestic, nowhere, unproven
    arrival_carrier: str = ""
    arrival_trunk: str = ""
    calls: int = 0
    minutes: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Row):
    """The pairs of one day by one trunk on either side."""

    day: str
    departure_carrier: str = ""
    departure_trunk: str = ""
    arrival_carrier: str = ""
    arrival_trunk: str = ""
    paired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour(Row):
    """The outcomes of one hour."""

    hour: str
    departures: int = 0
    arrivals: int = 0
    paired: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPoint(Row):
    """What one window would have paired, and how much of it by chance."""

    ms: float
    pairs: int = 0
    false: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Row):
    """How far apart in time two halves may lie, and what that costs."""

    ms: float = 0.0
    spread_ms: float = 0.0
    false_pairs_expected: float = 0.0
    curve: list[WindowPoint] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Row):
    """One step of the run."""

    name: str
    rows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The whole of `summary.json`."""

    version: str
    inputs: dict[str, Input]
    pairs: int
    by_pass: dict[str, int]
    findings: int
    accusing: int
    by_kind: dict[str, int]
    completeness: dict[str, list[Completeness]]
    gaps: list[Gap]
    clocks: list[Clock]
    window: Window
    carriers: list[Carrier]
    routes: list[Route]
    hours: list[Hour]
    steps: list[Step]
    seconds: float
    memory_peak_mb: float
    # Older results have none of these.
    suspected: list[Suspected] = field(default_factory=list)
    command: str = ""
    days: list[Day] = field(default_factory=list)

    @property
    def domestic(self) -> Input | None:
        """The arrival side's domestic records, or None where none were given."""
        return self.inputs.get("domestic")


def read_summary(folder: Path) -> Summary:
    """Read `summary.json` of the result directory `folder`.

    Raises:
        UnavailableError: "result-missing", there is no such file.
        MalformedError: "result-unreadable", it is not a summary of this format.
    """
    path = folder / "summary.json"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        sentence = f"{folder} holds no readable summary.json."
        advice = "Name the directory that `tally pair calls ... --out DIR` wrote."
        raise UnavailableError("result-missing", sentence, advice=advice) from error
    try:
        return _summary(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        sentence = f"{path} is not a summary of the format {FORMAT}."
        advice = "Pair again with this version, or read it with the one that wrote it."
        raise MalformedError("result-unreadable", sentence, advice=advice) from error


def instant(iso: str) -> datetime | None:
    """Return the moment that `iso` names, in UTC; None for an empty text."""
    if not iso:
        return None
    moment = datetime.fromisoformat(iso)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def instant_ms(iso: str) -> int:
    """Return the moment that `iso` names, in milliseconds since 1970 (UTC)."""
    moment = instant(iso)
    return round(moment.timestamp() * 1000) if moment else 0


def _summary(raw: dict[str, Any]) -> Summary:
    if raw["format"] != FORMAT:
        raise ValueError(raw["format"])
    inputs = {side: Input.of(one) for side, one in raw["inputs"].items() if one}
    pairs, findings = raw.get("pairs") or {}, raw.get("findings") or {}
    complete = raw.get("completeness") or {}
    return Summary(
        version=str(raw.get("version", "")),
        inputs={side: inputs.get(side, Input()) for side in SIDES} | inputs,
        pairs=int(pairs.get("total", 0)),
        by_pass=dict(pairs.get("by_pass") or {}),
        findings=int(findings.get("total", 0)),
        accusing=int(findings.get("accusing", 0)),
        by_kind={k: n for k, n in (findings.get("by_kind") or {}).items() if n},
        completeness={
            side: [Completeness.of(one) for one in complete.get(side) or []]
            for side in SIDES
        },
        gaps=[Gap.of(one) for one in raw.get("gaps") or []],
        clocks=[Clock.of(one) for one in raw.get("clocks") or []],
        window=_window(raw.get("window") or {}),
        carriers=[_carrier(one) for one in raw.get("carriers") or []],
        routes=[_route(one) for one in raw.get("routes") or []],
        hours=[Hour.of(one) for one in raw.get("hours") or []],
        steps=[Step.of(one) for one in raw.get("steps") or []],
        seconds=float(raw.get("seconds") or 0.0),
        memory_peak_mb=float(raw.get("memory_peak_mb") or 0.0),
        suspected=[Suspected.of(one) for one in raw.get("suspected") or []],
        command=str(raw.get("command") or ""),
        days=[Day.of(one) for one in raw.get("days") or []],
    )


def _window(raw: dict[str, Any]) -> Window:
    curve = [WindowPoint.of(one) for one in raw.get("curve") or []]
    return Window.of(raw | {"curve": sorted(curve, key=lambda point: point.ms)})


def _carrier(raw: dict[str, Any]) -> Carrier:
    findings = {k: Interval.of(v) for k, v in (raw.get("findings") or {}).items()}
    phantom = Phantom.of(raw["phantom"]) if raw.get("phantom") else None
    return Carrier.of(raw | {"findings": findings, "phantom": phantom})


def _route(raw: dict[str, Any]) -> Route:
    # "to" is a place here, not the end of a period.
    return Route.of({name: raw[name] for name in raw if name != "to"} | _ends(raw))


def _ends(raw: dict[str, Any]) -> dict[str, Any]:
    return {"ends": raw.get("to") or "nowhere"}
