"""Calls that leave, arrive and end, as a switch tells of them by HTTP.

JSON read and written by msgspec. Times are UTC milliseconds, and may be left out: then
the call is taken to begin when the node hears of it.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated, Final, TypeVar

import msgspec

from tallystick.agreement import LANGUAGES, Evidence, Verdict, explain
from tallystick.channel import ClosingRecord
from tallystick.domains.calls.live import LiveCall, NumberKnowledge
from tallystick.net.exchange import Exchange
from tallystick.node.calls.arrivals import Answered, Arrivals
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.identity import Judged
from tallystick.node.calls.words import shared, told_of
from tallystick.node.doors.table import Door, Refused, decoded, refuse
from tallystick.node.watch.metrics import Metrics

BATCH_LIMIT: Final = 250  # calls at a time: some 20 ms
LATEST_MS: Final = 4_102_444_800_000  # the year 2100
_write: Final = msgspec.json.Encoder().encode
T = TypeVar("T")
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


class CallDoors:
    """The doors through which a switch tells and asks of calls."""

    def __init__(
        self,
        *,
        departures: Departures,
        arrivals: Arrivals,
        knowledge: NumberKnowledge,
        metrics: Metrics,
        now_ms: Callable[[], int],
        missed: Callable[[], None] = lambda: None,
    ) -> None:
        """Lead to those who know of calls.

        `missed` is called for each arrival that cannot be read.
        """
        self._missed = missed
        self._departures = departures
        self._arrivals = arrivals
        self._knowledge = knowledge
        self._metrics = metrics
        self._now_ms = now_ms
        self._call = msgspec.json.Decoder(Call)
        self._release = msgspec.json.Decoder(Release)
        self._many = msgspec.json.Decoder(list[msgspec.Raw])

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {
            ("POST", "/v1/departures"): self._departed,
            ("POST", "/v1/arrivals"): self._arrived,
            ("POST", "/v1/releases"): self._released,
        }

    def know(self, knowledge: NumberKnowledge) -> None:
        """Tell emergency numbers by this from the next call on."""
        self._knowledge = knowledge

    def _departed(self, exchange: Exchange) -> None:
        calls = self._read(exchange, self._call)
        if calls is None:
            self._departures.miss_now()
            return
        now_ms = self._now_ms()
        said: list[object] = []
        for call in calls[0]:
            if isinstance(call, Refused):
                # A call that leaves, and of which the peer will not hear.
                self._departures.miss_now()
                said.append(call.told())
                continue
            live = self._live(call, now_ms)
            told = self._departures.tell(live, now_ms=now_ms)
            said.append({"call_id": call.call_id, "told": told})
            self._metrics.departures.add()
        self._say(exchange, said, alone=calls[1])

    def _arrived(self, exchange: Exchange) -> None:
        calls = self._read(exchange, self._call)
        if calls is None:
            self._missed()
            return
        many, alone = calls
        if not alone:
            self._arrived_together(exchange, many)
            return
        now_ms = self._now_ms()
        for call in many:
            if not isinstance(call, Refused):
                live = self._live(call, now_ms)
                self._arrivals.ask(live, partial(_answer, exchange), now_ms=now_ms)

    def _arrived_together(self, exchange: Exchange, many: list[Call | Refused]) -> None:
        """Answer many calls at once, when the last of them has its verdict."""
        now_ms = self._now_ms()
        said: list[object] = [None for _ in many]
        left = len(many)

        def take(place: int, row: object) -> None:
            nonlocal left
            said[place] = row
            left -= 1
            if not left:
                self._say(exchange, said, alone=False)

        def answer(place: int, answered: Answered) -> None:
            take(place, msgspec.Raw(answer_of(answered)))

        if not many:
            self._say(exchange, [], alone=False)
        for place, call in enumerate(many):
            if isinstance(call, Refused):
                self._missed()
                take(place, call.told())
                continue
            live = self._live(call, now_ms)
            self._arrivals.ask(live, partial(answer, place), now_ms=now_ms)

    def _released(self, exchange: Exchange) -> None:
        ends = self._read(exchange, self._release)
        if ends is None:
            return
        now_ms = self._now_ms()
        said: list[object] = []
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

    def _live(self, call: Call, now_ms: int) -> LiveCall:
        return LiveCall(
            call.call_id,
            now_ms if call.at_ms is None else call.at_ms,
            call.calling_number,
            call.called_number,
            call.trunk,
            call.carrier,
            call.redirecting_number,
            call.presentation,
            call.identity,
            call.emergency or self._knowledge.is_emergency(call.called_number),
            call.priority,
        )

    def _read(
        self, exchange: Exchange, decoder: "msgspec.json.Decoder[T]"
    ) -> "tuple[list[T | Refused], bool] | None":
        """Return what was said, one or many; None where nothing of it can be read.

        Of many, those that cannot be read are named, and the others count.
        """
        body = exchange.body
        if body[:1] == b"{" or not body.lstrip().startswith(b"["):
            one = decoded(decoder, body)
            if isinstance(one, Refused):
                self._refuse(exchange, 422, one.error, one.detail)
                return None
            return [one], True
        raw = decoded(self._many, body)
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
            read = decoded(decoder, bytes(piece))
            if isinstance(read, Refused):
                self._metrics.refused.inc()
            found.append(read)
        return found, False

    def _refuse(self, exchange: Exchange, status: int, code: str, what: str) -> None:
        self._metrics.refused.inc()
        refuse(exchange, status, code, what)

    @staticmethod
    def _say(exchange: Exchange, rows: list[object], *, alone: bool) -> None:
        exchange.answer(200, _write(rows[0] if alone else rows))


def _answer(exchange: Exchange, answered: Answered) -> None:
    exchange.answer(200, answer_of(answered))


_ID: Final = b'{"call_id":""'
_WAITED: Final = b'"waited_ms":0'


def answer_of(answered: Answered) -> bytes:
    """Return what is answered; what many calls share is written once for all."""
    # Broken signatures name their tokens, and no two calls have the same.
    write = _pieces.__wrapped__ if answered.signature.broken else _pieces
    before, behind = write(answered.verdict, answered.evidence, answered.signature)
    # A reference is letters, digits and hyphens: nothing in it needs care.
    return b'{"call_id":%b%b"waited_ms":%d,"reference":"%b"%b' % (
        _write(answered.call_id),
        before,
        answered.waited_ms,
        answered.reference.encode(),
        behind,
    )


@lru_cache(maxsize=8_192)
def _pieces(
    verdict: Verdict, evidence: Evidence, signature: Judged
) -> tuple[bytes, bytes]:
    """Return what stands between id and wait of an answer, and what stands behind."""
    row = {
        "call_id": "",
        "outcome": verdict.outcome,
        "action": verdict.action,
        "rule": verdict.rule,
        "mode": verdict.mode,
        "would": verdict.would,
        "reasons": verdict.reasons,
        "why": evidence.why,
        "sentences": {language: explain(verdict, language) for language in LANGUAGES},
        "waited_ms": 0,
        **told_of(shared(verdict, evidence, signature)),
    }
    before, _, behind = _write(row).removeprefix(_ID).partition(_WAITED)
    return before, behind
