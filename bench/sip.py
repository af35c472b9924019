"""Time the SIP redirect core: a verdict asked and answered, without sockets.

    python bench/sip.py --calls 100000

One core, one thread, in memory. Each call is an INVITE of its own with SDP, some 800
bytes: received, asked, answered, acknowledged. As references the same bytes through a
bare split into header lines, which any reader of SIP must do at least, and through the
strict parser alone. Machines differ: quote the ratios.
"""

import argparse
import gc
import json
import resource
import time
from collections.abc import Callable

from tallystick.domains.calls.sip import (
    Ask,
    Client,
    Decision,
    RedirectServer,
    Source,
    parse_message,
)
from timing import machine

SOURCE = Source("udp", "192.0.2.1", 5060)
BODY = (
    "v=0\r\no=- 29739 7272939 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
    "t=0 0\r\nm=audio 49217 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
ASSERTED = "P-Asserted-Identity: <sip:+37529{0:07d}@192.0.2.1;user=phone>\r\n"
IDENTITY = f"Identity: {'a' * 420};info=<https://cert.example.org/a.pem>;alg=ES256\r\n"


def request(method: str, number: int, more: str, body: str) -> bytes:
    """Return a request as an interconnect switch writes it."""
    return (
        f"{method} sip:+7916{number:07d}@192.0.2.9;user=phone SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-{number};rport\r\n"
        "Max-Forwards: 69\r\n"
        f"From: <sip:+37529{number:07d}@192.0.2.1;user=phone>;tag=a{number}\r\n"
        f"To: <sip:+7916{number:07d}@192.0.2.9;user=phone>\r\n"
        f"Call-ID: {number}-7f3a@192.0.2.1\r\n"
        f"CSeq: 1 {method}\r\n"
        f"{more.format(number)}"
        "Contact: <sip:192.0.2.1:5060>\r\n"
        "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK\r\n"
        "Supported: 100rel, timer\r\n"
        "User-Agent: switch\r\n"
        "Content-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def timed(work: Callable[[], object], calls: int, rounds: int) -> float:
    """Return microseconds a call, of the quickest round."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return round(best / calls * 1e6, 2)


def split(messages: list[bytes]) -> None:
    """Split into header lines and their names, and no more."""
    for data in messages:
        head, _, _ = data.partition(b"\r\n\r\n")
        dict([line.split(b":", 1) for line in head.split(b"\r\n")[1:]])


def parse(messages: list[bytes]) -> None:
    """Parse strictly."""
    for data in messages:
        parse_message(data)


def serve(invites: list[bytes], acks: list[bytes], *, dialect: str) -> RedirectServer:
    """Answer calls as they come, 3,250 a second of the server's time."""
    client = Client(name="switch", networks=("192.0.2.0/24",), dialect=dialect)
    server = RedirectServer([client], tag_key=b"bench")
    decision = Decision("pass", verstat="TN-Validation-Passed")
    for number, (invite, ack) in enumerate(zip(invites, acks, strict=True)):
        now_ms = 1_800_000_000_000 + number * 1000 // 3250
        (ask,) = server.receive(invite, SOURCE, now_ms)
        if isinstance(ask, Ask):
            server.answer(ask.ask_id, decision, now_ms)
        server.receive(ack, SOURCE, now_ms)
        if not number % 32:
            server.tick(now_ms)
    return server


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=lambda text: int(float(text)), default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(machine())
    numbers = range(given.calls)
    acks = [request("ACK", number, "", "") for number in numbers]
    for what, more in (("plain", ASSERTED), ("signed", ASSERTED + IDENTITY)):
        invites = [request("INVITE", number, more, BODY) for number in numbers]
        row: dict[str, object] = {"what": what, "bytes": len(invites[0])}
        row["split_us"] = timed(lambda i=invites: split(i), given.calls, given.rounds)
        row["parse_us"] = timed(lambda i=invites: parse(i), given.calls, given.rounds)
        for dialect in ("redirect", "next-route"):
            taken = timed(
                lambda i=invites, d=dialect: serve(i, acks, dialect=d),
                given.calls,
                given.rounds,
            )
            row[f"{dialect}_us"] = taken
            row[f"{dialect}_calls_per_s"] = round(1e6 / taken)
        print(json.dumps(row))
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"what": "memory", "peak_mib": round(peak_kib / 1024)}))


if __name__ == "__main__":
    main()
