"""What a frame of the peer brought, handed to those who pair.

Source: spec/verdict.md, "Halves"; spec/channel.md, "Data".
"""

from tallystick.channel.record import STATES, ClosingRecord
from tallystick.channel.subscriber import Covered, Delivered
from tallystick.pairing.live import ClosingHalf, Hold, Ident, LiveHalf


def deliver(
    delivered: Delivered,
    covered: Covered | None,
    hold: Hold,
    *,
    stream: bytes,
    now_ms: int,
) -> None:
    """Hand on new departures and ends, and the promise.

    Args:
        delivered: What a frame brought.
        covered: Of what time every departure has come.
        hold: Who waits for it; `due` tells who need not any more.
        stream: Names the run of the peer in which its numbers count.
        now_ms: The present time.
    """
    matcher = hold.matcher
    # A peer that starts anew counts from one again; its stream is another one.
    run = int.from_bytes(stream) << 64
    for one in delivered.departures:
        half = LiveHalf(
            run | one.sequence,
            one.at_ms,
            one.pair,
            one.called,
            one.calling,
            *STATES[one.states],
            one.flags,
        )
        matcher.add(half, now_ms=now_ms)
    for end in delivered.closings:
        matcher.close(closing_half(run | end.sequence_of, end), now_ms=now_ms)
    if covered is not None:
        matcher.promise(covered.to_ms, since_ms=covered.from_ms)
    hold.hear(now_ms=now_ms)


def closing_half(ident: Ident, ending: ClosingRecord) -> ClosingHalf:
    """Return the end of a half as those who pair take it."""
    return ClosingHalf(
        id=ident,
        answered=ending.answered,
        answer_ms=ending.answer_ms if ending.answered else None,
        duration_ms=ending.duration_ms,
        cause=ending.cause or None,
    )
