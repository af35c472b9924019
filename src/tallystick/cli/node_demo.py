"""`tally node demo`: two nodes, two switches, genuine and spoofed calls."""

import asyncio
import contextlib
import signal
import statistics
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from tallystick.node.rehearsal.course import Placed, Rehearsed

_WIDTH: Final = 80
_HEADS: Final = {
    "with_both": "",
    "without_peer": "BY's node killed",
    "peer_back": "BY's node started again",
}


def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for keys, settings and verdicts.")
    ] = Path("build/demo-live"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave all of it running until Ctrl-C.")
    ] = False,
    http: Annotated[
        bool, typer.Option("--http", help="Place calls by HTTP, without switches.")
    ] = False,
) -> None:
    """Show two nodes at work, on genuine and on spoofed calls.

    Makes keys, terms and rules for two parties and runs a node for each, with a
    Kamailio gateway beside it. SIPp places calls; BY's node is killed and started
    again meanwhile. Without Kamailio and SIPp the same calls are placed by HTTP.

    Example: tally node demo --out demo-live
    """
    try:
        asyncio.run(_show(out, keep=keep, switches=not http))
    except asyncio.CancelledError:
        # Told to end by SIGTERM: the same as by Ctrl-C.
        raise KeyboardInterrupt from None


async def _show(out: Path, *, keep: bool, switches: bool) -> None:
    from rich.console import Console

    from tallystick.cli.progress import Stages
    from tallystick.node.rehearsal.course import rehearsal

    # Whoever ends this ends everything it started.
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    console = Console(width=_WIDTH, highlight=False, soft_wrap=True)
    drawing = contextlib.ExitStack()
    stages = drawing.enter_context(Stages())
    async with rehearsal(out, stages, switches=switches) as shown:
        drawing.close()
        for line in _opening(shown, switches=switches):
            console.print(line)
        console.print(_calls_table(shown))
        for lines in (_harm_lines(shown), _why_lines(shown), _next_lines(shown)):
            console.print()
            for line in lines:
                console.print(line)
        if keep:
            for line in _running_lines(shown):
                console.print(line)
            await _until_ctrl_c(loop)


def _opening(shown: "Rehearsed", *, switches: bool) -> Iterator[str]:
    """Say who speaks to whom.

    Yields:
        Lines of text.
    """
    yield "[bold]Calls from Belarus to Russia[/bold], a node beside each side's switch"
    if switches and not shown.lacking:
        yield "SIPp calls > gateway BY > a carrier > gateway RU > SIPp answers\n"
        return
    yield "by HTTP only: no switch was asked, so `put through` is what one was told"
    if switches:
        yield f"with real switches: apt-get install {' '.join(shown.lacking)}"
    yield ""


def _calls_table(shown: "Rehearsed") -> "Table":
    """Return what was placed, what the callers heard and what the node said."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("calls placed", no_wrap=True, min_width=36)
    for name in ("calls", "put through", "refused"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for name, head in _HEADS.items():
        if head:
            table.add_row(head)
        for one in getattr(shown, name):
            table.add_row(
                f"{'  ' if head else ''}{one.kind.title}",
                *(str(n) for n in (len(one.heard), one.passed, one.refused)),
                ", ".join(_words(one)),
            )
    return table


def _words(placed: "Placed") -> list[str]:
    """Return what was said of calls of one kind, each word once."""
    said = [
        "none asked" if one is None else "by law" if one.by_law else one.outcome
        for one in placed.verdicts
    ]
    return list(dict.fromkeys(said))


def _harm_lines(shown: "Rehearsed") -> Iterator[str]:
    """Say who was harmed, who got through, and how long it took.

    Yields:
        Lines of text.
    """
    honest = [one for one in shown.all() if one.kind.honest]
    spoofed = [one for one in shown.with_both + shown.peer_back if one not in honest]
    yield (
        f"honest calls touched: {sum(one.touched for one in honest)} of"
        f" {sum(len(one.heard) for one in honest)}"
    )
    yield (
        f"spoofed calls refused while both nodes were there:"
        f" {sum(one.refused for one in spoofed)} of"
        f" {sum(len(one.heard) for one in spoofed)}"
    )
    yield "without BY's record nothing may be said of a call: all are put through"
    said = [one for kind in shown.all() for one in kind.verdicts if one is not None]
    for what in ("paired", "no_departure"):
        waits = [one.waited_ms for one in said if one.outcome == what]
        if waits:
            yield (
                f"the verdict `{what}` took {statistics.median(waits):.0f} ms,"
                f" at most {max(waits)} ms"
            )
    for when, kinds in (
        ("both nodes there", shown.with_both),
        ("BY's node killed", shown.without_peer),
    ):
        calls = [
            one.waited_ms for kind in kinds if kind in honest for one in kind.heard
        ]
        yield (
            f"with {when} an honest caller waited {statistics.median(calls):.0f} ms"
            f" in all, at most {max(calls)} ms"
        )


def _why_lines(shown: "Rehearsed") -> Iterator[str]:
    """Give one sentence for each verdict.

    Yields:
        Lines of text.
    """
    from tallystick.agreement import sentence

    reasons = {
        one.outcome: one.reasons.split(";")[0]
        for kind in shown.all()
        for one in kind.verdicts
        if one is not None and not one.by_law
    }
    for outcome, code in reasons.items():
        indent = " " * 14
        yield textwrap.fill(
            f"{outcome:<14}{sentence(code, 'en')}",
            _WIDTH,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )


def _next_lines(shown: "Rehearsed") -> Iterator[str]:
    """Say where to go on.

    Yields:
        Lines of text.
    """
    settings = shown.settings["RU"]
    call = shown.peer_back[-1].heard[-1].call_id
    yield f"{settings.parent}  RU's settings, rules, terms, key and kept verdicts"
    yield f"tally node why {call} --config {settings}"


def _running_lines(shown: "Rehearsed") -> Iterator[str]:
    """Say what there is to look at while it runs.

    Yields:
        Lines of text.
    """
    for party, post in shown.posts.items():
        yield f"{party}'s node: http://{post.http}/healthz and /metrics"
    yield "It all runs until Ctrl-C."


async def _until_ctrl_c(loop: asyncio.AbstractEventLoop) -> None:
    """Wait; here Ctrl-C is no mishap."""
    told = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, told.set)
    await told.wait()
