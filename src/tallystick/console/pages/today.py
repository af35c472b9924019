"""Today on one screen: both directions, the peer, and what is suspended."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tallystick.cases.course import DAY_MS
from tallystick.console.nodewatch import Looked
from tallystick.console.pages.cases.listing import count
from tallystick.console.pages.standing import (
    latest_findings,
    since_midnight,
    stopped,
)
from tallystick.console.pages.verdicts import OUTCOMES, verdict_rows
from tallystick.console.visit import Handler, Visit, moment
from tallystick.node.watch.top import HARMLESS, Reading, View
from tallystick.report.formats import Formats

STREAMS_LIMIT: Final = 64
"""Pages that may be live at once; more are shown, and stand still."""
EVERY_S: Final = 2.0
_TURNS: Final = 8
"""So often between two it is looked whether the process is to end."""
_DAY_S: Final = 86_400
_COLOURS: Final = {"paired": "", "unproven": "unproven"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Calls with one outcome.

    Attributes:
        name: The outcome.
        count: How many.
        share: Of all.
        acted: About how many of them something was done.
    """

    name: str
    count: float
    share: float
    acted: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a node's figures say to a person.

    Attributes:
        peer: The other party.
        since_ms: When the node started; it counts from there.
        verdicts: Calls that came from the peer and were judged.
        per_s: The same, a second now.
        outcomes: How they were judged, those first that are shown first.
        acted: Calls that something was done about.
        told: Calls that left, and the peer was told of.
        untold: Calls that left, and the peer will not hear of.
        age_s: How old the peer's promise is; None without one.
        offset_s: The peer's clock less ours.
        compared: Calls whose two ends were compared.
        disagree: Those whose two ends disagree.
        slow_s: 99 of 100 answers take at most so long.
        terms_s: Until the terms end.
        trouble: Codes of what is suspended or amiss, each with a sentence.
        said: The node's own words for it.
    """

    peer: str
    since_ms: int | None
    verdicts: float
    per_s: float
    outcomes: tuple[Outcome, ...]
    acted: float
    told: float
    untold: float
    age_s: float | None
    offset_s: float | None
    compared: float
    disagree: float
    slow_s: float | None
    terms_s: float | None
    trouble: tuple[str, ...]
    said: str

    @property
    def verified(self) -> Outcome:
        """Calls whose departure the peer holds."""
        return self.outcomes[0]

    @property
    def unproven(self) -> Outcome:
        """Calls of which nothing can be said."""
        return self.outcomes[-1]


def figures_of(view: View) -> Figures:
    """Read figures off what a node says."""
    now = view.now
    totals = now.by("tally_verdicts_total", "outcome", "action")
    compared = now.by("tally_crossings_compared_total", "sign")
    started_s = now.one("process_start_time_seconds")
    outcomes = tuple(_outcome(one, totals) for one in OUTCOMES)
    said = [now.health.get("failure"), now.health.get("reload_failure")]
    return Figures(
        peer=str(now.health.get("peer", "")),
        since_ms=None if started_s is None else int(started_s * 1000),
        verdicts=sum(totals.values()),
        per_s=view.per_s,
        outcomes=outcomes,
        acted=sum(one.acted for one in outcomes),
        told=now.one("tally_departures_total") or 0.0,
        untold=now.one("tally_untold_departures_total") or 0.0,
        age_s=_finite(now.one("tally_watermark_age_seconds")),
        offset_s=now.one("tally_clock_offset_seconds"),
        compared=sum(compared.values()),
        disagree=sum(n for (sign,), n in compared.items() if sign != "agrees"),
        slow_s=view.spent["whole answer"].most_s,
        terms_s=_finite(now.one("tally_terms_left_seconds")),
        trouble=tuple(code for code, holds in _TROUBLE.items() if holds(now)),
        said=" ".join(str(one) for one in said if one),
    )


_TROUBLE: Final[dict[str, Callable[[Reading], bool]]] = {
    "not_ready": lambda now: not now.health.get("ready"),
    "not_connected": lambda now: not now.one("tally_channel_connected"),
    "breaker": lambda now: bool(now.one("tally_breaker_open")),
    "reload": lambda now: bool(now.one("tally_reload_failed")),
    "log": lambda now: now.one("tally_log_live") == 0,
    "lost": lambda now: bool(now.one("tally_lost_verdicts_total")),
    "terms": lambda now: (now.one("tally_terms_left_seconds") or 0) < 14 * _DAY_S,
}


def _outcome(name: str, totals: dict[tuple[str, ...], float]) -> Outcome:
    mine = {action: n for (outcome, action), n in totals.items() if outcome == name}
    count, every = sum(mine.values()), sum(totals.values())
    acted = sum(n for action, n in mine.items() if action not in HARMLESS)
    return Outcome(name, count, count / every if every else 0.0, acted)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def _read(visit: Visit) -> Response:
    totals = visit.may("today", "figures")
    return visit.page(
        "today/today.html.j2",
        cases=count(visit),
        stopped=list(stopped(visit.desk.settings.side, visit.now_ms)),
        found=latest_findings(visit) if totals else None,
        day_of=lambda day: visit.t.formats.day(moment(day * _DAY_S * 1000)),
        counted=since_midnight(visit),
        rows_today=partial(
            verdict_rows, visit, since_ms=visit.now_ms // DAY_MS * DAY_MS
        ),
        **_values(visit, visit.desk.node.look()),
    )


def _live(visit: Visit) -> Response:
    """Send the figures anew every two seconds, and the state where it changes."""
    if visit.desk.streams.open >= STREAMS_LIMIT:
        return Response(status_code=503)
    return _Live(visit)


class _Live(StreamingResponse):
    """An answer that goes on, counted while it does."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(_events(visit), media_type="text/event-stream")
        self._streams = visit.desk.streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.open += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.open -= 1


async def _events(visit: Visit) -> AsyncIterator[str]:
    before = ""
    while (rendered := await run_in_threadpool(_frame, visit)) is not None:
        figures, state = rendered
        yield _event("figures", figures)
        if state != before:
            # Once for each change: whoever listens to a page hears it read out.
            yield _event("state", state)
            before = state
        for _ in range(_TURNS):
            await asyncio.sleep(EVERY_S / _TURNS)
            if visit.desk.settings.stopping():
                return


def _frame(visit: Visit) -> tuple[str, str] | None:
    """Return the parts that change; None where its session has ended."""
    now_ms = visit.desk.settings.now_ms()
    if visit.desk.entry.present(visit.ident, now_ms=now_ms) is None:
        return None
    values = _values(visit, visit.desk.node.look(), now_ms)
    return (
        visit.render("today/figures.html.j2", **values),
        visit.render("today/state.html.j2", **values),
    )


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    return f"event: {name}\n{lines}\n"


def _values(
    visit: Visit, looked: Looked, now_ms: int | None = None
) -> dict[str, object]:
    figures = None if looked.view is None else figures_of(looked.view)
    begun_ms = None if figures is None else figures.since_ms
    return {
        "looked": looked,
        "figures": figures,
        "rows": partial(verdict_rows, visit, since_ms=begun_ms),
        "at": moment(now_ms or visit.now_ms),
        "watched": bool(visit.desk.settings.node),
        "kept": visit.desk.settings.verdicts is not None,
        "per_million": _per_million,
        "counts": visit.may("today", "figures"),
        "days": _DAY_S,
    }


def _per_million(formats: Formats, part: float, every: float) -> str:
    return formats.about(part / every * 1_000_000) if every else "0"


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "live": _live}
