"""What a switch says by HTTP, and what it is answered.

One table of doors; JSON read and written by msgspec. Times are UTC milliseconds, and
may be left out: then the call is taken to begin when the node hears of it.
"""

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated, Final, NamedTuple, TypeVar
from urllib.parse import parse_qs

import msgspec

from tallystick.agreement import LANGUAGES, Verdict, explain
from tallystick.channel import ClosingRecord
from tallystick.domains.calls.live import LiveCall, NumberKnowledge
from tallystick.net.http import TEXT, Exchange
from tallystick.node.arrivals import Answered, Arrivals
from tallystick.node.departures import Departures
from tallystick.node.metrics import Metrics
from tallystick.node.verdicts import VerdictLog

BATCH_LIMIT: Final = 250  # calls at a time: some 20 ms
LATEST_MS: Final = 4_102_444_800_000  # the year 2100
_DIGITS: Final = re.compile(r"[0-9]{4,}")
T = TypeVar("T")
D = TypeVar("D")
_Short = Annotated[str, msgspec.Meta(max_length=128)]
_Number = Annotated[str, msgspec.Meta(max_length=512)]


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call that leaves or arrives, as the switch tells of it."""

    call_id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    calling_number: _Number = ""
    called_number: _Number
    at_ms: Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)] | None = None
    trunk: _Short = ""
    carrier: _Short = ""
    redirecting_number: _Number = ""
    presentation: _Short = ""
    identity: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=8_192)], ...],
        msgspec.Meta(max_length=8),
    ] = ()
    emergency: bool = False
    priority: _Short = ""


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a call ended."""

    call_id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    answered: bool
    answer_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    duration_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    cause: Annotated[int, msgspec.Meta(ge=0, le=127)] = 0


class Refused(NamedTuple):
    """What could not be read.

    Attributes:
        error: A word that stays the same.
        detail: A sentence; repeats nothing of what was said.
    """

    error: str
    detail: str

    def told(self) -> dict[str, object]:
        """Return it as it is answered."""
        return self._asdict()


class Api:
    """The doors of a node."""

    def __init__(
        self,
        *,
        departures: Departures,
        arrivals: Arrivals,
        knowledge: NumberKnowledge,
        verdicts: VerdictLog,
        metrics: Metrics,
        now_ms: Callable[[], int],
        health: Callable[[], dict[str, object]],
    ) -> None:
        """Put the doors in place."""
        self._departures = departures
        self._arrivals = arrivals
        self._knowledge = knowledge
        self._verdicts = verdicts
        self._metrics = metrics
        self._now_ms = now_ms
        self._health = health
        self._call = msgspec.json.Decoder(Call)
        self._release = msgspec.json.Decoder(Release)
        self._many = msgspec.json.Decoder(list[msgspec.Raw])
        self._searches: set[asyncio.Task[None]] = set()
        self._write = msgspec.json.Encoder().encode
        self._doors: dict[tuple[str, str], Callable[[Exchange], None]] = {
            ("POST", "/v1/departures"): self._departed,
            ("POST", "/v1/arrivals"): self._arrived,
            ("POST", "/v1/releases"): self._released,
            ("GET", "/v1/verdicts"): self._why,
            ("GET", "/healthz"): self._healthy,
            ("GET", "/readyz"): self._ready,
            ("GET", "/metrics"): self._measured,
        }
        self._paths = {path for _, path in self._doors}

    def handle(self, exchange: Exchange) -> None:
        """Answer a request, now or later."""
        door = self._doors.get((exchange.method, exchange.path))
        if door is not None:
            door(exchange)
        elif exchange.path in self._paths:
            self._refuse(exchange, 405, "method", "This door takes another method.")
        else:
            self._refuse(exchange, 404, "path", "There is no such door; see the API.")

    def _departed(self, exchange: Exchange) -> None:
        calls = self._read(exchange, self._call)
        if calls is None:
            self._departures.miss_now()
            return
        now_ms = self._now_ms()
        said = []
        for call in calls[0]:
            if isinstance(call, Refused):
                # A call that leaves, and of which the peer will not hear.
                self._departures.miss_now()
                said.append(call.told())
                continue
            live = self._live(call, now_ms)
            told = self._departures.tell(live, now_ms=now_ms)
            said.append({"call_id": call.call_id, "told": told})
            self._metrics.departures.inc()
        self._say(exchange, said, alone=calls[1])

    def _arrived(self, exchange: Exchange) -> None:
        calls = self._read(exchange, self._call)
        if calls is None:
            return
        many, alone = calls
        now_ms = self._now_ms()
        said: list[dict[str, object]] = [{} for _ in many]
        left = len(many)

        def take(place: int, row: dict[str, object]) -> None:
            nonlocal left
            said[place] = row
            left -= 1
            if not left:
                self._say(exchange, said, alone=alone)

        def answer(place: int, answered: Answered) -> None:
            take(place, _told(answered))

        if not many:
            self._say(exchange, [], alone=False)
        for place, call in enumerate(many):
            if isinstance(call, Refused):
                take(place, call.told())
                continue
            live = self._live(call, now_ms)
            self._arrivals.ask(live, partial(answer, place), now_ms=now_ms)

    def _released(self, exchange: Exchange) -> None:
        ends = self._read(exchange, self._release)
        if ends is None:
            return
        now_ms = self._now_ms()
        said: list[dict[str, object]] = []
        for end in ends[0]:
            if isinstance(end, Refused):
                said.append(end.told())
                continue
            ending = ClosingRecord(
                0, end.answered, end.answer_ms, end.duration_ms, end.cause
            )
            left = self._departures.release(end.call_id, ending, now_ms=now_ms)
            came = self._arrivals.release(end.call_id, ending, now_ms=now_ms)
            said.append({"call_id": end.call_id, "known": left or came})
        self._say(exchange, said, alone=ends[1])

    def _why(self, exchange: Exchange) -> None:
        call_id = parse_qs(exchange.query).get("call_id", [""])[0]
        found = self._verdicts.recent(call_id)
        if found is not None:
            exchange.answer(200, self._write(found))
        elif self._searches:
            self._refuse(exchange, 503, "busy", "Another search is under way.")
        else:
            task = asyncio.ensure_future(self._search(exchange, call_id))
            self._searches.add(task)
            task.add_done_callback(self._searches.discard)

    async def _search(self, exchange: Exchange, call_id: str) -> None:
        """Look on disk, while calls are answered."""
        found = await asyncio.to_thread(self._verdicts.find_on_disk, call_id)
        if found is None:
            self._refuse(exchange, 404, "call", "No verdict on this call is kept.")
        else:
            exchange.answer(200, self._write(found))

    def _healthy(self, exchange: Exchange) -> None:
        exchange.answer(200, self._write(self._health()))

    def _ready(self, exchange: Exchange) -> None:
        health = self._health()
        exchange.answer(200 if health["ready"] else 503, self._write(health))

    def _measured(self, exchange: Exchange) -> None:
        exchange.answer(200, self._metrics.text(), kind=TEXT)

    def _live(self, call: Call, now_ms: int) -> LiveCall:
        return LiveCall(
            call_id=call.call_id,
            at_ms=now_ms if call.at_ms is None else call.at_ms,
            calling_number=call.calling_number,
            called_number=call.called_number,
            trunk=call.trunk,
            carrier=call.carrier,
            redirecting_number=call.redirecting_number,
            presentation=call.presentation,
            identity=call.identity,
            emergency=call.emergency
            or self._knowledge.is_emergency(call.called_number),
            priority=call.priority,
        )

    def _read(
        self, exchange: Exchange, decoder: "msgspec.json.Decoder[T]"
    ) -> "tuple[list[T | Refused], bool] | None":
        """Return what was said, one or many; None where nothing of it can be read.

        Of many, those that cannot be read are named, and the others count.
        """
        body = exchange.body
        if not body.lstrip().startswith(b"["):
            one = _decoded(decoder, body)
            if isinstance(one, Refused):
                self._refuse(exchange, 422, one.error, one.detail)
                return None
            return [one], True
        raw = _decoded(self._many, body)
        if isinstance(raw, Refused):
            self._refuse(exchange, 422, raw.error, raw.detail)
            return None
        if len(raw) > BATCH_LIMIT:
            self._refuse(
                exchange, 413, "batch", f"At most {BATCH_LIMIT} calls at a time."
            )
            return None
        found: list[T | Refused] = []
        for piece in raw:
            read = _decoded(decoder, bytes(piece))
            found.append(read)
        return found, False

    def _say(self, exchange: Exchange, rows: object, *, alone: bool) -> None:
        one = rows[0] if alone and isinstance(rows, list) else rows
        exchange.answer(200, self._write(one))

    def _refuse(self, exchange: Exchange, status: int, code: str, what: str) -> None:
        self._metrics.refused.inc()
        exchange.answer(status, self._write({"error": code, "detail": what}))


def _decoded(decoder: "msgspec.json.Decoder[D]", data: bytes) -> "D | Refused":
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        # The message names the field and the kind, and repeats no value; but a field
        # can be named like a number.
        return Refused("content", f"{_DIGITS.sub('…', str(error))}.")


@lru_cache(maxsize=8_192)
def _sentences(verdict: Verdict) -> dict[str, str]:
    return {language: explain(verdict, language) for language in LANGUAGES}


def _told(answered: Answered) -> dict[str, object]:
    verdict = answered.verdict
    return {
        "call_id": answered.call_id,
        "outcome": verdict.outcome,
        "action": verdict.action,
        "rule": verdict.rule,
        "mode": verdict.mode,
        "would": verdict.would,
        "reasons": verdict.reasons,
        "why": answered.evidence.why,
        "sentences": _sentences(verdict),
        "waited_ms": answered.waited_ms,
    }
