"""The ground truth: what each crossing was, and which records it left."""

import numpy as np
import polars as pl

from tallystick.simulate.calls.crossings import (
    BENIGN,
    BENIGN_NAMES,
    KIND_NAMES,
    Crossings,
)
from tallystick.simulate.calls.draw import Bool
from tallystick.simulate.calls.keeping import LOST_NAMES, Records, in_outage
from tallystick.simulate.calls.network import Network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.plant import Plant

SIDES = ("departure", "arrival", "domestic")


def truth_frame(
    parameters: Parameters,
    network: Network,
    crossings: Crossings,
    records: tuple[Records, Records, Records],
    plants: tuple[Plant, ...],
) -> pl.DataFrame:
    """Return one row per crossing of which at least one keeper may hold a record.

    Crossings that no file could hold, because they lie outside the days asked for,
    are left out.
    """
    hows = pl.Series((*(plant.how for plant in plants), None), dtype=pl.String)
    frame = pl.DataFrame(
        {
            "crossing_id": np.arange(len(crossings)),
            "call_id": crossings.call,
            "kind": pl.Series(KIND_NAMES).gather(crossings.kind),
            "benign": crossings.benign,
            "how": hows.gather(
                np.where(crossings.plant < 0, len(plants), crossings.plant)
            ),
            "plant": crossings.plant,
            "departs": crossings.departs,
            "arrives": crossings.arrives,
            "lands": crossings.lands,
            "in_outage": _in_any_outage(parameters, network, crossings),
            "at": pl.Series(
                np.where(crossings.departs, crossings.dep_start, crossings.arr_start)
            ).cast(pl.Datetime("ms", "UTC")),
        }
    )
    for side, kept in zip(SIDES, records, strict=True):
        frame = frame.join(_of_side(side, kept), on="crossing_id", how="left")
    return _finished(frame)


def _of_side(side: str, records: Records) -> pl.DataFrame:
    """Return per crossing the ids that one keeper gave, and what was lost of them."""
    rows = pl.DataFrame(
        {
            "crossing_id": records.half.crossing,
            "id": records.record_id,
            "lost": records.lost,
            "hung": records.hung,
        }
    ).filter(pl.col("crossing_id") >= 0)
    held = pl.col("lost") == 0
    return (
        rows.group_by("crossing_id", maintain_order=True)
        .agg(
            pl.col("id").first().alias(f"{side}_id"),
            pl.col("id").unique(maintain_order=True).alias("ids"),
            (~held.any()).alias(f"{side}_lost"),
            pl.col("lost").max().alias(f"{side}_why"),
            (held.any() & ~held.all() & (pl.col("id").n_unique() > 1)).alias(
                f"{side}_partly"
            ),
            (pl.col("hung") & held).any().alias(f"{side}_hung"),
        )
        .with_columns(
            pl.when(pl.col("ids").list.len() > 1)
            .then(pl.col("ids").list.slice(1).list.join(";"))
            .alias(f"{side}_also")
        )
        .drop("ids")
    )


def _finished(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn what was collected into the columns of truth.parquet."""
    why = pl.max_horizontal(
        pl.when(pl.col(f"{side}_lost")).then(pl.col(f"{side}_why")) for side in SIDES
    )
    lost_name = why.replace_strict(dict(enumerate(LOST_NAMES)), return_dtype=pl.String)
    lost = [pl.col(f"{side}_lost").fill_null(value=False) for side in SIDES]
    hung = pl.any_horizontal(
        pl.col(f"{side}_hung").fill_null(value=False) for side in SIDES
    )
    partly = pl.any_horizontal(
        pl.col(f"{side}_partly").fill_null(value=False) for side in SIDES
    )
    plain = (pl.col("kind") == "honest") & (pl.col("benign") == 0)
    benign = (
        pl.when(plain & hung)
        .then(BENIGN["hung"])
        .when(plain & partly)
        .then(BENIGN["partial_lost"])
        .otherwise(pl.col("benign"))
    )
    outside = pl.all_horizontal(
        pl.col(f"{side}_id").is_null()
        | (pl.col(f"{side}_lost") & (pl.col(f"{side}_why") == LOST_NAMES.index("edge")))
        for side in SIDES
    )
    return frame.filter(~outside).select(
        "crossing_id",
        "call_id",
        "kind",
        "departure_id",
        "arrival_id",
        "domestic_id",
        *(flag.alias(f"{side}_lost") for side, flag in zip(SIDES, lost, strict=True)),
        lost_name.alias("lost_why"),
        benign.replace_strict(dict(enumerate(BENIGN_NAMES)), return_dtype=pl.String)
        .replace("", None)
        .alias("benign"),
        "how",
        "plant",
        "departs",
        "arrives",
        "lands",
        (pl.col("in_outage") | lost_name.eq_missing("outage")).alias("in_outage"),
        "at",
        *(f"{side}_also" for side in SIDES),
    )


def _in_any_outage(
    parameters: Parameters, network: Network, crossings: Crossings
) -> Bool:
    """Return the crossings that began while a keeper, or its trunk, was out."""
    inside = np.zeros(len(crossings), dtype=np.bool_)
    trunks = {
        "departures": (network.departures, crossings.dep_trunk),
        "arrivals": (network.arrivals, crossings.arr_trunk),
    }
    for outage in parameters.outages:
        hit = in_outage(parameters, outage, crossings.dep_start)
        hit |= in_outage(parameters, outage, crossings.arr_start)
        if outage.trunk and outage.side in trunks:
            keeper, trunk = trunks[outage.side]
            hit &= np.array(keeper.trunks)[trunk] == outage.trunk
        inside |= hit
    return inside
