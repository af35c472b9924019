"""Calls whose truth is known, told and asked as two countries' switches would.

Of a hundred calls some were never sent by anybody (spoofed), some are made again by
the same caller, some are asked about twice, some are asked about the very moment their
departure was answered. All but the spoofed ones are honest.
"""

import asyncio
import gc
import random
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from trial.lines import Pool

GENUINE, SPOOFED, REDIAL, TWICE, AT_ONCE = range(5)
KINDS: Final = ("genuine", "spoofed", "redial", "twice", "at-once")
TRANSIT_S: Final = 0.05
"""From the switch's word on one side to the question on the other: a fast crossing."""
REDIAL_CALLS: Final = 997
TURN_S: Final = 0.002
HARMLESS: Final = (b"pass", b"log")

_NUMBER: Final = (1 << 48) - 1  # a token is a kind and a number
_DEPARTURES: Final = b"POST /v1/departures HTTP/1.1\r\nhost: n\r\n"
_ARRIVALS: Final = b"POST /v1/arrivals HTTP/1.1\r\nhost: n\r\n"
_BODY: Final = b'{"call_id":"%b%d","calling_number":"+375%d","called_number":"+7%d"}'


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How many of a hundred calls are of each kind; the others are genuine."""

    spoofed: int = 5
    redial: int = 3
    twice: int = 2
    at_once: int = 2

    def kinds(self) -> list[int]:
        """Return a hundred kinds, shuffled in the same way each time."""
        kinds = [SPOOFED] * self.spoofed + [REDIAL] * self.redial
        kinds += [TWICE] * self.twice + [AT_ONCE] * self.at_once
        kinds += [GENUINE] * (100 - len(kinds))
        random.Random(1).shuffle(kinds)
        return kinds


class Also(Protocol):
    """Told of every call that leaves or arrives."""

    def __call__(self, kind: int, number: int, *, leaves: bool) -> None:
        """Do something more with it."""


class Said(NamedTuple):
    """One answer about an arrival.

    Attributes:
        at_s: When it came.
        kind: Of the call.
        took_s: How long it took.
        outcome: As the node said; empty: no answer came.
        acted: Whether something would have been done to the call.
    """

    at_s: float
    kind: int
    took_s: float
    outcome: str
    acted: bool


class Traffic:
    """Places calls and keeps what was said of them.

    Attributes:
        placed: Calls placed, by kind.
        said: How often each answer came, by kind, outcome and whether it was acted on.
        took_ms: How long answers took, by kind.
        told_ms: How long answers to departures took.
        untold: Departures that got no answer.
        acted_on: The honest calls that something was done to: there must be none.
        each: Where a list, every answer.
        lag_s: How far behind its plan the generator fell at most.
    """

    def __init__(
        self,
        leaving: Pool,
        arriving: Pool,
        *,
        mix: Mix,
        transit_s: float = TRANSIT_S,
    ) -> None:
        """Prepare to place calls; the pools' answers come here."""
        self.leaving, self.arriving = leaving, arriving
        leaving.take, arriving.take = self.told, self.asked
        self.each: list[Said] | None = None
        self.copies = 1
        self.forget_also()
        self._kinds = mix.kinds()
        self._transit_s = transit_s
        self._due: deque[tuple[float, int, int]] = deque()
        self._number = 0
        self.forget()

    def forget(self) -> None:
        """Begin to count anew; numbers and ids go on."""
        self.placed: Counter[str] = Counter()
        self.said: Counter[tuple[str, str, bool]] = Counter()
        self.took_ms = [array("f") for _ in KINDS]
        self.told_ms = array("f")
        self.untold = self.answered = 0
        self.acted_on: list[tuple[int, str, str]] = []
        self.lag_s = 0.0

    def forget_also(self) -> None:
        """Do nothing more with calls."""
        self.also: Also = lambda *_, **__: None

    def told(self, token: int, took_s: float, body: bytes) -> None:
        """Take the answer to a departure."""
        kind, number = token >> 48, token & _NUMBER
        if not body:
            self.untold += 1
        self.told_ms.append(took_s * 1000)
        if kind == AT_ONCE:
            self._ask(AT_ONCE, number)

    def asked(self, token: int, took_s: float, body: bytes) -> None:
        """Take the answer about an arrival."""
        kind, number = token >> 48, token & _NUMBER
        outcome, action = _word(body, b'"outcome":"'), _word(body, b'"action":"')
        acted = bool(action) and action not in HARMLESS
        self.note(kind, number, took_s, outcome.decode(), acted=acted)

    def note(
        self, kind: int, number: int, took_s: float, outcome: str, *, acted: bool
    ) -> None:
        """Count an answer, by whatever way it came."""
        self.answered += 1
        self.took_ms[kind].append(took_s * 1000)
        self.said[KINDS[kind], outcome, acted] += 1
        if acted and kind != SPOOFED:
            self.acted_on.append((number, KINDS[kind], outcome))
        if self.each is not None:
            now = time.perf_counter()
            self.each.append(Said(now, kind, took_s, outcome, acted))

    async def place(self, rate_of: Callable[[float], float], seconds: float) -> None:
        """Place calls, so many a second as the plan says, whatever the answers."""
        loop = asyncio.get_running_loop()
        gc.collect()
        gc.disable()
        began = before = loop.time()
        credit = 0.0
        while (now := loop.time()) - began < seconds:
            credit += rate_of(now - began) * (now - before)
            self.lag_s = max(self.lag_s, now - before)
            before = now
            for _ in range(int(credit)):
                self.one(now)
            credit -= int(credit)
            self._send_due(now)
            await asyncio.sleep(TURN_S)
        await asyncio.sleep(self._transit_s)
        self._send_due(loop.time() + 1)
        gc.enable()

    async def place_closed(self, under_way: int, seconds: float) -> float:
        """Keep so many calls under way; return how many a second were answered."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        start, first = self._number, self.answered
        while (now := loop.time()) - began < seconds:
            done = self.answered - first
            for _ in range(under_way - (self._number - start - done)):
                self.one(now)
            self._send_due(now)
            await asyncio.sleep(0.001)
        return (self.answered - first) / (loop.time() - began)

    def one(self, now: float) -> None:
        """Place the next call."""
        self._number = number = self._number + 1
        kind = self._kinds[number % 100]
        self.placed[KINDS[kind]] += 1
        if kind != SPOOFED:
            body = _BODY % (b"d", number, *_numbers(kind, number))
            for copy in range(self.copies):
                told = self.leaving.say(kind << 48 | number, _DEPARTURES, body)
                if not told and not copy:
                    self.untold += 1
                    if kind == AT_ONCE:
                        kind = GENUINE  # the call goes on untold
            self.also(kind, number, leaves=True)
        if kind != AT_ONCE:
            self._due.append((now + self._transit_s, kind, number))

    def _send_due(self, now: float) -> None:
        due = self._due
        while due and due[0][0] <= now:
            _, kind, number = due.popleft()
            self._ask(kind, number)

    def _ask(self, kind: int, number: int) -> None:
        self.also(kind, number, leaves=False)
        body = _BODY % (b"a", number, *_numbers(kind, number))
        for _ in range(max(self.copies, 2 if kind == TWICE else 1)):
            if not self.arriving.say(kind << 48 | number, _ARRIVALS, body):
                self.asked(kind << 48 | number, 0.0, b"")


def numbers_of(kind: int, number: int) -> tuple[str, str]:
    """Return a call's calling and called number."""
    calling, called = _numbers(kind, number)
    return f"+375{calling}", f"+7{called}"


def _numbers(kind: int, number: int) -> tuple[int, int]:
    """Return the national parts; nobody sends calls of the spoofed ones."""
    if kind == SPOOFED:
        number += 7_000_003
        return (
            330_000_000 + number * 7_919 % 9_999_991,
            9_260_000_000 + number * 104_729 % 9_999_991,
        )
    if kind == REDIAL and number > REDIAL_CALLS:
        number -= REDIAL_CALLS
    return (
        290_000_000 + number * 7_919 % 9_999_991,
        9_160_000_000 + number * 104_729 % 9_999_991,
    )


def _word(body: bytes, behind: bytes) -> bytes:
    at = body.find(behind)
    return (
        body[at + len(behind) : body.find(b'"', at + len(behind))] if at >= 0 else b""
    )


def spread(took_ms: "array[float]") -> dict[str, float]:
    """Return the usual points of a histogram, in milliseconds."""
    if not took_ms:
        return {}
    ordered = sorted(took_ms)
    at = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    last = len(ordered) - 1
    return {name: round(ordered[int(share * last)], 2) for name, share in at.items()}
