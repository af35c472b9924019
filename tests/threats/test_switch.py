"""On the switch's side: whoever reaches a port, and callers who write headers."""

import asyncio

import pytest

from net.test_http import echo, reply, request, serve
from node.pair import both, post, send
from node.test_switches import LISTENS, ask, invite, sip, status
from node.test_two_nodes import A, B, C, arriving, leaving, warm
from tallystick.net import http
from tallystick.net.http import Connections

HEAD = "POST /a HTTP/1.1\r\nHost: n\r\n"
INNER = "POST /smuggled HTTP/1.1\r\nHost: n\r\nContent-Length: 0\r\n\r\n"
AMBIGUOUS = {
    "two lengths": f"{HEAD}Content-Length: 0\r\nContent-Length: 5\r\n\r\n{INNER}",
    "length and chunks": (
        f"{HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}"
    ),
    "chunks and length": (
        f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{INNER}"
    ),
    "other coding": f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunks not last": (
        f"{HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{INNER}"
    ),
    "blank before the colon": f"{HEAD}Content-Length : 9\r\n\r\n{INNER}",
    "a folded line": f"{HEAD}X: a\r\n Content-Length: 9\r\n\r\n{INNER}",
    "a signed length": f"{HEAD}Content-Length: +9\r\n\r\n{INNER}",
    "bare line feeds": f"{HEAD}Content-Length: 0\nX: y\n\n{INNER}",
    "a null": f"{HEAD}Content-Length: 0\0\r\n\r\n{INNER}",
    "a chunk without end": (
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{'f' * 17}\r\n{INNER}"
    ),
    "a wish and both": (
        f"{HEAD}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}"
    ),
}


@pytest.mark.parametrize("way", AMBIGUOUS)
def test_no_request_hides_in_another(way):
    """Where two readers could see different requests, none but an error is seen."""
    seen = []

    def handle(exchange):
        seen.append(exchange.path)
        exchange.answer(200)

    async def talk(reader, writer):
        writer.write(AMBIGUOUS[way].encode())
        assert (await reply(reader))[0] == 400
        assert await reader.read() == b""
        assert seen == []

    serve(handle, talk)


def test_requests_that_never_end_are_ended_and_hold_up_nobody(monkeypatch):
    """Clients that send a byte now and then are put out; others are answered."""
    monkeypatch.setattr(http, "REQUEST_S", 0.5)

    async def run():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Connections(echo, loop), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        slow = [await asyncio.open_connection(host, port) for _ in range(100)]
        for _, writer in slow:
            writer.write(b"POST / HTTP/1.1\r\nX: ")
        try:
            for _ in range(12):
                for _, writer in slow:
                    writer.write(b"x")
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(request("/x", "1"))
                assert (await asyncio.wait_for(reply(reader), 2))[0] == 200
                writer.close()
                await asyncio.sleep(0.2)
            ended = [await asyncio.wait_for(_rest(reader), 2) for reader, _ in slow]
            assert ended == [b""] * len(slow)
        finally:
            for _, writer in slow:
                writer.close()
            server.close()
            await server.wait_closed()

    asyncio.run(run())


async def _rest(reader):
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def test_connections_beyond_the_bound_are_turned_away(monkeypatch):
    """The one too many is told so; one that ends makes room."""
    monkeypatch.setattr(http, "MAX_CONNECTIONS", 5)

    async def talk(_, writer):
        host, port = writer.get_extra_info("peername")[:2]
        more = [await asyncio.open_connection(host, port) for _ in range(4)]
        reader, late = await asyncio.open_connection(host, port)
        assert (await reply(reader))[0] == 503
        late.close()
        more.pop()[1].close()
        await asyncio.sleep(0.05)
        reader, again = await asyncio.open_connection(host, port)
        again.write(request("/x"))
        assert (await reply(reader))[0] == 200
        for _, line in (*more, (reader, again)):
            line.close()

    serve(echo, talk)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("P-Asserted-Identity", f"<sip:{C}@127.0.0.1>"),
        ("P-Asserted-Identity", f"<sip:{C};verstat=TN-Validation-Passed@127.0.0.1>"),
        ("P-Asserted-Identity", f'"{A}" <tel:{C}>'),
    ],
)
def test_who_asserts_another_number_pairs_with_no_call_of_it(tmp_path, header, value):
    """A departure counts for the number that is shown, and no verstat is handed on."""

    async def run():
        nodes = both(tmp_path, ru=sip("arrivals", "redirect"), listens=LISTENS)
        async with nodes as (by, ru):
            await warm(by, ru)
            data = invite(1).replace(
                b"Max-Forwards", f"{header}: {value}\r\nMax-Forwards".encode()
            )
            answer = await ask(ru, data)
            assert status(answer) == 302
            assert b"verstat=TN-Validation-Passed" not in answer
            assert ru.verdicts.recent("1@gateway")["outcome"] != "paired"

    asyncio.run(run())


def test_rubbish_at_every_door_is_no_fault(tmp_path, capsys, caplog):
    """After it the node answers as before, and nothing is logged as a fault."""

    async def run():
        nodes = both(tmp_path, ru=sip("arrivals", "redirect"), listens=LISTENS)
        async with nodes as (by, ru):
            await warm(by, ru)
            for body in (b"", b"\xff" * 99, b"{" * 9_999, b"[1, null, {}]", b"0" * 99):
                for path in ("departures", "arrivals", "releases", "nothing"):
                    assert (await send(ru, "POST", f"/v1/{path}", body))[0] < 500
            for door in ("http", "sip", "channel"):
                for data in (
                    b"\0" * 70_000,
                    b"\r\n" * 9_000,
                    b"TY\1\5\xff\xff\xff\xff",
                ):
                    _, writer = await asyncio.open_connection(*ru.addresses[door])
                    writer.write(data)
                    await asyncio.sleep(0.02)
                    writer.close()
            assert status(await ask(ru, invite(1))) == 302
            assert ru.health()["ready"]

    asyncio.run(run())
    said = caplog.text + "".join(capsys.readouterr())
    assert '"fault"' not in said
    assert "Traceback" not in said


def test_departures_that_somebody_invents_at_a_door_name_no_other_call(tmp_path):
    """A departure told for one pair of numbers pairs with that pair and no other."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            await post(by, "/v1/departures", leaving(1, calling=C, called=B))
            await asyncio.sleep(0.05)
            _, said = await post(ru, "/v1/arrivals", arriving(2, called="+74957654321"))
            assert said["outcome"] != "paired"

    asyncio.run(run())
