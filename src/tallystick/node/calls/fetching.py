"""Certificates fetched between calls, so that the next call can be verified."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from tallystick.domains.calls.passport import CertificateStore
from tallystick.domains.calls.passport.fetching import Fetch, FetchPlan
from tallystick.model import MalformedError
from tallystick.net.fetch import Fetched, Fetcher, FetchError
from tallystick.node.calls.certificates import Kept, KeptFiles

TURN_S: Final = 1.0
LOOK_AHEAD_S: Final = 30


class Fetching:
    """Fetches what a plan says.

    Attributes:
        plan: What and when.
        fetcher: How.
        results: How many fetches ended how.

    Bounds: those of the plan.
    """

    def __init__(
        self,
        plan: FetchPlan,
        fetcher: Fetcher,
        kept: KeptFiles,
        *,
        now_s: Callable[[], int],
        failed: Callable[[], None],
        registry: CollectorRegistry,
    ) -> None:
        """Take up what was kept.

        Args:
            plan: What and when.
            fetcher: How.
            kept: Where what came is kept.
            now_s: Tells the time.
            failed: Is told of faults of the program.
            registry: For metrics.
        """
        self.plan = plan
        self.fetcher, self._kept = fetcher, kept
        self._now_s, self._failed = now_s, failed
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._look_s = 0
        self.results = Counter(
            "tally_fetches",
            "Certificates and revocation lists fetched, by how it ended",
            ("result",),
            registry=registry,
        )
        waiting = Gauge("tally_fetches_waiting", "Fetches that wait", registry=registry)
        waiting.set_function(lambda: plan.waiting)
        turned = Gauge(
            "tally_fetches_turned_away", "URLs beyond what may wait", registry=registry
        )
        turned.set_function(lambda: plan.turned_away)
        self._restore()

    def want(self, url: str) -> None:
        """Fetch the certificate behind a URL, some time after this."""
        if self.plan.want(url, now_s=self._now_s()):
            self._wake.set()

    def serve(self, store: CertificateStore) -> None:
        """Fetch for another store, which gets what was kept for the one before."""
        self.plan.store = store
        self._restore()

    def stop(self) -> None:
        """Nobody waits for a fetch."""

    async def run(self) -> None:
        """Fetch until cancelled."""
        try:
            await asyncio.to_thread(self._kept.tidy, now_s=self._now_s())
            while True:
                self._wake.clear()
                try:
                    self._turn()
                except Exception:  # ruff: ignore[blind-except] (the next turn must come)
                    self._failed()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TURN_S):
                        await self._wake.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _turn(self) -> None:
        now_s = self._now_s()
        if not 0 <= now_s - self._look_s < LOOK_AHEAD_S:
            self._look_s = now_s
            self.plan.look_ahead(now_s=now_s)
        while (fetch := self.plan.next(now_s=now_s)) is not None:
            task = asyncio.create_task(self._get(fetch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _get(self, fetch: Fetch) -> None:
        try:
            got = await self.fetcher.get(fetch.url, limit_bytes=fetch.limit_bytes)
            await self._take(fetch, got)
        except FetchError as error:
            self._fail(fetch, error.why)
        except Exception:  # ruff: ignore[blind-except] (a fault must not hold a place)
            self._failed()
            self._fail(fetch, "fault")
        finally:
            self._wake.set()

    def _fail(self, fetch: Fetch, why: str) -> None:
        self.plan.fail(fetch, why, now_s=self._now_s())
        self.results.labels(why).inc()

    async def _take(self, fetch: Fetch, got: Fetched) -> None:
        now_s = self._now_s()
        word, keep_s = self.plan.take(fetch, got.body, got.headers, now_s=now_s)
        self.results.labels(word).inc()
        if word != "fetched":
            return
        kept = Kept(
            url=fetch.url,
            is_list=fetch.is_list,
            fetched_s=now_s,
            keep_s=keep_s,
            data=got.body,
        )
        try:
            await asyncio.to_thread(self._kept.write, kept)
        except OSError:
            self.results.labels("not-kept").inc()

    def _restore(self) -> None:
        """Take up what was kept, as far as it may be fetched today."""
        now_s = self._now_s()
        for kept in self._kept.read(now_s=now_s):
            fetched_s = min(kept.fetched_s, now_s)
            if kept.is_list:
                with contextlib.suppress(MalformedError):
                    self.plan.store.revoke(kept.data)
                    self.plan.hold_list(kept.url, until_s=fetched_s + kept.keep_s)
            elif self.plan.store.needs(kept.url, now_s=now_s):
                self.plan.store.add(
                    kept.url, kept.data, now_s=fetched_s, keep_s=kept.keep_s
                )
