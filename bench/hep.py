"""Time what a watching node does with captures, without sockets.

    python bench/hep.py --calls 5000

One core, one thread, in memory. Each call is seven messages of its own at the border,
from INVITE to the answer to its BYE, and the same seven on a hop inside, which are
passed over. As reference the packets alone, without the SIP in them.
"""

import argparse
import gc
import json
import resource
import struct
import time
from collections.abc import Callable
from ipaddress import ip_address
from operator import itemgetter

from tallystick.domains.calls.hep import Point, Points, Watch, parse_packet
from timing import machine

NOW_MS = 1_800_000_000_000
OWN, ABROAD, INSIDE = "192.0.2.10", "198.51.100.7", "192.0.2.11"
SDP = "v=0\r\no=- 29739 7272939 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" * 2
SCRIPT = (
    ("INVITE", "out", 0, SDP),
    ("100 INVITE", "in", 5, ""),
    ("180 INVITE", "in", 900, ""),
    ("200 INVITE", "in", 6_000, SDP),
    ("ACK", "out", 6_010, ""),
    ("BYE", "out", 66_000, ""),
    ("200 BYE", "in", 66_010, ""),
)


def message(what: str, number: int, body: str) -> bytes:
    """Return a message as an interconnect switch writes it."""
    status, _, method = what.rpartition(" ")
    start = f"SIP/2.0 {status} Said" if status else f"{method} sip:+7916@h SIP/2.0"
    return (
        f"{start}\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-{number}\r\n"
        f"Max-Forwards: 69\r\nFrom: <sip:+37529{number:07d}@h;user=phone>;tag=a\r\n"
        f"To: <sip:+7916{number:07d}@h;user=phone>{';tag=b' if status else ''}\r\n"
        f"Call-ID: {number}-7f3a@192.0.2.10\r\nCSeq: 1 {method}\r\n"
        "Contact: <sip:192.0.2.10:5060>\r\nUser-Agent: switch\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def chunk(kind: int, data: bytes) -> bytes:
    """Return a chunk."""
    return struct.pack(">HHH", 0, kind, 6 + len(data)) + data


def packet(payload: bytes, ends: tuple[str, str], at_ms: int) -> bytes:
    """Return a packet as a switch sends it."""
    body = b"".join(
        (
            chunk(1, b"\2"),
            chunk(2, b"\x11"),
            chunk(3, ip_address(ends[0]).packed),
            chunk(4, ip_address(ends[1]).packed),
            chunk(7, struct.pack(">H", 5060)),
            chunk(8, struct.pack(">H", 5060)),
            chunk(9, struct.pack(">I", at_ms // 1000)),
            chunk(10, struct.pack(">I", at_ms % 1000 * 1000)),
            chunk(11, b"\1"),
            chunk(12, struct.pack(">I", 1)),
            chunk(15, payload),
        )
    )
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body


def packets(calls: int) -> list[tuple[int, bytes]]:
    """Return the packets of calls, 300 a second, in the order they are sent."""
    made = []
    for number in range(calls):
        for what, way, after_ms, body in SCRIPT:
            at_ms = NOW_MS + number * 10 // 3 + after_ms
            far = {"out": (OWN, ABROAD), "in": (ABROAD, OWN)}[way]
            near = {"out": (INSIDE, OWN), "in": (OWN, INSIDE)}[way]
            data = message(what, number, body)
            made += [(at_ms, packet(data, ends, at_ms)) for ends in (near, far)]
    made.sort(key=itemgetter(0))
    return made


def watch(made: list[tuple[int, bytes]]) -> Watch:
    """Watch them, and their ends."""
    trunks = ("198.51.100.0/24",)
    point = Point(name="gateway", networks=("192.0.2.0/24",), trunks=trunks)
    watching = Watch(Points([point]))
    for number, (at_ms, data) in enumerate(made):
        watching.receive(data, OWN, at_ms)
        if not number % 1000:
            watching.ended(at_ms)
    watching.ended(made[-1][0] + 40_000)
    return watching


def taken_us(work: Callable[[], object], rounds: int) -> float:
    """Return microseconds of the quickest round."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best * 1e6


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=lambda text: int(float(text)), default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(machine())
    made = packets(given.calls)
    alone = taken_us(lambda: [parse_packet(data) for _, data in made], given.rounds)
    watched = taken_us(lambda: watch(made), given.rounds)
    counts = watch(made).counts
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = {
        "calls": given.calls,
        "packet_us": round(alone / len(made), 2),
        "watched_packet_us": round(watched / len(made), 2),
        "call_us": round(watched / given.calls),
        "calls_per_s": round(given.calls / watched * 1e6),
        "began": counts["began"],
        "ended": counts["ended"],
        "peak_mib": round(peak_kib / 1024),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
