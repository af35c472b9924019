"""`tally score`: hold a result against the simulator's truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.options import Json_

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from rich.table import Table

    from tallystick.testing.score import Harm, Score

WIDTH = 100
SHORT = {
    "domestic_arrival": "dom",
    "calling_number_altered": "alt",
    "calling_number_removed": "rem",
    "called_number_altered": "cld",
    "loop": "loop",
    "false_answer": "fals",
    "stretched": "str",
    "no_departure": "nodep",
    "no_arrival": "noarr",
    "unproven": "unpr",
    "paired": "pair",
    "silent": "none",
}
"""What the found kinds are called above the narrow columns of the matrix."""


def score(
    truth: Annotated[
        Path, typer.Argument(help="The simulator's folder, or its truth.parquet.")
    ],
    result: Annotated[Path, typer.Argument(help="The folder `tally pair` wrote.")],
    json_: Json_ = False,
) -> None:
    """Compare a result with the truth: what was found, missed, and who was harmed.

    Example: tally score day result
    """
    from tallystick.testing.score import score_result

    known = truth / "truth.parquet" if truth.is_dir() else truth
    scored = score_result(
        _read(known),
        _read(result / "findings.parquet"),
        _read(result / "pairs.parquet"),
    )
    if json_:
        typer.echo(json.dumps(scored.as_dict(), indent=1))
        return
    from rich.console import Console

    console = Console(width=WIDTH, highlight=False)
    console.print(_kinds_table(scored))
    for line in _lines(scored):
        console.print(line)
    console.print(_confusion_table(scored))
    console.print(
        ", ".join(f"{short} {kind}" for kind, short in SHORT.items()), style="dim"
    )


def _read(path: Path) -> pl.DataFrame:
    """Read one Parquet file.

    Raises:
        MalformedError: "score-input": it is not there, or is something else.
    """
    import polars as pl

    from tallystick.model.errors import MalformedError

    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise MalformedError(
            "score-input",
            f"{path} cannot be read as Parquet.",
            advice="Give the folders of `tally simulate calls` and `tally pair calls`.",
        ) from error


def _kinds_table(scored: Score) -> Table:
    """Return precision and recall of each kind."""
    names = ("planted", "provable", "found", "right", "unusual")
    shares = ("precision", "recall", "of provable")
    table = _table("Found, by kind (crossings)", (*names, *shares))
    for kind in scored.kinds:
        table.add_row(
            kind.kind,
            _count(kind.planted),
            _count(kind.provable),
            _count(kind.found),
            _count(kind.right),
            _count(kind.unusual),
            _share(kind.precision),
            _share(kind.recall),
            _share(kind.recall_provable),
        )
    return table


def _confusion_table(scored: Score) -> Table:
    """Return truth by row, what was found by column."""
    table = _table("Truth (rows) and what was found (columns)", tuple(SHORT.values()))
    for row, cells in scored.confusion.items():
        texts = [_count(cells[kind]) if cells[kind] else "." for kind in SHORT]
        table.add_row(row, *texts)
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    """Return an empty table as narrow as it can be."""
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=None,
        padding=(0, 2 if len(columns) < 10 else 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _lines(scored: Score) -> Iterator[str]:
    """Say what does not fit into a table.

    Yields:
        Lines of text.
    """
    yield _harm_line("honest crossings accused", scored.harm)
    yield _harm_line("  of these, ordinary ones", scored.harm_plain)
    for reason, count in scored.accused_by_reason.items():
        if reason != "plain":
            yield f"    {_count(count)} accused although only {reason}"
    yield (
        f"accused inside an outage: {_count(scored.accused_in_outage)}, of them "
        f"honest: {_count(scored.honest_in_outage)}"
    )
    yield f"innocent domestic records named: {_count(scored.accused_domestic)}"
    if scored.accused_unknown:
        yield f"records named that the truth does not know: {scored.accused_unknown:,}"
    pairs = scored.pairs
    yield (
        f"pairs: {pairs.right:,} right, {pairs.wrong:,} wrong "
        f"({pairs.wrong_same_call:,} of them within one looped call), "
        f"{pairs.missed:,} missed (+ {pairs.missed_unusual:,} unusual ones)"
    )


def _harm_line(what: str, harm: Harm) -> str:
    return (
        f"{what}: {harm.accused:,} of {harm.honest:,} = {harm.per_million:.2f} per "
        f"million (95 %: {harm.low:.2f} to {harm.high:.2f})"
    )


def _count(number: int) -> str:
    """Write a count in at most six characters where it gets long."""
    return f"{number / 1e6:.2f}M" if number >= 1_000_000 else str(number)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.4f}"
