"""A small simulated day, made once for all tests that only look at it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tallystick.simulate.calls import Parameters, Plant, Simulated, simulate

from .worlds import PERFECT

TEXTS = pl.String()


class Day:
    """The files of one simulation."""

    def __init__(self, folder: Path, simulated: Simulated) -> None:
        self.folder = folder
        self.simulated = simulated
        self.truth = pl.read_parquet(folder / "truth.parquet")

    def records(self, side: str) -> pl.DataFrame:
        """Return a keeper's file as texts."""
        return pl.read_csv(self.folder / f"{side}.csv", infer_schema=False)

    def halves(self, kind: str) -> pl.DataFrame:
        """Return the crossings of a kind with the records of their halves."""
        frame = self.truth.filter(pl.col("kind") == kind)
        for side, name in (
            ("departures", "departure"),
            ("arrivals", "arrival"),
            ("domestic", "domestic"),
        ):
            records = self.records(side).unique("record_id", keep="first")
            frame = frame.join(
                _timed(records).rename(lambda column, p=name: f"{p}_{column}"),
                left_on=f"{name}_id",
                right_on=f"{name}_record_id",
                how="left",
            )
        return frame


def _timed(records: pl.DataFrame) -> pl.DataFrame:
    """Return records with epoch milliseconds and plain digits."""
    return records.with_columns(
        *(
            pl.col(column).str.to_datetime("%+", time_zone="UTC").dt.epoch("ms")
            for column in ("started_at", "answered_at", "released_at")
        ),
        pl.col("duration_s").cast(pl.Float64),
        *(
            pl.col(column).fill_null("").str.strip_chars_start("+").str.slice(-7)
            for column in ("calling_number", "called_number", "redirecting_number")
        ),
    )


Make = Callable[..., Day]


@pytest.fixture(scope="session")
def make_day(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that simulates a day into a fresh folder."""

    def make(
        plant: str | tuple[Plant, ...] = "none",
        *,
        calls: int = 8_000,
        seed: int = 1,
        **parameters: object,
    ) -> Day:
        folder = tmp_path_factory.mktemp("day")
        simulated = simulate(
            calls=calls,
            seed=seed,
            plant=plant,
            out=folder,
            parameters=Parameters(**parameters),
        )
        return Day(folder, simulated)

    return make


@pytest.fixture(scope="session")
def day(make_day: Make) -> Day:
    """A day of 30,000 calls with everything planted."""
    return make_day("medium", calls=30_000, seed=7)


@pytest.fixture(scope="session")
def clean(make_day: Make) -> Day:
    """A day without loss, outage, wrong clocks, roundings or anything planted."""
    return make_day(calls=8_000, **PERFECT)
