"""STIR/SHAKEN by HTTP, for session border controllers that speak it.

Source: spec/stir-http.md.
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from tallystick.domains.calls.live import LiveCall, NumberKnowledge, with_plus
from tallystick.domains.calls.passport import CallVerdict, ReplayCache
from tallystick.domains.calls.passport.context import DEFAULT_POLICY
from tallystick.domains.calls.stir import (
    Answer,
    FaultError,
    Signing,
    SigningPolicy,
    Verdict,
    Verification,
    check_head,
    read_signing,
    read_verification,
    refused,
    sign_call,
    signed,
    verified,
)
from tallystick.net.exchange import Exchange
from tallystick.node.calls.arrivals import Answered, Arrivals
from tallystick.node.calls.departures import REPEAT_MS, Departures
from tallystick.node.calls.identity import Identities
from tallystick.node.calls.unnamed import Named, Unnamed
from tallystick.node.config.sections import Stir
from tallystick.node.doors.table import Door
from tallystick.node.watch.metrics import Metrics

SIGNING: Final = "/stir/v1/signing"
VERIFICATION: Final = "/stir/v1/verification"
BELOW: Final = "/stir/"
MAX_ID: Final = 256  # characters of X-RequestID that are sent back


class StirDoors:
    """The doors through which signatures are asked for and asked about.

    Attributes:
        signing: What is signed; None: nothing. May be replaced, as the next two.
        identities: Who verifies.
        knowledge: What is known of numbers.
    """

    def __init__(
        self,
        *,
        stir: Stir,
        signing: SigningPolicy | None,
        identities: Identities,
        departures: Departures,
        arrivals: Arrivals,
        knowledge: NumberKnowledge,
        metrics: Metrics,
        now_ms: Callable[[], int],
        draw: Callable[[], str],
    ) -> None:
        """Lead to those who sign and verify.

        Args:
            stir: How requests are answered.
            signing: What is signed; None: nothing.
            identities: Who verifies.
            departures: Who is told of signed calls, if so set.
            arrivals: Who is asked about verified calls, if so set.
            knowledge: What is known of numbers.
            metrics: Where it is counted.
            now_ms: Tells the time.
            draw: Returns a UUID drawn at random.
        """
        self._stir = stir
        self.signing = signing
        self.identities = identities
        self._departures = departures
        self._arrivals = arrivals
        self.knowledge = knowledge
        self._metrics = metrics
        self._now_ms = now_ms
        self._draw = draw
        self._replays = ReplayCache(window_s=DEFAULT_POLICY.window_s)
        self._unnamed = Unnamed(span_ms=REPEAT_MS, draw=draw)
        self._signed = Counter(
            "tally_stir_signed",
            "Calls signed, by kind of token",
            ("ppt",),
            registry=metrics.registry,
        )
        self._verified = Counter(
            "tally_stir_verified",
            "Calls verified, by verstat",
            ("verstat",),
            registry=metrics.registry,
        )

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {
            ("POST", SIGNING): self._sign,
            ("POST", VERIFICATION): self._verify,
        }

    def below(self) -> dict[str, Door]:
        """Return who refuses what is asked beside the doors."""
        return {BELOW: self._elsewhere}

    def _elsewhere(self, exchange: Exchange) -> None:
        known = exchange.path in {SIGNING, VERIFICATION}
        self._refuse(exchange, FaultError("method" if known else "resource-unknown"))

    def _sign(self, exchange: Exchange) -> None:
        self._guarded(exchange, self._signed_by_us)

    def _verify(self, exchange: Exchange) -> None:
        self._guarded(exchange, self._verified_by_us)

    def _guarded(self, exchange: Exchange, work: Door) -> None:
        """Answer what goes wrong in the words of the interface."""
        try:
            check_head(exchange.headers, exchange.body)
            work(exchange)
        except FaultError as fault:
            self._metrics.refused.inc()
            self._miss(exchange)
            self._refuse(exchange, fault)
        except Exception:
            self._miss(exchange)
            self._refuse(exchange, FaultError("internal"))
            raise

    def _miss(self, exchange: Exchange) -> None:
        """Promise nothing where a call leaves of which the peer will not hear."""
        if exchange.path == SIGNING and self._stir.tells:
            self._departures.miss_now()

    def _signed_by_us(self, exchange: Exchange) -> None:
        form, request = read_signing(exchange.body, default=self._stir.form)
        if self.signing is None:
            raise FaultError("resource-unknown", form=form)
        now_ms = self._now_ms()
        origid = self._draw()
        identity = sign_call(
            request, self.signing, form=form, origid=origid, now_s=now_ms // 1000
        )
        ppt = request.ppt or "shaken"
        if self._stir.tells and ppt == "shaken":
            self._tell(request, origid, now_ms)
        self._signed.labels(ppt).inc()
        answer = signed(identity, form=form, request_id=request.request_id)
        self._say(exchange, answer)

    def _tell(self, request: Signing, origid: str, now_ms: int) -> None:
        """Tell the peer of a call that leaves."""
        dest = request.dest.tn or request.dest.uri or ("",)
        call = LiveCall(
            # Some give all calls of a trunk one `origid`: the second tells them apart.
            # One drawn here is another for each request: then each is a call.
            call_id=f"{request.origid or origid}@{request.iat}",
            at_ms=now_ms,
            calling_number=with_plus(request.orig.tn or ""),
            called_number=with_plus(dest[0]),
        )
        self._departures.tell(call, now_ms=now_ms)
        self._metrics.departures.add()

    def _verified_by_us(self, exchange: Exchange) -> None:
        request = read_verification(exchange.body, default=self._stir.form)
        now_ms = self._now_ms()
        named = self._unnamed.name(
            hash((request.identities, request.calling, request.called)), now_ms=now_ms
        )
        call = self.identities.verify(
            request,
            call_id=named.call_id,
            replays=self._replays,
            now_s=now_ms // 1000,
        )
        self._verified.labels(call.verstat).inc()
        if self._stir.asks:
            self._ask(exchange, request, call, named)
        else:
            self._tell_worth(exchange, request, call, None)

    def _ask(
        self, exchange: Exchange, request: Verification, call: CallVerdict, named: Named
    ) -> None:
        """Ask for the other half, too, and answer with what both say."""

        def reply(answered: Answered) -> None:
            self._tell_worth(exchange, request, call, _verdict(answered))

        called = with_plus(request.called[0])
        live = LiveCall(
            call_id=named.call_id,
            at_ms=named.at_ms,
            calling_number=with_plus(request.calling),
            called_number=called,
            identity=request.identities,
            emergency=self.knowledge.is_emergency(called),
        )
        self._arrivals.ask(live, reply, now_ms=self._now_ms(), named=False)

    def _tell_worth(
        self,
        exchange: Exchange,
        request: Verification,
        call: CallVerdict,
        verdict: Verdict | None,
    ) -> None:
        suffix = self._stir.attestation_suffix
        self._say(exchange, verified(request, call, verdict=verdict, suffix=suffix))

    def _refuse(self, exchange: Exchange, fault: FaultError) -> None:
        self._say(exchange, refused(fault, default=self._stir.form))

    def _say(self, exchange: Exchange, answer: Answer) -> None:
        more = [(b"x-requestid", self._request_id(exchange))]
        if answer.status == 405:
            more.append((b"allow", b"POST"))
        exchange.answer(answer.status, answer.body, more=tuple(more))

    def _request_id(self, exchange: Exchange) -> bytes:
        """Return what the request was called, or a name for it."""
        given = exchange.headers.get(b"x-requestid", b"")
        if 0 < len(given) <= MAX_ID and all(0x20 <= byte < 0x7F for byte in given):
            return given
        return self._draw().encode("ascii")


def _verdict(answered: Answered) -> Verdict:
    verdict = answered.verdict
    return Verdict(
        call_id=answered.call_id,
        outcome=verdict.outcome,
        action=verdict.action,
        rule=verdict.acting,
        reasons=verdict.reasons,
        reference=answered.reference,
    )
