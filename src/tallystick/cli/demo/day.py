"""`tally demo`: one simulated day, and real handset logs where they are at hand."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from tallystick.cli.progress import Stages
    from tallystick.testing.score import Score

SEED: Final = 1
_WIDTH: Final = 80  # fits the narrowest terminal, and the README

_WHAT_NODOBO_IS: Final = (
    "The Nodobo study, University of Strathclyde, release of 2011: what the handsets\n"
    "of 27 students logged. Its authors replaced all numbers and ask to cite\n"
    "McDiarmid, Irvine, Bell, Banford. Source: github.com/alisdair/nodobo-release"
)
_HOW_TO_GET_IT: Final = (
    "The release makes the file with its csv-dump.rb; then: tally demo --nodobo\n"
    "calls.csv. Nothing here needs it."
)


def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the records and the reports.")
    ] = Path("build/demo"),
    nodobo: Annotated[
        Path | None,
        typer.Option(
            "--nodobo", help="calls.csv of the Nodobo release, or its folder."
        ),
    ] = None,
    calls: Annotated[
        int, typer.Option("--calls", min=1000, help="Calls of the simulated day.")
    ] = 60_000,
) -> None:
    """Show everything at once, on a day that never was and on real calls.

    Simulates a day between two countries with nine schemes planted, pairs it and
    holds the findings against the truth. Pairs the Nodobo handset logs too, if they
    are given or lie in ../shared beside the project. Prepares both countries, as
    `tally console demo` runs them, unless they are there.

    Example: tally demo --out demo
    """
    from rich.console import Console

    from tallystick.cli.progress import Stages

    logs = find_nodobo(nodobo)
    # Lines are cut by hand, so that a path stays whole and can be copied.
    console = Console(width=_WIDTH, highlight=False, soft_wrap=True)
    with Stages() as stages:
        told, scored, certain = _pair_day(out, calls, stages)
        real = _pair_logs(logs, out / "nodobo", stages) if logs else None
        sides = _two_sides(out / "parties", calls, stages)
    console.print(f"[bold]1. A day that never was[/bold]  {calls:,} calls, BY to RU\n")
    for line in _day_lines(told, out):
        console.print(line)
    console.print(_kinds_table(told, scored))
    for line in _verdict_lines(told, scored, certain):
        console.print(line)
    console.print("\n[bold]2. Real calls[/bold]")
    for line in _logs_lines(real, logs, out):
        console.print(line)
    console.print("\n[bold]3. Two countries[/bold]")
    for line in _sides_lines(sides, out / "parties"):
        console.print(line)
    console.print("\n[bold]4. Look next[/bold]")
    for line in _next_lines(out, real=real is not None):
        console.print(line)


def find_nodobo(given: Path | None) -> Path | None:
    """Return the handset logs: those given, or those that lie beside the project.

    Raises:
        UnavailableError: "nodobo-missing": nothing is where they were said to be.
    """
    from tallystick.model import UnavailableError

    beside = Path(__file__).resolve().parents[4].parent / "shared"
    shared = Path(os.environ.get("TALLY_SHARED", beside))
    folder = given or shared / "data" / "telephony" / "nodobo-calls"
    path = folder / "calls.csv" if folder.is_dir() else folder
    if path.is_file():
        return path
    if given is None:
        return None
    raise UnavailableError(
        "nodobo-missing",
        f"There is no calls.csv of the Nodobo release at {given}.",
        advice="Give the file or its folder, or leave --nodobo out.",
    )


def _pair_day(
    out: Path, calls: int, stages: "Stages"
) -> tuple[dict[str, Any], "Score", "Score"]:
    """Simulate a day, pair it, and hold the result against the truth.

    Returns:
        The summary; the score of all findings; that of those marked certain.
    """
    import polars as pl

    from tallystick.domains.calls.numbers import Numbering
    from tallystick.engines.batch import PairJob, pair_calls
    from tallystick.report import write_report
    from tallystick.simulate.calls import simulate
    from tallystick.testing.score import score_result

    day, result = out / "day", out / "result"
    stages("simulate a day", 0, 1)
    files = simulate(calls=calls, seed=SEED, plant="medium", out=day).files
    told = pair_calls(
        PairJob(
            departures=(files["departures"],),
            arrivals=(files["arrivals"],),
            domestic=(files["domestic"],),
            numbering=Numbering.load(files["numbering.toml"]),
            out=result,
        ),
        stages,
    )
    stages("draw the report", 0, 1)
    write_report(result)
    tables = (day / "truth", result / "findings", result / "pairs")
    truth, findings, pairs = (pl.read_parquet(f"{table}.parquet") for table in tables)
    certain = findings.filter(pl.col("certain"))
    return (
        told,
        score_result(truth, findings, pairs),
        score_result(truth, certain, pairs),
    )


def _pair_logs(logs: Path, out: Path, stages: "Stages") -> dict[str, Any]:
    """Pair what the callers' handsets logged with what the called ones did."""
    from tallystick.engines.batch import PairJob, pair_calls
    from tallystick.report import write_report

    told = pair_calls(
        PairJob(
            departures=(logs,),
            arrivals=(logs,),
            departure_country="GB",
            arrival_country="GB",
            out=out,
        ),
        lambda what, done, of: stages(f"handsets: {what}", done, of),
    )
    write_report(out)
    return told


def _two_sides(
    folder: Path, calls: int, stages: "Stages"
) -> dict[str, frozenset[str]] | None:
    """Prepare two countries; None: they are there, and are left as they are."""
    from tallystick.cli.demo.preparing import CALLS, is_prepared, prepare

    if is_prepared(folder):
        return None
    return prepare(folder, stages, calls=min(calls, CALLS))


def _sides_lines(
    found: dict[str, frozenset[str]] | None, folder: Path
) -> Iterator[str]:
    """Say what both sides hold.

    Args:
        found: The cases of each; None: they were there before.
        folder: Where they lie.

    Yields:
        Lines of text.
    """
    if found is None:
        yield "As you left them; `tally console demo --fresh` prepares them anew."
    else:
        both = frozenset.intersection(*found.values())
        alone = (f"{party} {len(names - both)}" for party, names in found.items())
        yield "An agreement in force; a day each way, paired without showing a record:"
        yield (
            f"{len(both)} cases that both found; of numbers that only one sees,"
            f" {' and '.join(alone)}"
        )
    yield f"tally console demo --out {folder}  sign in at either side"


def _day_lines(told: dict[str, Any], out: Path) -> Iterator[str]:
    """Say what went in and what paired.

    Yields:
        Lines of text.
    """
    for side in ("departures", "arrivals", "domestic"):
        yield f"{side:<12}{told['inputs'][side]['halves']:>8,}  {out}/day/{side}.csv"
    window = told["window"]
    yield (
        f"{'paired':<12}{told['pairs']['total']:>8,}  within {_seconds(window['ms'])};"
        f" the clocks scatter by {_seconds(window['spread_ms'])}\n"
    )


def _kinds_table(told: dict[str, Any], scored: "Score") -> "Table":
    """Return what was planted, found and right, one row a kind."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("finding", no_wrap=True, min_width=24)
    for name in ("planted", "named", "rightly"):
        table.add_column(name, justify="right")
    for kind in scored.kinds:
        table.add_row(
            kind.kind,
            *(f"{n:,}" for n in (kind.planted, kind.found)),
            f"{kind.right:,}",
        )
    unproven = told["findings"]["by_kind"]["unproven"]
    table.add_row("unproven", "", f"{unproven:,}", "")
    return table


def _verdict_lines(
    told: dict[str, Any], scored: "Score", certain: "Score"
) -> Iterator[str]:
    """Say who was harmed, and which carriers are not what they sell.

    Args:
        told: The summary.
        scored: All findings against the truth.
        certain: The same for those marked certain.

    Yields:
        Lines of text.
    """
    harm = scored.harm
    yield (
        f"\nhonest calls accused: {harm.accused} of {harm.honest:,},"
        f" {certain.harm.accused} of them by a finding marked certain"
    )
    phantom = [one["carrier"] for one in told["carriers"] if one["phantom"]]
    yield f"phantom routes: {', '.join(phantom) or 'none'}"
    single = told["findings"]["by_kind"]
    unnamed = [one for one in told["suspected"] if not single[one["kind"]]]
    for one in unnamed[:1]:
        yield (
            f"suspected, call by call unproven: {one['carrier']},"
            f" {one['kind']} {one['share']:.1%}"
        )


def _logs_lines(
    real: dict[str, Any] | None, logs: Path | None, out: Path
) -> Iterator[str]:
    """Tell of the handset logs, or where to get them.

    Yields:
        Lines of text.
    """
    if real is None:
        yield "Not at hand."
        yield _WHAT_NODOBO_IS
        yield _HOW_TO_GET_IT
        return
    window, found = real["window"], real["findings"]
    yield f"{real['inputs']['departures']['rows']:,} rows of {logs}"
    yield (
        f"paired {real['pairs']['total']} calls that two handsets logged,"
        f" {window['false_pairs_expected']:.1f} of them by chance"
    )
    yield (
        f"within {_seconds(window['ms'])}; the handsets' clocks scatter by"
        f" {_seconds(window['spread_ms'])}, so the window is wide"
    )
    yield (
        f"accused {found['accusing']}; unproven {found['by_kind']['unproven']:,}, "
        "since most calls have only one handset in the study"
    )
    yield f"report: {out}/nodobo/report.html"
    yield _WHAT_NODOBO_IS


def _next_lines(out: Path, *, real: bool) -> Iterator[str]:
    """Say where to go on.

    Yields:
        Lines of text.
    """
    yield f"{out}/result/report.html  in any browser: pictures, evidence, en ru be"
    yield f"tally explain {out}/result F0000001  one finding and why"
    yield f"tally score {out}/day {out}/result  all figures against the truth"
    if real:
        yield f"tally explain {out}/nodobo F0000001  why that one is unproven"


def _seconds(ms: float) -> str:
    """Write milliseconds as seconds with two figures that matter."""
    return f"{ms / 1000:.2g} s" if ms < 100_000 else f"{ms / 1000:.0f} s"
