"""Fetch the files of a log by HTTP, and ask its witness.

Source: C2SP tlog-tiles, tlog-witness.
"""

import ssl
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from typing import Final

import httpx2

from tallystick.model import UnavailableError
from tallystick.proof import ReadFile
from tallystick.proof.tiles import BUNDLE_LIMIT

TIMEOUT_S: Final = 20.0
TRIES: Final = 3
_ASKS: Final = {"accept-encoding": "identity", "user-agent": "tallystick"}


@contextmanager
def reader_of(
    url: str, *, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S
) -> Generator[ReadFile]:
    """Lend a way to read a log's files.

    Args:
        url: Of the log; `checkpoint` and `tile` are below it.
        tls: Whom to believe; None: whom this machine believes.
        timeout_s: How long it may keep silent.

    Yields:
        The way. It refuses with UnavailableError "log-unreachable".
    """
    with _client(tls, timeout_s) as client:

        def read(path: str) -> bytes | None:
            return _get(client, f"{url.rstrip('/')}/{path}")

        yield read


@contextmanager
def ask_witness(
    url: str, *, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S
) -> Generator[Callable[[bytes], tuple[int, bytes]]]:
    """Lend a way to hand a request to a witness.

    Args:
        url: Of the witness; `add-checkpoint` is below it.
        tls: Whom to believe; None: whom this machine believes.
        timeout_s: How long it may keep silent.

    Yields:
        The way. It refuses with UnavailableError "log-unreachable".
    """
    with _client(tls, timeout_s) as client:

        def send(body: bytes) -> tuple[int, bytes]:
            asked = client.build_request(
                "POST", f"{url.rstrip('/')}/add-checkpoint", content=body
            )
            return _answer(client, asked)

        yield send


def _client(
    tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S
) -> httpx2.Client:
    return httpx2.Client(
        headers=_ASKS,
        timeout=timeout_s,
        trust_env=False,
        follow_redirects=False,
        verify=True if tls is None else tls,
    )


def _get(client: httpx2.Client, url: str) -> bytes | None:
    """Return a file; None where there is none; a busy log is asked again."""
    asked = client.build_request("GET", url)
    for _ in range(TRIES - 1):
        with suppress(UnavailableError):
            return _file(*_answer(client, asked))
    return _file(*_answer(client, asked))


def _file(status: int, body: bytes) -> bytes | None:
    if status in {200, 404}:
        return body if status == 200 else None
    raise UnavailableError(
        "log-unreachable",
        f"The log answered with status {status} where a file was asked for.",
        advice="Look at the address, and try again.",
    )


def _answer(client: httpx2.Client, asked: httpx2.Request) -> tuple[int, bytes]:
    try:
        answer = client.send(asked, stream=True)
        with closing(answer):
            body = _body(answer)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
        raise UnavailableError(
            "log-unreachable",
            "Nobody answers at that address, or breaks off.",
            advice="See that the log is served there and that the network is up.",
        ) from None
    return answer.status_code, body


def _body(answer: httpx2.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_raw():
        body += piece
        if len(body) > BUNDLE_LIMIT:
            raise UnavailableError(
                "log-unreachable",
                "What is served there is larger than any file of a log.",
                advice="Look at the address.",
            )
    return bytes(body)
