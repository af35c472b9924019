"""A second domain: parcels that leave one warehouse and arrive at another.

Two warehouses each keep a list. A parcel is the same if its number and its recipient
are; it should weigh what it weighed and still be sealed. Run it:

    python examples/parcels.py
    python examples/parcels.py --check    holds the domain to the laws of pairing
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
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
from tallystick.testing import check_domain

HOUR_MS = 3_600_000
START_MS = 1_760_000_400_000
COLUMNS = ("id", "parcel", "recipient", "van", "at_ms", "gate", "weight_g", "sealed")
FATES = ["well", "missing", "lighter", "opened", "renumbered"]
CHANCES = [0.3, 0.4, 0.1, 0.1, 0.1]
SPEC = PairingSpec(
    domain="parcels",
    parts=("parcel", "recipient"),
    attributes=(
        Attribute(name="weight_g", cls="TOL", step=50, noun="weight"),
        Attribute(name="sealed", cls="EQ"),
    ),
    readings=(
        Reading(name="recipient", key="recipient", differs="parcel", kind="renumbered"),
        Reading(
            name="parcel", key="parcel", differs="recipient", kind="recipient_altered"
        ),
    ),
    checks=(
        Check(kind="opened", attribute="sealed", test="departure_only"),
        Check(
            kind="weight_lost",
            attribute="weight_g",
            test="departure_exceeds",
            least=200,
        ),
    ),
    order=(
        "renumbered",
        "redirected",
        "opened",
        "weight_lost",
        "no_departure",
        "no_arrival",
        "unproven",
    ),
    company=(
        Company(side="departures", part="recipient"),
        Company(side="arrivals", part="recipient"),
    ),
    horizon_ms=6 * HOUR_MS,
)
DOMAIN = Domain(name="parcels", spec=SPEC, title="parcels between two warehouses")


def write_lists(folder: Path, *, parcels: int = 3000, seed: int = 1) -> None:
    """Write what the two warehouses noted over two days.

    Of the parcels in the van called Magpie two in five never arrive, one in ten
    arrives lighter by a kilogram or two, one in ten opened, and one in ten under
    another number. Everywhere one in a thousand is not noted on arrival, and one in
    fifty is noted twice.
    """
    rng = np.random.default_rng(seed)
    sent, came = [], []
    for nth in range(parcels):
        van = str(rng.choice(["Crane", "Goose", "Heron", "Magpie"]))
        left_ms = START_MS + int(rng.integers(48 * HOUR_MS))
        parcel, recipient = f"P{1_000_000 + 7 * nth}", f"R{rng.integers(900)}"
        weight_g = int(rng.integers(3000, 20_000))
        sent.append([f"N-{nth}", parcel, recipient, van, left_ms, "1", weight_g, True])
        fate = rng.choice(FATES, p=CHANCES) if van == "Magpie" else "well"
        if fate == "missing" or rng.random() < 0.001:
            continue
        came_ms = left_ms + int(rng.normal(95, 12) * 60_000)
        weight_g -= int(rng.integers(1000, 2500)) if fate == "lighter" else 0
        weight_g += int(rng.integers(-20, 21))  # no two scales agree
        parcel = f"X{9_000_000 + nth}" if fate == "renumbered" else parcel
        gate, sealed = str(rng.choice(["East", "West"])), fate != "opened"
        row = [parcel, recipient, van, came_ms, gate, weight_g, sealed]
        came.append([f"S-{nth}", *row])
        if rng.random() < 0.02:
            came.append([f"S-{nth}-again", *row])
    for name, rows in (("sent", sent), ("came", came)):
        frame = pl.DataFrame(rows, schema=list(COLUMNS), orient="row")
        frame.write_csv(folder / f"{name}.csv")


def halves(path: Path) -> pl.DataFrame:
    """Read a warehouse's list as halves."""
    return pl.read_csv(path).select(
        "at_ms",
        "weight_g",
        "sealed",
        pl.col("id").cast(pl.String).alias("record_id"),
        pl.col("gate").cast(pl.String).alias("point"),
        pl.col("van").alias("carrier"),
        pl.col("parcel").map_batches(key_part).alias("key_hi"),
        pl.col("recipient").map_batches(key_part).alias("key_lo"),
    )


def pair(
    spec: PairingSpec, sent: pl.DataFrame, came: pl.DataFrame, *, options: Options
) -> HalvesResult:
    """Pair two lists in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return pair_halves(spec, sent, came, folder=Path(folder), options=options)


def main() -> None:
    """Write the lists, pair them, and say what was found."""
    if "--check" in sys.argv:
        check_domain(DOMAIN, run=pair)
        print("parcels keep the laws of pairing")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lists(folder)
        sent, came = (halves(folder / f"{name}.csv") for name in ("sent", "came"))
    result = pair(SPEC, sent, came, options=Options())
    print(f"{result.pairs.height} pairs, {result.set_aside.height} noted again")
    for kind in SPEC.order:
        found = result.findings.filter(pl.col("kind") == kind)
        some = found["departure_id"].drop_nulls().head(4)
        print(f"{kind:18}{found.height:5}  {', '.join(some)}")


if __name__ == "__main__":
    main()
