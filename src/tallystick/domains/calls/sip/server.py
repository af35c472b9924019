"""Answers the switches that ask by SIP: a redirect server without sockets.

    receive(bytes) -> what to send, and whose verdict is asked
    answer(verdict) -> what to send
    tick(time)     -> what to send again, and what is over

Whatever happens, an INVITE that could be read gets a final answer: without a verdict
in time, with too many questions open, or when it is an emergency, the call goes on.

Source: RFC 3261 sections 8.2 and 8.3; spec/sip.md.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from tallystick.domains.calls.sip.answer import (
    Decision,
    copied,
    decided,
    response,
    to_tag,
)
from tallystick.domains.calls.sip.call import EMERGENCY_NUMBERS, AskedCall, call_of
from tallystick.domains.calls.sip.client import Client, Clients
from tallystick.domains.calls.sip.message import Refusal, Request, parse_message
from tallystick.domains.calls.sip.stream import PING, PONG
from tallystick.domains.calls.sip.timer import Timers
from tallystick.domains.calls.sip.transaction import (
    MAX_TRANSACTIONS,
    Send,
    State,
    Transaction,
    Transactions,
    invite_key,
    key_of,
)
from tallystick.domains.calls.sip.via import Source, Via

# Questions open at a time: 12,000 calls a second, each waiting for its deadline.
MAX_PENDING: Final = 8192
# RFC 3261, 17.2.1: who cannot answer within this time says that he is trying.
TRYING_MS: Final = 200
_USUAL_ACK: Final = re.compile(
    rb"ACK [^\s]{1,512} SIP/2\.0\r\nVia: SIP/2\.0/(?:UDP|TCP|TLS) "
    rb"([0-9A-Za-z.:-]+);branch=(z9hG4bK[0-9A-Za-z.!%*_+`'~-]+)[;,\r]"
)
_ALLOW: Final = "Allow: INVITE, ACK, CANCEL, OPTIONS\r\n"
_HEALTHY: Final = f"{_ALLOW}Accept: application/sdp\r\n"
_GOES_ON: Final = Decision()
_NO_VERDICT: Final = Decision(verstat="No-TN-Validation")
_NO_CALL: Final = AskedCall(
    *("", "", 0, "", "", "", "", "", "", "allowed", (), ""),
    emergency=False,
    priority="",
)
# Rules whose breach leaves no Request-URI that a call could go on with.
_NO_TARGET: Final = frozenset({"request-uri", "request-line", "scheme", "version"})


class Ask(NamedTuple):
    """A verdict is wanted.

    Attributes:
        deadline_ms: After this the call has gone on, and an answer changes nothing.
    """

    ask_id: int
    call: AskedCall
    deadline_ms: int


class Withdrawn(NamedTuple):
    """A verdict is wanted no longer: "cancelled" or "deadline"."""

    ask_id: int
    why: str


class Passed(NamedTuple):
    """A call went on unasked: "emergency", "in-dialog" or "too-many"."""

    call: AskedCall
    why: str


Output = Send | Ask | Withdrawn | Passed


class _Wait(IntEnum):
    TRYING = 0
    DEADLINE = 1


@dataclass(slots=True)
class _Pending:
    """An INVITE that waits for its verdict."""

    transaction: Transaction
    client: Client
    call: AskedCall
    uri: str
    lines: str
    timestamp: str


class RedirectServer:
    """Everything between the bytes of the switches and the verdicts.

    Attributes:
        is_ready: Whether OPTIONS is answered 200 (else 503); calls are served anyway.
        counts: How often what happened, for metrics; about ten names.

    Bounds: MAX_PENDING questions, MAX_TRANSACTIONS transactions.
    """

    def __init__(
        self,
        clients: Iterable[Client],
        *,
        tag_key: bytes,
        emergency_numbers: frozenset[str] = EMERGENCY_NUMBERS,
        max_pending: int = MAX_PENDING,
        max_transactions: int = MAX_TRANSACTIONS,
    ) -> None:
        self.is_ready = True
        self.counts: Counter[str] = Counter()
        self._clients = Clients(clients)
        self._tag_key = tag_key[:64]
        self._emergency_numbers = emergency_numbers
        self._max_pending = max_pending
        self._transactions = Transactions(max_transactions)
        self._pending: dict[int, _Pending] = {}
        self._waits: Timers[_Wait, int] = Timers()
        self._next_id = 1
        self._clock = _Clock()
        self._handlers = {
            "INVITE": self._invite,
            "ACK": self._ack,
            "CANCEL": self._cancel,
            "OPTIONS": self._options,
        }

    @property
    def open_questions(self) -> int:
        """How many calls wait for a verdict."""
        return len(self._pending)

    @property
    def held_transactions(self) -> int:
        """How many requests are remembered."""
        return len(self._transactions)

    def admit(self, clients: Clients) -> None:
        """Answer these from now on, and nobody else; what is under way goes on."""
        self._clients = clients

    def is_known(self, source: Source) -> bool:
        """Tell whether anybody may ask from there."""
        return self._clients.of(source) is not None

    def is_listed(self, host: str) -> bool:
        """Tell whether anybody may connect from an address, to show a certificate."""
        return self._clients.lists(host)

    def receive(self, data: bytes, source: Source, now_ms: int) -> list[Output]:
        """Take in a datagram, or one message of a stream; never raises.

        Args:
            data: The bytes.
            source: Where they came from.
            now_ms: The present time, UTC.
        """
        client = self._clients.of(source)
        if client is None:
            self.counts["stranger"] += 1
            return []
        if data[:1] == b"\r" and not data.strip(b"\r\n"):
            is_ping = source.is_stream and data == PING
            return [Send(PONG, source)] if is_ping else []
        if data[:4] == b"ACK " and self._is_known_ack(data, client, now_ms):
            return []
        message = parse_message(data)
        if isinstance(message, Request):
            handler = self._handlers.get(message.method, self._unknown)
            return handler(message, source, client, now_ms)
        if isinstance(message, Refusal) and message.is_request:
            return self._refuse(message, source, client)
        self.counts["no-request"] += 1
        return []

    def answer(self, ask_id: int, decision: Decision, now_ms: int) -> list[Output]:
        """Take in a verdict.

        Args:
            ask_id: Of the question; one that is over or unknown changes nothing.
            decision: What is to be done with the call.
            now_ms: The present time, UTC.
        """
        pending = self._pending.pop(ask_id, None)
        if pending is None:
            self.counts["late"] += 1
            return []
        self.counts["answered"] += 1
        return self._conclude(pending, decision, self._clock.at(now_ms))

    def tick(self, now_ms: int) -> list[Output]:
        """Do what is due: answers again, calls without a verdict in time."""
        now = self._clock.at(now_ms)
        outputs: list[Output] = list(self._transactions.tick(now))
        for wait, ask_id in self._waits.due(now):
            if pending := self._pending.get(ask_id):
                outputs += self._waited(wait, ask_id, pending, now)
        return outputs

    def next_timer_ms(self) -> int | None:
        """Return when to call `tick` at the latest, by the clock it is given."""
        own, others = self._waits.next_ms(), self._transactions.next_timer_ms()
        known = [due for due in (own, others) if due is not None]
        return self._clock.given(min(known)) if known else None

    def _invite(
        self, request: Request, source: Source, client: Client, now_ms: int
    ) -> list[Output]:
        key = key_of(request, client.name)
        if known := self._transactions.find(key):
            self.counts["repeated"] += 1
            # Its connection may have ended, and this be another one.
            known.destination = request.via.destination(source)
            return _as_list(known.repeated())
        tag = self._tag(request.via, request.call_id) if not request.to_tag else ""
        transaction = self._transactions.begin(
            key,
            is_invite=True,
            destination=request.via.destination(source),
            to_tag=request.to_tag or tag,
        )
        call = call_of(request, client, self._emergency_numbers, now_ms)
        lines = copied(request.headers, request.via, source, tag)
        pending = _Pending(
            transaction, client, call, request.uri, lines, request.first("timestamp")
        )
        now = self._clock.at(now_ms)
        if why := self._unasked(request, call):
            self.counts[why] += 1
            decision = _NO_VERDICT if why == "too-many" else _GOES_ON
            return [*self._conclude(pending, decision, now), Passed(call, why)]
        return [self._ask(pending, now, now_ms)]

    def _unasked(self, request: Request, call: AskedCall) -> str:
        """Return why a call goes on unasked, or an empty text."""
        if request.to_tag:
            return "in-dialog"
        if call.emergency:
            return "emergency"
        return "too-many" if len(self._pending) >= self._max_pending else ""

    def _ask(self, pending: _Pending, now: int, now_ms: int) -> Ask:
        ask_id = self._next_id
        self._next_id += 1
        self._pending[ask_id] = pending
        pending.transaction.ask_id = ask_id
        deadline_ms = pending.client.deadline_ms
        self._waits.set(_Wait.DEADLINE, deadline_ms, ask_id, now_ms=now)
        if deadline_ms > TRYING_MS:
            self._waits.set(_Wait.TRYING, TRYING_MS, ask_id, now_ms=now)
        self.counts["asked"] += 1
        return Ask(ask_id, pending.call, now_ms + deadline_ms)

    def _waited(
        self, wait: _Wait, ask_id: int, pending: _Pending, now: int
    ) -> list[Output]:
        if wait is _Wait.TRYING:
            stamp = f"Timestamp: {pending.timestamp}\r\n" if pending.timestamp else ""
            trying = response(100, pending.lines, stamp)
            return _as_list(pending.transaction.provisional(trying))
        del self._pending[ask_id]
        self.counts["deadline"] += 1
        outputs = self._conclude(pending, _NO_VERDICT, now)
        return [*outputs, Withdrawn(ask_id, "deadline")]

    def _conclude(
        self, pending: _Pending, decision: Decision, now: int
    ) -> list[Output]:
        """Answer an INVITE for good."""
        data = decided(
            decision,
            call=pending.call,
            uri=pending.uri,
            client=pending.client,
            lines=pending.lines,
        )
        return _as_list(self._transactions.final(pending.transaction, data, now_ms=now))

    def _is_known_ack(self, data: bytes, client: Client, now_ms: int) -> bool:
        """Take in an ACK by its first Via alone, as half of all messages are ACKs.

        Nothing is answered to an ACK, so nothing else of it needs to be right.
        """
        usual = _USUAL_ACK.match(data)
        if not usual:
            return False
        sent_by, branch = usual[1].decode("latin-1"), usual[2].decode("latin-1")
        found = self._transactions.find(invite_key(branch, sent_by, client.name))
        if found is None:
            return False
        self._transactions.acknowledge(found, now_ms=self._clock.at(now_ms))
        return True

    def _ack(
        self, request: Request, _source: Source, client: Client, now_ms: int
    ) -> list[Output]:
        found = self._transactions.find(key_of(request, client.name, "INVITE"))
        if found and (request.via.is_unique or found.to_tag == request.to_tag):
            self._transactions.acknowledge(found, now_ms=self._clock.at(now_ms))
        return []

    def _cancel(
        self, request: Request, source: Source, client: Client, now_ms: int
    ) -> list[Output]:
        invite = self._transactions.find(key_of(request, client.name, "INVITE"))
        status, tag = (200, invite.to_tag) if invite else (481, "")
        outputs = self._reply(request, source, client, now_ms, status, tag=tag)
        if invite is None or invite.state is not State.PROCEEDING:
            return outputs
        pending = self._pending.pop(invite.ask_id, None)
        if pending is None:
            return outputs
        self.counts["cancelled"] += 1
        ended = response(487, pending.lines)
        now = self._clock.at(now_ms)
        outputs += _as_list(self._transactions.final(invite, ended, now_ms=now))
        return [*outputs, Withdrawn(invite.ask_id, "cancelled")]

    def _options(
        self, request: Request, source: Source, client: Client, now_ms: int
    ) -> list[Output]:
        self.counts["options"] += 1
        if required := request.all("require"):
            more = f"Unsupported: {', '.join(required)}\r\n"
            return self._reply(request, source, client, now_ms, 420, more)
        status = 200 if self.is_ready else 503
        return self._reply(request, source, client, now_ms, status, _HEALTHY)

    def _unknown(
        self, request: Request, source: Source, client: Client, now_ms: int
    ) -> list[Output]:
        self.counts["other-method"] += 1
        status = 405 if request.is_known_method else 501
        return self._reply(request, source, client, now_ms, status, _ALLOW)

    def _reply(
        self,
        request: Request,
        source: Source,
        client: Client,
        now_ms: int,
        status: int,
        more: str = "",
        *,
        tag: str = "",
    ) -> list[Output]:
        """Answer a request that is no INVITE, or answer it again."""
        key = key_of(request, client.name)
        if known := self._transactions.find(key):
            known.destination = request.via.destination(source)
            return _as_list(known.repeated())
        if request.to_tag:
            tag = ""
        elif not tag:
            tag = self._tag(request.via, request.call_id)
        destination = request.via.destination(source)
        transaction = self._transactions.begin(
            key, is_invite=False, destination=destination, to_tag=tag
        )
        lines = copied(request.headers, request.via, source, tag)
        data = response(status, lines, more)
        now = self._clock.at(now_ms)
        return _as_list(self._transactions.final(transaction, data, now_ms=now))

    def _refuse(self, refusal: Refusal, source: Source, client: Client) -> list[Output]:
        """Answer a broken request; no transaction remembers it (RFC 3261, 8.2.7)."""
        self.counts["malformed"] += 1
        headers, via = refusal.headers, refusal.via
        if refusal.method == "ACK" or not refusal.status or not headers.first("via"):
            return []
        to = headers.first("to")
        is_tagged = not to or "tag" in to.lower()
        tag = "" if is_tagged else self._tag(via, headers.first("call-id"))
        lines = copied(headers, via, source, tag)
        if self._may_go_on(refusal, client):
            data = decided(
                _GOES_ON, call=_NO_CALL, uri=refusal.uri, client=client, lines=lines
            )
        else:
            data = response(refusal.status, lines)
        return [Send(data, via.destination(source) if via else source)]

    @staticmethod
    def _may_go_on(refusal: Refusal, client: Client) -> bool:
        return (
            client.goes_on_if_malformed
            and refusal.method == "INVITE"
            and refusal.why not in _NO_TARGET
        )

    def _tag(self, via: Via | None, call_id: str) -> str:
        stated = "" if via is None else via.branch or via.stated()
        return to_tag(self._tag_key, stated, call_id)


class _Clock:
    """Time that never runs backwards, whatever happens to the machine's clock.

    Deadlines must fire even if the time was set back by an hour: a step back is taken
    for no time at all, and what follows counts on from there.
    """

    __slots__ = ("_latest", "_offset")

    def __init__(self) -> None:
        self._latest = 0
        self._offset = 0

    def at(self, now_ms: int) -> int:
        """Return the steady time for a time of the machine's clock."""
        now = now_ms + self._offset
        if now < self._latest:
            self._offset += self._latest - now
            return self._latest
        self._latest = now
        return now

    def given(self, steady_ms: int) -> int:
        """Return the time of the machine's clock for a steady time."""
        return steady_ms - self._offset


def _as_list(send: Send | None) -> list[Output]:
    return [send] if send else []
