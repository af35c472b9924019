"""Two nodes under load: what becomes of calls before, in and after a fault."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trial.lines import Pool
from trial.nodes import NodeProcess, Place, agree, place
from trial.traffic import GENUINE, SPOOFED, Mix, Said, Traffic, spread

SPOOFED_SHARE = 20


@dataclass(kw_only=True)
class Pace:
    """How long and how hard a trial is.

    Attributes:
        rate: Calls a second.
        window_ms: Agreed: how long before its arrival a departure may have begun.
        before_s: Load before the fault.
        during_s: How long the fault lasts, where that is not in its nature.
        after_s: Load after calls are judged again.
        recover_s: How long that may take at most.
        in_row: Calls are judged once so many spoofed ones in a row are refused.
    """

    rate: float = 400.0
    window_ms: int = 8_000
    before_s: float = 5.0
    during_s: float = 12.0
    after_s: float = 5.0
    recover_s: float = 60.0
    in_row: int = 5


SHORT = Pace(
    rate=150.0,
    window_ms=500,
    before_s=1.0,
    during_s=2.5,
    after_s=1.0,
    recover_s=25.0,
    in_row=25,
)


@dataclass
class World:
    """Two nodes, calls between them, and moments that were marked.

    Attributes:
        folder: Keys, settings, logs, verdicts.
        pace: How long and how hard.
        by: The node that tells.
        ru: The node that asks; its verdicts count.
        traffic: The calls.
        marks: When the fault began and ended, and when calls were judged again.
        notes: What the fault adds to its row.
        terms: What is agreed otherwise than usual.
        line: What lies between the nodes, where that is of the trial's own making.
        closing: What must be undone at the end, whatever happened.
    """

    folder: Path
    pace: Pace
    by: NodeProcess
    ru: NodeProcess
    marks: dict[str, float] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    line: Any = None
    closing: contextlib.AsyncExitStack = field(
        default_factory=contextlib.AsyncExitStack
    )
    mix: Mix = field(default_factory=lambda: Mix(spoofed=SPOOFED_SHARE))
    said: list[Said] = field(default_factory=list)
    _traffic: Traffic | None = None

    @property
    def traffic(self) -> Traffic:
        """The calls; there once the nodes are."""
        if self._traffic is None:
            pools = [Pool(node.where.http, size=100) for node in (self.by, self.ru)]
            for pool in pools:
                pool.open()
                self.closing.callback(pool.close)
            self._traffic = Traffic(*pools, mix=self.mix)
            self._traffic.each = self.said
        return self._traffic

    async def start(self) -> None:
        """Agree and start both nodes."""
        agree(self.folder, **({"window_ms": self.pace.window_ms} | self.terms))
        if self.ru.peer is None:
            self.ru.peer = self.by.where.channel
        for node in (self.by, self.ru):
            self.closing.push_async_callback(node.stop)
            await node.start()

    def flood_pool(self) -> Pool:
        """Return further connections to the telling node."""
        pool = Pool(self.by.where.http, size=8)
        pool.open()
        self.closing.callback(pool.close)
        return pool

    def mark(self, name: str) -> None:
        """Remember when something happened."""
        self.marks[name] = time.perf_counter()

    async def judged(self, *, since_s: float) -> float:
        """Wait until spoofed calls in a row are refused; return since when."""
        async with asyncio.timeout(self.pace.recover_s):
            while True:
                row: list[Said] = []
                for one in self.said[-5_000:]:
                    if one.kind != SPOOFED or one.at_s - one.took_s < since_s:
                        continue
                    row = [*row, one] if one.acted else []
                    if len(row) == self.pace.in_row:
                        return row[0].at_s
                await asyncio.sleep(0.05)

    def caught(self, begin: str, end: str) -> str:
        """Return how many of the spoofed calls between two marks were refused."""
        asked = self._spoofed(begin, end)
        return f"{sum(one.acted for one in asked)}/{len(asked)}"

    def most_in_row(self, begin: str, end: str) -> int:
        """Return how many spoofed calls in a row were refused there at most."""
        most = row = 0
        for one in self._spoofed(begin, end):
            row = row + 1 if one.acted else 0
            most = max(most, row)
        return most

    def _spoofed(self, begin: str, end: str) -> list[Said]:
        return [
            one
            for one in self.said
            if one.kind == SPOOFED
            and self.marks[begin] <= one.at_s - one.took_s
            and one.at_s < self.marks[end]
        ]

    def row(self) -> dict[str, object]:
        """Return what is to be told of the trial."""
        traffic, marks = self.traffic, self.marks
        during = [
            one.took_s * 1000
            for one in self.said
            if one.kind == GENUINE
            and marks["begin"] <= one.at_s - one.took_s < marks["judged"]
            and one.outcome
        ]
        all_ms = traffic.took_ms[GENUINE]
        unanswered = sum(
            count for (_, outcome, _), count in traffic.said.items() if not outcome
        )
        return {
            "calls": sum(traffic.placed.values()),
            "honest_acted_on": len(traffic.acted_on),
            "acted_on": [f"{kind} {what}" for _, kind, what in traffic.acted_on[:5]],
            "caught_before": self.caught("start", "begin"),
            "caught_during": self.caught("begin", "end"),
            "caught_after": self.caught("judged", "stop"),
            "in_row_during": self.most_in_row("begin", "end"),
            "passed_as": sorted(
                {o.outcome for o in self._spoofed("start", "stop") if not o.acted}
            ),
            "judged_again_s": round(marks["judged"] - marks["end"], 2),
            "p99_ms": spread(all_ms).get("p99"),
            "p99_during_ms": spread(during).get("p99"),
            "max_ms": spread(all_ms).get("max"),
            "unanswered": unanswered,
            "untold": traffic.untold,
            "paired": sum(
                n for (_, what, _), n in traffic.said.items() if what == "paired"
            ),
            "program_faults": self.by.troubles() + self.ru.troubles(),
            **self.notes,
        }


Fault = Callable[[World], Awaitable[None]]


@contextlib.asynccontextmanager
async def world(
    folder: Path, pace: Pace, *, places: tuple[Place, Place] | None = None
) -> AsyncGenerator[World, None]:
    """Prepare two nodes; whatever was begun is undone at the end."""
    here = places or (place(), place())
    made = World(
        folder,
        pace,
        NodeProcess(folder, "BY", here[0]),
        NodeProcess(folder, "RU", here[1]),
    )
    async with made.closing:
        yield made


async def under_load(made: World, fault: Fault) -> dict[str, object]:
    """Start the nodes, let calls come, let the fault happen, and return its row."""
    pace = made.pace
    await made.start()
    traffic = made.traffic
    await asyncio.sleep(0.3)
    most_s = 2 * pace.recover_s + pace.before_s + pace.during_s + pace.after_s + 60
    load = asyncio.ensure_future(traffic.place(lambda _: pace.rate, most_s))
    made.closing.callback(load.cancel)
    began = time.perf_counter()
    await made.judged(since_s=began)
    traffic.forget()
    made.mark("start")
    memory = made.by.rss_mb() + made.ru.rss_mb()
    await asyncio.sleep(pace.before_s)
    made.mark("begin")
    await fault(made)
    made.mark("end")
    again = await made.judged(since_s=made.marks["end"])
    made.marks["judged"] = again
    await asyncio.sleep(pace.after_s)
    made.mark("stop")
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)
    await asyncio.sleep(0.6)
    made.notes["memory_more_mb"] = round(made.by.rss_mb() + made.ru.rss_mb() - memory)
    return made.row()
