"""Server transactions: what was answered is answered again, the same way.

Sans-IO: `Transactions` says what to send; the caller sends it.
Source: RFC 3261 sections 17.2.1 to 17.2.3 and 9.2; spec/sip.md, "Transactions".
"""

from enum import IntEnum
from typing import Final, NamedTuple

from tallystick.domains.calls.sip.message import Request
from tallystick.domains.calls.sip.timer import Timers
from tallystick.domains.calls.sip.via import Source

T1_MS: Final = 500
T2_MS: Final = 4000
T4_MS: Final = 5000
# How long an answer is kept: for the ACK (timer H), for a request repeated (timer J).
KEEP_MS: Final = 64 * T1_MS
# Some 1.2 KiB each. At 12,000 calls a second, those whose ACK came fill half of it.
MAX_TRANSACTIONS: Final = 131_072

Key = tuple[str, ...]


class State(IntEnum):
    """Where a transaction stands."""

    PROCEEDING = 0
    COMPLETED = 1
    CONFIRMED = 2
    TERMINATED = 3


class Timer(IntEnum):
    """What a timer is for."""

    REPEAT = 0  # timer G of an INVITE, and H when it has run long enough
    FORGET = 1  # timers I and J


class Send(NamedTuple):
    """Bytes to send.

    Attributes:
        to: For a stream, the connection; if that is gone, nothing is sent.
    """

    data: bytes
    to: Source


class Transaction:
    """One request and what was answered to it.

    Attributes:
        latest: The latest answer; empty while there is none.
        ask_id: Of the question it waits for; 0 when it waits for none.
    """

    __slots__ = (
        "answered_ms",
        "ask_id",
        "destination",
        "is_invite",
        "key",
        "latest",
        "state",
        "to_tag",
        "wait_ms",
    )

    def __init__(
        self, key: Key, *, is_invite: bool, destination: Source, to_tag: str
    ) -> None:
        self.key = key
        self.is_invite = is_invite
        self.destination = destination
        self.to_tag = to_tag
        self.state = State.PROCEEDING
        self.latest = b""
        self.ask_id = 0
        self.answered_ms = 0
        self.wait_ms = T1_MS

    def provisional(self, data: bytes) -> Send | None:
        """Return a provisional response to send, while there is no final one."""
        if self.state is not State.PROCEEDING:
            return None
        self.latest = data
        return Send(data, self.destination)

    def repeated(self) -> Send | None:
        """Return what a request that came again is answered with."""
        return Send(self.latest, self.destination) if self.latest else None


class Transactions:
    """All server transactions of a node.

    Bounds: `most` transactions; beyond them the oldest that is answered is forgotten,
    and its request, if it is repeated after all, is taken for a new one.
    """

    def __init__(self, most: int = MAX_TRANSACTIONS) -> None:
        self._most = most
        self._known: dict[Key, Transaction] = {}
        self._timers: Timers[Timer, Transaction] = Timers()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: Key) -> Transaction | None:
        """Return the transaction with a key of `key_of`, or None."""
        return self._known.get(key)

    def begin(
        self, key: Key, *, is_invite: bool, destination: Source, to_tag: str
    ) -> Transaction:
        """Return a new transaction."""
        if len(self._known) >= self._most:
            self._forget_oldest()
        transaction = Transaction(
            key, is_invite=is_invite, destination=destination, to_tag=to_tag
        )
        self._known[key] = transaction
        return transaction

    def final(
        self, transaction: Transaction, data: bytes, *, now_ms: int
    ) -> Send | None:
        """Return a final response (never 2xx to INVITE) to send, once."""
        if transaction.state is not State.PROCEEDING:
            return None
        transaction.state = State.COMPLETED
        transaction.latest = data
        transaction.answered_ms = now_ms
        if transaction.is_invite:
            self._timers.set(Timer.REPEAT, T1_MS, transaction, now_ms=now_ms)
        elif transaction.destination.is_stream:
            self._terminate(transaction)
        else:
            self._timers.set(Timer.FORGET, KEEP_MS, transaction, now_ms=now_ms)
        return Send(data, transaction.destination)

    def acknowledge(self, transaction: Transaction, *, now_ms: int) -> None:
        """Take in the ACK: the answer arrived."""
        if transaction.state is not State.COMPLETED or not transaction.is_invite:
            return
        transaction.state = State.CONFIRMED
        transaction.latest = b""
        if transaction.destination.is_stream:
            self._terminate(transaction)
        else:
            self._timers.set(Timer.FORGET, T4_MS, transaction, now_ms=now_ms)

    def tick(self, now_ms: int) -> list[Send]:
        """Return the answers that are to be sent again; forget what is over."""
        again = []
        for timer, transaction in self._timers.due(now_ms):
            if timer is Timer.FORGET:
                self._terminate(transaction)
            elif transaction.state is State.COMPLETED:
                age_ms = now_ms - transaction.answered_ms
                if age_ms >= KEEP_MS:
                    self._terminate(transaction)
                    continue
                if not transaction.destination.is_stream:
                    again.append(Send(transaction.latest, transaction.destination))
                transaction.wait_ms = min(2 * transaction.wait_ms, T2_MS)
                self._timers.set(
                    Timer.REPEAT, transaction.wait_ms, transaction, now_ms=now_ms
                )
        return again

    def next_timer_ms(self) -> int | None:
        """Return when `tick` has something to do."""
        return self._timers.next_ms()

    def _terminate(self, transaction: Transaction) -> None:
        transaction.state = State.TERMINATED
        transaction.latest = b""
        # Another may have taken the place of one that was forgotten early.
        if self._known.get(transaction.key) is transaction:
            del self._known[transaction.key]

    def _forget_oldest(self) -> None:
        for transaction in self._known.values():
            if transaction.state is not State.PROCEEDING:
                self._terminate(transaction)
                return


def key_of(request: Request, client: str, method: str = "") -> Key:
    """Return what tells the transaction of a request.

    Args:
        request: The request.
        client: Who sent it: no client can touch the calls of another.
        method: Whose transaction is sought, if not that of the request itself:
            "INVITE" for an ACK or a CANCEL.
    """
    via = request.via
    wanted = method or request.method
    if via.is_unique:
        if wanted == "INVITE":
            return invite_key(via.branch, via.sent_by, client)
        return via.branch, via.sent_by.lower(), wanted, client
    return (
        via.stated(),
        str(request.cseq),
        wanted,
        client,
        request.uri,
        request.from_tag,
        request.call_id,
        "" if wanted == "INVITE" else request.to_tag,
    )


def invite_key(branch: str, sent_by: str, client: str) -> Key:
    """Return what `key_of` returns for an INVITE whose branch is unique."""
    return branch, sent_by.lower(), "INVITE", client
