"""Own calls that leave: told to the peer, once each."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from tallystick.channel import ClosingRecord, Departure, Publisher, states_of
from tallystick.domains.calls.live import (
    CallNumbers,
    LiveCall,
    NumberReader,
    live_half,
)
from tallystick.node.config.secrets import Secrets

REMEMBERED: Final = 500_000
"""Calls whose number in the stream is kept for their release: some 150 MB."""

REPEAT_MS: Final = 32_000
"""For so long a switch may say the same again (RFC 3261, timer B); what comes under
the same id later, or with other numbers, is another call."""


class _Told(NamedTuple):
    token: bytes
    at_ms: int
    sequence: int


class Departures:
    """Tells the peer of own departures.

    Attributes:
        publisher: The stream they go into.
        count: How often a switch told of a call.
        counted: Told of every departure that the peer will hear of, once, with the
            moment it left.

    Bounds: `REMEMBERED` calls; the release of an older one is not told.
    """

    def __init__(
        self,
        secrets: Secrets,
        reader: NumberReader,
        publisher: Publisher,
        now_ms: Callable[[], int],
    ) -> None:
        """Start with an empty stream."""
        self.publisher = publisher
        self._secrets = secrets
        self._reader = reader
        self._now_ms = now_ms
        self.count = 0
        self.counted: Callable[[int], None] = _nobody
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def tell(self, call: LiveCall, *, now_ms: int) -> bool:
        """Tell of a call that leaves; said again, it is not told twice.

        Returns:
            Whether the peer will hear of it. If not, the promise to the peer begins
            anew behind the call, so that nobody is accused for want of it.
        """
        self.count += 1
        terms = self._secrets.signed.terms
        departure = self._departure(call)
        token = departure.pair
        before = self._told.get(call.call_id)
        if (
            before is not None
            and before.sequence
            and before.token == token
            and abs(call.at_ms - before.at_ms) <= REPEAT_MS
        ):
            return True
        if call.at_ms < now_ms - terms.window_ms:
            # Told late, or by a clock that is behind: then it leaves now.
            self.publisher.lose(now_ms)
        sequence = self.publisher.depart(departure, now_ms=now_ms)
        if sequence:
            self.counted(departure.at_ms)
        self._told[call.call_id] = _Told(token, call.at_ms, sequence)
        self._told.move_to_end(call.call_id)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return bool(sequence)

    def know(self, reader: NumberReader) -> None:
        """Read numbers by this from the next call on."""
        self._reader = reader

    def agree(self, secrets: Secrets, publisher: Publisher) -> None:
        """Tell by other terms, in a stream of its own.

        The ends of calls told in the stream before are not told: their numbers mean
        other calls in this one.
        """
        self._secrets, self.publisher = secrets, publisher
        self._told.clear()

    def numbers(self, call: LiveCall) -> CallNumbers:
        """Return the numbers of a call that leaves, as they are read here."""
        return self._reader.read(call)

    def _departure(self, call: LiveCall) -> Departure:
        """Return the half of a call, blinded with the keys of its epoch."""
        epoch = self._secrets.signed.terms.epoch_index(call.at_ms)
        numbers, keys = self._reader.read(call), self._secrets.keys(epoch)
        half = live_half(call, numbers, keys, ident=0, arrives=False)
        return Departure(
            half.at_ms,
            epoch,
            _token(half.pair),
            _token(half.called),
            _token(half.calling),
            states_of(calling=half.calling_state, called=half.called_state),
            half.flags,
        )

    def hear_upto(self, moment_ms: int) -> None:
        """Note that whatever switches had said by this moment has been heard."""
        self.publisher.heard_ms = moment_ms

    def miss_now(self) -> None:
        """Promise nothing up to now: a call may leave of which nothing is known."""
        self.publisher.promise_from(self._now_ms())

    def release(self, call_id: str, ending: ClosingRecord, *, now_ms: int) -> bool:
        """Tell how a call ended.

        Args:
            call_id: The switch's id of the call.
            ending: Its end; the sequence number is filled in here.
            now_ms: The present time.

        Returns:
            Whether the call was a departure that had been told.
        """
        told = self._told.get(call_id)
        if told is None or not told.sequence:
            return False
        return self.publisher.close(
            ending._replace(sequence_of=told.sequence), now_ms=now_ms
        )


def _nobody(at_ms: int) -> None:
    """Count nothing."""


def _token(token: object) -> bytes:
    return token if isinstance(token, bytes) else bytes(16)
