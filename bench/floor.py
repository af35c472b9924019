"""Time what no node in Python can do without, one operation after the other.

    python bench/floor.py --calls 20000

One verdict by HTTP is a request parsed, its JSON read, two numbers, a token, a look
into the peer's departures, and an answer written. Each is timed here alone, in one
process without sockets, over so many different calls; the shortest of several rounds
counts. What the node does beyond these (the law of the watermark, rules, what is
remembered, counted and kept) stands in `bench/answers.py`, whose bare loop is repeated
here: it adds what sockets cost. Machines differ: quote the ratios.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import httptools
import msgspec

from answers import bare
from tallystick.blinding import TokenKey
from tallystick.domains.calls.live import CallNumbers, LiveCall, LiveKeys, NumberReader
from tallystick.domains.calls.numbers import Numbering
from tallystick.net.exchange import Exchange
from tallystick.net.http import Connection, Connections
from tallystick.node.doors.calls import Call
from timing import machine, shortest_s

ANSWER: Final = {
    "outcome": "paired",
    "action": "pass",
    "rule": "paired",
    "mode": "live",
    "would": "pass",
    "reasons": ("half_paired",),
    "why": "key",
    "sentences": {"en": "x" * 50, "ru": "ы" * 60, "be": "ў" * 60},
    "waited_ms": 0,
    "verstat": "TN-Validation-Passed",
    "stir": (),
    "refuse_with": 0,
}
T = TypeVar("T")
ROWS: Final = {
    "parse": "httptools reads the request",
    "decode": "msgspec reads its JSON",
    "numbers": "two numbers are read",
    "token": "one token is made",
    "look_up": "it is looked up among as many others",
    "encode": "the answer is written as JSON",
    "floor": "all of that",
    "three_tokens": "three tokens, where one is not enough",
    "connection": "the node's own connection: request in, ready answer out",
    "bare_loop": "sockets: a bare loop of uvloop and httptools, a process of its own",
}
HEX: Final = "0123456789abcdef" * 4
HEAD: Final = "POST /v1/arrivals HTTP/1.1\r\nhost: n\r\ncontent-length: {}\r\n\r\n"


class Parsed:
    """Takes what httptools finds, and does nothing with it."""

    def on_url(self, url: bytes) -> None:
        """Take the target."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""

    def on_body(self, body: bytes) -> None:
        """Take the content."""

    def on_message_complete(self) -> None:
        """Take the end."""


class Nowhere(asyncio.Transport):
    """A connection whose answers go nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take an answer."""


def call_of(number: int) -> dict[str, str]:
    """Return a call that no other number has."""
    return {
        "call_id": f"a{number}",
        "calling_number": f"+37529{1_000_000 + number * 7919 % 8_999_999}",
        "called_number": f"+7916{1_000_000 + number * 104_729 % 8_999_999}",
    }


def keys() -> LiveKeys:
    """Return token keys that are no secret."""
    pair, called, calling = (
        TokenKey(domain="calls", epoch="e", round_number=1, purpose=one, text=HEX)
        for one in ("pair", "called", "calling")
    )
    return LiveKeys(pair=pair, called=called, calling=calling)


def answer_alike(exchange: Exchange) -> None:
    """Answer every request alike."""
    exchange.answer(200, b"x" * 507)


def timed(calls: int, rounds: int) -> dict[str, float]:
    """Return microseconds a call of each operation."""
    said = [call_of(number) for number in range(calls)]
    bodies = [msgspec.json.encode(one) for one in said]
    requests = [HEAD.format(len(body)).encode() + body for body in bodies]
    live = [LiveCall(at_ms=0, **one) for one in said]
    token_keys = keys()
    reader = NumberReader(Numbering.from_countries("BY", "RU"), side="arrivals")
    numbers = [reader.read(one) for one in live]
    tokens = [token_keys.pair(one.calling, one.called) for one in numbers]
    held = {bytes(token): place for place, token in enumerate(tokens)}
    decode, encode = msgspec.json.Decoder(Call).decode, msgspec.json.Encoder().encode

    loop = asyncio.new_event_loop()
    connection = Connection(Connections(answer_alike, loop))
    connection.connection_made(Nowhere())
    parser = httptools.HttpRequestParser(Parsed())

    def each(work: Callable[[T], object], rows: Iterable[T]) -> float:
        def run() -> None:
            for row in rows:
                work(row)

        return shortest_s(run, rounds) / calls * 1e6

    def three(one: CallNumbers) -> None:
        token_keys.pair(one.calling, one.called)
        token_keys.called(one.called)
        token_keys.calling(one.calling)

    empty = each(lambda _: None, said)
    took = {
        "parse": each(parser.feed_data, requests),
        "decode": each(decode, bodies),
        "numbers": each(reader.read, live),
        "token": each(lambda one: token_keys.pair(one.calling, one.called), numbers),
        "look_up": each(held.get, tokens),
        "encode": each(lambda one: encode({"call_id": one["call_id"], **ANSWER}), said),
    }
    took = {name: value - empty for name, value in took.items()}
    took["floor"] = sum(took.values())
    took["three_tokens"] = each(three, numbers) - empty
    took["connection"] = each(connection.data_received, requests) - empty
    connection.connection_lost(None)
    loop.close()
    return took


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rate", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    print(machine())
    took = timed(given.calls, given.rounds)
    took["bare_loop"] = bare(given.rate, given.seconds)
    for name, what in ROWS.items():
        print(f"{took[name]:6.2f} us  {what}")
    print(json.dumps({name: round(value, 2) for name, value in took.items()}))


if __name__ == "__main__":
    main()
