"""The home network asked about own numbers, beside the calls that show them.

A call waits for the answer at most as long as the settings say; an answer that comes
later serves the next call. Whatever goes wrong, the word is `unknown`.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from tallystick.domains.calls.roaming import (
    AccessToken,
    RoamingBook,
    parse_token,
    question,
)
from tallystick.net.camara import QUESTION_S, AskError, RoamingClient

TOTAL_S: Final = 3 * QUESTION_S  # steps that take their time one after another
RETRY_S: Final = 15.0

Take = Callable[[str, int], None]
"""Is given the word, and the time."""


@dataclass(slots=True, eq=False)
class _Waiting:
    take: Take
    timer: asyncio.TimerHandle | None = None


class RoamingSource:
    """Answers where the subscriber of an own number is.

    Attributes:
        results: How many answers calls got, by word; `late` where the wait ended.

    Bounds: those of `RoamingBook`; the calls that wait are bounded by their wait.
    """

    def __init__(
        self,
        book: RoamingBook,
        client: RoamingClient,
        *,
        wait_ms: int,
        now_ms: Callable[[], int],
        note: Callable[[str], None],
        registry: CollectorRegistry,
    ) -> None:
        """Have no access token yet: until there is one, nothing is known.

        Args:
            book: What is known.
            client: Asks.
            wait_ms: How long a call may wait.
            now_ms: Tells the time.
            note: Is told of events, as in the node's log.
            registry: For metrics.
        """
        self._book, self._client = book, client
        self._wait_ms, self._now_ms, self._note = wait_ms, now_ms, note
        self._token: AccessToken | None = None
        self._renew = asyncio.Event()
        self._waiting: dict[int, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = self._is_lost = False
        self.results = Counter(
            "tally_roaming_answers",
            "Words on where subscribers of own numbers are",
            ("word",),
            registry=registry,
        )

    @property
    def is_asking(self) -> bool:
        """Tell whether a question is under way."""
        return bool(self._tasks)

    def ask(self, number: int, take: Take) -> None:
        """Have `take` called once: now, or within the wait."""
        now_ms = self._now_ms()
        word = self._book.known(number, now_ms=now_ms)
        if word is None and not self._is_asking(number, now_ms):
            word = "unknown"
        if word is not None:
            self._tell(_Waiting(take), word)
            return
        waiting = _Waiting(take)
        if self._wait_ms == 0:
            self._tell(waiting, "unknown")
            return
        self._waiting.setdefault(number, []).append(waiting)
        waiting.timer = asyncio.get_running_loop().call_later(
            self._wait_ms / 1000, partial(self._give_up, number, waiting)
        )

    def stop(self) -> None:
        """Let nobody wait any more."""
        self._stopped = True
        for number in list(self._waiting):
            self._tell_all(number, "unknown")

    async def run(self) -> None:
        """Keep an access token at hand until cancelled."""
        try:
            while True:
                self._renew.clear()
                pause_s = RETRY_S
                try:
                    pause_s = await self._have_token()
                except AskError:
                    self._lose()
                except Exception:  # ruff: ignore[blind-except] (the next turn must come)
                    self._note("fault")
                await self._until_renewal(pause_s)
        finally:
            self.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._client.close()

    def _is_asking(self, number: int, now_ms: int) -> bool:
        """Tell whether an answer is on its way; begin a question if it may."""
        if self._stopped or self._token is None:
            return False
        if number in self._book.asking:
            return True
        if not self._book.may_ask(number, now_ms=now_ms):
            return False
        task = asyncio.ensure_future(self._question(number, self._token))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _question(self, number: int, token: AccessToken) -> None:
        word = "unknown"
        try:
            word = await self._answer(number, token)
        except (AskError, TimeoutError):
            self._book.fail(number, now_ms=self._now_ms())
        except Exception:  # ruff: ignore[blind-except] (a fault must not hold a place)
            self._note("fault")
            self._book.fail(number, now_ms=self._now_ms())
        finally:
            self._book.asking.discard(number)
            self._tell_all(number, word)

    async def _answer(self, number: int, token: AccessToken) -> str:
        """Ask the home network; return the word.

        Raises:
            AskError: No answer came.
            TimeoutError: It took too long.
        """
        async with asyncio.timeout(TOTAL_S):
            status, body = await self._client.retrieve(
                question(number), token=token.text
            )
        if status == 401 and self._token is token:
            self._token = None
            self._renew.set()
        return self._book.take(number, status, body, now_ms=self._now_ms())

    async def gives_token(self) -> bool:
        """Tell whether the home network gives an access token, for `check`."""
        try:
            await self._have_token()
        except AskError:
            return False
        finally:
            await self._client.close()
        return True

    async def _have_token(self) -> float:
        """Get a token; return after how many seconds to get the next.

        Raises:
            AskError: None was given.
        """
        status, body = await self._client.token()
        token = parse_token(body) if status == 200 else None
        if token is None:
            raise AskError
        self._token, self._is_lost = token, False
        return token.renew_s

    def _lose(self) -> None:
        """Note once that no token is given; an old one serves until it ends."""
        if not self._is_lost:
            self._is_lost = True
            self._note("roaming-lost")

    async def _until_renewal(self, pause_s: float) -> None:
        """Wait; one that is refused before its time is replaced, a second later."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._renew.wait()
                await asyncio.sleep(min(pause_s, 1.0))

    def _give_up(self, number: int, waiting: _Waiting) -> None:
        others = self._waiting.get(number, [])
        if waiting in others:
            others.remove(waiting)
            if not others:
                del self._waiting[number]
            self.results.labels("late").inc()
            self._tell(waiting, "unknown")

    def _tell_all(self, number: int, word: str) -> None:
        for waiting in self._waiting.pop(number, []):
            if waiting.timer is not None:
                waiting.timer.cancel()
            self._tell(waiting, word)

    def _tell(self, waiting: _Waiting, word: str) -> None:
        self.results.labels(word).inc()
        try:
            waiting.take(word, self._now_ms())
        except Exception:  # ruff: ignore[blind-except] (others wait too)
            self._note("fault")
