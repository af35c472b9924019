"""`tally console demo`: two countries on one machine, and people on both sides."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tallystick.cli.demo.people import Visitor
    from tallystick.cli.demo.preparing import Prepared
    from tallystick.cli.demo.running import AtWork

FOLDER: Final = Path("build/demo/parties")
_WIDTH: Final = 80
_OBJECT: Final = (
    "Where the callers who were refused last may object, without signing in:"
)
_NAMES: Final = {"BY": "Belarus", "RU": "Russia"}


def two(
    out: Annotated[
        Path, typer.Option("--out", help="Folder of both sides; taken up again.")
    ] = FOLDER,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Prepare anew; what was done there is lost."),
    ] = False,
) -> None:
    """Run two countries on this machine, so that you can sign in as either.

    Each has a node, an office and a console with its own store and key; an agreement
    is in force, and both have found cases in a simulated day. What you do stays in the
    folder, and is there again the next time.

    Example: tally console demo --out parties
    """
    from rich.console import Console

    from tallystick.cli.demo.preparing import is_prepared, prepare
    from tallystick.cli.progress import Stages
    from tallystick.store.log.disk import locked

    # Lines are cut by hand, so that an address stays whole and can be copied.
    console = Console(width=_WIDTH, highlight=False, soft_wrap=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(out.with_name(f"{out.name}.lock")):
        with Stages() as stages:
            if fresh or not is_prepared(out):
                prepare(out, stages)
        try:
            asyncio.run(_show(out, console))
        except asyncio.CancelledError:
            # Told to end by SIGTERM before all was there: the same as by Ctrl-C.
            raise KeyboardInterrupt from None


async def _show(out: Path, console: "Console") -> None:
    import contextlib

    from tallystick.cli.demo.running import at_work
    from tallystick.cli.progress import Stages

    # Whoever ends this ends everything it started.
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    drawing = contextlib.ExitStack()
    stages = drawing.enter_context(Stages())
    async with at_work(out, stages) as shown:
        drawing.close()
        told = asyncio.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, told.set)
        for line in _opening(shown.prepared, out):
            console.print(line)
        showing = asyncio.create_task(_codes(shown, console))
        try:
            await shown.until(told)
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
    console.print(f"Ended. What was done is kept in {out}.")


def _opening(prepared: "Prepared", out: Path) -> Iterator[str]:
    """Say where to go, and as whom.

    Yields:
        Lines of text.
    """
    from tallystick.cli.demo.people import PASSWORD

    yield "[bold]Two countries on this machine[/bold], until Ctrl-C\n"
    for party, doors in prepared.doors.items():
        yield f"{_NAMES[party]:<10}{doors.address}"
    yield f"{'password':<10}{PASSWORD}"
    yield "\nSign in as anybody below, at both sides at once if you like:"
    yield "the analyst and the officer work with cases, the auditor sees no numbers."
    yield f"What there is to do: docs/tutorials/two-countries-one-case.md. Files: {out}"
    yield ""


async def _codes(shown: "AtWork", console: "Console") -> None:
    """Show everybody's code: as it changes on a terminal, else once."""
    from rich.console import Group
    from rich.live import Live

    from tallystick.node.service import now_ms

    people = shown.prepared.people
    if not console.is_terminal:
        console.print(_table(people, now_ms()))
        while len(list(_pages(shown))) < len(_NAMES):  # ruff: ignore[async-busy-wait] (once a second, for a person)
            await asyncio.sleep(1)
        console.print(_refused(shown))
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(Group(_table(people, now_ms()), _refused(shown)), refresh=True)
            await asyncio.sleep(1)


def _refused(shown: "AtWork") -> str:
    """Say where the callers who were refused last may object."""
    pages = "\n".join(_pages(shown))
    return pages and f"\n{_OBJECT}\n{pages}"


def _pages(shown: "AtWork") -> Iterator[str]:
    """Yield by whom a caller was refused, and the page that the reference leads to.

    Yields:
        Lines of text; none where nobody was refused yet.
    """
    for party, name in _NAMES.items():
        if reference := shown.ways[party].reference:
            address = shown.prepared.doors[party].address
            yield f"by {name:<10}{address}/objection/{reference}"


def _table(people: list["Visitor"], at_ms: int) -> "RenderableType":
    """Return the code of each name at a moment, and for how long they hold."""
    from rich.table import Table

    from tallystick.cli.demo.people import left_s

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("name", min_width=14)
    for party in _NAMES:
        table.add_column(f"code at {party}", justify="right")
    table.add_column(f"new ones in {left_s(at_ms)} s")
    codes = {(one.name, one.party): one.code(at_ms) for one in people}
    for name in dict.fromkeys(one.name for one in people):
        table.add_row(name, *(codes[name, party] for party in _NAMES))
    return table
