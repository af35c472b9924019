"""Calls that arrive: asked about, answered, at once or a moment later."""

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from tallystick.agreement import Decider, Evidence, Verdict
from tallystick.channel import ClosingRecord, Covered, Delivered
from tallystick.domains.calls.live import (
    CallNumbers,
    LiveCall,
    NumberKnowledge,
    NumberReader,
    evidence_of,
    live_half,
)
from tallystick.model import ConfigError
from tallystick.node.identity import Identities
from tallystick.node.secrets import Secrets
from tallystick.pairing.live import ClosingHalf, Hold, LiveHalf, Match

REMEMBERED: Final = 200_000
"""Answers kept for a switch that asks again: some 60 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call and what was said about it.

    Attributes:
        call_id: The switch's own id.
        at_ms: When the call arrived.
        trunk: By which trunk.
        carrier: Whose trunk it is.
        verdict: What is to be done, and why.
        evidence: What it rests on.
        waited_ms: How long the answer took, the hold included.
        offset_ms: Arrival minus departure; `None` without partner.
    """

    call_id: str
    at_ms: int
    trunk: str
    carrier: str
    verdict: Verdict
    evidence: Evidence
    waited_ms: int
    offset_ms: int | None


Reply = Callable[[Answered], None]


@dataclass(slots=True)
class _Open:
    call: LiveCall
    numbers: CallNumbers
    asked_ms: int
    replies: list[Reply] = field(default_factory=list)


class Arrivals:
    """Answers for arriving calls.

    Bounds: `REMEMBERED` answers, and those that wait (`Hold.settings.capacity`).
    """

    def __init__(
        self,
        secrets: Secrets,
        reader: NumberReader,
        knowledge: NumberKnowledge,
        decider: Decider,
        hold: Hold,
        identities: Identities,
    ) -> None:
        """Start with nothing known: every call is unproven until the peer promises."""
        self.hold = hold
        self._identities = identities
        self.decider = decider
        self._secrets = secrets
        self._reader = reader
        self._knowledge = knowledge
        self._open: dict[str, _Open] = {}
        self._answers: OrderedDict[str, Answered] = OrderedDict()
        self._watchers: list[Reply] = []
        self._correctors: list[Reply] = []

    def watch(self, reply: Reply) -> None:
        """Tell of every answer, each once."""
        self._watchers.append(reply)

    def watch_corrections(self, take: Reply) -> None:
        """Tell of every answer that turned out otherwise once the departure came."""
        self._correctors.append(take)

    def ask(self, call: LiveCall, reply: Reply, *, now_ms: int) -> None:
        """Answer a call by calling `reply`, now or within the deadline.

        Asked again, a call gets the answer it got.
        """
        known = self._answers.get(call.call_id)
        if known is not None:
            reply(known)
            return
        waiting = self._open.get(call.call_id)
        if waiting is not None:
            waiting.replies.append(reply)
            return
        numbers = self._reader.read(call)
        self._open[call.call_id] = _Open(call, numbers, now_ms, [reply])
        match = self._match(call, numbers, now_ms)
        if match is not None:
            self._answer(call.call_id, match, now_ms)

    def take(
        self,
        delivered: Delivered,
        covered: Covered | None,
        *,
        stream: bytes,
        now_ms: int,
    ) -> None:
        """Take what a frame of the peer brought, and answer who waited for it.

        Args:
            delivered: New departures and ends.
            covered: Of what time every departure has come.
            stream: Names the run of the peer in which its numbers count.
            now_ms: The present time.
        """
        matcher = self.hold.matcher
        # A peer that starts anew counts from one again; its stream is another one.
        run = int.from_bytes(stream) << 64
        for one in delivered.departures:
            half = LiveHalf(
                run | one.sequence,
                one.at_ms,
                one.pair,
                one.called,
                one.calling,
                one.calling_state,
                one.called_state,
                one.flags,
            )
            matcher.add(half, now_ms=now_ms)
        for end in delivered.closings:
            matcher.close(_half(run | end.sequence_of, end), now_ms=now_ms)
        if covered is not None:
            matcher.promise(covered.to_ms, since_ms=covered.from_ms)
        self.hold.breaker.hear(now_ms=now_ms)
        self.due(now_ms=now_ms)

    def due(self, *, now_ms: int) -> None:
        """Answer those whose time has come."""
        for answer in self.hold.due(now_ms=now_ms):
            self._answer(_call_id(answer.arrival), answer.match, now_ms)
        while (event := self.hold.next_event()) is not None:
            self._correct(_call_id(event.arrival), event.match)

    def refresh(self, *, now_s: int) -> None:
        """Keep certificates fresh; where their files are gone, the old ones age."""
        with contextlib.suppress(ConfigError):
            self._identities.refresh(now_s=now_s)

    def release(self, call_id: str, ending: ClosingRecord, *, now_ms: int) -> bool:
        """Take how an own arrival ended; return whether it is known."""
        if call_id not in self._answers:
            return False
        self.hold.matcher.release(_half(call_id.encode(), ending), now_ms=now_ms)
        return True

    def _match(self, call: LiveCall, numbers: CallNumbers, now_ms: int) -> Match | None:
        """Look for the departure under the keys of every epoch it may be of."""
        terms, window = self._secrets.signed.terms, self.hold.matcher.window
        moments = (call.at_ms, call.at_ms - window.before_ms)
        epochs = list(dict.fromkeys(map(terms.epoch_index, moments)))
        halves = [self._half(call, numbers, epoch) for epoch in epochs]
        if len(halves) == 1:
            patient = not call.emergency and not call.priority
            return self.hold.ask(halves[0], now_ms=now_ms, patient=patient)
        match = Match("unproven")
        for half in halves:
            match = self.hold.matcher.match(half, now_ms=now_ms)
            if match.outcome == "paired":
                return match
        # What one epoch's keys do not show, the other's may: nothing rests on absence.
        return Match("unproven", why=match.why)

    def _correct(self, call_id: str, match: Match) -> None:
        """Set right what was said before the departure came; what was done stays."""
        before = self._answers.get(call_id)
        if before is None:
            return
        evidence = before.evidence._replace(
            half=match.outcome,
            why=match.why,
            covered=match.covered,
            differs=match.differs[0] if match.differs else "none",
        )
        after = replace(
            before,
            verdict=self.decider.decide(evidence),
            evidence=evidence,
            offset_ms=match.at_offset_ms,
        )
        self._answers[call_id] = after
        for take in self._correctors:
            take(after)

    def _half(self, call: LiveCall, numbers: CallNumbers, epoch: int) -> LiveHalf:
        keys = self._secrets.keys(epoch)
        ident = call.call_id.encode()
        return live_half(call, numbers, keys, ident=ident, arrives=True)

    def _answer(self, call_id: str, match: Match, now_ms: int) -> None:
        waiting = self._open.pop(call_id, None)
        if waiting is None:
            return
        call = waiting.call
        identity, attestation = self._identities.judge(
            call, waiting.numbers, now_s=now_ms // 1000
        )
        evidence = evidence_of(
            call,
            waiting.numbers,
            match,
            self._knowledge,
            identity=identity,
            attestation=attestation,
        )
        answered = Answered(
            call_id=call_id,
            at_ms=call.at_ms,
            trunk=call.trunk,
            carrier=call.carrier,
            verdict=self.decider.decide(evidence),
            evidence=evidence,
            waited_ms=now_ms - waiting.asked_ms,
            offset_ms=match.at_offset_ms,
        )
        self._answers[call_id] = answered
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        for reply in (*waiting.replies, *self._watchers):
            reply(answered)


def _half(ident: int | bytes, ending: ClosingRecord) -> ClosingHalf:
    return ClosingHalf(
        id=ident,
        answered=ending.answered,
        answer_ms=ending.answer_ms if ending.answered else None,
        duration_ms=ending.duration_ms,
        cause=ending.cause or None,
    )


def _call_id(ident: int | bytes) -> str:
    return ident.decode() if isinstance(ident, bytes) else str(ident)
