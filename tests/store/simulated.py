"""Findings of a simulated day with planted schemes, and who did what in truth."""

from functools import cache
from pathlib import Path

import polars as pl

from tallystick.cases.grouping import group
from tallystick.domains.calls.cases import RULES, sort_findings
from tallystick.domains.calls.numbers import Numbering
from tallystick.engines.batch import PairJob, pair_calls
from tallystick.simulate.calls import simulate
from tallystick.store.cases import gather

CHANNEL = "5b" * 32
SECRET = b"s" * 32
WAY = {"domain": "calls", "departure": "BY", "arrival": "RU"}


@cache
def day(folder: Path, plant: str = "medium") -> Path:
    """Return the folder of a day: `day` as recorded, `result` as paired."""
    simulate(calls=40_000, seed=4, plant=plant, out=folder / "day", form="parquet")
    files = {
        side: folder / "day" / f"{side}.parquet"
        for side in ("departures", "arrivals", "domestic")
    }
    job = PairJob(
        departures=(files["departures"],),
        arrivals=(files["arrivals"],),
        domestic=(files["domestic"],),
        out=folder / "result",
        numbering=Numbering.load(folder / "day" / "numbering.toml"),
        threads=2,
    )
    pair_calls(job)
    return folder


def found(folder: Path) -> pl.DataFrame:
    """Return the findings, sorted by the kind of case."""
    return sort_findings(pl.scan_parquet(folder / "result" / "findings.parquet"))


def guilty(folder: Path) -> set[tuple[str, str]]:
    """Return whose crossings were tampered with: the kind of finding, and the carrier.

    The carrier is the one the scheme was planted on: by which the crossing left, or,
    where nothing left, arrived.
    """
    truth = pl.read_parquet(folder / "day" / "truth.parquet").filter(
        pl.col("plant") >= 0
    )
    done: set[tuple[str, str]] = set()
    for side in ("departure", "arrival"):
        records = pl.read_parquet(folder / "day" / f"{side}s.parquet")
        mine = truth.filter((pl.col("kind") == "no_departure") == (side == "arrival"))
        joined = mine.join(
            records.select(pl.col("record_id").alias(f"{side}_id"), "carrier"),
            on=f"{side}_id",
        )
        done |= set(joined.select("kind", "carrier").unique().iter_rows())
    return done


def take(store, findings, *, lawful=(), deck=None, **more):
    """Take findings into a store."""
    grouped = group(findings, **WAY, secret=SECRET, lawful=lawful)
    told = {"rules": RULES, "deck": deck, **more}
    return gather(store, CHANNEL, grouped, **WAY, secret=SECRET, **told)
