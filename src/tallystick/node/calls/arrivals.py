"""Calls that arrive: asked about, answered, at once or a moment later."""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from tallystick.agreement import Decider, Evidence, Verdict, only_watched
from tallystick.cases.reference import make_reference
from tallystick.channel import ClosingRecord, Covered, Delivered
from tallystick.channel.delivery import closing_half, deliver
from tallystick.domains.calls.lists import AgreedList, listed
from tallystick.domains.calls.live import (
    CallNumbers,
    LiveCall,
    NumberKnowledge,
    NumberReader,
    evidence_of,
    live_half,
)
from tallystick.model import ConfigError
from tallystick.node.calls.departures import REPEAT_MS
from tallystick.node.calls.identity import UNSIGNED, Identities, Judged
from tallystick.node.config.secrets import Secrets
from tallystick.node.watch.measures import Stages
from tallystick.pairing.live import Answer, Hold, LiveHalf, Match

REMEMBERED: Final = 200_000
"""Calls kept for a switch that asks again: some 150 MB."""

ACTS: Final = frozenset({"label", "mask", "divert", "reject"})
"""What a caller may notice, and object to."""

EXPIRE_LIMIT: Final = 5_000
"""Departures let go in one turn: some 10 ms."""


class Answered(NamedTuple):
    """A call and what was said about it. A named tuple: one is made for every call.

    Attributes:
        call_id: The switch's own id.
        at_ms: When the call arrived.
        trunk: By which trunk.
        carrier: Whose trunk it is.
        verdict: What is to be done, and why.
        evidence: What it rests on.
        waited_ms: How long the answer took, the hold included.
        offset_ms: Arrival minus departure; `None` without partner.
        corrected: Whether the switch was told something else: the departure came
            only after the answer.
        signature: What its signatures are worth, for the switch.
        is_watched: Whether nobody asked: a capture showed the call, and whatever the
            rules would do, nothing was done.
        reference: What the caller objects by, where something was done; else empty.
    """

    call_id: str
    at_ms: int
    trunk: str
    carrier: str
    verdict: Verdict
    evidence: Evidence
    waited_ms: int
    offset_ms: int | None
    corrected: bool = False
    signature: Judged = UNSIGNED
    is_watched: bool = False
    reference: str = ""


Reply = Callable[[Answered], None]
AskRoaming = Callable[[int, Callable[[str, int], None]], None]
"""Asks where the subscriber of a number is, and tells the word and the time."""


@dataclass(slots=True)
class Asked:
    """A call that was asked about.

    Attributes:
        ident: Its handle in the matcher.
        call: As the switch told of it.
        numbers: As they were read.
        asked_ms: When it was first asked about.
        named: Whether its id is the switch's own.
        replies: Who waits for the answer.
        answered: The answer, once there is one.
        roaming: Where the caller's subscriber is; "" while the home network is asked.
        match: What will be answered once it has said so.
        is_watched: Whether a capture showed it, and no switch has asked.
    """

    ident: int
    call: LiveCall
    numbers: CallNumbers
    asked_ms: int
    named: bool
    replies: list[Reply] = field(default_factory=list)
    answered: Answered | None = None
    roaming: str = "unknown"
    match: Match | None = None
    is_watched: bool = False

    def is_same(self, call: LiveCall, numbers: CallNumbers) -> bool:
        """Tell whether a switch asks again, rather than about another call."""
        near = abs(call.at_ms - self.call.at_ms) <= REPEAT_MS
        return near and numbers == self.numbers


class Arrivals:
    """Answers for arriving calls.

    Attributes:
        hold: Those who wait, and the matcher.
        decider: The rules.
        identities: Whose signatures are believed.
        faults: How often somebody could not take an answer.
        count: Calls asked about so far, each once.
        stages: How long the stages of an answer take.
        roaming: Asks the home network about own numbers; None: nobody does.

    Bounds: `REMEMBERED` calls, those that wait among them.
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
        self.identities = identities
        self.decider = decider
        self._secrets = secrets
        self._reader = reader
        self._knowledge = knowledge
        self.count = 0
        self._lists: tuple[AgreedList, ...] = ()
        self._asked: OrderedDict[int, Asked] = OrderedDict()
        self._latest: dict[str, int] = {}
        self._watchers: list[Reply] = []
        self._correctors: list[Reply] = []
        self.faults = 0
        self.stages = Stages()
        self.roaming: AskRoaming | None = None

    def know(self, knowledge: NumberKnowledge, lists: tuple[AgreedList, ...]) -> None:
        """Judge calls from now on by this knowledge of numbers and these lists."""
        self._knowledge, self._lists = knowledge, lists

    def watch(self, reply: Reply) -> None:
        """Tell of every answer, each once."""
        self._watchers.append(reply)

    def watch_corrections(self, take: Reply) -> None:
        """Tell of every answer that turned out otherwise once the departure came."""
        self._correctors.append(take)

    def ask(
        self,
        call: LiveCall,
        reply: Reply,
        *,
        now_ms: int,
        named: bool = True,
        is_watched: bool = False,
    ) -> None:
        """Answer a call by calling `reply`, now or within the deadline.

        Asked again, a call gets the answer it got. Under the same id, but with other
        numbers or much later, it is another call.

        Args:
            call: The call.
            reply: Takes the answer.
            now_ms: The present time.
            named: Whether its id is the switch's own. If not, what would be
                `repeated` is `unproven`: it may be the same call asked about twice.
            is_watched: Whether a capture showed the call. What is only watched is
                never acted on; asked about by a switch after all, it is.
        """
        self.stages.begin()
        numbers = self._reader.read(call)
        if self.stages.on:
            self.stages.lap("reading")
        known = self._asked.get(self._latest.get(call.call_id, 0))
        if known is not None and known.is_same(call, numbers):
            self.stages.on = False
            if known.is_watched and not is_watched:
                self._asked_after_all(known)
            if known.answered is not None:
                self._tell([reply], known.answered)
            else:
                known.replies.append(reply)
            return
        self.count += 1
        ident = self.count
        asked = Asked(ident, call, numbers, now_ms, named, [reply])
        asked.is_watched = is_watched
        match = self._match(asked, now_ms)
        self._remember(asked)
        if self.roaming is not None and (match is None or match.outcome != "paired"):
            self._ask_roaming(asked, self.roaming)
        if match is not None:
            self._answer(asked, match, now_ms)
        self.stages.on = False

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
        deliver(delivered, covered, self.hold, stream=stream, now_ms=now_ms)
        self.due(now_ms=now_ms)

    def due(self, *, now_ms: int) -> None:
        """Answer those whose time has come."""
        self._give(self.hold.due(now_ms=now_ms), now_ms)
        while (event := self.hold.next_event()) is not None:
            asked = self._asked.get(int(event.arrival))
            if asked is not None and asked.answered is not None:
                self._correct(asked, asked.answered, event.match)
            elif asked is not None and asked.match is not None:
                self._answer(asked, event.match, now_ms)

    def set_clock(self, *, now_ms: int) -> None:
        """Answer everybody who waits, and let nothing rest on absence up to now.

        When those came who are asked about now, nobody knows: the clock was set, or
        the node stood still.
        """
        self.hold.matcher.coverage.begin(now_ms)
        self._give(self.hold.let_go(now_ms=now_ms), now_ms)

    def tidy(self, *, now_ms: int) -> None:
        """Let go of what is old, a little at a time."""
        self.hold.matcher.expire(now_ms, limit=EXPIRE_LIMIT)

    def refresh(self, *, now_s: int) -> None:
        """Keep certificates fresh; where their files are gone, the old ones age."""
        with contextlib.suppress(ConfigError):
            self.identities.refresh(now_s=now_s)

    def release(self, call_id: str, ending: ClosingRecord, *, now_ms: int) -> bool:
        """Take how an own arrival ended; return whether it is known."""
        ident = self._latest.get(call_id)
        if ident is None:
            return False
        end = closing_half(ident, ending)
        if not ending.answered:
            # By how long it rang a mailbox is told from a false answer.
            held_ms = max(0, now_ms - self._asked[ident].call.at_ms)
            end = end._replace(held_ms=held_ms)
        self.hold.matcher.release(end, now_ms=now_ms)
        return True

    def asked_about(self, ident: int) -> LiveCall | None:
        """Return the call that the matcher knows by this handle, while it is kept."""
        asked = self._asked.get(ident)
        return None if asked is None else asked.call

    def judge_by(
        self, *, reader: NumberReader, decider: Decider, identities: Identities
    ) -> None:
        """Answer by these from the next call on."""
        self._reader, self.decider, self.identities = reader, decider, identities

    def agree(self, secrets: Secrets, hold: Hold) -> None:
        """Answer by other terms; who waits is answered by those before."""
        self._secrets, self.hold = secrets, hold

    def _give(self, answers: Iterable[Answer], now_ms: int) -> None:
        for answer in answers:
            asked = self._asked.get(int(answer.arrival))
            if asked is not None and asked.answered is None:
                self._answer(asked, answer.match, now_ms)

    def _remember(self, asked: Asked) -> None:
        self._asked[asked.ident] = asked
        self._latest[asked.call.call_id] = asked.ident
        if len(self._asked) > REMEMBERED:
            ident, oldest = self._asked.popitem(last=False)
            if self._latest.get(oldest.call.call_id) == ident:
                del self._latest[oldest.call.call_id]

    def _match(self, asked: Asked, now_ms: int) -> Match | None:
        """Look for the departure under the keys of every epoch it may be of."""
        call = asked.call
        epochs = self._epochs(call)
        half = self._half(asked, epochs[0])
        if len(epochs) > 1:
            others = tuple(self._half(asked, epoch) for epoch in epochs[1:])
            half = half._replace(others=others)
        if self.stages.on:
            self.stages.lap("blinding")
        patient = not call.emergency and not call.priority
        found = self.hold.ask(half, now_ms=now_ms, patient=patient)
        if self.stages.on:
            self.stages.lap("matching")
        return found

    def _epochs(self, call: LiveCall) -> tuple[int, ...]:
        """Return the epochs that a call's departure may be of, its own one first.

        A departure outside the window protects its arrival, too.
        """
        terms, keep_ms = self._secrets.signed.terms, self.hold.matcher.window.keep_ms
        first = terms.epoch_index(call.at_ms - keep_ms)
        last = terms.epoch_index(call.at_ms + keep_ms)
        if first == last:
            return (first,)
        return tuple(dict.fromkeys((terms.epoch_index(call.at_ms), first, last)))

    def _half(self, asked: Asked, epoch: int) -> LiveHalf:
        keys = self._secrets.keys(epoch)
        return live_half(
            asked.call, asked.numbers, keys, ident=asked.ident, arrives=True
        )

    def _ask_roaming(self, asked: Asked, ask: AskRoaming) -> None:
        """Ask where the caller's subscriber is, if the number is an own one."""
        call, number = asked.call, asked.numbers.calling
        urgent = call.emergency or call.priority
        if urgent or self._knowledge.is_emergency(call.called_number):
            return
        if self._knowledge.origin(number) == "own":
            asked.roaming = ""
            ask(number, partial(self._heard, asked))

    def _heard(self, asked: Asked, word: str, now_ms: int) -> None:
        asked.roaming = word
        match, asked.match = asked.match, None
        if match is not None and asked.answered is None:
            self._answer(asked, match, now_ms)

    def _answer(self, asked: Asked, match: Match, now_ms: int) -> None:
        if not asked.roaming and match.outcome != "paired":
            asked.match = match  # until the home network, or its time, has spoken
            return
        call = asked.call
        signature = self.identities.judge(call, asked.numbers, now_s=now_ms // 1000)
        if self.stages.on:
            self.stages.lap("signature")
        evidence = evidence_of(
            call,
            asked.numbers,
            match,
            self._knowledge,
            identity=signature.word,
            attestation=signature.attestation,
            roaming=asked.roaming or "unknown",
            listed=listed(self._lists, call, asked.numbers),
        )
        evidence = _doubted(evidence, asked)
        verdict = self._decide(evidence, is_watched=asked.is_watched)
        answered = Answered(
            call.call_id,
            call.at_ms,
            call.trunk,
            call.carrier,
            verdict,
            evidence,
            now_ms - asked.asked_ms,
            match.at_offset_ms,
            signature=signature,
            is_watched=asked.is_watched,
            reference=self._reference(call, verdict),
        )
        asked.answered = answered
        self.decider.count(answered.verdict, now_ms=now_ms)
        if self.stages.on:
            self.stages.lap("deciding")
        replies, asked.replies = asked.replies, []
        self._tell(replies, answered)
        self._tell(self._watchers, answered)
        if self.stages.on:
            self.stages.lap("answering")

    def _correct(self, asked: Asked, before: Answered, match: Match) -> None:
        """Set right what was said before the departure came; what was done stays."""
        evidence = before.evidence._replace(
            half=match.outcome,
            why=match.why,
            covered=match.covered,
            differs=match.differs[0] if match.differs else "none",
        )
        evidence = _doubted(evidence, asked)
        asked.answered = before._replace(
            verdict=self._decide(evidence, is_watched=asked.is_watched),
            evidence=evidence,
            offset_ms=match.at_offset_ms,
            corrected=True,
        )
        self._tell(self._correctors, asked.answered)

    def _decide(self, evidence: Evidence, *, is_watched: bool) -> Verdict:
        verdict = self.decider.decide(evidence)
        return only_watched(verdict) if is_watched else verdict

    def _asked_after_all(self, asked: Asked) -> None:
        """Let the rules count for a call that a capture showed before its switch."""
        asked.is_watched = False
        if (before := asked.answered) is not None:
            verdict = self.decider.decide(before.evidence)
            asked.answered = before._replace(
                verdict=verdict,
                is_watched=False,
                reference=self._reference(asked.call, verdict),
            )
            if asked.answered.reference:
                self._tell(self._correctors, asked.answered)

    def _reference(self, call: LiveCall, verdict: Verdict) -> str:
        """Return what a caller objects by to whom something was done."""
        if verdict.action not in ACTS:
            return ""
        return make_reference(self._secrets.references, call.call_id)

    def _tell(self, replies: Iterable[Reply], answered: Answered) -> None:
        """Tell everybody; who cannot take it must not keep the others from it."""
        for reply in replies:
            try:
                reply(answered)
            except Exception:  # ruff: ignore[blind-except] (others get theirs)
                self.faults += 1


def _doubted(evidence: Evidence, asked: Asked) -> Evidence:
    """Return the evidence without what a call that has no id cannot be told of."""
    if asked.named or evidence.half != "repeated":
        return evidence
    return evidence._replace(half="unproven", why="unnamed")
