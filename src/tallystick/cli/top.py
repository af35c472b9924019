"""`tally node top`: a running node, as somebody watches it."""

import math
import select
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tallystick.model import UnavailableError
from tallystick.node.watch.ask import get, health
from tallystick.node.watch.top import Reading, View, read, view

VERDICTS_SHOWN: Final = 7
WIDTH: Final = 80
_DAY_S: Final = 86_400

Read = Callable[[], Reading]


def reader(url: str) -> Read:
    """Return what reads a node anew each time it is called."""

    def again() -> Reading:
        said = health(url)
        text = get(url, "/metrics").decode("utf-8", "replace")
        return read(text, said, at_s=time.monotonic())

    return again


def show_once(again: Read, *, interval_s: float) -> None:
    """Print one frame, of two readings."""
    before = again()
    time.sleep(interval_s)
    _console().print(frame(view(before, again())))


def show(again: Read, *, interval_s: float) -> None:
    """Show frames until q is typed; line after line where there is no terminal."""
    console = _console()
    before = again()
    if not console.is_terminal:
        while True:
            time.sleep(interval_s)
            now = again()
            console.print(frame(view(before, now)))
            before = now
    screen = Live(console=console, screen=True, auto_refresh=False)
    with suppress(KeyboardInterrupt), _keys() as quits, screen as live:
        while not quits(interval_s):
            try:
                now = again()
            except UnavailableError as error:
                live.update(Text(f"{error}\n\nq quits"), refresh=True)
                continue
            live.update(frame(view(before, now)), refresh=True)
            before = now


def frame(shown: View) -> RenderableType:
    """Return one frame: at most 24 lines of 80 columns."""
    upper, lower = _halves(), _halves()
    upper.add_row(_verdicts(shown), _peer(shown))
    lower.add_row(_times(shown), _queues(shown))
    return Group(_title(shown), "", upper, "", lower, _last(shown))


def _title(shown: View) -> Text:
    said = shown.now.health
    ready = bool(said.get("ready"))
    word = ("ready", "bold green") if ready else ("not ready", "bold red")
    return Text.assemble(
        (f"{said['party']}", "bold"),
        f" with {said.get('peer', '?')}   ",
        word,
        f"   {shown.per_s:,.1f} verdicts/s   acted on per million: ",
        (_number(shown.acted_per_million, ".1f"), "bold"),
    )


def _verdicts(shown: View) -> Table:
    table = _table("verdict", "action", "per s", "since start")
    rows = list(shown.verdicts.items())
    for (outcome, action), (rate, total) in rows[:VERDICTS_SHOWN]:
        table.add_row(outcome, action, f"{rate:,.1f}", f"{total:,.0f}")
    if not rows:
        table.add_row("none yet", "", "", "")
    return table


def _peer(shown: View) -> Table:
    now = shown.now
    connected = now.one("tally_channel_connected") == 1
    offset_s, age_s = (
        now.one(f"tally_{name}_seconds") for name in ("clock_offset", "watermark_age")
    )
    sessions = now.one("tally_channel_sessions_total") or 0
    table = _table("peer", "")
    rows: dict[str, str | Text] = {
        "stream": Text("open", "green") if connected else Text("not open", "red"),
        "watermark age": _seconds(age_s),
        "clock ahead by": _seconds(offset_s),
        "reconnects": f"{max(0, sessions - 1):,.0f}",
        "follow us": _number(now.one("tally_channel_subscribers"), ",.0f"),
        "breaker": "open" if now.one("tally_breaker_open") else "closed",
        "terms left": _days(now.one("tally_terms_left_seconds")),
    }
    for what, value in rows.items():
        table.add_row(what, value)
    return table


def _times(shown: View) -> Table:
    table = _table("time", "half", "99 of 100", "counted")
    for what, spent in shown.spent.items():
        half, most = _seconds(spent.half_s), _seconds(spent.most_s)
        table.add_row(what, half, most, f"{spent.count:,.0f}")
    return table


def _queues(shown: View) -> Table:
    now = shown.now
    table = _table("queues", "")
    rows = {
        "calls waiting": "tally_waiting_calls",
        "departures held": "tally_held_departures",
        "ends awaited": "tally_open_crossings",
        "frames to send": "tally_frames_behind",
        "not on disk": "tally_unwritten_verdicts",
        "lost verdicts": "tally_lost_verdicts_total",
        "refused": "tally_refused_requests_total",
    }
    for what, name in rows.items():
        table.add_row(what, _number(now.one(name), ",.0f"))
    compared = now.by("tally_crossings_compared_total", "sign")
    strange = sum(count for (sign,), count in compared.items() if sign != "agrees")
    table.add_row("ends disagree", f"{strange:,.0f}")
    table.add_row("cpu", "-" if shown.cpu is None else f"{shown.cpu:.0%}")
    memory = now.one("process_resident_memory_bytes")
    table.add_row("memory", "-" if memory is None else f"{memory / 2**20:,.0f} MB")
    return table


def _last(shown: View) -> Text:
    said = shown.now.health
    stopped = [rule for (rule,) in shown.now.by("tally_rules_suspended", "rule")]
    held = f"suspended: {', '.join(stopped)}" if stopped else ""
    troubles = (said.get("failure"), said.get("reload_failure"), held)
    trouble = next((str(one) for one in troubles if one), "")
    text = Text(trouble or "q quits", "red" if trouble else "dim")
    text.truncate(WIDTH, overflow="ellipsis")
    return text


def _halves() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=50)
    table.add_column(width=28)
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True)
    table.add_column(first, header_style="bold", no_wrap=True)
    for name in others:
        left = name == "action"
        table.add_column(
            name, justify="left" if left else "right", header_style="bold", no_wrap=True
        )
    return table


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _seconds(value: float | None) -> str:
    """Return a time in the unit in which it is read at a glance."""
    if value is None or math.isinf(value):
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if abs(value) * scale >= 1:
            return f"{value * scale:,.1f} {unit}"
    return f"{value * 1e6:,.0f} us"


def _days(value: float | None) -> str:
    return "-" if value is None else f"{value / _DAY_S:,.0f} days"


def _console() -> Console:
    console = Console(highlight=False)
    # Into a file or a pipe a line is as long as it must be.
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


@contextmanager
def _keys() -> Generator[Callable[[float], bool]]:
    """Yield what waits so many seconds and tells whether q was typed meanwhile.

    Yields:
        The function; the terminal is as it was afterwards.
    """
    if not sys.stdin.isatty():
        yield _sleeps
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield _typed
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _sleeps(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _typed(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([sys.stdin], [], [], left)
        if ready and sys.stdin.read(1) in {"q", "Q", ""}:
            return True
    return False
