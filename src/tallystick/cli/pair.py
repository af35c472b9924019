"""`tally pair calls`: pair two sides' records."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.blind import (
    ArrivalCountry,
    DepartureCountry,
    MappingFile,
    Memory,
    Threads,
    Work,
    Zone,
)
from tallystick.cli.pair_blinded import blinded

if TYPE_CHECKING:
    from tallystick.domains.calls.records import Mapping
    from tallystick.pairing.spec import Gap

app = typer.Typer(
    name="pair",
    help="Pair two sides' records and name what does not pair.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Pair two sides' records and name what does not pair."""


app.command()(blinded)


@app.command()
def calls(
    departures: Annotated[
        list[Path],
        typer.Argument(help="Records of the side the calls left, then of the other."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the result.")],
    domestic: Annotated[
        list[Path] | None,
        typer.Option("--domestic", help="Domestic records of the arrival side."),
    ] = None,
    numbering: Annotated[
        Path | None,
        typer.Option("--numbering", help="How each trunk writes numbers (TOML)."),
    ] = None,
    departure_country: DepartureCountry = None,
    arrival_country: ArrivalCountry = None,
    mapping: MappingFile = None,
    zone: Zone = None,
    agreement: Annotated[
        Path | None,
        typer.Option("--agreement", help="Declared gaps and limits (TOML)."),
    ] = None,
    accused_per_million: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Honest calls expected among findings marked certain, per million.",
        ),
    ] = 1.0,
    false_discovery_rate: Annotated[
        float,
        typer.Option(
            min=0.0, max=0.5, help="Largest expected share of wrong findings."
        ),
    ] = 0.005,
    window: Annotated[
        float | None,
        typer.Option("--window", help="Half-width in seconds, instead of learning it."),
    ] = None,
    memory: Memory = "4GB",
    threads: Threads = None,
    show_numbers: Annotated[
        bool, typer.Option("--show-numbers", help="Write numbers in full.")
    ] = False,
    work: Work = None,
) -> None:
    """Pair the calls two networks recorded.

    Example: tally pair calls departures.csv arrivals.csv --out result

    Give one file a side, or several separated by the word `with`:
    `tally pair calls a1.csv a2.csv with b1.csv --out result`.
    """
    from tallystick.cli.progress import Stages
    from tallystick.domains.calls.numbers import Numbering
    from tallystick.domains.calls.records import Mapping
    from tallystick.engines.batch import PairJob, pair_calls
    from tallystick.pairing.spec import Options
    from tallystick.report import write_report

    left, right = split_sides(departures)
    job = PairJob(
        departures=left,
        arrivals=right,
        domestic=tuple(domestic or ()),
        out=out,
        numbering=Numbering.load(numbering) if numbering else None,
        departure_country=departure_country,
        arrival_country=arrival_country,
        mapping=reading(Mapping.load(mapping) if mapping else Mapping(), zone),
        options=Options(
            false_discovery_rate=false_discovery_rate,
            accused_per_million=accused_per_million,
            declared_gaps=declared_gaps(agreement),
            window_ms=None if window is None else round(window * 1000),
        ),
        memory_mb=megabytes(memory),
        threads=threads,
        show_numbers=show_numbers,
        work=work,
        command=shlex.join(["tally", *sys.argv[1:]]),
    )
    with Stages() as stages:
        told = pair_calls(job, stages)
        stages("draw the report", 0, 1)
        page = write_report(out)
    show_summary(told, page)
    raise typer.Exit(1 if told["findings"]["accusing"] else 0)


def reading(mapping: "Mapping", zone: str | None) -> "Mapping":
    """Return how to read files, with the zone from the command line if given."""
    return mapping if zone is None else replace(mapping, zone=zone)


def split_sides(files: list[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Split the file arguments into the two sides.

    Raises:
        ConfigError: "sides": there are not two.
    """
    from tallystick.model import ConfigError

    names = [str(path) for path in files]
    if "with" in names:
        at = names.index("with")
        left, right = files[:at], files[at + 1 :]
    else:
        left, right = files[:1], files[1:]
    if not left or len(right) < 1 or ("with" not in names and len(files) != 2):
        raise ConfigError(
            "sides",
            "Two sides are needed, and it is not clear which file belongs to which.",
            advice="Write: tally pair calls DEPARTURES ARRIVALS --out DIR, or put the "
            "word `with` between several files of either side.",
        )
    return tuple(left), tuple(right)


def megabytes(text: str) -> int:
    """Return a size such as `8GB` or `500MB` in megabytes.

    Raises:
        ConfigError: "memory-size".
    """
    from tallystick.model import ConfigError

    units = {"GB": 1000, "G": 1000, "MB": 1, "M": 1, "GIB": 1074}
    plain = text.strip().upper()
    for unit, factor in units.items():
        number = plain.removesuffix(unit)
        if number != plain and number.replace(".", "", 1).isdigit():
            size = int(float(number) * factor)
            if size >= 200:
                return size
    raise ConfigError(
        "memory-size",
        f"--memory {text!r} is not a size of at least 200MB.",
        advice="Write it like 8GB or 800MB.",
    )


def declared_gaps(path: Path | None) -> "tuple[Gap, ...]":
    """Read the gaps that the keepers declare.

    Raises:
        ConfigError: "agreement".
    """
    from tallystick.domains.calls.agreement import load_gaps

    return () if path is None else load_gaps(path)


def show_summary(told: dict[str, Any], page: Path) -> None:
    """Print a summary that fits one screen."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    inputs, found = told["inputs"], told["findings"]
    for side in ("departures", "arrivals", "domestic"):
        one = inputs[side]
        if one is None:
            continue
        left = ", ".join(
            f"{one[key]:,} {word}"
            for key, word in (
                ("rejected", "rejected"),
                ("repeated", "sent again"),
                ("continued", "continuing another"),
                ("other_direction", "of another direction"),
            )
            if one.get(key)
        )
        console.print(
            f"{side:<11} {one['halves']:>12,} records"
            f"  {one['from']} to {one['to']}" + (f"  ({left})" if left else "")
        )
    share = told["pairs"]["total"] / max(inputs["departures"]["halves"], 1)
    console.print(
        f"{'paired':<11} {told['pairs']['total']:>12,}"
        f"  ({share:.1%} of departures; window ±{told['window']['ms'] / 1000:g} s,"
        f" clocks scatter {told['window']['spread_ms'] / 1000:g} s,"
        f" {told['window']['false_pairs_expected']:.2g} by chance)"
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("finding")
    table.add_column("calls", justify="right")
    for kind, n in found["by_kind"].items():
        if n:
            table.add_row(kind, f"{n:,}")
    if found["total"]:
        console.print(table)
    else:
        console.print("Every call has its other half.")
    phantom = [c for c in told["carriers"] if c["phantom"]]
    for carrier in phantom[:5]:
        console.print(
            f"[bold]phantom route[/bold] {carrier['carrier']}:"
            f" {carrier['phantom']['share']:.1%} of its calls do not arrive as sold"
            f" (mostly {carrier['phantom']['why']})"
        )
    named = found["by_kind"]
    for one in told.get("suspected", [])[:6]:
        single = "" if named.get(one["kind"]) else "; no single call is named for it"
        console.print(
            f"[bold]{one['kind']}[/bold] {one['carrier']}: {one['share']:.1%} of"
            f" {one['of']:,} calls (usual: {one['usual']:.2%}){single}"
        )
    console.print(
        f"{told['seconds']:.0f} s, {told['memory_peak_mb'] / 1000:.1f} GB at most."
        f"  Report: {page}"
    )
