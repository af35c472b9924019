"""The HTTP server: what it answers, in which order, and what it refuses."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from tallystick.net.exchange import Exchange
from tallystick.net.http import MAX_BODY, Connections

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def serve(handle: Callable[[Exchange], None], talk: Talk) -> None:
    """Serve on a free port of the loopback while `talk` talks to it."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Connections(handle, loop), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        reader, writer = await asyncio.open_connection(host, port)
        try:
            await asyncio.wait_for(talk(reader, writer), 5)
        finally:
            writer.close()
            server.close()
            await server.wait_closed()

    asyncio.run(run())


def echo(exchange: Exchange) -> None:
    """Answer with what was asked."""
    exchange.answer(
        200,
        json.dumps(
            [exchange.method, exchange.path, exchange.query, exchange.body.decode()]
        ).encode(),
    )


def request(path: str, body: str = "", *, more: str = "") -> bytes:
    """Write one request."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: node\r\nContent-Length: {len(body)}\r\n"
        f"{more}\r\n{body}"
    ).encode()


async def reply(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return status, await reader.readexactly(length)


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_a_request_may_come_in_any_pieces(piece):
    """However the bytes are split, the request is the same."""

    async def talk(reader, writer):
        data = request("/v1/arrivals?x=1", '{"a": 1}')
        for start in range(0, len(data), piece):
            writer.write(data[start : start + piece])
            await writer.drain()
            await asyncio.sleep(0)
        status, body = await reply(reader)
        assert status == 200
        assert json.loads(body) == ["POST", "/v1/arrivals", "x=1", '{"a": 1}']

    serve(echo, talk)


def test_answers_leave_in_the_order_of_the_requests():
    """A request answered late holds back the answers to later ones, and no more."""
    held = []

    def handle(exchange):
        if exchange.path == "/late":
            held.append(exchange)
            return
        echo(exchange)
        if exchange.path == "/3":
            held.pop().answer(200, b'"late"')

    async def talk(reader, writer):
        writer.write(b"".join(request(path) for path in ("/1", "/late", "/2", "/3")))
        said = [json.loads((await reply(reader))[1]) for _ in range(4)]
        assert said[1] == "late"
        assert [one[1] for one in (said[0], *said[2:])] == ["/1", "/2", "/3"]

    serve(handle, talk)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"INVITE sip:a@b SIP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: n\r\nContent-Length: x\r\n\r\n", 400),
        (request("/" + "a" * 20_000), 431),
        (request("/", more="X: " + "b" * 20_000 + "\r\n"), 431),
        (request("/", "c" * (MAX_BODY + 1)), 413),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
    ],
)
def test_what_is_refused_is_answered_and_the_connection_closed(data, status):
    """Whatever is no request, or too much of one, gets a status and an end."""

    async def talk(reader, writer):
        writer.write(data)
        said, _ = await reply(reader)
        assert said == status
        assert await reader.read() == b""

    serve(echo, talk)


def test_a_mistake_in_the_handler_costs_one_answer():
    """Where the handler raises, that request gets 500 and the next is served."""

    def handle(exchange):
        if exchange.path == "/bad":
            raise KeyError
        echo(exchange)

    async def talk(reader, writer):
        writer.write(request("/bad") + request("/good"))
        assert (await reply(reader))[0] == 500
        assert (await reply(reader))[0] == 200

    serve(handle, talk)


def test_a_client_that_wants_to_close_is_closed():
    """`Connection: close` ends the connection behind its answer."""

    async def talk(reader, writer):
        writer.write(request("/", more="Connection: close\r\n"))
        assert (await reply(reader))[0] == 200
        assert await reader.read() == b""

    serve(echo, talk)


@pytest.mark.parametrize("more", [request("/2"), b"rubbish", b"\r\n"])
def test_nothing_behind_the_last_request_is_read(more):
    """What follows a wish to close gets no answer, not even a refusal."""
    asked = []

    def handle(exchange):
        asked.append(exchange.path)
        echo(exchange)

    async def talk(reader, writer):
        writer.write(request("/1", more="Connection: close\r\n") + more)
        assert (await reply(reader))[0] == 200
        assert await reader.read() == b""
        assert asked == ["/1"]

    serve(handle, talk)


def test_an_offer_of_another_protocol_is_passed_over():
    """A client that offers HTTP/2 in clear is answered in HTTP/1.1, content and all."""

    async def talk(reader, writer):
        offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        writer.write(request("/a", "content", more=offer) + request("/b", "more"))
        said = [json.loads((await reply(reader))[1]) for _ in range(2)]
        assert [(one[1], one[3]) for one in said] == [("/a", "content"), ("/b", "more")]

    serve(echo, talk)


def test_a_client_that_waits_to_be_encouraged_is():
    """`Expect: 100-continue` is answered before the content comes."""

    async def talk(reader, writer):
        data = request("/", "content", more="Expect: 100-continue\r\n")
        head, _, body = data.partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(body)
        assert json.loads((await reply(reader))[1])[3] == "content"

    serve(echo, talk)


def test_a_client_that_says_no_more_still_gets_its_answer():
    """After the client has closed its half, a late answer still leaves."""
    held = []

    async def talk(reader, writer):
        writer.write(request("/late"))
        writer.write_eof()
        await asyncio.sleep(0.05)
        held.pop().answer(200, b"{}")
        assert (await reply(reader))[0] == 200
        assert await reader.read() == b""

    serve(held.append, talk)


def test_many_requests_at_once_are_all_answered_and_nobody_waits_for_long():
    """A flood on one line neither loses a request nor stops the others' turns."""
    longest = 0.0

    async def beat():
        nonlocal longest
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.001)
            longest = max(longest, loop.time() - before)

    async def talk(reader, writer):
        other = asyncio.create_task(beat())
        writer.write(request("/x", "1") * 5_000)
        for _ in range(5_000):
            assert (await reply(reader))[0] == 200
        other.cancel()

    serve(echo, talk)
    assert longest < 0.25


def test_a_client_that_takes_no_answers_is_read_no_more():
    """Requests wait on the line while their answers are not taken."""
    asked = []

    def handle(exchange):
        asked.append(exchange.path)
        exchange.answer(200, b"x" * 100_000)

    async def talk(reader, writer):
        writer.write(request("/x") * 3_000)
        await asyncio.sleep(0.5)
        assert 0 < len(asked) < 1_000
        for _ in range(3_000):
            assert (await reply(reader))[0] == 200

    serve(handle, talk)


@pytest.mark.parametrize("size", [100_000, 5_000_000])
def test_an_endless_header_is_refused_while_it_comes(size):
    """One header of any length is refused before it is over."""

    async def talk(reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"b" * size)
        assert (await reply(reader))[0] == 431

    serve(echo, talk)
