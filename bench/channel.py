"""Time the channel's frames on one core, beside copying and checking the same bytes.

    python bench/channel.py --calls 1000000

Encoding is from departures to sealed frames, decoding from bytes, cut as a socket cuts
them, to records. `publish` is the whole way of a publisher: pending, watermark, frames,
retention; `subscribe` that of a subscriber. Machines differ: quote the ratios.
"""

import argparse
import json
import os
import zlib

from tallystick.blinding import PrivateKey
from tallystick.channel import (
    Data,
    Departure,
    Feed,
    FrameReader,
    Pace,
    Publisher,
    Subscriber,
    Terms,
    signing_key,
    states_of,
)
from tallystick.channel.codec import seal
from tallystick.channel.frame import Kind
from tallystick.channel.wire import encode_calls
from timing import machine, shortest_s

NOW_MS = 1_795_219_200_000
SOCKET_BYTES = 65_536
ROUNDS = 5
SIZES = (1, 32, 1_024)  # calls to a frame


def departures(calls: int) -> list[Departure]:
    """Return calls that leave within a second."""
    tokens = os.urandom(48 * calls)
    states = states_of(calling=1, called=1)
    return [
        Departure(NOW_MS + i % 1_000, 0, *_tokens(tokens, 48 * i), states)
        for i in range(calls)
    ]


def _tokens(data: bytes, at: int) -> tuple[bytes, bytes, bytes]:
    return data[at : at + 16], data[at + 16 : at + 32], data[at + 32 : at + 48]


def encode(calls: list[Departure], size: int) -> list[bytes]:
    """Return frames of so many calls."""
    return [
        seal(
            Kind.DATA,
            encode_calls(
                Data(i // size + 1, i + 1, NOW_MS, NOW_MS, 0, (), ()),
                calls[i : i + size],
            ),
        )
        for i in range(0, len(calls), size)
    ]


def decode(parts: list[bytes]) -> int:
    """Return how many departures are in some bytes."""
    reader = FrameReader()
    reader.widen()
    every = (one for part in parts for one in reader.feed(part))
    return sum(len(one.departures) for one in every if isinstance(one, Data))


def frames(calls: list[Departure], size: int) -> dict[str, object]:
    """Time encoding and decoding of frames of one size."""
    stream = b"".join(encode(calls, size))
    parts = [stream[i : i + SOCKET_BYTES] for i in range(0, len(stream), SOCKET_BYTES)]
    to_bytes = shortest_s(lambda: encode(calls, size), ROUNDS)
    to_records = shortest_s(lambda: decode(parts), ROUNDS)
    copied = shortest_s(lambda: bytes(memoryview(stream)), ROUNDS)
    checked = shortest_s(lambda: zlib.crc32(stream), ROUNDS)
    return {
        "what": "frames",
        "calls_a_frame": size,
        "bytes_a_call": round(len(stream) / len(calls), 1),
        "encoded_per_s": round(len(calls) / to_bytes),
        "decoded_per_s": round(len(calls) / to_records),
        "encode_ns": round(to_bytes / len(calls) * 1e9),
        "decode_ns": round(to_records / len(calls) * 1e9),
        "memcpy_ns": round(copied / len(calls) * 1e9, 1),
        "crc_ns": round(checked / len(calls) * 1e9, 1),
        "encode_by_memcpy_and_crc": round(to_bytes / (copied + checked), 1),
        "decode_by_memcpy_and_crc": round(to_records / (copied + checked), 1),
    }


def terms() -> Terms:
    """Return terms of two parties."""
    by, ru = (PrivateKey(party=n, secret=n.encode() * 16) for n in ("BY", "RU"))
    return Terms(
        keys=(by.public(), ru.public()),
        verifying_keys=(signing_key(by).public(), signing_key(ru).public()),
        domain="calls",
        tokens="hmac-sha256/1",
        from_ms=NOW_MS,
        until_ms=NOW_MS + 86_400_000,
        epoch_ms=3_600_000,
        overlap_ms=30_000,
        window_ms=8_000,
        grace_ms=250,
        clock_ms=100,
    )


def publish(calls: list[Departure], per_ms: int) -> Publisher:
    """Tell of calls that leave at a steady pace, as a node does."""
    teller = Publisher(
        terms(), stream=b"bench..1", now_ms=NOW_MS, pace=Pace(retention_bytes=2**30)
    )
    for i, one in enumerate(calls):
        now_ms = NOW_MS + i // per_ms
        ticket = teller.begin(now_ms)
        teller.depart(one._replace(at_ms=now_ms), now_ms=now_ms, ticket=ticket)
        if i % per_ms == 0:
            teller.poll(now_ms=now_ms)
    teller.flush(now_ms=now_ms)
    return teller


def subscribe(teller: Publisher, now_ms: int) -> Subscriber:
    """Take all that a publisher has."""
    listener = Subscriber(terms(), lambda _: bytes(8))
    feed = Feed(teller, lambda _: bytes(8), position=listener.position, now_ms=now_ms)
    reader = FrameReader()
    reader.widen()
    while data := feed.data_to_send(now_ms=now_ms):
        for frame in reader.feed(data):
            listener.receive(frame, now_ms=now_ms)
    return listener


def ends(calls: list[Departure]) -> dict[str, object]:
    """Time the two state machines at 12,000 calls a second."""
    teller = publish(calls, 12)
    now_ms = NOW_MS + len(calls) // 12
    told = shortest_s(lambda: publish(calls, 12), rounds=3)
    taken = shortest_s(lambda: subscribe(teller, now_ms), rounds=3)
    listener = subscribe(teller, now_ms)
    return {
        "what": "publish and subscribe, 12 calls a millisecond",
        "published_per_s": round(len(calls) / told),
        "subscribed_per_s": round(len(calls) / taken),
        "delivered": listener.next_sequence - 1,
        "covered_to_ms": listener.covered.to_ms - NOW_MS if listener.covered else None,
    }


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=lambda text: int(float(text)), default=200_000)
    given = parser.parse_args()
    print(machine())
    calls = departures(given.calls)
    for size in SIZES:
        print(json.dumps(frames(calls, size)))
    print(json.dumps(ends(calls)))


if __name__ == "__main__":
    main()
