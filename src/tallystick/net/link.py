"""The channel over TCP or TLS: one side's feeds, the other side's subscription.

Both are thin: what is said is decided by `tallystick.channel`, which has no sockets.
The certificate under TLS need not be signed by anybody: its digest is part of what
both parties sign in the handshake.

Source: spec/channel.md, "Session".
"""

import asyncio
import hashlib
import itertools
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from tallystick.channel.errors import FrameError, Refusal, SessionError
from tallystick.channel.feed import Feed
from tallystick.channel.frame import Frame
from tallystick.channel.handshake import NONCE_BYTES, Answering, Opening, Standing
from tallystick.channel.handshake import refuse as refusal_frame
from tallystick.channel.publisher import Publisher
from tallystick.channel.reader import FrameReader
from tallystick.channel.subscriber import Delivered, Subscriber

GREETING_S: Final = 5.0
SESSIONS_LIMIT: Final = 16
GREETINGS_LIMIT: Final = 64
"""Connections that have not proved who they are; of more, the oldest go first."""

DEAD_S: Final = 10.0
"""A connection that acknowledged nothing for so long is ended (RFC 5482)."""

SILENT_S: Final = 2.0
"""A subscription that heard nothing for so long connects anew."""
WAIT_S: Final = (0.1, 5.0)
"""First and longest wait before the next attempt."""
TICK_S: Final = 0.005
PIECE: Final = 16_384
"""Bytes taken in one turn, some 300 calls: switches get theirs while a peer floods."""

Clock = Callable[[], int]
Draw = Callable[[int], bytes]
Checks = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What both ends of a link need.

    Attributes:
        standing: The agreement and the own signing key.
        checks: Gives the check of an epoch's keys.
        now_ms: Tells the time, UTC.
        draw: Draws random bytes, fit for keys.
    """

    standing: Standing
    checks: Checks
    now_ms: Clock
    draw: Draw


class Door:
    """Serves a publisher's frames to the peer's nodes.

    Bounds: `SESSIONS_LIMIT` sessions at once; each may hold back some 512 KiB. Who
        has not proved to be the peer takes no place of it.
    """

    def __init__(
        self,
        side: Side,
        publisher: Publisher,
        *,
        certificate: bytes = b"",
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to serve.

        Args:
            side: Who this is.
            publisher: Whose frames.
            certificate: The TLS certificate (DER) under which it listens; empty
                without TLS.
            failed: Called where a turn met a fault of the program.
        """
        binding = hashlib.sha256(certificate).digest() if certificate else b""
        self.side = replace(side, standing=replace(side.standing, binding=binding))
        self.publisher = publisher
        self.sessions: set[_Session] = set()
        self.greetings: dict[_Session, None] = {}
        self.is_shut = False
        self._failed = failed
        self._server: asyncio.Server | None = None
        self._ticking: asyncio.TimerHandle | None = None

    def shut(self) -> None:
        """Send the peer away for now: another node of this side may know more."""
        self.is_shut = True
        for session in list(self.sessions):
            session.refuse(Refusal.BUSY)

    def serve(self, publisher: Publisher) -> None:
        """Serve another stream from now on; who follows the old one comes again."""
        self.shut()
        self.publisher = publisher
        self.is_shut = False

    async def open(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        shared: bool | None = None,
    ) -> tuple[str, int]:
        """Begin to listen and return where.

        Args:
            host: The address.
            port: The port; 0: any.
            tls: With TLS.
            shared: Whether other processes listen on the same port.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Session(self),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=None if tls is None else GREETING_S,
            reuse_port=shared,
        )
        self._tick()
        name = self._server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    @property
    def behind(self) -> int:
        """How many finished frames the slowest subscriber has not been sent."""
        return max((session.behind for session in self.sessions), default=0)

    def bind(self, certificate: bytes) -> None:
        """Prove from the next session on to listen under this certificate (DER)."""
        binding = hashlib.sha256(certificate).digest() if certificate else b""
        standing = replace(self.side.standing, binding=binding)
        self.side = replace(self.side, standing=standing)

    def agree(self, side: Side, publisher: Publisher) -> None:
        """Serve by other terms; the peer's nodes are told to come back."""
        self._end_sessions()
        binding = self.side.standing.binding
        standing = replace(side.standing, binding=binding)
        self.side, self.publisher = replace(side, standing=standing), publisher

    async def close(self) -> None:
        """Tell the subscribers that this side stops, and stop."""
        if self._ticking is not None:
            self._ticking.cancel()
        self._end_sessions()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _end_sessions(self) -> None:
        for session in (*self.sessions, *self.greetings):
            session.pump()
            session.refuse(Refusal.CLOSING)

    def _tick(self) -> None:
        """Finish frames in time and hand out what is there."""
        loop = asyncio.get_running_loop()
        self._ticking = loop.call_later(TICK_S, self._tick)
        try:
            self.publisher.poll(now_ms=self.side.now_ms())
            for session in list(self.sessions):
                session.pump()
        except Exception:  # ruff: ignore[blind-except] (the next turn must come)
            self._failed()


class _Session(asyncio.Protocol):
    """One subscriber's connection to a door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._reader = FrameReader()
        side = door.side
        self._answering = Answering(side.standing, nonce=side.draw(NONCE_BYTES))
        self._greeted = False
        self._feed: Feed | None = None
        self._transport: asyncio.Transport | None = None
        self._full = False
        self._late: asyncio.TimerHandle | None = None

    @property
    def behind(self) -> int:
        return 0 if self._feed is None else self._feed.behind

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        _give_up_in_time(self._transport)
        greetings = self._door.greetings
        greetings[self] = None
        if len(greetings) > GREETINGS_LIMIT:
            next(iter(greetings)).refuse(Refusal.BUSY)
        loop = asyncio.get_running_loop()
        self._late = loop.call_later(GREETING_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._door.sessions.discard(self)
        self._door.greetings.pop(self, None)
        self._transport = None
        if self._late is not None:
            self._late.cancel()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.pump()

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return  # refused already; what was under way counts no more
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except FrameError:
            self.refuse(Refusal.FRAME)
        except SessionError as error:
            self.refuse(None if error.told else error.refusal)

    def pump(self) -> None:
        """Send what is there, as far as the line takes it."""
        while self._feed is not None and self._transport is not None:
            if self._full:
                return
            data = self._feed.data_to_send(now_ms=self._door.side.now_ms())
            if not data:
                return
            self._transport.write(data)

    def refuse(self, refusal: Refusal | None) -> None:
        """Say why, unless the peer knows, and close."""
        self._feed = None
        self._door.greetings.pop(self, None)
        if self._transport is not None:
            if refusal is not None:
                self._transport.write(refusal_frame(refusal))
            self._transport.close()

    def _take(self, frame: Frame) -> None:
        now_ms = self._door.side.now_ms()
        if self._feed is not None:
            self._feed.receive(frame, now_ms=now_ms)
        elif not self._greeted:
            welcome = self._answering.receive_hello(frame, now_ms=now_ms)
            self._greeted = True
            if self._transport is not None:
                self._transport.write(welcome)
        else:
            position = self._answering.receive_proof(frame)
            if self._door.is_shut or len(self._door.sessions) >= SESSIONS_LIMIT:
                raise SessionError(Refusal.BUSY)
            del self._door.greetings[self]
            self._door.sessions.add(self)
            self._reader.widen()
            self._feed = Feed(
                self._door.publisher,
                self._door.side.checks,
                position=position,
                now_ms=now_ms,
            )
            if self._late is not None:
                self._late.cancel()
        self.pump()

    def _give_up(self) -> None:
        if self._feed is None:
            self.refuse(Refusal.ORDER)


def _give_up_in_time(transport: asyncio.Transport) -> None:
    """End a connection whose other end has gone without a word.

    Something is always under way to a subscriber. Left alone, the kernel tries for a
    quarter of an hour, and meanwhile the dead take the places of the living.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
    line = transport.get_extra_info("socket")
    if option is not None and line is not None:
        line.setsockopt(socket.IPPROTO_TCP, option, round(DEAD_S * 1000))


@dataclass(slots=True)
class LinkState:
    """How a subscription stands; for metrics and `tally node check`.

    Attributes:
        connected: Whether a session is open.
        sessions: How many there have been.
        failure: Why the last one ended, in a sentence; empty while all is well.
    """

    connected: bool = False
    sessions: int = 0
    failure: str = ""


class Subscription:
    """Follows the peer's stream, over as many connections as it takes.

    Attributes:
        state: How it stands.
        subscriber: Takes the frames.
        tls: How to connect; None: without TLS.
    """

    def __init__(
        self,
        side: Side,
        subscriber: Subscriber,
        deliver: Callable[[Delivered], None],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare to follow.

        Args:
            side: Who this is.
            subscriber: Takes the frames.
            deliver: Told what each frame brought, also when that is nothing: the
                covered time may have moved.
            tls: How to connect; `peer_tls` makes one.
        """
        self.state = LinkState()
        self._side = side
        self.subscriber = subscriber
        self._deliver = deliver
        self.tls = tls

    async def follow(self, *places: tuple[str, int]) -> None:
        """Connect, listen, and connect again, until cancelled.

        Args:
            places: Hosts and ports of the peer's nodes, tried in turn.
        """
        wait_s = WAIT_S[0]
        for host, port in itertools.cycle(places):
            began = self._side.now_ms()
            try:
                await self._session(host, port)
            except Exception as error:  # ruff: ignore[blind-except] (it must connect again)
                self.state.failure = _sentence(error)
            finally:
                self.state.connected = False
            if self._side.now_ms() - began > 10_000:
                wait_s = WAIT_S[0]
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, WAIT_S[1])

    async def _session(self, host: str, port: int) -> None:
        # Not `wait_for`: where data comes at the moment it is cancelled, it goes on
        # as if nobody had told it to stop (until Python 3.12).
        async with asyncio.timeout(GREETING_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=self.tls)
        try:
            frames = FrameReader()
            async with asyncio.timeout(GREETING_S):
                first = await self._greet(reader, writer, frames)
            self._begin()
            self._take(first, writer)
            while True:
                async with asyncio.timeout(SILENT_S):
                    data = await reader.read(PIECE)
                if not data:
                    raise EOFError
                self._take(frames.feed(data), writer)
                await asyncio.sleep(0)  # more may lie ready, and others wait
        finally:
            writer.close()

    async def _greet(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        frames: FrameReader,
    ) -> list[Frame]:
        """Prove who both are; return the frames that came behind the welcome.

        Raises:
            EOFError: The peer closed the connection.
        """
        standing = self._side.standing
        tls = writer.get_extra_info("ssl_object")
        if tls is not None:
            digest = hashlib.sha256(tls.getpeercert(binary_form=True)).digest()
            standing = replace(standing, binding=digest)
        opening = Opening(
            standing,
            nonce=self._side.draw(NONCE_BYTES),
            position=self.subscriber.position,
        )
        writer.write(opening.hello())
        while True:
            data = await reader.read(65_536)
            if not data:
                raise EOFError
            got = frames.feed(data)
            if got:
                writer.write(opening.receive(got[0]))
                frames.widen()
                return got[1:]

    def _begin(self) -> None:
        self.subscriber.open_session()
        self.state.connected = True
        self.state.sessions += 1
        self.state.failure = ""

    def _take(self, frames: list[Frame], writer: asyncio.StreamWriter) -> None:
        now_ms = self._side.now_ms()
        for frame in frames:
            self._deliver(self.subscriber.receive(frame, now_ms=now_ms))
        out = self.subscriber.data_to_send()
        if out:
            writer.write(out)


def peer_tls() -> ssl.SSLContext:
    """Return a context that takes any certificate: the handshake proves who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def door_tls(certificate: Path, key: Path) -> tuple[ssl.SSLContext, bytes]:
    """Return a context to listen with, and the certificate in DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    pem = certificate.read_text(encoding="ascii")
    return context, ssl.PEM_cert_to_DER_cert(_first_certificate(pem))


def _first_certificate(pem: str) -> str:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return pem[pem.index(begin) : pem.index(end) + len(end)]


_WHY: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((TimeoutError,), "The peer did not answer in time."),
    (
        (EOFError,),
        (
            "The peer closed the connection: it is being stopped, or speaks TLS where"
            " `peer.tls` is not set."
        ),
    ),
    ((ssl.SSLError,), "What listens at `peer.address` does not speak TLS."),
    ((ConnectionRefusedError,), "Nobody listens at `peer.address`."),
    ((socket.gaierror, UnicodeError), "The name in `peer.address` leads nowhere."),
)


def _sentence(error: Exception) -> str:
    """Say why a session ended, and what to look at."""
    if isinstance(error, SessionError | FrameError):
        return str(error)
    known = (sentence for types, sentence in _WHY if isinstance(error, types))
    why = getattr(error, "strerror", None) or type(error).__name__
    return next(known, f"The session with the peer ended: {why}.")
