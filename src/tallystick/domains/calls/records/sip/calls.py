"""Follows SIP messages and tells which calls they made.

Sans-IO: messages and the time they passed go in, finished calls come out. A call is
one Call-ID with one From tag of the caller; retransmissions, the same message seen on
several hops, re-INVITEs and answers to an authentication challenge are no new calls.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.records.causes import NORMAL_CLEARING, cause_of_status
from tallystick.domains.calls.records.sip.address import parse_address
from tallystick.domains.calls.records.sip.message import Message
from tallystick.domains.calls.records.sip.parties import (
    Parties,
    parties_of,
    reason_cause,
)

# A finished call is kept this long for retransmissions: 64 times T1 (RFC 3261).
LINGER_MS: Final = 32_000
# Beyond this many the oldest is handed out as it stands; about 1 KiB each.
MAX_CALLS: Final = 500_000
# The caller tries again, with another CSeq, within the same call.
_TRY_AGAIN: Final = frozenset(
    {300, 301, 302, 305, 380, 401, 407, 413, 420, 422, 428, 436, 437, 438, 494}
)
# What answers an INVITE after its CANCEL: RFC 3398 clears such a call normally.
_CANCELLED: Final = frozenset({408, 487})
# A proxy gives up an INVITE without a final response after three minutes (timer C).
GIVEN_UP_MS: Final = 180_000


@dataclass(slots=True)
class Call:
    """One call, as far as it was seen.

    Attributes:
        number: How many calls with the same Call-ID came before, from 0.
        packet: Number of the packet with the first INVITE.
        branch: Of its topmost Via: responses on other hops are not its own.
        unclear: Neither an answer nor a refusal was seen.
        forked: It was tried on several ways at once, or one after the other, so that
            answers cannot be told apart.
        status: The final status, 0 while there is none.
        cause: Q.850, or None.

    Units: Times in UTC milliseconds; None: not seen.
    """

    call_id: str
    caller_tag: str
    number: int
    packet: int
    source: str
    destination: str
    parties: Parties
    started_ms: int
    cseq: int
    answered_ms: int | None = None
    released_ms: int | None = None
    status: int = 0
    cause: int | None = None
    cancelled: bool = False
    challenged: bool = False
    branch: str = ""
    unclear: bool = True
    forked: bool = False

    @property
    def duration_ms(self) -> int | None:
        """Answer to release; 0 not answered; None: not seen."""
        if self.answered_ms is None:
            return None if self.unclear else 0
        if self.released_ms is None:
            return None
        return max(0, self.released_ms - self.answered_ms)


class CallTracker:
    """Turns messages into calls.

    Bounds: `most` calls that have not ended.
    """

    def __init__(self, *, most: int = MAX_CALLS) -> None:
        self._most = most
        self._calls: OrderedDict[tuple[str, str], Call] = OrderedDict()
        self._by_id: dict[str, list[Call]] = {}
        self._settling: deque[tuple[int, tuple[str, str]]] = deque()
        self._finished: deque[Call] = deque()
        self._now_ms = 0
        self.without_start = 0

    def receive_message(
        self,
        message: Message,
        *,
        now_ms: int,
        packet: int,
        source: str,
        destination: str,
    ) -> Call | None:
        """Take in one message.

        Args:
            message: The message.
            now_ms: When it passed.
            packet: Where it was seen.
            source: Address it came from.
            destination: Address it went to.

        Returns:
            The call it begins or belongs to, or None.
        """
        self.advance(now_ms)
        call = self._call_of(message)
        if message.method == "INVITE" and not message.status:
            if _tag(message, "to"):
                self.without_start += call is None
            elif call is None or not _goes_on(call, message):
                return self._begin(message, now_ms, packet, source, destination)
        elif call is None:
            self.without_start += message.method in {"BYE", "CANCEL"}
        elif message.status:
            self._answer(call, message, now_ms)
        elif message.method == "CANCEL":
            if call.released_ms is None:
                call.cancelled = True
                call.cause = reason_cause(message)
        elif message.method == "BYE":
            cause = reason_cause(message)
            self._end(call, now_ms, NORMAL_CLEARING if cause is None else cause)
        return call

    def advance(self, now_ms: int) -> None:
        """Say what time it is where no message says so."""
        self._now_ms = now_ms
        self._settle(now_ms)

    def next_call(self) -> Call | None:
        """Return the next call that is over, or None."""
        return self._finished.popleft() if self._finished else None

    def finish(self) -> None:
        """Give out every call as it stands: nothing more will come."""
        for call in self._calls.values():
            if (
                call.released_ms is None
                and self._now_ms - call.started_ms > GIVEN_UP_MS
            ):
                call.unclear = False
        self._finished.extend(self._calls.values())
        self._calls.clear()
        self._by_id.clear()
        self._settling.clear()

    def _call_of(self, message: Message) -> Call | None:
        """Return the latest call of this dialog, whoever of the two sent."""
        tags = {_tag(message, "from"), _tag(message, "to")}
        for call in reversed(self._by_id.get(message.call_id, [])):
            if call.caller_tag in tags:
                return call
        return None

    def _begin(
        self, invite: Message, now_ms: int, packet: int, source: str, destination: str
    ) -> Call:
        earlier = self._by_id.setdefault(invite.call_id, [])
        call = Call(
            call_id=invite.call_id,
            caller_tag=_tag(invite, "from"),
            number=earlier[-1].number + 1 if earlier else 0,
            packet=packet,
            source=source,
            destination=destination,
            parties=parties_of(invite),
            started_ms=now_ms,
            cseq=invite.cseq,
            branch=_branch(invite),
        )
        earlier.append(call)
        self._calls[call.call_id, str(call.number)] = call
        if len(self._calls) > self._most:
            self._hand_out(next(iter(self._calls)))
        return call

    def _answer(self, call: Call, response: Message, now_ms: int) -> None:
        """Take in a response; only those to the INVITE of the call matter."""
        if response.method != "INVITE" or response.cseq != call.cseq:
            return
        branch = _branch(response)
        if branch and call.branch and branch != call.branch:
            return
        status = response.status
        if status < 200 or call.answered_ms is not None or call.status >= 300:
            return
        call.unclear = False
        if status in _TRY_AGAIN:
            call.challenged = True
            call.released_ms = now_ms
            call.cause = cause_of_status(status)
            return
        call.status = status
        if status < 300:
            call.answered_ms = now_ms
            call.cause = None
            return
        stated = reason_cause(response)
        if stated is None and call.cancelled and status in _CANCELLED:
            stated = NORMAL_CLEARING if call.cause is None else call.cause
        self._end(call, now_ms, cause_of_status(status) if stated is None else stated)

    def _end(self, call: Call, now_ms: int, cause: int | None) -> None:
        if call.released_ms is not None:
            return
        call.released_ms = now_ms
        call.cause = cause
        key = (call.call_id, str(call.number))
        self._settling.append((now_ms + LINGER_MS, key))

    def _settle(self, now_ms: int) -> None:
        while self._settling and self._settling[0][0] <= now_ms:
            _, key = self._settling.popleft()
            if key in self._calls:
                self._hand_out(key)

    def _hand_out(self, key: tuple[str, str]) -> None:
        call = self._calls.pop(key)
        same = self._by_id[call.call_id]
        same.remove(call)
        if not same:
            del self._by_id[call.call_id]
        self._finished.append(call)


def _tag(message: Message, header: str) -> str:
    return parse_address(message.first(header)).params.get("tag", "")


def _branch(message: Message) -> str:
    via = next(iter(message.all("via")), "")
    _, _, rest = via.lower().partition("branch=")
    return rest.partition(";")[0].strip()


def _goes_on(call: Call, invite: Message) -> bool:
    """Tell whether an INVITE without To tag belongs to a call already known."""
    if invite.cseq <= call.cseq:
        call.forked = call.forked or (
            invite.cseq == call.cseq and _branch(invite) != call.branch
        )
        return True
    if call.challenged or not call.status:
        call.cseq = invite.cseq
        call.branch = _branch(invite)
        call.challenged = False
        call.released_ms = None
        call.cause = None
        call.unclear = True
        return True
    return False
