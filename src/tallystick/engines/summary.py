"""Count what a run found: the numbers of summary.json.

Source: spec/files.md, "summary.json".
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import polars as pl

from tallystick.model.share import exact_interval
from tallystick.pairing.findings import Outcome
from tallystick.pairing.learn import HOUR_MS
from tallystick.pairing.plan import BIN_MS, State
from tallystick.pairing.step import Engine

DAY_MS: Final = 24 * HOUR_MS
TRUNKS: Final = (
    "departure_carrier",
    "departure_trunk",
    "arrival_carrier",
    "arrival_trunk",
)
PHANTOM_KINDS: Final = (
    "domestic_arrival",
    "no_arrival",
    "calling_number_altered",
    "calling_number_removed",
)
_PHANTOM_SHARE: Final = 0.02  # of a carrier's calls, at the lower bound
_SUSPECT_CALLS: Final = 20
_SUSPECT_SHARE: Final = 0.005


def iso(ms: int | None) -> str | None:
    """Return UTC milliseconds as ISO 8601, to the second."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_name(day: int) -> str:
    """Return a day, counted from 1970, as ISO 8601."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def by_carrier(
    engine: Engine, state: State, findings: pl.DataFrame
) -> list[dict[str, Any]]:
    """Return volumes, ASR, ACD and the share of each finding, by carrier."""
    out = []
    for side, short, label in (
        ("departures", "d", "departure"),
        ("arrivals", "a", "arrival"),
    ):
        names = state.input(side).carriers
        paired = engine.fetch(
            f"SELECT {short}_carrier AS carrier, sum(n)::BIGINT AS paired FROM flows"
            f" GROUP BY ALL"
        )
        amounts = engine.fetch(
            "SELECT carrier, count(*) AS calls, count(*) FILTER (WHERE answered) AS"
            " answered, coalesce(sum(duration_ms), 0)::BIGINT AS amount"
            f" FROM {state.input(side).everything} GROUP BY ALL"
        )
        column = f"{label}_carrier"
        mine = findings.filter(
            pl.col(f"{label}_id").is_not_null(),
            pl.lit(value=True)
            if side == "departures"
            else pl.col("arrival_side") == "arrivals",
        )
        counts = mine.group_by(column, "kind").agg(pl.len().alias("n"))
        known = {(carrier, kind): int(n) for carrier, kind, n in counts.iter_rows()}
        partners = dict(paired.iter_rows())
        for carrier, calls, answered, amount in amounts.sort(
            "calls", descending=True
        ).iter_rows():
            name = names[carrier]
            out.append(
                {
                    "side": side,
                    "carrier": name,
                    "trunk": None,
                    "calls": calls,
                    "answered": answered,
                    "asr": answered / calls,
                    "acd_s": amount / 1000 / answered if answered else 0.0,
                    "paired": partners.get(carrier, 0),
                    "findings": _shares(name, calls, known, state.spec.order),
                    "phantom": _phantom(name, calls, known)
                    if side == "departures"
                    else None,
                }
            )
    return out


def suspected(state: State, outcome: Outcome) -> list[dict[str, Any]]:
    """Return carriers that show a kind clearly more often than others do."""
    out = []
    for kind, side, code, calls, of, usual in outcome.suspected.iter_rows():
        low, high = exact_interval(min(calls, of), of) if of else (0.0, 1.0)
        if calls >= _SUSPECT_CALLS and low > max(2 * usual, _SUSPECT_SHARE):
            out.append(
                {
                    "kind": kind,
                    "side": side,
                    "carrier": state.input(side).carriers[code],
                    "calls": calls,
                    "of": of,
                    "share": calls / of,
                    "low": low,
                    "high": high,
                    "usual": usual,
                }
            )
    return sorted(out, key=lambda one: (-one["low"], one["kind"], one["carrier"]))


def _shares(
    name: str, calls: int, known: dict[tuple[str, str], int], kinds: Sequence[str]
) -> dict[str, Any]:
    out = {}
    for kind in kinds:
        n = known.get((name, kind), 0)
        if n:
            low, high = exact_interval(min(n, calls), calls)
            out[kind] = {"count": n, "share": n / calls, "low": low, "high": high}
    return out


def _phantom(
    name: str, calls: int, known: dict[tuple[str, str], int]
) -> dict[str, Any] | None:
    """Say whether a carrier sells a way that its calls do not take."""
    counts = {kind: known.get((name, kind), 0) for kind in PHANTOM_KINDS}
    total = min(sum(counts.values()), calls)
    low, _ = exact_interval(total, calls)
    if low < _PHANTOM_SHARE:
        return None
    why = max(counts, key=lambda kind: counts[kind])
    return {"share": total / calls, "low": low, "why": why}


def routes(
    engine: Engine, state: State, findings: pl.DataFrame
) -> list[dict[str, Any]]:
    """Return where the departures of each carrier and trunk went."""
    flows = engine.fetch(
        "SELECT d_carrier, d_point, a_carrier, a_point, sum(n)::BIGINT AS calls,"
        " sum(amount)::BIGINT AS amount FROM flows GROUP BY ALL ORDER BY calls DESC,"
        " 1, 2, 3, 4"
    )
    d, a = state.departures, state.arrivals
    out = [
        {
            "departure_carrier": d.carriers[dc],
            "departure_trunk": d.points[dp],
            "to": "arrivals",
            "arrival_carrier": a.carriers[ac],
            "arrival_trunk": a.points[ap],
            "calls": calls,
            "minutes": amount / 60_000,
        }
        for dc, dp, ac, ap, calls, amount in flows.iter_rows()
    ]
    lost = (
        findings.filter(
            pl.col("departure_id").is_not_null(),
            pl.col("kind").is_in(["domestic_arrival", "no_arrival", "unproven"])
            | pl.col("kind").str.starts_with("call"),
        )
        .with_columns(
            to=pl.col("kind").replace_strict(
                {
                    "domestic_arrival": "domestic",
                    "no_arrival": "nowhere",
                    "unproven": "unproven",
                },
                default="arrivals",
            ),
            known=pl.col("arrival_side") == "arrivals",
        )
        .group_by(
            "departure_carrier",
            "departure_trunk",
            "to",
            pl.when("known").then("arrival_carrier").alias("arrival_carrier"),
            pl.when("known").then("arrival_trunk").alias("arrival_trunk"),
        )
        .agg(
            pl.len().alias("calls"),
            (pl.col("departure_duration_s").sum() / 60).alias("minutes"),
        )
        .sort("calls", descending=True)
    )
    return out + lost.to_dicts()


def days(
    engine: Engine, state: State, late: pl.DataFrame | None
) -> list[dict[str, Any]]:
    """Return the pairs of each day, by the trunks on both sides.

    Args:
        engine: Holds the pairs of the first reading, counted.
        state: The plan's state.
        late: Pairs of a second reading that are no findings, with the names of both
            halves; None: there are none.
    """
    d, a = state.departures, state.arrivals
    flows = engine.fetch(
        f"SELECT bin // {DAY_MS // BIN_MS} AS day, d_carrier, d_point, a_carrier,"
        " a_point, sum(n)::BIGINT AS paired FROM flows GROUP BY ALL"
    )
    paired: Counter[tuple[Any, ...]] = Counter()
    for day, dc, dp, ac, ap, n in flows.iter_rows():
        names = d.carriers[dc], d.points[dp], a.carriers[ac], a.points[ap]
        paired[int(day), *names] += n
    if late is not None:
        day = pl.col("departure_at_ms") // DAY_MS
        paired.update(late.select(day, *TRUNKS).iter_rows())
    return [
        {"day": day_name(day), **dict(zip(TRUNKS, names, strict=True)), "paired": n}
        for (day, *names), n in sorted(paired.items(), key=lambda one: str(one[0]))
    ]


def hours(
    engine: Engine, state: State, findings: pl.DataFrame
) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """Return outcomes and completeness by hour.

    A side's completeness is estimated from the other side's halves: of those that
    it should hold too, how many it does hold. Findings that say why one is missing
    are not held against it.
    """
    ratio = HOUR_MS // BIN_MS
    volume = engine.fetch(
        f"SELECT side, minute * 60000 // {HOUR_MS} AS hour, sum(n)::BIGINT AS n"
        f" FROM minutes GROUP BY ALL"
    )
    paired = engine.fetch(
        f"SELECT bin // {ratio} AS hour, sum(n)::BIGINT AS n FROM flows GROUP BY ALL"
    )
    kinds = (
        findings.with_columns(
            hour=pl.coalesce("departure_at_ms", "arrival_at_ms") // HOUR_MS
        )
        .group_by("hour", "kind", pl.col("departure_id").is_null().alias("arrival"))
        .agg(pl.len().alias("n"))
    )
    by_side = {(s, h): int(n) for s, h, n in volume.iter_rows()}
    pairs = {int(h): int(n) for h, n in paired.iter_rows()}
    cover = state.coverage.values()
    inside = sorted(
        {h for _, h in by_side}
        & set(
            range(
                min((c.from_ms for c in cover), default=0) // HOUR_MS,
                max((c.to_ms for c in cover), default=0) // HOUR_MS + 1,
            )
        )
    )
    rows = []
    complete: dict[str, list[dict[str, Any]]] = {"departures": [], "arrivals": []}
    for hour in inside:
        here = kinds.filter(pl.col("hour") == hour)
        counts = {
            str(k): int(n)
            for k, n in here.group_by("kind").agg(pl.col("n").sum()).iter_rows()
        }
        rows.append(
            {
                "hour": iso(hour * HOUR_MS),
                "departures": by_side.get(("departures", hour), 0),
                "arrivals": by_side.get(("arrivals", hour), 0),
                "paired": pairs.get(hour, 0),
                "kinds": counts,
            }
        )
        for side, of_arrival in (("departures", True), ("arrivals", False)):
            doubt = here.filter(
                pl.col("kind") == "unproven", pl.col("arrival") == of_arrival
            )["n"].sum()
            held = pairs.get(hour, 0)
            expected = held + int(doubt)
            low, high = exact_interval(held, expected) if expected else (0.0, 1.0)
            complete[side].append(
                {
                    "hour": iso(hour * HOUR_MS),
                    "expected": expected,
                    "held": held,
                    "share": held / expected if expected else 0.0,
                    "low": low,
                    "high": high,
                }
            )
    return rows, complete


def clocks(state: State) -> list[dict[str, Any]]:
    """Return each trunk's clock offset."""
    return [
        {
            "side": side,
            "trunk": state.input(side).points[point],
            "offset_ms": round(offset, 1),
            "spread_ms": round(spread, 1),
            "pairs": pairs,
        }
        for side, point, offset, spread, pairs in state.clocks.report.iter_rows()
    ]


def gaps(outcome: Outcome) -> list[dict[str, Any]]:
    """Return where a record is not complete."""
    return [
        {
            "side": gap.side,
            "from": iso(gap.from_ms),
            "to": iso(gap.to_ms),
            "trunk": gap.point,
            "why": gap.why,
        }
        for gap in outcome.gaps
    ]
