"""Findings with the evidence of both halves, and the choice of the strongest."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import polars as pl

from tallystick.domains.calls.schema import KINDS
from tallystick.model.errors import ConfigError, UnavailableError
from tallystick.report.result import UNPROVEN

FINDING_SCHEMA: Final[dict[str, pl.DataType]] = {
    "finding_id": pl.String(),
    "kind": pl.String(),
    "departure_id": pl.String(),
    "arrival_id": pl.String(),
    "at": pl.Datetime("ms", "UTC"),
    "departure_trunk": pl.String(),
    "departure_carrier": pl.String(),
    "arrival_trunk": pl.String(),
    "arrival_carrier": pl.String(),
    "confidence": pl.Float64(),
    "reasons": pl.String(),
    "arrival_side": pl.String(),
    "departure_at_ms": pl.Int64(),
    "arrival_at_ms": pl.Int64(),
    "offset_ms": pl.Int64(),
    "departure_duration_s": pl.Float64(),
    "arrival_duration_s": pl.Float64(),
    "departure_answered": pl.Boolean(),
    "arrival_answered": pl.Boolean(),
    "departure_answer_ms": pl.Int64(),
    "arrival_answer_ms": pl.Int64(),
    "departure_calling": pl.String(),
    "departure_called": pl.String(),
    "arrival_calling": pl.String(),
    "arrival_called": pl.String(),
    "certain": pl.Boolean(),
}
# Certainty beyond one error in a million is not told apart: other things go wrong
# more often than that. Within a class the carriers take turns.
CLASSES_MOST: Final = 6
NEAR_MOST: Final = 5
# Nearness is judged among so many ids at most; a longer list would take seconds.
COMPARED_MOST: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One half of a crossing, as far as it may be shown.

    Attributes:
        answered: None where the record does not say.
        calling: As given (masked by pairing); None where it is not ours to show.
    """

    side: str
    record_id: str | None
    at: datetime | None
    answered: bool | None
    answer_ms: int | None
    duration_s: float | None
    trunk: str | None
    carrier: str | None
    calling: str | None
    called: str | None

    @property
    def exists(self) -> bool:
        """Tell whether there is such a half at all."""
        return self.record_id is not None or self.at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One step of the reckoning: a code, its weight, and its particulars."""

    code: str
    bits: float
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A crossing that did not pair cleanly.

    Attributes:
        certain: Whether it is fit to be acted on by itself; None where the result
            does not say.
    """

    finding_id: str
    kind: str
    at: datetime | None
    confidence: float
    reasons: list[str]
    offset_ms: int | None
    departure: Half
    arrival: Half
    evidence: list[Evidence]
    certain: bool | None = None

    @property
    def bits(self) -> float:
        """The sum of the evidence."""
        return sum(step.bits for step in self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many findings of a kind there are and how sure they are.

    Attributes:
        certain: How many are fit to be acted on one by one; None where the result
            does not say.
        certain_wrong: How many of those are expected to be wrong.
    """

    kind: str
    count: int
    wrong_expected: float
    lowest: float
    certain: int | None
    certain_wrong: float


def scan_findings(folder: Path) -> pl.LazyFrame:
    """Scan `findings.parquet`; columns that it does not have are null.

    Raises:
        UnavailableError: "result-missing", there is no such file.
    """
    path = folder / "findings.parquet"
    if not path.is_file():
        sentence = f"{folder} holds no findings.parquet."
        advice = "Name the directory that `tally pair calls ... --out DIR` wrote."
        raise UnavailableError("result-missing", sentence, advice=advice)
    frame = pl.scan_parquet(path)
    present = set(frame.collect_schema().names())
    columns = [
        pl.col(name).cast(dtype)
        if name in present
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in FINDING_SCHEMA.items()
    ]
    return frame.select(columns)


def tally_kinds(findings: pl.LazyFrame) -> dict[str, Tally]:
    """Count the findings of each kind and how many of them are expected wrong.

    A confidence of 0.998 says: of a thousand such findings two are wrong.
    """
    wrong, certain = 1 - pl.col("confidence").fill_null(0), pl.col("certain")
    frame = (
        findings.group_by("kind")
        .agg(
            count=pl.len(),
            wrong_expected=wrong.sum(),
            lowest=pl.col("confidence").min().fill_null(0),
            certain=pl.when(certain.count() > 0).then(certain.sum()),
            certain_wrong=wrong.filter(certain.fill_null(value=False)).sum(),
        )
        .collect(engine="streaming")
    )
    return {row["kind"]: Tally(**row) for row in frame.iter_rows(named=True)}


def choose_strongest(folder: Path, *, most: int = 20) -> list[Finding]:
    """Return the strongest findings, the kinds and carriers taking turns.

    Of the unproven at most one is shown: it explains itself, and accuses nobody.
    """
    findings = scan_findings(folder)
    chosen = _ranked(findings, most).select("finding_id").collect()["finding_id"]
    frame = findings.filter(pl.col("finding_id").is_in(chosen.to_list())).collect()
    order = {name: place for place, name in enumerate(chosen)}
    ordered = frame.sort(pl.col("finding_id").replace_strict(order, default=0))
    return _with_evidence(folder, ordered)


def _ranked(findings: pl.LazyFrame, most: int) -> pl.LazyFrame:
    """Rank findings: 1. in classes of certainty, 2. routes take turns, 3. kinds do."""
    wrong = (1 - pl.col("confidence").fill_null(0)).clip(lower_bound=1e-9)
    known = {kind: place for place, kind in enumerate(KINDS)}
    routes = ("kind", "certainty", "departure_carrier", "arrival_carrier")
    by_class = ["certainty", "confidence", "finding_id"]
    by_turn = ["certainty", "turn", "confidence", "finding_id"]
    return (
        findings.select("finding_id", "confidence", *routes[:1], *routes[2:])
        .with_columns(
            certainty=(-wrong.log10()).floor().clip(upper_bound=CLASSES_MOST),
            order=pl.col("kind").replace_strict(known, default=len(known)),
        )
        .sort(by_class, descending=[True, True, False])
        .with_columns(turn=pl.int_range(pl.len()).over(routes))
        .sort(by_turn, descending=[True, False, True, False])
        .with_columns(place=pl.int_range(pl.len()).over("kind"))
        .filter((pl.col("kind") != UNPROVEN) | (pl.col("place") == 0))
        .sort("place", "order", "kind")
        .head(most)
        .sort("order", "kind", "place")
    )


def read_finding(folder: Path, finding_id: str) -> Finding:
    """Return one finding.

    Raises:
        ConfigError: "finding-unknown", there is none of that id.
    """
    findings = scan_findings(folder)
    frame = findings.filter(pl.col("finding_id") == finding_id).head(1).collect()
    if not frame.height:
        near = near_ids(findings, finding_id)
        sentence = f"There is no finding {finding_id!r} in {folder}."
        raise ConfigError("finding-unknown", sentence, advice=_advice(near))
    return _with_evidence(folder, frame)[0]


def near_ids(findings: pl.LazyFrame, wanted: str) -> list[str]:
    """Return ids that the reader may have meant: the same number, then neighbours."""
    ids = pl.col("finding_id")
    number = re.sub(r"\D", "", wanted)[:15]
    if number:
        distance = (
            ids.str.extract(r"(\d{1,15})$").cast(pl.Int64, strict=False) - int(number)
        ).abs()
        nearest = (
            findings.select(ids, distance=distance)
            .drop_nulls()
            .sort("distance", "finding_id")
            .head(NEAR_MOST)
            .collect()
        )
        return nearest["finding_id"].to_list()
    some = findings.select(ids).head(COMPARED_MOST).collect()["finding_id"].to_list()
    return get_close_matches(wanted, some, NEAR_MOST, 0.5) or some[:NEAR_MOST]


def _advice(near: Sequence[str]) -> str:
    if not near:
        return "The result holds no findings at all."
    return f"Near it: {', '.join(near)}. All are listed in findings.csv."


def _with_evidence(folder: Path, frame: pl.DataFrame) -> list[Finding]:
    ids = frame["finding_id"].to_list()
    steps: dict[str, list[Evidence]] = {name: [] for name in ids}
    path = folder / "evidence.parquet"
    if path.is_file() and ids:
        rows = (
            pl.scan_parquet(path)
            .filter(pl.col("finding_id").is_in(ids))
            .select("finding_id", "step", "code", "bits", "detail")
            .sort("finding_id", "step")
            .collect(engine="streaming")
        )
        for name, _, code, bits, detail in rows.iter_rows():
            steps[name].append(
                Evidence(code=code, bits=bits or 0.0, detail=read_detail(detail))
            )
    return [
        _finding(row, steps[row["finding_id"]]) for row in frame.iter_rows(named=True)
    ]


def read_detail(text: str | None) -> dict[str, Any]:
    """Read the particulars of a step; what is no object of JSON stays as it is."""
    try:
        detail = json.loads(text or "{}")
    except ValueError:
        detail = {"detail": text}
    return detail if isinstance(detail, dict) else {"detail": detail}


def _finding(row: dict[str, Any], evidence: list[Evidence]) -> Finding:
    return Finding(
        finding_id=row["finding_id"],
        kind=row["kind"],
        at=row["at"],
        confidence=row["confidence"] or 0.0,
        reasons=[code for code in (row["reasons"] or "").split(";") if code],
        offset_ms=row["offset_ms"],
        departure=_half("departure", "departures", row),
        arrival=_half("arrival", row["arrival_side"] or "arrivals", row),
        evidence=evidence,
        certain=row["certain"],
    )


def _half(name: str, side: str, row: dict[str, Any]) -> Half:
    at_ms = row[f"{name}_at_ms"]
    return Half(
        side=side,
        record_id=row[f"{name}_id"],
        at=None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC),
        answered=row[f"{name}_answered"],
        answer_ms=row[f"{name}_answer_ms"],
        duration_s=row[f"{name}_duration_s"],
        trunk=row[f"{name}_trunk"],
        carrier=row[f"{name}_carrier"],
        calling=row[f"{name}_calling"],
        called=row[f"{name}_called"],
    )
