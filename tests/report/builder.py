"""Makes result directories as pairing would write them, without pairing anything."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tallystick.domains.calls.schema import KINDS

START = datetime(2025, 3, 3, tzinfo=UTC)
NAMES = (
    "Nordvik Transit",
    "Baltkom Carrier Services",
    "Zephyr Voice",
    "Meridian Wholesale",
    "Ostrava Interconnect",
    "Kvadra Telecom",
    "Polesie Line",
    "Tavrida Exchange",
)
ARRIVING = ("Volga International", "Don Gateway", "Kama Transit", "Oka Border")
# Departure carrier -> share of its calls that become a finding of this kind.
DISHONEST: dict[int, dict[str, float]] = {
    2: {"domestic_arrival": 0.31, "no_arrival": 0.012},
    4: {"calling_number_altered": 0.047, "calling_number_removed": 0.011},
    5: {"false_answer": 0.062, "stretched": 0.028},
    6: {"loop": 0.006, "called_number_altered": 0.004, "no_arrival": 0.021},
}
# What a carrier shows as a whole although none of its calls can be named.
UNNAMED: dict[int, tuple[str, float]] = {3: ("calling_number_removed", 0.024)}
USUAL = 0.0009  # how often carriers show a kind that have nothing to do with it
BENIGN = {kind: 0.00004 for kind in KINDS if kind != "unproven"}
# What speaks for and against each kind, in the codes that pairing writes.
CASES: dict[str, list[tuple[str, float, dict[str, Any]]]] = {
    "domestic_arrival": [
        ("prior", -11.3, {"rate": 0.0004}),
        ("called_number_same", 0.0, {}),
        ("time_close", 6.1, {"offset_ms": 214, "window_ms": 1400}),
        ("duration_same", 5.4, {"difference_s": 0.4}),
        ("answer_same", 3.0, {"difference_ms": 180}),
        ("number_busy", -2.2, {"calls": 41}),
        ("sim_support", 9.7, {"calls": 118, "share": 0.97}),
        ("trunk_support", 4.1, {"calls": 2210, "share": 0.31}),
        ("peer_complete", 3.4, {"share": 0.9981}),
    ],
    "calling_number_altered": [
        ("prior", -9.9, {"rate": 0.001}),
        ("called_number_same", 0.0, {}),
        ("time_close", 7.7, {"offset_ms": 96, "window_ms": 1400}),
        ("duration_same", 6.2, {"difference_s": 0.0}),
        ("answer_same", 3.1, {"difference_ms": 40}),
        ("chance_rate", -1.4, {"expected": 0.0021}),
        ("usual", -0.6, {}),
        ("carrier_support", 6.8, {"calls": 918, "share": 0.047}),
        ("fdr", -1.0, {"level": 0.001}),
    ],
    "calling_number_removed": [
        ("prior", -8.6, {"rate": 0.0026}),
        ("time_close", 7.2, {"offset_ms": 133}),
        ("duration_same", 6.0, {"difference_s": 0.2}),
        ("restricted", -1.9, {}),
        ("trunk_support", 5.2, {"calls": 204, "share": 0.011}),
    ],
    "called_number_altered": [
        ("prior", -12.1, {"rate": 0.0002}),
        ("calling_number_same", 0.0, {}),
        ("time_close", 8.4, {"offset_ms": 41}),
        ("duration_same", 6.6, {"difference_s": 0.1}),
        ("redirecting", -2.0, {}),
        ("carrier_support", 5.9, {"calls": 61, "share": 0.004}),
        ("harm_budget", -0.9, {}),
    ],
    "loop": [
        ("prior", -7.0, {"rate": 0.008}),
        ("repeated_crossing", 9.0, {"crossings": 4}),
        ("overlap", 7.5, {"overlap_s": 37.2}),
    ],
    "false_answer": [
        ("prior", -6.0, {"rate": 0.015}),
        ("answered_not_there", 8.8, {"billed_s": 11}),
        ("carrier_support", 7.3, {"calls": 1204, "share": 0.062}),
        ("number_busy", -0.8, {"calls": 12}),
    ],
    "stretched": [
        ("prior", -6.5, {"rate": 0.011}),
        ("billed_longer", 6.9, {"difference_s": 23.0}),
        ("rounding", -1.2, {"rounding_s": 1}),
        ("carrier_support", 5.0, {"calls": 540, "share": 0.028}),
    ],
    "no_departure": [
        ("prior", -8.0, {"rate": 0.004}),
        ("peer_complete", 9.1, {"share": 0.9989}),
        ("serial_complete", 4.0, {}),
        ("baseline_loss", -3.2, {"rate": 0.0042}),
        ("possible_partner", -1.1, {}),
        ("number_unpaired_only", 7.7, {"calls": 33}),
    ],
    "no_arrival": [
        ("prior", -8.2, {"rate": 0.0034}),
        ("peer_complete", 8.8, {"share": 0.9978}),
        ("baseline_loss", -3.0, {"rate": 0.0042}),
        ("trunk_support", 8.4, {"calls": 311, "share": 0.021}),
    ],
    "unproven": [
        ("prior", -8.2, {"rate": 0.0034}),
        ("peer_incomplete", -9.1, {}),
    ],
}
# Why the other side's records cannot tell, one finding after the other.
WHY = ("silence", "edge", "serial", "declared", "same_key_near", "number_absent")
# How many honest crossings may be among the findings that are marked certain.
BUDGET = 1.0
COMMAND = (
    "tally pair calls /data/2025/departures.csv '/data/2025/arrivals of May.parquet'"
    " --zone Europe/Minsk --domestic=/data/2025/domestic.csv.zst --out /srv/may/result"
)
ONE_SIDED = {"no_departure": "arrival", "no_arrival": "departure"}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What to make up."""

    carriers: int = 8
    trunks: int = 20
    hours: int = 24
    kinds: tuple[str, ...] = KINDS
    calls: int = 1_000_000
    named_most: int = 240  # rows of findings.parquet per kind, at most
    domestic: bool = True
    outage: bool = True
    blinded: bool = False
    older: bool = False  # as a version wrote it that knew less
    names: tuple[str, ...] = NAMES
    arriving: tuple[str, ...] = ARRIVING
    seed: int = 7


def build_result(folder: Path, shape: Shape | None = None) -> Path:
    """Write a result directory of the given shape and return it."""
    shape = shape or Shape()
    rng = np.random.default_rng(shape.seed)
    folder.mkdir(parents=True, exist_ok=True)
    carriers = _carriers(shape, rng)
    findings, evidence = _findings(shape, carriers, rng)
    findings.write_parquet(folder / "findings.parquet")
    findings.write_csv(folder / "findings.csv")
    evidence.write_parquet(folder / "evidence.parquet")
    _pairs(shape, rng).write_parquet(folder / "pairs.parquet")
    _rejects().write_csv(folder / "rejects.csv")
    summary = _summary(shape, carriers, rng)
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder


def _name(names: tuple[str, ...], index: int) -> str:
    turn, place = divmod(index, len(names))
    return names[place] if not turn else f"{names[place]} {turn + 1}"


def _carriers(shape: Shape, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Share the calls and the trunks among the departure carriers."""
    weights = np.sort(rng.dirichlet(np.full(shape.carriers, 1.6)))[::-1]
    rows = []
    for index in range(shape.carriers):
        calls = int(shape.calls * weights[index])
        rates = BENIGN | DISHONEST.get(index, {})
        kinds = {k: int(rng.poisson(rates[k] * calls)) for k in rates}
        kinds = {k: n for k, n in kinds.items() if n and k in shape.kinds}
        kinds.pop(UNNAMED.get(index, ("", 0.0))[0], None)
        if not shape.domestic:
            kinds.pop("domestic_arrival", None)
        trunks = [
            f"MSQ-{100 + t}" for t in range(shape.trunks) if t % shape.carriers == index
        ]
        rows.append(
            {
                "name": _name(shape.names, index),
                "calls": calls,
                "kinds": kinds,
                "trunks": trunks or [f"MSQ-{100 + index}"],
                "acd_s": float(rng.uniform(80, 260)),
                "asr": float(rng.uniform(0.38, 0.61)),
            }
        )
    return rows


def _wilson(count: int, n: int) -> dict[str, float]:
    if not n:
        return {"count": 0, "share": 0.0, "low": 0.0, "high": 1.0}
    p, z = count / n, 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {
        "count": count,
        "share": p,
        "low": max(0.0, middle - half),
        "high": min(1.0, middle + half),
    }


def _diurnal(hours: int) -> np.ndarray:
    clock = np.arange(hours) % 24
    curve = (
        0.25
        + np.exp(-((clock - 12) ** 2) / 22)
        + 0.7 * np.exp(-((clock - 19) ** 2) / 9)
    )
    return curve / curve.sum() if hours else curve


def _masked(rng: np.random.Generator, country: str) -> str:
    return f"+{country}*****{rng.integers(10, 99)}"


def _findings(
    shape: Shape, carriers: list[dict[str, Any]], rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    curve = _diurnal(shape.hours)
    for kind in shape.kinds:
        for carrier in carriers:
            for _ in range(min(carrier["kinds"].get(kind, 0), shape.named_most)):
                _one(kind, carrier, curve, shape, rng, rows, steps)
    if "unproven" in shape.kinds and shape.outage and carriers and shape.calls:
        for _ in range(shape.named_most):
            _one("unproven", carriers[0], curve, shape, rng, rows, steps)
    found = pl.DataFrame(rows, schema=FINDINGS_SCHEMA)
    return (
        found if shape.older else _marked(found),
        pl.DataFrame(steps, schema=EVIDENCE_SCHEMA),
    )


def _marked(findings: pl.DataFrame) -> pl.DataFrame:
    """Mark the surest findings that may hold `BUDGET` wrong ones."""
    accusing = pl.col("kind") != "unproven"
    wrong = pl.when(accusing).then(1 - pl.col("confidence")).otherwise(0.0)
    return (
        findings.sort("confidence", descending=True)
        .with_columns(certain=accusing & (wrong.cum_sum() <= BUDGET))
        .sort("finding_id")
    )


FINDINGS_SCHEMA = {
    "finding_id": pl.String,
    "kind": pl.String,
    "departure_id": pl.String,
    "arrival_id": pl.String,
    "at": pl.Datetime("ms", "UTC"),
    "departure_trunk": pl.String,
    "departure_carrier": pl.String,
    "arrival_trunk": pl.String,
    "arrival_carrier": pl.String,
    "confidence": pl.Float64,
    "reasons": pl.String,
    "arrival_side": pl.String,
    "departure_at_ms": pl.Int64,
    "arrival_at_ms": pl.Int64,
    "offset_ms": pl.Int64,
    "departure_duration_s": pl.Float64,
    "arrival_duration_s": pl.Float64,
    "departure_answered": pl.Boolean,
    "arrival_answered": pl.Boolean,
    "departure_answer_ms": pl.Int64,
    "arrival_answer_ms": pl.Int64,
    "departure_calling": pl.String,
    "departure_called": pl.String,
    "arrival_calling": pl.String,
    "arrival_called": pl.String,
}
EVIDENCE_SCHEMA = {
    "finding_id": pl.String,
    "step": pl.Int32,
    "code": pl.String,
    "bits": pl.Float64,
    "detail": pl.String,
}


def _one(
    kind: str,
    carrier: dict[str, Any],
    curve: np.ndarray,
    shape: Shape,
    rng: np.random.Generator,
    rows: list[dict[str, Any]],
    steps: list[dict[str, Any]],
) -> None:
    """Add one finding and what speaks for and against it."""
    number = len(rows) + 1
    finding_id = f"F{number:07d}"
    hour = 14 if kind == "unproven" else int(rng.choice(len(curve), p=curve))
    at = START + timedelta(hours=hour, milliseconds=int(rng.integers(3_600_000)))
    total, case, whys = 0.0, CASES[kind], []
    if kind == "unproven":
        why = WHY[number % len(WHY)]
        whys = [why]
        case = [*case[:1], *((code, bits, {"why": why}) for code, bits, _ in case[1:])]
    for step, (code, bits, detail) in enumerate(case):
        weighed = bits if not step else bits + float(rng.normal(0, 0.8))
        total += weighed
        steps.append(
            {
                "finding_id": finding_id,
                "step": step,
                "code": code,
                "bits": weighed,
                "detail": json.dumps(detail),
            }
        )
    confidence = 1 / (1 + 2.0**-total)
    rows.append(
        {
            "finding_id": finding_id,
            "kind": kind,
            "at": at,
            "confidence": confidence,
            "reasons": ";".join([*(c for c, _, _ in case[1:]), *whys]),
            **_halves(kind, number, carrier, at, shape, rng),
        }
    )


def _halves(
    kind: str,
    number: int,
    carrier: dict[str, Any],
    at: datetime,
    shape: Shape,
    rng: np.random.Generator,
) -> dict[str, Any]:
    start_ms = round(at.timestamp() * 1000)
    offset_ms = int(rng.normal(90, 60))
    talk = float(np.round(rng.lognormal(4.3, 1.0), 1))
    ring = int(rng.lognormal(9.0, 0.4))
    calling, called = _masked(rng, "37529"), _masked(rng, "7916")
    departure: dict[str, Any] = {
        "departure_id": f"D{number:09d}",
        "departure_trunk": str(rng.choice(carrier["trunks"])),
        "departure_carrier": carrier["name"],
        "departure_at_ms": start_ms,
        "departure_duration_s": talk,
        "departure_answered": True,
        "departure_answer_ms": ring,
        "departure_calling": calling,
        "departure_called": called,
    }
    arrival: dict[str, Any] = {
        "arrival_id": f"A{number:09d}",
        "arrival_trunk": f"MOW-{rng.integers(1, 9)}",
        "arrival_carrier": str(rng.choice(shape.arriving)),
        "arrival_at_ms": start_ms + offset_ms,
        "arrival_duration_s": talk + float(rng.integers(-1, 2)) * 0.4,
        "arrival_answered": True,
        "arrival_answer_ms": ring - int(rng.integers(20, 300)),
        "arrival_calling": calling,
        "arrival_called": called,
        "arrival_side": "arrivals",
        "offset_ms": offset_ms,
    }
    arrival |= _changed(kind, talk, rng)
    empty = dict.fromkeys(FINDINGS_SCHEMA)
    if kind == "no_departure":
        departure = dict.fromkeys(departure)
        arrival["offset_ms"] = None
    if kind in {"no_arrival", "unproven"}:
        arrival = dict.fromkeys(arrival)
    if shape.blinded:
        arrival |= {"arrival_calling": None, "arrival_called": None}
    joined = empty | departure | arrival
    del joined["finding_id"], joined["kind"], joined["at"]
    del joined["confidence"], joined["reasons"]
    return joined


def _changed(kind: str, talk: float, rng: np.random.Generator) -> dict[str, Any]:
    """Return what this kind makes of the arrival half."""
    changes: dict[str, dict[str, Any]] = {
        "domestic_arrival": {
            "arrival_side": "domestic",
            "arrival_calling": _masked(rng, "7985"),
            "arrival_carrier": None,
            "arrival_trunk": None,
        },
        "calling_number_altered": {"arrival_calling": _masked(rng, "37044")},
        "calling_number_removed": {"arrival_calling": ""},
        "called_number_altered": {"arrival_called": _masked(rng, "7967")},
        "false_answer": {
            "arrival_answered": False,
            "arrival_answer_ms": None,
            "arrival_duration_s": 0.0,
        },
        "stretched": {"arrival_duration_s": max(1.0, talk - 23.0)},
    }
    return changes.get(kind, {})


def _pairs(shape: Shape, rng: np.random.Generator) -> pl.DataFrame:
    rows = min(shape.calls, 20_000)
    return pl.DataFrame(
        {
            "departure_id": [f"P{i}" for i in range(rows)],
            "arrival_id": [f"Q{i}" for i in range(rows)],
            "offset_ms": rng.normal(80, 210, rows).astype(np.int64),
            "duration_difference_s": np.round(rng.normal(0, 0.6, rows), 1),
            "pass": ["numbers_and_time"] * rows,
        },
        schema={
            "departure_id": pl.String,
            "arrival_id": pl.String,
            "offset_ms": pl.Int64,
            "duration_difference_s": pl.Float64,
            "pass": pl.String,
        },
    )


def _rejects() -> pl.DataFrame:
    reason = "is not a time: ISO 8601 with an offset, or epoch milliseconds"
    return pl.DataFrame(
        {
            "file": ["departures.csv"] * 14 + ["arrivals.csv"] * 3,
            "line": [41, 42, 43, *range(900, 911), 17, 8812, 90217],
            "column": ["started_at"] * 14 + ["duration_s"] * 3,
            "reason": [reason] * 14 + ["is not a number of seconds"] * 3,
        }
    )


def _summary(
    shape: Shape,
    carriers: list[dict[str, Any]],
    rng: np.random.Generator,
) -> dict[str, Any]:
    by_kind: Counter[str] = Counter()
    for carrier in carriers:
        by_kind.update(carrier["kinds"])
    if "unproven" in shape.kinds and shape.outage and shape.calls:
        by_kind["unproven"] = max(shape.named_most, shape.calls // 200)
    total = sum(carrier["calls"] for carrier in carriers)
    paired = max(0, total - sum(by_kind.values()))
    end = START + timedelta(hours=shape.hours)
    side = {
        "rows": total + 40,
        "rejected": 14 if total else 0,
        "repeated": total // 5000,
        "continued": total // 9000,
        "halves": total,
        "from": START.isoformat() if total else None,
        "to": end.isoformat() if total else None,
    }
    domestic = {**side, "files": ["/data/2025/domestic.csv.zst"], "halves": total * 9}
    return {
        "format": "tallystick-result/1",
        "domain": "calls",
        "version": "0.1.0",
        "inputs": {
            "departures": {**side, "files": ["/data/2025/departures.csv"]},
            "arrivals": {**side, "files": ["/data/2025/arrivals.parquet"]},
            "domestic": domestic if shape.domestic else None,
        },
        "pairs": {
            "total": paired,
            "by_pass": {"numbers_and_time": paired, "called_number_and_time": 0},
        },
        "findings": {
            "total": sum(by_kind.values()),
            "accusing": sum(n for k, n in by_kind.items() if k != "unproven"),
            "by_kind": dict(by_kind),
        },
        "completeness": {
            side: _completeness(side, shape, total)
            for side in ("departures", "arrivals")
        },
        "gaps": _gaps(shape),
        "clocks": _clocks(carriers, rng),
        "window": _window(total),
        "carriers": _carrier_rows(shape, carriers, rng),
        "routes": _routes(shape, carriers, by_kind["unproven"], rng),
        "hours": _hours(shape, total, by_kind),
        "steps": [
            {"name": "read departures", "rows": total, "seconds": 2.4},
            {"name": "read arrivals", "rows": total, "seconds": 2.2},
            {"name": "estimate clocks", "rows": 20, "seconds": 0.6},
            {"name": "pair", "rows": paired, "seconds": 3.1},
            {"name": "second readings", "rows": sum(by_kind.values()), "seconds": 1.7},
        ],
        "seconds": 11.2,
        "memory_peak_mb": 812.0,
        **({} if shape.older else _newer(shape, carriers)),
    }


def _newer(shape: Shape, carriers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what older results do not tell."""
    shown = [
        (carrier, kind, count)
        for index, carrier in enumerate(carriers)
        for kind, count in (
            carrier["kinds"] | _unnamed(index, carrier["calls"], shape)
        ).items()
    ]
    rows = [
        {
            "kind": kind,
            "side": "departures",
            "carrier": carrier["name"],
            "calls": near["count"],
            "of": carrier["calls"],
            "share": near["share"],
            "low": near["low"],
            "high": near["high"],
            "usual": USUAL,
        }
        for carrier, kind, count in shown
        if count >= 20 and (near := _wilson(count, carrier["calls"]))["low"] > 5 * USUAL
    ]
    rows.sort(key=lambda row: -row["low"])
    return {"suspected": rows, "command": COMMAND}


def _unnamed(index: int, calls: int, shape: Shape) -> dict[str, int]:
    kind, share = UNNAMED.get(index, ("", 0.0))
    return {kind: int(calls * share)} if kind in shape.kinds else {}


def _hour(index: int) -> str:
    return (START + timedelta(hours=index)).isoformat()


def _completeness(side: str, shape: Shape, total: int) -> list[dict[str, Any]]:
    rows = []
    for index, weight in enumerate(_diurnal(shape.hours)):
        out = shape.outage and side == "arrivals" and index == 14
        expected = int(total * weight)
        held = int(expected * (0.634 if out else 0.9962))
        near = _wilson(held, expected)
        rows.append(
            {
                "hour": _hour(index),
                "expected": expected,
                "held": held,
                "share": near["share"],
                "low": near["low"],
                "high": near["high"],
            }
        )
    return rows


def _gaps(shape: Shape) -> list[dict[str, Any]]:
    if not shape.outage:
        return []
    at = START + timedelta(hours=14, minutes=11)
    night = START + timedelta(hours=3)
    return [
        {
            "side": "arrivals",
            "from": at.isoformat(),
            "to": (at + timedelta(minutes=20)).isoformat(),
            "trunk": None,
            "why": "silence",
        },
        {
            "side": "departures",
            "from": night.isoformat(),
            "to": (night + timedelta(minutes=45)).isoformat(),
            "trunk": "MSQ-103",
            "why": "declared",
        },
        {
            "side": "arrivals",
            "from": _hour(shape.hours - 1),
            "to": _hour(shape.hours),
            "trunk": "MOW-4",
            "why": "edge",
        },
    ]


def _clocks(
    carriers: list[dict[str, Any]], rng: np.random.Generator
) -> list[dict[str, Any]]:
    rows = []
    trunks = [t for carrier in carriers for t in carrier["trunks"]]
    for index, trunk in enumerate(trunks):
        wrong = {3: 3_600_000.0, 7: -4210.0}.get(index, 0.0)
        rows.append(
            {
                "side": "departures",
                "trunk": trunk,
                "offset_ms": float(rng.normal(0, 180)) + wrong,
                "spread_ms": float(rng.uniform(40, 310)),
                "pairs": int(rng.integers(300, 60_000)),
            }
        )
    return rows


def _window(total: int) -> dict[str, Any]:
    steps = [100, 200, 400, 700, 1000, 1400, 2000, 4000, 8000, 15000, 30000, 60000]
    return {
        "ms": 1400.0,
        "spread_ms": 230.0,
        "false_pairs_expected": total * 4e-7,
        "curve": [
            {
                "ms": ms,
                "pairs": int(total * 0.985 * (1 - math.exp(-((ms / 380) ** 1.2)))),
                "false": total * 3e-10 * ms,
            }
            for ms in steps
        ]
        if total
        else [],
    }


def _carrier_rows(
    shape: Shape, carriers: list[dict[str, Any]], rng: np.random.Generator
) -> list[dict[str, Any]]:
    rows = []
    for index, carrier in enumerate(carriers):
        rows.append(_carrier_row("departures", carrier, None, carrier["calls"], index))
        share = carrier["calls"] // len(carrier["trunks"])
        rows.extend(
            _carrier_row("departures", carrier, trunk, share, index)
            for trunk in carrier["trunks"]
        )
    total = sum(carrier["calls"] for carrier in carriers)
    for index, name in enumerate(shape.arriving):
        calls = total // len(shape.arriving)
        kinds = {
            "no_departure": int(rng.poisson(calls * (0.011 if index == 1 else 3e-5)))
        }
        row = {
            "name": name,
            "kinds": kinds if "no_departure" in shape.kinds else {},
            "calls": calls,
            "asr": 0.5,
            "acd_s": 140.0,
        }
        rows.append(_carrier_row("arrivals", row, None, calls, -1))
    return rows


def _carrier_row(
    side: str, carrier: dict[str, Any], trunk: str | None, calls: int, index: int
) -> dict[str, Any]:
    part = calls / carrier["calls"] if carrier["calls"] else 0.0
    phantom = {"share": 0.31, "low": 0.302, "why": "domestic"} if index == 2 else None
    return {
        "side": side,
        "carrier": carrier["name"],
        "trunk": trunk,
        "calls": calls,
        "answered": int(calls * carrier["asr"]),
        "asr": carrier["asr"],
        "acd_s": carrier["acd_s"],
        "paired": calls - int(sum(carrier["kinds"].values()) * part),
        "findings": {
            k: _wilson(int(n * part), calls) for k, n in carrier["kinds"].items()
        },
        "phantom": phantom if trunk is None else None,
    }


def _routes(
    shape: Shape,
    carriers: list[dict[str, Any]],
    unproven: int,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    rows = []
    for carrier in carriers:
        for trunk in carrier["trunks"]:
            part = len(carrier["trunks"])
            ends = {
                "domestic": carrier["kinds"].get("domestic_arrival", 0) // part,
                "nowhere": carrier["kinds"].get("no_arrival", 0) // part,
                "unproven": unproven // max(1, shape.carriers) // part,
            }
            base = {"departure_carrier": carrier["name"], "departure_trunk": trunk}
            rest = carrier["calls"] // part - sum(ends.values())
            for end, calls in ends.items():
                if calls:
                    rows.append(
                        {
                            **base,
                            "to": end,
                            "arrival_carrier": None,
                            "arrival_trunk": None,
                            "calls": calls,
                            "minutes": calls * 1.7,
                        }
                    )
            picks = rng.choice(len(shape.arriving), size=2)
            for place, pick in enumerate(picks):
                calls = max(0, rest * (7 if place == 0 else 3) // 10)
                rows.append(
                    {
                        **base,
                        "to": "arrivals",
                        "arrival_carrier": shape.arriving[int(pick)],
                        "arrival_trunk": f"MOW-{int(rng.integers(1, 9))}",
                        "calls": calls,
                        "minutes": calls * 2.1,
                    }
                )
    return rows


def _hours(shape: Shape, total: int, by_kind: Counter[str]) -> list[dict[str, Any]]:
    rows = []
    for index, weight in enumerate(_diurnal(shape.hours)):
        out = shape.outage and index == 14
        kinds = {k: int(n * weight) for k, n in by_kind.items() if k != "unproven"}
        if out and by_kind["unproven"]:
            kinds["unproven"] = by_kind["unproven"]
        departures = int(total * weight)
        arrivals = int(departures * (0.634 if out else 0.997))
        rows.append(
            {
                "hour": _hour(index),
                "departures": departures,
                "arrivals": arrivals,
                "paired": int(min(departures, arrivals) * 0.982),
                "kinds": {k: n for k, n in kinds.items() if n},
            }
        )
    return rows
