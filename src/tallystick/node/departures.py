"""Own calls that leave: told to the peer, once each."""

from collections import OrderedDict
from typing import Final

from tallystick.channel import ClosingRecord, Departure, Publisher, states_of
from tallystick.domains.calls.live import LiveCall, NumberReader, live_half
from tallystick.node.secrets import Secrets

REMEMBERED: Final = 500_000
"""Calls whose number in the stream is kept for their release: some 80 MB."""


class Departures:
    """Tells the peer of own departures.

    Attributes:
        publisher: The stream they go into.

    Bounds: `REMEMBERED` calls; the release of an older one is not told.
    """

    def __init__(
        self, secrets: Secrets, reader: NumberReader, publisher: Publisher
    ) -> None:
        """Start with an empty stream."""
        self.publisher = publisher
        self._secrets = secrets
        self._reader = reader
        self._told: OrderedDict[str, int] = OrderedDict()

    def tell(self, call: LiveCall, *, now_ms: int) -> bool:
        """Tell of a call that leaves; told again, it is not told twice.

        Returns:
            Whether the peer will hear of it. If not, the promise to the peer begins
            anew behind the call, so that nobody is accused for want of it.
        """
        if self._told.get(call.call_id):
            return True
        terms = self._secrets.signed.terms
        epoch = terms.epoch_index(call.at_ms)
        half = live_half(
            call,
            self._reader.read(call),
            self._secrets.keys(epoch),
            ident=0,
            arrives=False,
        )
        sequence = self.publisher.depart(
            Departure(
                at_ms=half.at_ms,
                epoch=epoch,
                pair=_token(half.pair),
                called=_token(half.called),
                calling=_token(half.calling),
                states=states_of(calling=half.calling_state, called=half.called_state),
                flags=half.flags,
            ),
            now_ms=now_ms,
        )
        self._told[call.call_id] = sequence
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return bool(sequence)

    def release(self, call_id: str, ending: ClosingRecord, *, now_ms: int) -> bool:
        """Tell how a call ended.

        Args:
            call_id: The switch's id of the call.
            ending: Its end; the sequence number is filled in here.
            now_ms: The present time.

        Returns:
            Whether the call was a departure that had been told.
        """
        sequence = self._told.get(call_id, 0)
        if not sequence:
            return False
        return self.publisher.close(
            ending._replace(sequence_of=sequence), now_ms=now_ms
        )


def _token(token: bytes | int | None) -> bytes:
    return token if isinstance(token, bytes) else bytes(16)
