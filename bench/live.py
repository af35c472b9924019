"""Time the live matcher, and weigh what it holds.

    python bench/live.py --departures 200000

Departures are added and all of them asked about, in order of time, as two nodes would;
the reference is a plain dictionary that is filled with the same tokens and asked for
them. Machines differ: quote the ratios. Bytes are those of all that is held, tokens
included, by the count of departures held.
"""

import argparse
import gc
import json
import tracemalloc
from hashlib import blake2b

from tallystick.agreement import Decider, Evidence, default_rules
from tallystick.blinding import TokenKey
from tallystick.domains.calls.live import LiveCall, LiveKeys, NumberReader, live_half
from tallystick.domains.calls.numbers import Numbering
from tallystick.pairing.live import LiveHalf, LiveMatcher, LiveWindow
from timing import shortest_s

T0 = 1_800_000_000_000
RATE = 12_000  # departures a second, a burst: all asked about within their life
LAG_MS = 300
STREAM_MS = 50


def token(purpose: str, number: int) -> bytes:
    """Return 16 bytes that nobody could tell from a token."""
    return blake2b(f"{purpose}{number}".encode(), digest_size=16).digest()


def half(number: int, *, arrives: bool) -> LiveHalf:
    """Return a half of call `number`; made anew, as if it came from outside."""
    at_ms = T0 + number * 1000 // RATE + (LAG_MS if arrives else 0)
    return LiveHalf(
        b"%015d" % number if arrives else number,
        at_ms,
        token("pair", number),
        token("called", number),
        token("calling", number),
    )


def reference(departures: list[LiveHalf], arrivals: list[LiveHalf]) -> float:
    """Return seconds for a plain dictionary: fill, then look up."""
    held: dict[bytes | int, LiveHalf] = {}

    def work() -> None:
        for one in departures:
            held[one.pair] = one
        for one in arrivals:
            held.get(one.pair)

    return shortest_s(work)


def matcher_of(count: int) -> LiveMatcher:
    """Return an empty matcher that may hold so many."""
    matcher = LiveMatcher(LiveWindow(capacity=count, least_pairs=0))
    matcher.promise(T0, since_ms=T0 - 3_600_000)
    return matcher


def stream(departures: list[LiveHalf], arrivals: list[LiveHalf]) -> dict[str, object]:
    """Add and ask in order of time."""
    matcher = matcher_of(len(departures))

    def add() -> None:
        for one in departures:
            matcher.add(one, now_ms=one.at_ms + STREAM_MS)

    def ask() -> None:
        for one in arrivals:
            now = one.at_ms + STREAM_MS
            matcher.promise(now, since_ms=T0 - 3_600_000)
            outcomes.append(matcher.match(one, now_ms=now).outcome)

    outcomes: list[str] = []
    adding, asking = shortest_s(add), shortest_s(ask)
    return {
        "add_us": round(adding / len(departures) * 1e6, 2),
        "match_us": round(asking / len(arrivals) * 1e6, 2),
        "adds_and_matches_per_s": round(
            (len(departures) + len(arrivals)) / (adding + asking)
        ),
        "paired": outcomes.count("paired"),
        "_seconds": adding + asking,
    }


def strangers(departures: list[LiveHalf]) -> float:
    """Return microseconds for an arrival that fits nothing: the longest way."""
    matcher = matcher_of(len(departures))
    for one in departures:
        matcher.add(one, now_ms=one.at_ms)
    last = departures[-1].at_ms
    matcher.promise(last, since_ms=T0 - 3_600_000)
    asked = [
        half(10**9 + n, arrives=True)._replace(at_ms=last - 200) for n in range(20_000)
    ]
    work = shortest_s(lambda: [matcher.match(one, now_ms=last) for one in asked])
    return round(work / len(asked) * 1e6, 2)


def bytes_held(count: int) -> int:
    """Return bytes for each departure held, tokens included."""
    matcher = matcher_of(count)
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        matcher.add(half(number, arrives=False), now_ms=T0)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held // len(matcher)


def around() -> dict[str, float]:
    """Return microseconds for what surrounds the matcher: reading, tokens, rules."""
    keys = LiveKeys(
        **{
            purpose: TokenKey(
                domain="calls",
                epoch="b",
                round_number=1,
                purpose=purpose,
                text="5a" * 32,
            )
            for purpose in ("pair", "called", "calling")
        }
    )
    reader = NumberReader(Numbering.from_countries("BY", "RU"), side="arrivals")
    calls = [
        LiveCall(
            call_id=str(n),
            at_ms=T0,
            calling_number=f"+37529{n:07d}",
            called_number=f"+7916{n:07d}",
        )
        for n in range(20_000)
    ]
    numbers = [reader.read(calls[0])] * len(calls)
    read = shortest_s(lambda: numbers.__setitem__(slice(None), map(reader.read, calls)))
    both = list(zip(calls, numbers, strict=True))
    blind = shortest_s(
        lambda: [live_half(c, n, keys, ident=1, arrives=True) for c, n in both]
    )
    decider = Decider(default_rules())
    decide = shortest_s(
        lambda: [
            decider.decide(Evidence(half="paired", covered=True, origin="peer"))
            for _ in calls
        ]
    )
    each = 1e6 / len(calls)
    return {
        "read_two_new_numbers_us": round(read * each, 2),
        "three_tokens_us": round(blind * each, 2),
        "decide_us": round(decide * each, 2),
    }


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--departures", type=int, default=200_000)
    count = parser.parse_args().departures
    departures = [half(n, arrives=False) for n in range(count)]
    arrivals = [half(n, arrives=True) for n in range(count)]
    plain = reference(departures, arrivals)
    said = stream(departures, arrivals)
    ours = said.pop("_seconds")
    result = {
        "departures": count,
        **said,
        "dict_insert_and_lookup_us": round(plain / count * 1e6, 2),
        "times_a_dict": round(float(str(ours)) / plain, 1),
        "nothing_fits_us": strangers(departures),
        **around(),
        "bytes_per_departure": bytes_held(min(count, 200_000)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
