"""`tally simulate`: make both sides' records of days that never were, with truth."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="simulate",
    help="Make two sides' records with known truth, to try things out.",
    no_args_is_help=True,
)


class Form(StrEnum):
    """How the record files are written."""

    CSV = "csv"
    PARQUET = "parquet"


@app.callback()
def group() -> None:
    """Make two sides' records with known truth, to try things out."""


@app.command()
def calls(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    calls: Annotated[
        int, typer.Option("--calls", min=1, help="International call attempts.")
    ] = 100_000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Same seed, same files.")
    ] = 1,
    plant: Annotated[
        str,
        typer.Option(
            "--plant",
            help="A plant file (TOML), or none, low, medium, high, mimicry.",
        ),
    ] = "medium",
    form: Annotated[
        Form, typer.Option("--format", help="How the records are written.")
    ] = Form.CSV,
    departure_country: Annotated[
        str, typer.Option("--departure-country", help="Where the calls leave from.")
    ] = "BY",
    arrival_country: Annotated[
        str, typer.Option("--arrival-country", help="Where they arrive.")
    ] = "RU",
    parameters: Annotated[
        str | None,
        typer.Option(
            "--parameters",
            help="Another world: a TOML file, or handsets, rough.",
        ),
    ] = None,
) -> None:
    """Simulate the calls from one country to another, as both sides record them.

    Writes departures, arrivals, domestic, numbering.toml, truth.parquet and
    truth.json.

    Example: tally simulate calls --calls 100000 --seed 1 --plant medium --out day
    """
    from rich.console import Console

    from tallystick.simulate.calls import Parameters, simulate

    progress = Console(stderr=True)
    with progress.status(f"Simulating {calls:,} calls"):
        done = simulate(
            calls=calls,
            seed=seed,
            plant=plant,
            out=out,
            form=form.value,
            departure_country=departure_country,
            arrival_country=arrival_country,
            parameters=Parameters.load(parameters) if parameters else None,
        )
    for side, rows in done.rows.items():
        typer.echo(f"{rows:>12,}  {done.files[side]}")
    for kind, count in done.kinds.items():
        typer.echo(f"{count:>12,}  crossings are {kind}")
