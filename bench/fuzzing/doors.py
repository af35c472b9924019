"""Targets on HTTP: the bytes of a connection, and what a node's doors are told."""

import asyncio
import atexit
import json
import re
import tempfile
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import cast

from fuzzing.spoil import spoiler
from fuzzing.target import Target, require
from tallystick.blinding import new_private_key, public_key_text
from tallystick.blinding.keyfile import write_private_key
from tallystick.channel import encode_verifying_key, signing_key
from tallystick.net.exchange import Exchange
from tallystick.net.http import PIECE, Connections
from tallystick.node.build import build
from tallystick.node.config.settings import load_settings
from tallystick.node.config.terms import new_terms, sign_file, write_terms
from tallystick.node.service import Node

NOW_MS = 1_800_000_000_000
_LENGTH = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\n(?:[a-z-]+: [^\r\n]*\r\n)*\r\n")
WORDS = (
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    *(b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Host: n"),
    *(b"Expect: 100-continue\r\n", b"HTTP/1.0", b"HTTP/2.0", b"CONNECT ", b"PRI * "),
    *(b"GET / HTTP/1.1\r\nHost: n\r\n\r\n", b"5\r\nabcde\r\n", b"5;x=y\r\n", b"*"),
    *(b"http://a:1/b?c#d", b"//", b"/%00", b"?a=%", b"ffffffff\r\n", b"\r\n ", b"\r\n"),
)


class _Loop:
    """As much of a loop as a connection needs; its time does not pass."""

    def __init__(self) -> None:
        self.soon: deque[Callable[[], object]] = deque()
        self.now_s = 1.0

    def time(self) -> float:
        return self.now_s

    def call_soon(self, call: Callable[[], object]) -> None:
        self.soon.append(call)

    def call_later(self, wait_s: float, call: Callable[[], object]) -> "_Loop":
        del wait_s, call
        return self

    def cancel(self) -> None:
        """As of a timer."""


class _Line:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.is_closed = False

    def write(self, data: bytes) -> None:
        if not self.is_closed:
            self.out += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def pause_reading(self) -> None:
        """Nothing more comes anyhow."""

    resume_reading = pause_reading


def _serve(data: bytes, size: int) -> tuple[list[tuple[str, str, bytes]], list[int]]:
    """Return the requests that were handed over, and the statuses answered."""
    asked = []

    def handle(exchange: Exchange) -> None:
        asked.append((exchange.method, exchange.path, exchange.body))
        exchange.answer(200, b"{}")

    loop, line = _Loop(), _Line()
    connection = Connections(handle, cast("asyncio.AbstractEventLoop", loop))()
    connection.connection_made(cast("asyncio.Transport", line))
    most = 10 + 4 * (len(data) // PIECE + len(data) // size)
    for start in range(0, len(data), size):
        if line.is_closed:
            break
        connection.data_received(data[start : start + size])
        while loop.soon:
            loop.soon.popleft()()
            most -= 1
            require(holds=most > 0, law="the connection comes to rest")
    connection.connection_lost(None)
    return asked, _statuses(bytes(line.out))


def _statuses(out: bytes) -> list[int]:
    """Read answers the way a client does."""
    found = []
    while out:
        head = _LENGTH.match(out)
        require(holds=head is not None, law="answers are HTTP")
        if head is None:
            break
        status = int(head[1])
        length = 0
        if status != 100:
            found.append(status)
            length = int(re.findall(rb"content-length: (\d+)", head[0])[0])
        out = out[head.end() + length :]
    return found


def http() -> Target:
    """The bytes of a connection: requests do not depend on how they are cut."""
    spoil = spoiler(WORDS)
    body = b'{"call_id": "1"}'
    post = b"POST /v1/arrivals HTTP/1.1\r\nHost: n\r\nContent-Length: %d\r\n%b\r\n%b"
    get = b"GET /v1/verdicts?call_id=1 HTTP/1.1\r\nHost: n\r\n\r\n"
    one = post % (len(body), b"", body)
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    chunked = (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4;x=y\r\nabcd\r\n0\r\nT: v\r\n\r\n"
    )
    corpus = (
        *(one, get, chunked, one + get + chunked, get * 20),
        post % (len(body), upgrade, body) + get,
        post % (len(body), b"Expect: 100-continue\r\n", body),
    )

    def take(data: bytes) -> None:
        whole = _serve(data, len(data) or 1)
        require(holds=len(whole[0]) <= len(whole[1]), law="all are answered")
        if len(data) <= PIECE:
            pieces = _serve(data, SIZES[len(data) % len(SIZES)])
            require(holds=whole == pieces, law="not by the cut")

    return Target(corpus, spoil, take)


SIZES = (1, 2, 3, 5, 17, 100)


def set_up(folder: Path) -> Node:
    """Put a node together that nothing is connected to, always at one moment."""
    parties = ("BY", "RU")
    keys = {
        p: new_private_key(p, draw=lambda n, p=p: (p * n).encode()[:n]) for p in parties
    }
    for party, key in keys.items():
        write_private_key(folder / f"{party}.key", key)
    (folder / "RU.pub").write_text(public_key_text(keys["RU"].public()))
    text = new_terms(
        folder / "BY.key",
        folder / "RU.pub",
        encode_verifying_key(signing_key(keys["RU"]).public()),
        begins=datetime.fromtimestamp(NOW_MS // 1000 - 86_400, UTC),
        days=365,
    )
    write_terms(folder / "terms.toml", text)
    for party in parties:
        sign_file(folder / "terms.toml", folder / f"{party}.key")
    (folder / "node.toml").write_text(
        'party = "BY"\n[keys]\nown = "BY.key"\nterms = "terms.toml"\n'
        '[numbers]\nown = "BY"\npeer = "RU"\n'
    )
    loaded = load_settings(folder / "node.toml")
    return build(loaded.settings, clock=lambda: NOW_MS)


CALL = {
    "call_id": "a1",
    "at_ms": NOW_MS,
    "calling_number": "+375291234567",
    "called_number": "+74951234567",
    "trunk": "t",
    "carrier": "c",
    "redirecting_number": "tel:+375447654321",
    "presentation": "restricted",
    "identity": ["eyJ.eyJ.c2ln;info=<https://cert.example.org/a.pem>;alg=ES256"],
    "emergency": False,
    "priority": "esnet.0",
}
END = {"call_id": "a1", "answered": True, "answer_ms": 1, "duration_ms": 2, "cause": 16}


class _Sink:
    """Where answers go."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def flush(self) -> None:
        self.answered.set()


def doors() -> Target:
    """What a switch tells a node by JSON, at each of its doors."""
    with tempfile.TemporaryDirectory() as folder:
        node = set_up(Path(folder))  # all is read by then
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    told = [b"POST /v1/departures", b"POST /v1/arrivals"]
    corpus = [b"%b\n%b" % (head, json.dumps(CALL).encode()) for head in told]
    corpus += [b"%b\n%b" % (h, json.dumps([CALL, CALL]).encode()) for h in told]
    corpus += [b"POST /v1/releases\n" + json.dumps(END).encode()]
    corpus += [b"GET /v1/verdicts?call_id=a1\n", b"GET /metrics\n", b"GET /readyz\n"]
    words = (
        *(f'"{name}": '.encode() for name in (*CALL, *END)),
        *(b"null", b"true", b"[]", b"{}", b"[", b"]", b"{", b"}", b'""', b"1e400"),
        *(b'"sip:+375291234567@a"', b'"anonymous"', b'"+"', b'"\\ud83d\\ude00"'),
        *(b'"\\u0000"', b'"\\u0663\\u0661"', b'"0"', b'"112"', b'"00375"', b'"#*"'),
    )
    spoil = spoiler(words)
    kept = [0]

    def altered(random: Random, data: bytes) -> bytes:
        head, _, body = data.partition(b"\n")
        if random.random() < 0.1:
            head = spoil(random, head).replace(b"\n", b" ")
        return head + b"\n" + spoil(random, body)

    async def one(exchange: Exchange, sink: _Sink) -> None:
        node.doors.handle(exchange)
        node.arrivals.due(now_ms=NOW_MS + 450)
        await sink.answered.wait()

    def take(data: bytes) -> None:
        head, _, body = data.partition(b"\n")
        method, _, target = head.decode("latin-1").partition(" ")
        path, _, query = target.partition("?")
        sink = _Sink()
        exchange = Exchange(method, path, query, {}, body, sink.flush, keep_alive=True)
        loop.run_until_complete(asyncio.wait_for(one(exchange, sink), 2))
        reply = exchange.reply or b""
        found = _statuses(reply)
        law = "one answer that was meant"
        require(holds=len(found) == 1 and found[0] in MEANT, law=law)
        answer = reply.partition(b"\r\n\r\n")[2]
        if path != "/metrics":
            said = json.loads(answer)
            if found[0] >= 400:
                named = set(said) >= {"error", "detail"} or "ready" in said
                require(holds=named, law="an error is named")
                repeated = re.search(r"[0-9]{6,}", str(said)) and path != "/readyz"
                require(holds=not repeated, law="no error repeats a number")
        publisher = node.departures.publisher
        publisher.poll(now_ms=NOW_MS)
        kept[0] += 1
        if not kept[0] % 10_000:
            node.verdicts.take()

    return Target(tuple(corpus), altered, take)


MEANT = frozenset({200, 404, 405, 413, 422, 503})
