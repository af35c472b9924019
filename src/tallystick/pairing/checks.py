"""Laws that clean pairs keep, and the pairs that break them beyond what is usual.

A single odd pair proves nothing: clocks slip, records are rounded, a mailbox answers
for the called party. Every carrier is therefore compared with what its neighbours
show, and with its own differences in the opposite direction, which no one profits
from. What a carrier has beyond both is named.

Source: spec/pairing.md, "Checks among pairs".
"""

from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.spec import Attribute, Check, PairingSpec
from tallystick.pairing.step import Step

STILL_TRYING_MS: Final = 1500
_ROUNDED: Final = 0.97  # share of whole multiples that shows a billing increment
_SHRINK: Final = 20.0
_CARRIER_PAIRS: Final = 200
_CARRIERS: Final = 3  # carriers needed for a comparison
_QUANTILE: Final = 0.25
_CERTAIN: Final = 1e-7


def increments_step(side: str, amount: Attribute) -> Step:
    """Count how many amounts of each carrier are whole multiples of an increment."""
    counts = ", ".join(
        f"count(*) FILTER (WHERE {amount.name} % {i} = 0) AS by_{i}"
        for i in amount.increments
    )
    return Step(
        "increments_seen",
        f"SELECT '{side}' AS side, carrier, count(*) AS n, {counts}"
        f" FROM {side} WHERE {amount.name} > 0 GROUP BY carrier",
        append=True,
    )


def increments(seen: pl.DataFrame, amount: Attribute) -> pl.DataFrame:
    """Return `side`, `carrier`, `increment`: to how much each carrier rounds up."""
    total = seen.group_by("side", "carrier").agg(pl.exclude("side", "carrier").sum())
    rule = pl.lit(0)
    for step in reversed(amount.increments):
        enough = (pl.col(f"by_{step}") >= _ROUNDED * pl.col("n")) & (pl.col("n") >= 20)
        rule = pl.when(enough).then(step).otherwise(rule)
    return total.select("side", "carrier", rule.cast(pl.Int64).alias("increment")).sort(
        "side", "carrier"
    )


def excess(check: Check, amount: str | None) -> str:
    """Return by how much a pair breaks the check, as an expression over `p`.

    Positive values speak against the departure side's record, negative ones mirror
    them; null where nothing can be compared. What a second measure contradicts is
    cut down to what both say: a longer bill needs a later release, where both
    releases are known, and an earlier answer a longer bill.
    """
    name = check.attribute
    if check.test == "departure_only":
        # Completed at departure while the arrival was still being tried: stronger
        # than completed after it, as when a mailbox takes over.
        early = (
            "false"
            if check.delay is None
            else f"p.lag + p.a_end_ms - p.d_{check.delay} >= {STILL_TRYING_MS}"
        )
        return (
            f"CASE WHEN p.d_{name} AND NOT p.a_{name} THEN"
            f" CASE WHEN {early} THEN 8.0 ELSE 1.0 END"
            f" WHEN p.a_{name} AND NOT p.d_{name} THEN -1.0 ELSE 0.0 END"
        )
    if check.test == "departure_earlier":
        early = f"(p.lag + {_delay('a', name, amount)} - {_delay('d', name, amount)})"
        if amount is None:
            return f"{early}::DOUBLE"
        gap = f"(p.d_{amount} - p.a_{amount})"
        spare = "(1000 + coalesce(di.increment, 0) + coalesce(ai.increment, 0))"
        recorded = f"p.d_{name} IS NOT NULL AND p.a_{name} IS NOT NULL"
        return (
            f"CASE WHEN {early} > 0 THEN greatest(least({early}, {gap} + {spare}), 0)"
            f" WHEN {recorded} THEN least(greatest({early}, {gap} - {spare}), 0)"
            f" ELSE 0 END::DOUBLE"
        )
    gap = f"(p.d_{name} - p.a_{name})"
    late = "(p.d_end_ms - p.a_end_ms - p.lag)"
    return (
        f"CASE WHEN p.d_{name} > 0 AND p.a_{name} > 0 THEN CASE WHEN {gap} > 0"
        f" THEN greatest(least({gap} - coalesce(di.increment, 0),"
        f" coalesce({late}, {gap})), 0)"
        f" ELSE least(greatest({gap} + coalesce(ai.increment, 0),"
        f" coalesce({late}, {gap})), 0) END::DOUBLE END"
    )


def _delay(side: str, name: str, amount: str | None) -> str:
    """Return a delay; where it is not recorded, what release and amount leave."""
    if amount is None:
        return f"p.{side}_{name}"
    return (
        f"coalesce(p.{side}_{name}, CASE WHEN coalesce({side}i.increment, 0) = 0"
        f" AND p.{side}_{amount} > 0 THEN p.{side}_end_ms - p.{side}_{amount} END)"
    )


def _ring(value: str, least: int) -> str:
    """Return the signed ring of a value: 0 below `least`, then half octaves."""
    size = max(least, 1)
    return (
        f"CASE WHEN abs({value}) < {size} THEN 0 ELSE sign({value}) *"
        f" (1 + floor(2 * log2(abs({value}) / {size}.0))) END::INTEGER"
    )


def ring_steps(spec: PairingSpec) -> list[Step]:
    """Put every pair of a bucket into its ring for each check, and count."""
    if not spec.checks:
        return []
    amount = next((a.name for a in spec.attributes if a.cls == "TOL"), None)
    values = ", ".join(
        f"{excess(check, amount)} AS x{k}" for k, check in enumerate(spec.checks)
    )
    rings = ", ".join(
        f"{_ring(f'x{k}', check.least)} AS ring{k}"
        for k, check in enumerate(spec.checks)
    )
    broken = " OR ".join(f"ring{k} > 0" for k in range(len(spec.checks)))
    named = ", ".join(f"ring{k}" for k in range(len(spec.checks)))
    ringed = (
        f"(SELECT *, {rings} FROM (SELECT p.*, {values} FROM pairs p"
        f" LEFT JOIN increments di ON di.side = 'departures'"
        f" AND di.carrier = p.d_carrier"
        f" LEFT JOIN increments ai ON ai.side = 'arrivals'"
        f" AND ai.carrier = p.a_carrier))"
    )
    steps = [
        Step("broken", f"SELECT * FROM {ringed} WHERE {broken}", append=True),
        Step(
            "ringed",
            f"SELECT d_carrier AS carrier, d_point AS point, {named}, count(*) AS n"
            f" FROM {ringed} GROUP BY ALL",
        ),
    ]
    steps += [
        Step(
            "rings",
            f"SELECT {k} AS test, carrier, point, ring{k} AS ring,"
            f" sum(n)::BIGINT AS n FROM ringed WHERE ring{k} IS NOT NULL GROUP BY ALL",
            append=True,
        )
        for k in range(len(spec.checks))
    ]
    return steps


def weigh_rings(rings: pl.DataFrame) -> pl.DataFrame:
    """Say for every carrier, trunk and ring how much of it is usual.

    Args:
        rings: `carrier`, `point`, `ring`, `n` of one check.

    Returns:
        `carrier`, `point`, `ring`, `wrong` (the share that the usual explains) and
        `bits`, for positive rings.
    """
    whole = rings.group_by("carrier", "point").agg(pl.col("n").sum().alias("all"))
    by_carrier = rings.group_by("carrier").agg(pl.col("n").sum().alias("all"))
    total = max(int(by_carrier["all"].sum()), 1)
    big = by_carrier.filter(pl.col("all") >= _CARRIER_PAIRS)
    out = []
    for (ring,), part in rings.filter(pl.col("ring") > 0).group_by("ring"):
        mirrored = rings.filter(pl.col("ring") == -int(str(ring)))["n"].sum()
        usual = max(
            (int(mirrored) + 0.5) / total,
            _quartile(part, big) if big.height >= _CARRIERS else 0.0,
        )
        overall = float(part["n"].sum()) / total
        carriers = part.group_by("carrier").agg(pl.col("n").sum().alias("of_carrier"))
        rated = (
            part.join(whole, on=["carrier", "point"])
            .join(carriers, on="carrier")
            .join(by_carrier.rename({"all": "carrier_all"}), on="carrier")
            .with_columns(
                carrier_share=(pl.col("of_carrier") + _SHRINK * overall)
                / (pl.col("carrier_all") + _SHRINK)
            )
            .with_columns(
                share=(pl.col("n") + _SHRINK * pl.col("carrier_share"))
                / (pl.col("all") + _SHRINK)
            )
        )
        out.append(
            rated.select(
                "carrier",
                "point",
                "ring",
                (usual / pl.col("share")).clip(_CERTAIN, 1.0).alias("wrong"),
                (pl.col("share") / usual).log(2).alias("bits"),
            )
        )
    schema = {
        "carrier": pl.Int32,
        "point": pl.Int32,
        "ring": pl.Int32,
        "wrong": pl.Float64,
        "bits": pl.Float64,
    }
    return pl.concat(out).cast(schema) if out else pl.DataFrame(schema=schema)  # type: ignore[arg-type]


def suspected(rings: pl.DataFrame) -> pl.DataFrame:
    """Say which carriers break a check more often than others, call by call unproven.

    Args:
        rings: `carrier`, `point`, `ring`, `n` of one check.

    Returns:
        `carrier`, `calls` (pairs beyond the law), `of` (all its pairs), `usual` (the
        share that other carriers and the opposite direction show).
    """
    total = max(int(rings["n"].sum()), 1)
    mirrored = int(rings.filter(pl.col("ring") < 0)["n"].sum()) / total
    by_carrier = rings.group_by("carrier").agg(
        pl.col("n").filter(pl.col("ring") > 0).sum().alias("calls"),
        pl.col("n").sum().alias("of"),
    )
    big = by_carrier.filter(pl.col("of") >= _CARRIER_PAIRS)
    quartile = 0.0
    if big.height >= _CARRIERS:
        part = big.select("carrier", pl.col("calls").alias("n"))
        quartile = _quartile(part, big.select("carrier", pl.col("of").alias("all")))
    return by_carrier.with_columns(usual=pl.lit(max(mirrored, quartile)))


def _quartile(part: pl.DataFrame, big: pl.DataFrame) -> float:
    """Return the ring's share at the lower quartile of the carriers by volume."""
    found = part.group_by("carrier").agg(pl.col("n").sum())
    shares = (
        big.join(found, on="carrier", how="left")
        .with_columns(share=pl.col("n").fill_null(0) / pl.col("all"))
        .sort("share")
    )
    volume = shares["all"].to_numpy().cumsum()
    at = int(np.searchsorted(volume, _QUANTILE * volume[-1]))
    return float(shares["share"][at])
