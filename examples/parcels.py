"""A second domain: parcels that leave one warehouse and reach another.

Run it: `python examples/parcels.py`. It writes two small files, pairs them, prints
what it found, and holds the domain to the laws that every domain must keep.
"""

import csv
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tallystick.engines.frames import HalvesResult, pair_halves
from tallystick.pairing.domain import Domain
from tallystick.pairing.halves import key_part
from tallystick.pairing.spec import (
    Attribute,
    Check,
    Company,
    Options,
    PairingSpec,
    Reading,
)
from tallystick.testing.conformance import check_domain

SPEC = PairingSpec(
    domain="parcels",
    parts=("parcel", "recipient"),
    attributes=(
        Attribute(name="weight_g", cls="TOL", step=20),
        Attribute(name="sealed", cls="EQ"),
    ),
    order=(
        "recipient_altered",
        "seal_broken",
        "weight_lost",
        "no_departure",
        "no_arrival",
        "unproven",
    ),
    readings=(
        Reading(
            name="parcel", key="parcel", differs="recipient", kind="recipient_altered"
        ),
    ),
    checks=(
        Check(kind="seal_broken", attribute="sealed", test="departure_only"),
        Check(
            kind="weight_lost",
            attribute="weight_g",
            test="departure_exceeds",
            least=200,
        ),
    ),
    company=(Company(side="departures", part="recipient"),),
    horizon_ms=3 * 86_400_000,
)
DOMAIN = Domain(name="parcels", spec=SPEC, title="parcels between two warehouses")
COLUMNS = ("record", "parcel", "recipient", "at", "gate", "haulier", "weight_g", "seal")


def write_day(folder: Path) -> tuple[Path, Path]:
    """Write both warehouses' books: 900 parcels, some of them not as they left.

    Of Otter's every second arrives lighter, of Crane's every fourth under another
    recipient; of Raven's, which all go to five recipients, two in three never arrive.
    Every fiftieth is noted twice on arrival.
    """
    left: list[list[object]] = []
    came: list[list[object]] = []
    for n in range(900):
        haulier = ("Bison", "Crane", "Otter", "Raven")[n % 4]
        out, into = _iso(n * 1.2), _iso(n * 1.2 + 180)
        who = f"R{n % 97}" if haulier != "Raven" else f"Q{n % 5}"
        sent = [f"D{n}", f"P{n:05d}", who, out, "gate 1", haulier]
        got = [f"A{len(came)}", f"P{n:05d}", who, into, "dock", haulier]
        weight = 500 + n * 37 % 4000
        lighter = 900 if haulier == "Otter" and n % 8 == 2 else 0
        if haulier == "Crane" and n % 16 == 1:
            got[2] = "R999"
        left.append([*sent, weight, "yes"])
        if haulier == "Raven" and n % 3:
            continue
        came.append([*got, max(weight - lighter, 40), "yes"])
        if n % 50 == 0:
            came.append([f"A{len(came)}", *came[-1][1:]])
    paths = folder / "left.csv", folder / "came.csv"
    for path, rows in zip(paths, (left, came), strict=True):
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
    return paths


def _iso(minute: float) -> str:
    return datetime.fromtimestamp(1_772_600_400 + minute * 60, UTC).isoformat()


def read_halves(path: Path) -> pl.DataFrame:
    """Read one warehouse's book as halves."""
    return pl.read_csv(path).select(
        pl.col("record").alias("record_id"),
        pl.col("parcel").map_batches(key_part).alias("key_hi"),
        pl.col("recipient").map_batches(key_part).alias("key_lo"),
        pl.col("at").str.to_datetime(time_zone="UTC").dt.epoch("ms").alias("at_ms"),
        pl.col("gate").alias("point"),
        pl.col("haulier").alias("carrier"),
        pl.col("weight_g").cast(pl.Int32),
        (pl.col("seal") == "yes").alias("sealed"),
    )


def pair(
    spec: PairingSpec,
    departures: pl.DataFrame,
    arrivals: pl.DataFrame,
    *,
    options: Options,
) -> HalvesResult:
    """Pair two tables of halves in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        return pair_halves(
            spec, departures, arrivals, options=options, folder=Path(folder), threads=1
        )


def main() -> None:
    """Pair a day of parcels and check the domain."""
    with tempfile.TemporaryDirectory() as folder:
        left, came = write_day(Path(folder))
        found = pair(SPEC, read_halves(left), read_halves(came), options=Options())
    print(f"{found.pairs.height:5} parcels have both halves")
    print(f"{found.set_aside.height:5} notes repeat another")
    for kind, count in found.findings["kind"].value_counts(sort=True).iter_rows():
        print(f"{count:5} {kind}")
    check_domain(DOMAIN, run=pair, examples=3)
    print("the laws hold")


if __name__ == "__main__":
    main()
