"""What a switch says by HTTP, and what it is answered.

One table of doors; JSON read and written by msgspec. Times are UTC milliseconds, and
may be left out: then the call is taken to begin when the node hears of it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Final, TypeVar

import msgspec

from tallystick.agreement import LANGUAGES, Verdict, explain
from tallystick.channel import ClosingRecord
from tallystick.domains.calls.live import LiveCall, NumberKnowledge
from tallystick.net.http import TEXT, Exchange
from tallystick.node.arrivals import Answered, Arrivals
from tallystick.node.departures import Departures
from tallystick.node.metrics import Metrics
from tallystick.node.verdicts import VerdictLog

BATCH_LIMIT: Final = 1_000
T = TypeVar("T")
_Short = Annotated[str, msgspec.Meta(max_length=128)]
_Number = Annotated[str, msgspec.Meta(max_length=512)]


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call that leaves or arrives, as the switch tells of it."""

    call_id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    calling_number: _Number = ""
    called_number: _Number
    at_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
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
        self._call = msgspec.json.Decoder(Call | list[Call])
        self._release = msgspec.json.Decoder(Release | list[Release])
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
            return
        now_ms = self._now_ms()
        told = [
            {
                "call_id": call.call_id,
                "told": self._departures.tell(self._live(call, now_ms), now_ms=now_ms),
            }
            for call in calls[0]
        ]
        self._metrics.departures.inc(len(told))
        self._say(exchange, told, alone=calls[1])

    def _arrived(self, exchange: Exchange) -> None:
        calls = self._read(exchange, self._call)
        if calls is None:
            return
        many, alone = calls
        now_ms = self._now_ms()
        said: list[dict[str, object] | None] = [None] * len(many)
        left = len(many)

        def reply(place: int) -> Callable[[Answered], None]:
            def take(answered: Answered) -> None:
                nonlocal left
                said[place] = _told(answered)
                left -= 1
                if not left:
                    self._say(exchange, said, alone=alone)

            return take

        if not many:
            self._say(exchange, [], alone=False)
        for place, call in enumerate(many):
            self._arrivals.ask(self._live(call, now_ms), reply(place), now_ms=now_ms)

    def _released(self, exchange: Exchange) -> None:
        ends = self._read(exchange, self._release)
        if ends is None:
            return
        now_ms = self._now_ms()
        known = []
        for end in ends[0]:
            ending = ClosingRecord(
                0, end.answered, end.answer_ms, end.duration_ms, end.cause
            )
            left = self._departures.release(end.call_id, ending, now_ms=now_ms)
            came = self._arrivals.release(end.call_id, ending, now_ms=now_ms)
            known.append({"call_id": end.call_id, "known": left or came})
        self._say(exchange, known, alone=ends[1])

    def _why(self, exchange: Exchange) -> None:
        call_id = exchange.query.removeprefix("call_id=")
        found = self._verdicts.find(call_id)
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
        self, exchange: Exchange, decoder: "msgspec.json.Decoder[T | list[T]]"
    ) -> tuple[list[T], bool] | None:
        """Return what was said, one or many; None where it was refused."""
        try:
            said = decoder.decode(exchange.body)
        except msgspec.DecodeError as error:
            # The message names the field and the kind, and repeats no value.
            self._refuse(exchange, 422, "content", f"{error}.")
            return None
        if not isinstance(said, list):
            return [said], True
        if len(said) > BATCH_LIMIT:
            self._refuse(
                exchange, 413, "batch", f"At most {BATCH_LIMIT} calls at a time."
            )
            return None
        return said, False

    def _say(self, exchange: Exchange, rows: object, *, alone: bool) -> None:
        one = rows[0] if alone and isinstance(rows, list) else rows
        exchange.answer(200, self._write(one))

    def _refuse(self, exchange: Exchange, status: int, code: str, what: str) -> None:
        self._metrics.refused.inc()
        exchange.answer(status, self._write({"error": code, "detail": what}))


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
