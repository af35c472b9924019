"""`tally records`: see how a file of call records is understood, and convert it."""

import re
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from rich.console import Console

    from tallystick.domains.calls.records import Batch
    from tallystick.domains.calls.records.reader import Side
    from tallystick.domains.calls.records.survey import Survey

app = typer.Typer(
    name="records",
    help="See how call records are understood, and convert them.",
    no_args_is_help=True,
)

MOST_TRUNKS: Final = 20


class SideName(StrEnum):
    """Which half of a crossing the records are."""

    departures = "departures"
    arrivals = "arrivals"


File = Annotated[Path, typer.Argument(help="A file of call records.")]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", help="How to read a format of your own (TOML)."),
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", help="Zone of times that state none: Europe/Minsk."),
]
SideOption = Annotated[
    SideName | None,
    typer.Option("--side", help="Only records that can be halves of this side."),
]
ShowNumbers = Annotated[
    bool, typer.Option("--show-numbers", help="Print telephone numbers in full.")
]


@app.callback()
def group() -> None:
    """See how call records are understood, and convert them."""


@app.command()
def inspect(
    file: File,
    mapping: MappingFile = None,
    zone: Zone = None,
    side: SideOption = None,
    show_numbers: ShowNumbers = False,
) -> None:
    """Show the format of a file, its first rows as understood, and what is rejected.

    For a table of an unknown format a mapping file is proposed.

    Example: tally records inspect Master.csv --zone Europe/Minsk
    """
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    survey = _survey(file, mapping, zone, side)
    _show_counts(console, file, survey, zone or "as the file states it")
    _show_first(console, survey, show_numbers=show_numbers)
    _show_reasons(console, survey)
    _show_trunks(console, survey, show_numbers=show_numbers)
    _propose_numbering(survey, side, show_numbers=show_numbers)


@app.command()
def convert(
    file: File,
    out: Annotated[
        Path, typer.Option("--out", help="The plain table: FILE.csv or FILE.parquet.")
    ],
    mapping: MappingFile = None,
    zone: Zone = None,
    side: SideOption = None,
) -> None:
    """Write the plain table; what cannot be read goes to rejects.csv beside it.

    Example: tally records convert Master.csv --zone Europe/Minsk --out calls.parquet
    """
    from tallystick.domains.calls.records.plain import split_open
    from tallystick.domains.calls.records.writing import RejectFile, TableFile

    rows = left_out = notes = 0
    with TableFile(out) as table, RejectFile(out.parent) as rejects:
        for batch in _batches(file, mapping, zone, side):
            records, open_calls = split_open(batch.records, file=batch.file)
            table.write(records)
            for frame in (batch.rejects, open_calls, batch.notes):
                rejects.write(frame)
            rows += records.height
            left_out += batch.rejects.height + open_calls.height
            notes += batch.notes.height
    typer.echo(f"{out}: {rows:,} records.")
    if left_out or notes:
        typer.echo(
            f"{out.parent / 'rejects.csv'}: {left_out:,} rows left out, "
            f"{notes:,} values left out of rows that were kept."
        )


def _survey(
    file: Path, mapping: Path | None, zone: str | None, side: SideName | None
) -> "Survey":
    """Count what the file holds; propose a mapping where it is not understood.

    Raises:
        MalformedError: The file cannot be read as records.
    """
    from tallystick.domains.calls.records.survey import Survey
    from tallystick.model import MalformedError

    survey = Survey()
    try:
        for batch in _batches(file, mapping, zone, side):
            survey.add(batch)
    except MalformedError as error:
        if not mapping and error.code in {"format-unknown", "missing-column"}:
            _propose_mapping(file)
        raise
    return survey


def _batches(
    file: Path, mapping: Path | None, zone: str | None, side: SideName | None
) -> "Iterator[Batch]":
    """Yield the batches of the file, with progress on standard error."""
    from tallystick.cli.progress import Stages
    from tallystick.domains.calls.records import Mapping, read_calls

    chosen = Mapping.load(mapping) if mapping else Mapping()
    chosen = replace(chosen, zone=zone) if zone else chosen
    with Stages() as stages:
        for batch in read_calls(file, mapping=chosen, side=_side(side)):
            stages(f"read {file.name}", batch.bytes_read, batch.bytes_total)
            yield batch


def _side(side: SideName | None) -> "Side | None":
    """Return the side as the reader has it."""
    if side is None:
        return None
    return "departures" if side is SideName.departures else "arrivals"


def _show_counts(console: "Console", file: Path, survey: "Survey", zone: str) -> None:
    """Print what the file is and what is in it."""
    from tallystick.domains.calls.records.formats import title_of

    lines = [
        ("file", str(file)),
        ("format", f"{survey.format} ({title_of(survey.format)})"),
        ("records", f"{survey.rows:,}"),
        ("from", _when(survey.from_ms)),
        ("to", _when(survey.to_ms)),
        ("zone", zone),
        ("answered", f"{survey.answered:,}"),
        ("directions", _counted(survey.directions)),
        ("end not seen", f"{survey.open_calls:,}"),
        ("no calling number", f"{survey.withheld:,}"),
        ("diverted", f"{survey.diverted:,}"),
        ("dated before 1990", f"{survey.wrong_clock:,}"),
        ("sent again", f"{survey.repeated:,}"),
        ("other direction", f"{survey.other_direction:,}"),
        ("rejected", f"{survey.rejected:,}"),
    ]
    always = {"records", "rejected", "from", "to"}
    for name, value in lines:
        if name in always or value not in {"0", ""}:
            console.print(f"{name:<18} {value}", markup=False)


def _counted(counts: "Counter[str | None]") -> str:
    return ", ".join(
        f"{name or 'not stated'} {count:,}" for name, count in counts.most_common()
    )


def _when(ms: int | None) -> str:
    if ms is None:
        return "-"
    import polars as pl

    moment = pl.from_epoch(pl.Series([ms]), time_unit="ms")
    return str(moment.dt.strftime("%Y-%m-%d %H:%M:%S.%3f UTC")[0])


def _show_first(console: "Console", survey: "Survey", *, show_numbers: bool) -> None:
    """Print the first records as they were understood."""
    if survey.first is None:
        return
    console.print("\nFirst rows as understood:")
    for row in survey.first.iter_rows(named=True):
        told = _told(row)
        text = "  ".join(told if show_numbers else [hidden(part) for part in told])
        console.print(f"{row['line']:>9,}  {_when(row['started_at_ms'])}  {text}",
                      markup=False)  # fmt: skip


def _told(row: dict[str, Any]) -> list[str]:
    """Say what one record holds beyond its start."""
    calling = row["calling_number"] or "no number"
    waited = _after(row, "answered_at_ms", "answered")
    talked = row["duration_ms"]
    told = [
        f"{calling} > {row['called_number'] or 'no number'}",
        waited or ("answered" if talked else "not answered"),
        _after(row, "released_at_ms", "released"),
        "end not seen" if talked is None else f"{talked / 1000:g} s",
        row["direction"],
        row["trunk"] and f"trunk {row['trunk']}",
        row["carrier"] and f"carrier {row['carrier']}",
        row["presentation"] == "restricted" and "number withheld",
        row["redirecting_number"] and f"diverted by {row['redirecting_number']}",
        row["release_cause"] is not None and f"cause {row['release_cause']}",
    ]
    return [part for part in told if part]


def _after(row: dict[str, Any], column: str, what: str) -> str:
    """Say how long after the start something was."""
    if row[column] is None:
        return ""
    return f"{what} {(row[column] - row['started_at_ms']) / 1000:+g} s"


_DIGITS: Final = re.compile(r"\d{7,}")


def hidden(text: str) -> str:
    """Return a text with the middle of every long run of digits hidden.

    A number keeps the form in which it was received: only digits become stars.
    """

    def stars(match: re.Match[str]) -> str:
        digits = match[0]
        first = min(5, len(digits) - 6)
        return f"{digits[:first]}{'*' * (len(digits) - first - 2)}{digits[-2:]}"

    return _DIGITS.sub(stars, text)


def _show_reasons(console: "Console", survey: "Survey") -> None:
    """Print why rows, and values of rows, were left out."""
    for title, reasons in (
        ("Rejected rows:", survey.reasons),
        ("Values left out of rows that were kept:", survey.notes),
    ):
        if reasons:
            console.print(f"\n{title}")
        ordered = sorted(reasons.items(), key=lambda item: -item[1][0])
        for (column, reason), (count, lines) in ordered:
            where = f"{column}: " if column else ""
            first = ", ".join(map(str, lines))
            more = ", ..." if count > len(lines) else ""
            console.print(
                f"{count:>9,}  {where}{reason} (line {first}{more})", markup=False
            )


def _show_trunks(console: "Console", survey: "Survey", *, show_numbers: bool) -> None:
    """Print how many records each trunk has."""
    if not survey.trunks or set(survey.trunks) == {""}:
        return
    console.print(f"\nTrunks: {len(survey.trunks):,}")
    for trunk, count in survey.trunks.most_common(MOST_TRUNKS):
        name = trunk if show_numbers else hidden(trunk)
        console.print(f"{count:>9,}  {name or '(none named)'}", markup=False)
    if len(survey.trunks) > MOST_TRUNKS:
        console.print(f"{'':>9}  and {len(survey.trunks) - MOST_TRUNKS:,} more")


def _propose_mapping(file: Path) -> None:
    """Print a mapping file to begin with, where the columns can be guessed."""
    from tallystick.domains.calls.records.head import Head
    from tallystick.domains.calls.records.propose import propose_mapping

    proposal = propose_mapping(Head.of(file))
    if proposal:
        typer.echo(proposal)
        typer.echo(
            "Save this as mapping.toml, correct it, and run: "
            f"tally records inspect {file} --mapping mapping.toml",
            err=True,
        )


def _propose_numbering(
    survey: "Survey", side: SideName | None, *, show_numbers: bool
) -> None:
    """Print a numbering file that the records show."""
    import polars as pl

    from tallystick.domains.calls.numbers import propose_numbering

    if not survey.sample:
        return
    if not show_numbers and any(map(_DIGITS.search, survey.trunks)):
        typer.echo(
            "\nThe trunks are telephone numbers: --show-numbers proposes a numbering "
            "file."
        )
        return
    inbound = survey.directions["international_in"]
    outbound = survey.directions["international_out"]
    name = side or ("arrivals" if inbound > outbound else "departures")
    typer.echo("\nA numbering file to begin with (for tally pair --numbering):")
    typer.echo(propose_numbering(pl.concat(survey.sample), side=str(name)))
