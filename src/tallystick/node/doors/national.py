"""For switches that are scripted against a national verification node.

They tell a call by `saveRequest`, ask about one by `checkRequest`, and give it no id.

Source: spec/stir-http.md, "The national pair".
"""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from tallystick.domains.calls.live import LiveCall, NumberKnowledge, with_plus
from tallystick.net.exchange import Exchange
from tallystick.node.calls.arrivals import Answered, Arrivals
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.unnamed import Unnamed
from tallystick.node.doors.table import Door, Refused, decoded, refuse
from tallystick.node.watch.metrics import Metrics

SAVE: Final = "/aos/saveRequest"
CHECK: Final = "/aos/checkRequest"
SAME_MS: Final = 2_000
"""For so long a question in the same words is about the same call: a script gives up
after a second at most, and nobody dials again so soon."""

_Digits = (
    Annotated[str, msgspec.Meta(max_length=128)]
    | Annotated[int, msgspec.Meta(ge=0, le=10**15)]
)


class NationalCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A call, by its numbers: E.164 digits without a plus."""

    msisdn_a: _Digits | None = msgspec.field(default=None, name="msisdnA")
    msisdn_b: _Digits = msgspec.field(name="msisdnB")
    redirecting_number: _Digits | None = None


class NationalResult(msgspec.Struct, frozen=True):
    """Whether the call may go on."""

    result: bool


class NationalDoors:
    """The doors of a national verification node.

    Attributes:
        knowledge: What is known of numbers; may be replaced.
    """

    def __init__(
        self,
        *,
        departures: Departures,
        arrivals: Arrivals,
        knowledge: NumberKnowledge,
        metrics: Metrics,
        now_ms: Callable[[], int],
        draw: Callable[[], str],
    ) -> None:
        """Lead to those who know of calls; `draw` returns an id drawn at random."""
        self._departures = departures
        self._arrivals = arrivals
        self.knowledge = knowledge
        self._metrics = metrics
        self._now_ms = now_ms
        self._draw = draw
        self._unnamed = Unnamed(span_ms=SAME_MS, draw=draw)
        self._call = msgspec.json.Decoder(NationalCall)

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {("POST", SAVE): self._save, ("POST", CHECK): self._check}

    def _save(self, exchange: Exchange) -> None:
        call = self._read(exchange)
        if call is None:
            # A call that leaves, and of which the peer will not hear.
            self._departures.miss_now()
            return
        now_ms = self._now_ms()
        # Told twice, a call leaves a half too many, which accuses nobody; two calls
        # told as one would make the second one missing at the other side.
        live = self._live(call, self._draw(), now_ms)
        self._departures.tell(live, now_ms=now_ms)
        self._metrics.departures.add()
        _say(exchange, live.call_id, result=True)

    def _check(self, exchange: Exchange) -> None:
        call = self._read(exchange)
        if call is None:
            return
        now_ms = self._now_ms()
        question = hash((call.msisdn_a, call.msisdn_b, call.redirecting_number))
        named = self._unnamed.name(question, now_ms=now_ms)

        def reply(answered: Answered) -> None:
            goes_on = answered.verdict.action != "reject"
            if not goes_on:
                # One that is refused is judged anew: it may be another call, and a
                # genuine one must not suffer for a spoofed one just before it.
                self._unnamed.forget(question, named)
            _say(exchange, answered.call_id, result=goes_on, more=_given(answered))

        live = self._live(call, named.call_id, named.at_ms)
        self._arrivals.ask(live, reply, now_ms=now_ms, named=False)

    def _live(self, call: NationalCall, call_id: str, at_ms: int) -> LiveCall:
        called = _text(call.msisdn_b)
        return LiveCall(
            call_id=call_id,
            at_ms=at_ms,
            calling_number=_text(call.msisdn_a),
            called_number=called,
            redirecting_number=_text(call.redirecting_number),
            emergency=self.knowledge.is_emergency(called),
        )

    def _read(self, exchange: Exchange) -> NationalCall | None:
        """Return the call; None where it cannot be read, which was answered then."""
        call = decoded(self._call, exchange.body)
        if isinstance(call, Refused):
            self._metrics.refused.inc()
            refuse(exchange, 422, call.error, call.detail)
            return None
        return call


def _text(number: str | int | None) -> str:
    return "" if number is None else with_plus(str(number))


def _given(answered: Answered) -> tuple[tuple[bytes, bytes], ...]:
    reference = answered.reference.encode("ascii")
    return ((b"x-reference", reference),) if reference else ()


def _say(
    exchange: Exchange,
    call_id: str,
    *,
    result: bool,
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    body = b'{"result": true}' if result else b'{"result": false}'
    exchange.answer(200, body, more=((b"x-call-id", call_id.encode("ascii")), *more))
