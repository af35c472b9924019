"""A small day of calls between two countries, told call by call."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from tallystick.engines.batch import PairJob, pair_calls
from tallystick.pairing.spec import Gap, Options

MORNING = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
OUT = {"MSQ-1": "Zubr", "MSQ-2": "Busel", "MSQ-3": "Nioman"}
CHEAT = {"MSQ-4": "Dzvina"}  # no ordinary call goes out by it
IN = {"MOW-1": "Oka", "MOW-2": "Ural", "LED-1": "Neva"}
COLUMNS = (
    "record_id",
    "calling_number",
    "called_number",
    "started_at",
    "answered_at",
    "released_at",
    "duration_s",
    "trunk",
    "carrier",
    "presentation",
    "redirecting_number",
)


@dataclass
class Clock:
    """How a trunk's clock goes: so many seconds fast, in a zone of so many hours."""

    fast_s: float = 0.0
    zone_h: int = 0

    def write(self, moment: datetime) -> str:
        shown = (moment + timedelta(seconds=self.fast_s)).astimezone(UTC)
        local = shown + timedelta(hours=self.zone_h)
        text = local.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return f"{text}{'+' if self.zone_h >= 0 else '-'}{abs(self.zone_h):02d}:00"


@dataclass
class Said:
    """What pairing concluded of a day."""

    summary: dict
    pairs: pl.DataFrame
    findings: pl.DataFrame

    def kind(self, record: str) -> str | None:
        """Return the kind of the finding that names a record."""
        found = self.findings.filter(
            (pl.col("departure_id") == record) | (pl.col("arrival_id") == record)
        )
        assert found.height <= 1, f"{record} is in two findings"
        return found["kind"][0] if found.height else None

    def partner(self, record: str) -> str | None:
        """Return the arrival that a departure is paired with."""
        found = self.pairs.filter(pl.col("departure_id") == record)
        assert found.height <= 1, f"{record} is in two pairs"
        return found["arrival_id"][0] if found.height else None

    @property
    def accused(self) -> list[tuple[str, str | None, str | None]]:
        """Return kind and records of every finding that accuses somebody."""
        rows = self.findings.filter(pl.col("kind") != "unproven")
        return rows.select("kind", "departure_id", "arrival_id").rows()


@dataclass
class Day:
    """Two sides' records, as they are told.

    Attributes:
        start: When the day begins.
        clocks: How the clock of a trunk goes; right if it is not named.
    """

    start: datetime = MORNING
    clocks: dict[str, Clock] = field(default_factory=dict)
    departures: list[dict[str, str]] = field(default_factory=list)
    arrivals: list[dict[str, str]] = field(default_factory=list)
    domestic: list[dict[str, str]] = field(default_factory=list)
    count: int = 0

    def record(
        self,
        side: str,
        name: str,
        *,
        at_s: float,
        talk_s: float,
        ring_s: float = 8.0,
        calling: str,
        called: str,
        trunk: str,
        carrier: str | None = None,
        billed_s: float | None = None,
        answered: bool | None = None,
        presentation: str = "",
        redirecting: str = "",
    ) -> str:
        """Add one record; times are true ones, seconds after the day's start."""
        clock = self.clocks.get(trunk, Clock())
        begin = self.start + timedelta(seconds=at_s)
        answer = begin + timedelta(seconds=ring_s)
        end = answer + timedelta(seconds=talk_s)
        picked_up = talk_s > 0 if answered is None else answered
        bill = talk_s if billed_s is None else billed_s
        row = {
            "record_id": name,
            "calling_number": calling,
            "called_number": called,
            "started_at": clock.write(begin),
            "answered_at": clock.write(answer) if picked_up else "",
            "released_at": clock.write(end),
            "duration_s": f"{bill if picked_up else 0:g}",
            "trunk": trunk,
            "carrier": carrier or {**OUT, **CHEAT, **IN}.get(trunk, ""),
            "presentation": presentation,
            "redirecting_number": redirecting,
        }
        getattr(self, side).append(row)
        return name

    def call(
        self,
        at_s: float,
        *,
        talk_s: float = 60.0,
        ring_s: float = 8.0,
        calling: str = "+375291112233",
        called: str = "+79161112233",
        out: str = "MSQ-1",
        into: str = "MOW-1",
        lag_s: float = 0.4,
        departure: dict | None = None,
        arrival: dict | None = None,
    ) -> tuple[str, str]:
        """Add both halves of a call; a side given as `{}`-like changes is changed.

        Returns:
            The ids of departure and arrival, dN and aN.
        """
        self.count += 1
        true = {"talk_s": talk_s, "calling": calling, "called": called}
        names = f"d{self.count}", f"a{self.count}"
        left = {**true, "at_s": at_s, "ring_s": ring_s, "trunk": out}
        came = {**true, "at_s": at_s + lag_s, "ring_s": ring_s - lag_s, "trunk": into}
        if departure is not LOST:
            self.record("departures", names[0], **{**left, **(departure or {})})
        if arrival is not LOST:
            self.record("arrivals", names[1], **{**came, **(arrival or {})})
        return names

    def background(
        self,
        calls: int = 300,
        *,
        hours: float = 4.0,
        seed: int = 1,
        lags_s: tuple[float, float] = (0.2, 0.6),
        **changes: object,
    ) -> list[tuple[str, str]]:
        """Add ordinary calls over all trunks, each between numbers of its own."""
        rng = np.random.default_rng(seed)
        out = []
        for at_s in np.sort(rng.uniform(0, hours * 3600, calls)):
            answered = rng.random() < 0.6
            call = {
                "talk_s": float(np.ceil(rng.exponential(120))) if answered else 0.0,
                "ring_s": float(rng.uniform(4, 25)),
                "calling": f"+37529{rng.integers(2_000_000, 9_999_999)}",
                "called": f"+7916{rng.integers(2_000_000, 9_999_999)}",
                "out": str(rng.choice(list(OUT))),
                "into": str(rng.choice(list(IN))),
                "lag_s": float(rng.uniform(*lags_s)),
            }
            out.append(self.call(float(at_s), **{**call, **changes}))
        return out

    def say(
        self, folder: Path, *, gaps: Sequence[Gap] = (), show_numbers: bool = False
    ) -> Said:
        """Write both sides' files and pair them."""
        paths = {}
        for side in ("departures", "arrivals", "domestic"):
            rows = getattr(self, side)
            path = folder / f"{side}.csv"
            pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).write_csv(path)
            paths[side] = (path,) if rows else ()
        out = folder / "result"
        pair_calls(
            PairJob(
                **paths,
                out=out,
                departure_country="BY",
                arrival_country="RU",
                options=Options(declared_gaps=tuple(gaps)),
                memory_mb=2048,
                threads=1,
                show_numbers=show_numbers,
            )
        )
        return Said(
            summary=json.loads((out / "summary.json").read_text()),
            pairs=pl.read_parquet(out / "pairs.parquet"),
            findings=pl.read_parquet(out / "findings.parquet"),
        )


LOST: dict = {"lost": True}
"""In place of a side's changes: that side's record is lost."""
