"""A second domain: parcels that leave one warehouse and arrive at another.

Two warehouses each keep a list. A parcel is the same if its number and its recipient
are; it should weigh what it weighed and still be sealed. Run it:

    python examples/parcels.py
    python examples/parcels.py --check    holds the domain to the laws of pairing
"""

import argparse
import random
import sys
import tempfile
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

HOUR_MS = 3_600_000
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
        "recipient_altered",
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

    Of the parcels that go by the van called Snail one in ten arrives lighter by a
    kilogram or two, one in twenty opened, and one in twenty not at all. Everywhere
    one in a thousand is never noted on arrival, and some are noted twice.
    """
    draw = random.Random(seed)  # noqa: S311: a story, not a secret
    sent, came = [], []
    for number in range(parcels):
        van = draw.choice(["Crane", "Goose", "Heron", "Snail"])
        left_ms = 1_760_000_000_000 + draw.randrange(48 * HOUR_MS)
        weight_g, parcel = draw.randrange(300, 20_000), f"P{1_000_000 + 7 * number}"
        note = [parcel, f"R{draw.randrange(900)}", van]
        sent.append([f"N-{number}", *note, left_ms, "Gate 1", weight_g, True])
        fate = draw.random() if van == "Snail" else 1.0
        if fate < 0.05 or draw.random() < 0.001:
            continue
        road_ms = int(draw.gauss(95, 12) * 60_000)
        lost_g = draw.randrange(1000, 2500) if 0.05 <= fate < 0.15 else 0
        scale_g = weight_g - min(lost_g, weight_g - 50) + draw.randrange(-20, 21)
        sealed = not 0.15 <= fate < 0.2
        gate = draw.choice(["East", "West"])
        came.append([f"S-{number}", *note, left_ms + road_ms, gate, scale_g, sealed])
        if draw.random() < 0.02:
            came.append([f"S-{number}-again", *came[-1][1:]])
    columns = "record_id parcel recipient van at_ms gate weight_g sealed".split()  # noqa: SIM905
    for name, rows in (("sent", sent), ("came", came)):
        frame = pl.DataFrame(rows, schema=columns, orient="row")
        frame.write_csv(folder / f"{name}.csv")


def halves(path: Path) -> pl.DataFrame:
    """Read a warehouse's list as halves."""
    return pl.read_csv(path).select(
        "record_id",
        "at_ms",
        "weight_g",
        "sealed",
        pl.col("gate").alias("point"),
        pl.col("van").alias("carrier"),
        pl.col("parcel").map_batches(key_part).alias("key_hi"),
        pl.col("recipient").map_batches(key_part).alias("key_lo"),
    )


def pair(spec: PairingSpec, *sides: pl.DataFrame, options: Options) -> HalvesResult:
    """Pair two lists in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return pair_halves(spec, *sides, folder=Path(folder), options=options)


def main() -> None:
    """Write the lists, pair them, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="check the domain's laws")
    if parser.parse_args().check:
        from tallystick.testing import check_domain  # noqa: PLC0415: needs hypothesis

        check_domain(DOMAIN, run=pair)
        sys.exit(print("parcels keep the laws of pairing"))
    with tempfile.TemporaryDirectory() as folder:
        write_lists(Path(folder))
        lists = (halves(Path(folder) / f"{name}.csv") for name in ("sent", "came"))
        result = pair(SPEC, *lists, options=Options())
    print(f"{result.pairs.height} pairs, {result.set_aside.height} noted again")
    for kind in SPEC.order:
        found = result.findings.filter(pl.col("kind") == kind)
        first = found.sort("confidence", descending=True)["departure_id"].head(3)
        print(f"{kind:18}{found.height:5}  {', '.join(first.drop_nulls())}")


if __name__ == "__main__":
    main()
