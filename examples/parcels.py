"""A second domain: parcels that leave one warehouse and reach another.

Run it: `python examples/parcels.py`. It writes two small files, pairs them, prints
what it found, and holds the domain to the laws that every domain must keep.
"""

import csv
import tempfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tallystick.engines.frames import HalvesResult, pair_halves
from tallystick.pairing.domain import Domain
from tallystick.pairing.spec import Attribute, Check, Options, PairingSpec, Reading
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
    horizon_ms=3 * 86_400_000,
)
DOMAIN = Domain(name="parcels", spec=SPEC, title="parcels between two warehouses")
COLUMNS = ("record", "parcel", "recipient", "at", "gate", "haulier", "weight_g", "seal")


def write_day(folder: Path) -> tuple[Path, Path]:
    """Write both warehouses' books: 900 parcels, some of them not as they left."""
    left, came = [], []
    for n in range(900):
        haulier = ("Bison", "Crane", "Otter")[n % 3]
        out, into = _iso(n * 1.2), _iso(n * 1.2 + 180)
        sent = [f"D{n}", f"P{n:05d}", f"R{n % 97}", out, "gate 1", haulier]
        got = [f"A{n}", f"P{n:05d}", f"R{n % 97}", into, "dock", haulier]
        weight = 500 + n * 37 % 4000
        lighter = 900 if haulier == "Otter" and n % 2 else 0
        if haulier == "Crane" and n % 4 == 0:
            got[2] = "R999"
        left.append([*sent, weight, "yes"])
        came.append([*got, max(weight - lighter, 40), "yes"])
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

    def code(text: str) -> int:
        return zlib.crc32(text.encode()) + 1

    return pl.read_csv(path).select(
        pl.col("record").alias("record_id"),
        pl.col("parcel").map_elements(code, return_dtype=pl.Int64).alias("key_hi"),
        pl.col("recipient").map_elements(code, return_dtype=pl.Int64).alias("key_lo"),
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
    print(f"{found.pairs.height} parcels have both halves")
    for kind, count in found.findings["kind"].value_counts(sort=True).iter_rows():
        print(f"{count:5} {kind}")
    check_domain(DOMAIN, run=pair, examples=3)
    print("the laws hold")


if __name__ == "__main__":
    main()
