"""Statements on their way: a door for the peer's, and a sender for own ones.

A statement is signed, so whoever carries it cannot change it. It is sent until the peer
has it; the peer, having lost its own store, can ask for everything once more.

Source: spec/statements.md, "On the way".
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx2
import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tallystick.model import MalformedError, RefusedError, TallystickError
from tallystick.proof import Signed, VerifyingKey, read_statement

PATH: Final = "/v1/statements"
BYTES_LIMIT: Final = 1 << 20
AHEAD_MS: Final = 300_000
"""How far ahead of the reader's clock a statement may be dated."""
_STATUSES: Final = {
    "statement-ahead": 409,
    "statement-size": 413,
    "statement-flood": 429,
}
DAY_MS: Final = 86_400_000
DAY_LIMIT: Final = 50_000
"""Statements that a peer may make in a day. Two busy offices make some hundreds."""
LOOK_S: Final = 1.0
PAUSES_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""How long to wait after so many attempts that reached nobody."""
REFUSED_S: Final = 600.0
"""How long to wait before a statement that was refused is sent again."""


class Waiting(Protocol):
    """A statement that is to be sent."""

    @property
    def id(self) -> str:
        """Its identifier."""
        ...

    @property
    def note(self) -> bytes:
        """Its bytes."""
        ...


class Book(Protocol):
    """Where statements are kept; see `tallystick.store.StatementBook`."""

    def keep(self, signed: Signed, *, now_ms: int, from_peer: bool) -> bool:
        """Keep a statement; return False where it was there already."""
        ...

    def unsent(self) -> Sequence[Waiting]:
        """Return statements that are still to be sent."""
        ...

    def mark_sent(self, ident: str, *, now_ms: int) -> None:
        """Note that the peer has one."""
        ...

    def taken_since(self, since_ms: int, *, by: str) -> int:
        """Return how many of a party's statements were kept since a moment."""
        ...

    def send_again(self) -> int:
        """Let all be sent once more."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What the door says.

    Attributes:
        status: Of HTTP.
        code: Of the error; empty where it was kept.
        sentence: What is wrong.
    """

    status: int
    code: str = ""
    sentence: str = ""

    def body(self) -> bytes:
        """Return it as JSON."""
        told = {"code": self.code, "sentence": self.sentence} if self.code else {}
        return msgspec.json.encode(told)


class StatementDoor:
    """Takes statements from the peer.

    Bounds: `BYTES_LIMIT` for each, `DAY_LIMIT` in a day.
    """

    def __init__(
        self,
        book: Book,
        keys: Iterable[VerifyingKey],
        *,
        channel: str,
        own: str,
        now_ms: Callable[[], int],
        heard: Callable[[Signed], None] = lambda _: None,
    ) -> None:
        """Be ready.

        Args:
            book: Where they are kept.
            keys: Both parties' keys: what this one lost, the peer sends back.
            channel: 64 hexadecimal digits.
            own: The name of this party.
            now_ms: Tells the time.
            heard: Called with each that is new.
        """
        self._book, self._keys, self._channel = book, tuple(keys), channel
        self._own, self._now_ms, self._heard = own, now_ms, heard

    def take(self, note: bytes) -> Reply:
        """Keep a statement, if it is one.

        Args:
            note: As it came.
        """
        try:
            signed = self._read(note)
        except TallystickError as error:
            fallback = 400 if isinstance(error, MalformedError) else 403
            status = _STATUSES.get(error.code, fallback)
            return Reply(status, error.code, str(error))
        if self._book.keep(signed, now_ms=self._now_ms(), from_peer=True):
            said = signed.statement
            if said.kind == "resend" and said.by != self._own:
                self._book.send_again()
            self._heard(signed)
        return Reply(200)

    def _read(self, note: bytes) -> Signed:
        if len(note) > BYTES_LIMIT:
            raise RefusedError(
                "statement-size",
                f"The statement is longer than {BYTES_LIMIT} bytes.",
                advice="Say it in several.",
            )
        signed = read_statement(note, self._keys, channel=self._channel)
        said, now_ms = signed.statement, self._now_ms()
        if said.at_ms > now_ms + AHEAD_MS:
            raise RefusedError(
                "statement-ahead",
                "The statement is dated in the future by this side's clock.",
                advice="One of the two clocks is wrong; once they agree it is taken.",
            )
        if self._book.taken_since(now_ms - DAY_MS, by=said.by) >= DAY_LIMIT:
            raise RefusedError(
                "statement-flood",
                f"More than {DAY_LIMIT} statements came in a day.",
                advice="This one is taken tomorrow.",
            )
        return signed

    def app(self) -> Starlette:
        """Return the door as an ASGI application, to be served or mounted."""

        async def post(request: Request) -> Response:
            note = await _limited(request.stream())
            reply = await run_in_threadpool(self.take, note)
            return Response(reply.body(), reply.status, media_type="application/json")

        return Starlette(routes=[Route(PATH, post, methods=["POST"])])


@dataclass(slots=True)
class Standing:
    """How sending goes.

    Attributes:
        reached_ms: When the peer last answered; None: never yet.
        trouble: Why it was not reached the last time; empty: it was.
        refused: What the peer said of statements that it does not take, by identifier.
        sent: How many it has taken.
    """

    reached_ms: int | None = None
    trouble: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    sent: int = 0


class StatementSender:
    """Sends statements to the peer until it has them.

    Attributes:
        standing: How that goes.
    """

    def __init__(
        self,
        book: Book,
        url: str,
        *,
        now_ms: Callable[[], int],
        tls: ssl.SSLContext | None = None,
        look_s: float = LOOK_S,
    ) -> None:
        """Be ready.

        Args:
            book: What is to be sent.
            url: Where the peer's door is, without `PATH`.
            now_ms: Tells the time.
            tls: Whom to believe; None: whom this machine believes.
            look_s: How often to look for what is new.
        """
        self.standing = Standing()
        self._book, self._url = book, url.rstrip("/") + PATH
        self._now_ms, self._tls, self._look_s = now_ms, tls, look_s
        self._again: dict[str, float] = {}

    async def run(self) -> None:
        """Send whatever is there, until cancelled."""
        verify = self._tls or ssl.create_default_context()
        failed = 0
        async with httpx2.AsyncClient(
            verify=verify, timeout=10, follow_redirects=False, trust_env=False
        ) as client:
            while True:
                await self._turn(client)
                failed = failed + 1 if self.standing.trouble else 0
                pause_s = PAUSES_S[min(failed, len(PAUSES_S)) - 1]
                await asyncio.sleep(pause_s if failed else self._look_s)

    async def _turn(self, client: httpx2.AsyncClient) -> None:
        """Send what is due; stop where nobody answers."""
        due = await run_in_threadpool(self._book.unsent)
        now_s = asyncio.get_running_loop().time()
        for kept in due:
            if self._again.get(kept.id, 0.0) > now_s:
                continue
            try:
                answer = await client.post(self._url, content=kept.note)
            except (httpx2.HTTPError, OSError) as error:
                self.standing.trouble = type(error).__name__
                return
            self.standing.reached_ms = self._now_ms()
            self.standing.trouble = ""
            if answer.status_code == 200:
                await run_in_threadpool(
                    self._book.mark_sent, kept.id, now_ms=self._now_ms()
                )
                self.standing.sent += 1
                self.standing.refused.pop(kept.id, None)
                self._again.pop(kept.id, None)
            else:
                self.standing.refused[kept.id] = _sentence(answer)
                self._again[kept.id] = now_s + REFUSED_S


async def _limited(stream: AsyncIterable[bytes]) -> bytes:
    """Return a body, or a little more of it than a statement may hold."""
    body = bytearray()
    async for part in stream:
        body += part
        if len(body) > BYTES_LIMIT:
            break
    return bytes(body)


def _sentence(answer: httpx2.Response) -> str:
    told: Any = {}
    with contextlib.suppress(msgspec.DecodeError):
        told = msgspec.json.decode(answer.content[:10_000])
    sentence = told.get("sentence") if isinstance(told, dict) else None
    return sentence if isinstance(sentence, str) else f"HTTP {answer.status_code}"
