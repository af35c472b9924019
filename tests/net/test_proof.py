"""A log over HTTP: only its files, read-only, and a witness that answers."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

import httpx2
import pytest

from tallystick.model import UnavailableError
from tallystick.net.exchange import Exchange
from tallystick.net.proof import ask_witness, proof_door, reader_of, serve_proofs

FILES = {
    "checkpoint": b"c",
    "key": b"k",
    "tile/0/000": b"t",
    "tile/entries/000.p/3": b"e",
    "../private/openings/000": b"secret",
    "private/signed": b"secret",
}


@contextmanager
def served(handle) -> Generator[str]:
    """Serve on the loopback; return the URL."""
    ready = threading.Event()
    found: list = []

    def run() -> None:
        async def serve() -> None:
            task = asyncio.current_task()
            loop = asyncio.get_running_loop()

            def started(host: str, port: int) -> None:
                found.extend((f"http://{host}:{port}", loop, task))
                ready.set()

            await serve_proofs(handle, "127.0.0.1", 0, started)

        with suppress(asyncio.CancelledError):
            asyncio.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(5)
    try:
        yield found[0]
    finally:
        found[1].call_soon_threadsafe(found[2].cancel)
        thread.join(5)
        assert not thread.is_alive()


def witness(body: bytes) -> tuple[int, bytes, str]:
    """Answer what was asked, as a conflict."""
    return 409, body, "text/x.tlog.size"


def test_a_log_is_served_and_nothing_else():
    """Its files with their types and how long they hold; the rest is not there."""
    with served(proof_door(FILES.get)) as url, reader_of(f"{url}/") as read:
        assert read("checkpoint") == b"c"
        assert read("tile/entries/000.p/3") == b"e"
        for path in ("tile/0/001", "private/signed", "%2e%2e/private/openings/000"):
            assert read(path) is None
        for path, kind, kept in (
            ("checkpoint", "text/plain; charset=utf-8", "no-cache"),
            ("tile/0/000", "application/octet-stream", "immutable"),
        ):
            answer = httpx2.get(f"{url}/{path}", trust_env=False)
            assert answer.headers["content-type"] == kind
            assert kept in answer.headers["cache-control"]
        for method in ("POST", "PUT", "DELETE"):
            answer = httpx2.request(method, f"{url}/checkpoint", trust_env=False)
            assert answer.status_code == 405
        assert httpx2.post(f"{url}/add-checkpoint", trust_env=False).status_code == 405
        assert httpx2.head(f"{url}/key", trust_env=False).status_code == 200


def test_a_witness_is_asked_and_its_answer_is_handed_on():
    """Status, content and media type, as the witness said them."""
    with served(proof_door(None, witness)) as url:
        with ask_witness(url) as send:
            assert send(b"17\n") == (409, b"17\n")
        answer = httpx2.post(f"{url}/add-checkpoint", content=b"1", trust_env=False)
        assert answer.headers["content-type"] == "text/x.tlog.size"
        assert httpx2.get(f"{url}/add-checkpoint", trust_env=False).status_code == 405
        assert httpx2.get(f"{url}/checkpoint", trust_env=False).status_code == 404


def test_a_place_where_nobody_answers_is_said():
    """Not a traceback: nobody there, or a server with trouble of its own."""

    def broken(exchange: Exchange) -> None:
        exchange.answer(503)

    with served(broken) as url, reader_of(url) as read:
        with pytest.raises(UnavailableError, match="status 503"):
            read("checkpoint")
        gone = url
    for wrong in (gone, "http://[", "ftp://127.0.0.1/", "http://127.0.0.1:1"):
        with (
            reader_of(wrong) as read,
            pytest.raises(UnavailableError, match="Nobody answers"),
        ):
            read("checkpoint")


def test_an_endless_file_is_not_read_to_its_end():
    """No file of a log is larger than 256 entries."""
    from tallystick.proof.tiles import BUNDLE_LIMIT

    large = bytes(BUNDLE_LIMIT + 1)
    with (
        served(proof_door(lambda _path: large)) as url,
        reader_of(url) as read,
        pytest.raises(UnavailableError, match="larger than any file"),
    ):
        read("tile/0/000")
