"""A party's log in a store that speaks the protocol of Redis: Redis, Valkey.

A stream of the store is the log; the number of an entry is the store's time and a
turn. Each run of the store has a stream of its own, so that nothing it forgot when it
was started again can be missed in silence.

Source: spec/log.md, "A log in Redis or Valkey".
"""

import asyncio
import contextlib
import importlib
from collections.abc import Iterable
from typing import Any, Final

from tallystick.cluster import Place
from tallystick.model import ConfigError, TallystickError, UnavailableError
from tallystick.net.log import Ends, LineState

FIELD: Final = b"b"
READ_LIMIT: Final = 256
BLOCK_MS: Final = 250
PATIENCE_S: Final = 1.0
"""A store that does not answer for so long is gone; it is asked again."""

WAIT_S: Final = (0.05, 1.0)
"""First and longest wait before the next attempt."""

LEAST_VERSION: Final = (6, 2)  # XADD with MINID
KEEP_RUNS_MS: Final = 600_000
"""How long the stream of a run is kept that nobody writes to any more."""


class StoreLine:
    """A line to a log in a store.

    Attributes:
        state: How it stands.

    Bounds: the store holds entries of `keep_ms`; here, what one turn brings.
    """

    def __init__(self, url: str, key: str, *, keep_ms: int) -> None:
        """Prepare to connect.

        Args:
            url: redis://, rediss:// or unix://, with user and password if need be.
            key: How the streams of this log are called.
            keep_ms: How long entries are kept.

        Raises:
            UnavailableError: "cluster-client": the package redis is not installed.
            ConfigError: "cluster-store": the address cannot be meant.
        """
        self.state = LineState()
        self._read, self._write = store_client(url), store_client(url)
        self._key, self._keep_ms = key, keep_ms
        self._stream = key
        self._batches: list[bytes] = []
        self._there = asyncio.Event()
        self._last_ms = 0

    def append(self, batches: Iterable[bytes]) -> None:
        """Append batches in their order; what is on its way is lost with the line."""
        self._batches += batches
        if self._batches:
            self._there.set()

    async def follow(self, ends: Ends) -> None:
        """Connect, read, and connect again, until cancelled."""
        wait_s = WAIT_S[0]
        try:
            while True:
                try:
                    await self._session(ends)
                except Exception as error:  # ruff: ignore[blind-except] (it must connect again)
                    self.state.failure = why_unused(error)
                end_if_told()
                if self.state.connected:
                    wait_s = WAIT_S[0]
                    self.state.connected = False
                    ends.closed()
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, WAIT_S[1])
        finally:
            await self._part()

    async def _session(self, ends: Ends) -> None:
        """Read and write until one of the two fails."""
        await self._part()
        self._batches.clear()
        async with asyncio.timeout(PATIENCE_S):
            told = await self._write.info("server")
        run = str(told["run_id"])
        self._stream = f"{self._key}:{run}"
        self.state.connected, self.state.failure = True, ""
        ends.opened(bytes.fromhex(run)[:8])
        both = [
            asyncio.ensure_future(one) for one in (self._reading(ends), self._writing())
        ]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _reading(self, ends: Ends) -> None:
        while True:
            place = ends.place()
            behind = {self._stream: f"{place.at_ms}-{place.turn}"}
            async with asyncio.timeout(PATIENCE_S):
                got: Any = await self._read.xread(
                    behind, count=READ_LIMIT, block=BLOCK_MS
                )
            end_if_told()
            for entries in _entries(got):
                for name, fields in entries:
                    at_ms, _, turn = name.partition(b"-")
                    self._last_ms = int(at_ms)
                    place = Place(self._last_ms, int(turn))
                    ends.taken(place, fields.get(FIELD, b""))

    async def _writing(self) -> None:
        kept_ms = 0
        while True:
            await self._there.wait()
            self._there.clear()
            batches, self._batches = self._batches, []
            if not batches:
                continue
            line = self._write.pipeline(transaction=False)
            oldest_ms = max(0, self._last_ms - self._keep_ms)
            for batch in batches:
                line.xadd(self._stream, {FIELD: batch}, minid=oldest_ms)
            if self._last_ms - kept_ms > KEEP_RUNS_MS // 10:
                line.pexpire(self._stream, KEEP_RUNS_MS)
                kept_ms = self._last_ms
            async with asyncio.timeout(PATIENCE_S):
                await line.execute()
            end_if_told()

    async def _part(self) -> None:
        """Leave both connections; what was not answered is not waited for."""
        for client in (self._read, self._write):
            with contextlib.suppress(Exception):
                await client.aclose(close_connection_pool=True)


async def try_store(url: str) -> str:
    """Return why a store cannot be used; empty where it can."""
    try:
        client = store_client(url)
        async with asyncio.timeout(PATIENCE_S):
            told = await client.info("server")
        await client.aclose(close_connection_pool=True)
    except TallystickError as error:
        return str(error)
    except Exception as error:  # ruff: ignore[blind-except] (whatever it is, it is told)
        return why_unused(error)
    version = tuple(map(int, str(told["redis_version"]).split(".")[:2]))
    if version < LEAST_VERSION:
        return "The store is too old: Redis 6.2 or newer, or Valkey, is needed."
    return ""


def store_client(url: str) -> Any:  # ruff: ignore[any-type] (its types differ by version)
    """Return a client of a store, not yet connected.

    Args:
        url: redis://, rediss:// or unix://, with user and password if need be.

    Raises:
        UnavailableError: "cluster-client": the package redis is not installed.
        ConfigError: "cluster-store": the address cannot be meant.
    """
    try:
        client = importlib.import_module("redis.asyncio")
        retry = importlib.import_module("redis.asyncio.retry")
        backoff = importlib.import_module("redis.backoff")
    except ImportError:
        raise UnavailableError(
            "cluster-client",
            "Several nodes share a store, and the package for it is not installed.",
            advice="pip install 'tallystick[cluster]'",
        ) from None
    try:
        return client.Redis.from_url(
            url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=retry.Retry(
                backoff.NoBackoff(), 0
            ),  # whoever asks again is the member
        )
    except ValueError:
        raise ConfigError(
            "cluster-store",
            "`cluster.store` is not the address of a store.",
            advice="redis://:password@192.0.2.1:6379/0, or rediss:// with TLS.",
        ) from None


def end_if_told() -> None:
    """End where this task was cancelled, whatever came of what it waited for.

    The client may answer a cancelled wait with an error of the connection, or as if
    nothing had been.

    Raises:
        CancelledError: It was.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _entries(got: Any) -> Iterable[Any]:  # ruff: ignore[any-type] (two protocols)
    """Return the entries of each stream, in either protocol of the store."""
    if isinstance(got, dict):
        return [entries for parts in got.values() for entries in parts]
    return [entries for _, entries in got or ()]


def why_unused(error: Exception) -> str:
    """Say why the store is not there; what it says itself may repeat a password."""
    return f"The store cannot be used: {type(error).__name__}."
