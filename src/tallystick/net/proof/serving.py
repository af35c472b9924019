"""Serve the files of a log, and a witness.

Only paths that a log can have are looked for, so that nothing else can be reached.

Source: C2SP tlog-tiles, tlog-witness.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from tallystick.model import MalformedError
from tallystick.net.exchange import TEXT, Exchange
from tallystick.net.http import Connections, Handle
from tallystick.proof import (
    ReadFile,
    VerifyingKey,
    encode_verifying_key,
    parse_tile_path,
)

BYTES: Final = b"application/octet-stream"
_ALWAYS: Final = ((b"cache-control", b"public, max-age=31536000, immutable"),)
_NOW: Final = ((b"cache-control", b"no-cache"),)
_TEXTS: Final = frozenset({"checkpoint", "key"})

_GET: Final = ("GET", "HEAD")
_POST: Final = ("POST",)

Answer = Callable[[bytes], tuple[int, bytes, str]]
Told = tuple[int, bytes, bytes, tuple[tuple[bytes, bytes], ...]]


def proof_door(read: ReadFile | None, witness: Answer | None = None) -> Handle:
    """Return what answers requests for a log's files, and of logs to their witness.

    Args:
        read: Reads a public file of the log; None where none is served.
        witness: Answers a request to cosign; None where nobody does.
    """

    def handle(exchange: Exchange) -> None:
        path = exchange.path.removeprefix("/")
        asks = path == "add-checkpoint" and witness is not None
        methods = _POST if asks else _GET
        if exchange.method not in methods:
            allowed = ", ".join(methods).encode()
            exchange.answer(405, more=((b"allow", allowed),))
            return

        def work() -> Told:
            if asks and witness is not None:
                status, body, kind = witness(exchange.body)
                return status, body, kind.encode(), ()
            data = read(path) if read is not None and _is_of_log(path) else None
            if data is None:
                return 404, b"", TEXT, ()
            return 200, data, *((TEXT, _NOW) if path in _TEXTS else (BYTES, _ALWAYS))

        def told(future: "asyncio.Future[Told]") -> None:
            if future.cancelled() or future.exception() is not None:
                exchange.answer(503)  # the disk
                return
            status, body, kind, more = future.result()
            exchange.answer(status, body, kind=kind, more=more)

        # The disk may take its time; whoever else is answered must not wait for it.
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, work).add_done_callback(told)

    return handle


def shows_key(key: VerifyingKey) -> ReadFile:
    """Return a way to read nothing but a key, as of a witness that has no log."""
    line = f"{encode_verifying_key(key)}\n".encode()
    return {"key": line}.get


async def serve_proofs(
    handle: Handle, host: str, port: int, started: Callable[[str, int], None]
) -> None:
    """Serve until cancelled.

    Args:
        handle: Of `proof_door`.
        host: Where to listen.
        port: The same; 0 for any.
        started: Is told host and port once requests are answered.
    """
    loop = asyncio.get_running_loop()
    connections = Connections(handle, loop)
    server = await loop.create_server(connections, host, port)
    try:
        bound = server.sockets[0].getsockname()
        started(str(bound[0]), int(bound[1]))
        await asyncio.Event().wait()
    finally:
        server.close()
        connections.close()


def _is_of_log(path: str) -> bool:
    if path in _TEXTS:
        return True
    try:
        parse_tile_path(path)
    except MalformedError:
        return False
    return True
