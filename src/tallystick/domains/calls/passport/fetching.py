"""What is fetched, and when: certificates that calls named, and revocation lists.

Nothing here fetches. A call `want`s; whoever fetches asks `next`, and brings what came
with `take`, or says with `fail` why nothing did.

Source: spec/passport.md, "Fetching".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tallystick.domains.calls.passport.chain import MAX_CHAIN_BYTES
from tallystick.domains.calls.passport.freshness import kept_for_s
from tallystick.domains.calls.passport.pauses import Pauses
from tallystick.domains.calls.passport.place import Places
from tallystick.domains.calls.passport.store import (
    FIRST_PAUSE_S,
    KEEP_S,
    LEAST_KEEP_S,
    LONGEST_PAUSE_S,
    MAX_CERTIFICATES,
    MAX_LISTS,
    CertificateStore,
)
from tallystick.model.errors import MalformedError

MAX_FETCHED_LIST: Final = 1 << 20
"""Bytes of a revocation list that is fetched: some 25,000 entries."""

HOST_PAUSE_S: Final = 60
UNREACHABLE: Final = frozenset({"resolve", "address", "connect", "tls", "timeout"})
"""Failures that are the host's and port's, not the URL's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How much is asked of others, and of us.

    Attributes:
        waiting: URLs that wait to be fetched.
        at_once: Fetches under way.
        host_gap_s: Between two fetches from one host; there is one at a time.
    """

    waiting: int = 256
    at_once: int = 4
    host_gap_s: int = 1


@dataclass(frozen=True, slots=True)
class Fetch:
    """One thing to be fetched.

    Attributes:
        url: Where it is.
        host: Of the URL.
        is_list: Whether it is a revocation list rather than a certificate.
    """

    url: str
    host: str
    is_list: bool = False

    @property
    def door(self) -> str:
        """Host and port: one that is shut says nothing of the host's others."""
        return f"{self.host}:{urlsplit(self.url).port or 443}"

    @property
    def limit_bytes(self) -> int:
        """How much may come."""
        return MAX_FETCHED_LIST if self.is_list else MAX_CHAIN_BYTES


class FetchPlan:
    """The order of fetches.

    Attributes:
        store: Takes what was fetched.
        turned_away: URLs that were not taken in because too many waited.

    Bounds: those of `FetchLimits`; one entry for each host that is asked, and as many
        pauses as certificates.
    """

    def __init__(
        self,
        store: CertificateStore,
        *,
        places: Places,
        lists: Iterable[str] = (),
        limits: FetchLimits | None = None,
    ) -> None:
        """Have nothing to fetch.

        Args:
            store: Takes what was fetched.
            places: From where may be fetched, as in the store.
            lists: URLs of revocation lists to be had in any case.
            limits: How much.
        """
        self.store, self._places = store, places
        self._own_lists = tuple(lists)
        self._limits = limits or FetchLimits()
        self._ahead: dict[str, Fetch] = {}
        self._wanted: dict[str, Fetch] = {}
        self._under_way: dict[str, Fetch] = {}
        self._asked_s: dict[str, int] = {}
        self._lists_until_s: dict[str, int] = {}
        self._doors = Pauses(
            first_s=HOST_PAUSE_S, longest_s=LONGEST_PAUSE_S, most=MAX_CERTIFICATES
        )
        self._lists = Pauses(
            first_s=FIRST_PAUSE_S, longest_s=LONGEST_PAUSE_S, most=MAX_LISTS
        )
        self.turned_away = 0

    @property
    def waiting(self) -> int:
        """How many URLs wait to be fetched."""
        return len(self._wanted) + len(self._ahead)

    def want(self, url: str, *, now_s: int) -> bool:
        """Ask for the certificate behind a URL that a call named.

        Returns:
            Whether it was taken in; not where it waits or is held already, failed of
            late, may not be fetched from there, or where too many wait.
        """
        if self._is_known(url) or not self.store.needs(url, now_s=now_s):
            return False
        fetch = Fetch(url, _host(url))
        if self._doors.holds(fetch.door, now_s=now_s):
            return False
        if len(self._wanted) >= self._limits.waiting:
            self.turned_away += 1
            return False
        self._wanted[url] = fetch
        return True

    def look_ahead(self, *, now_s: int) -> None:
        """Ask for what is in use and will soon be too old, and for revocation lists.

        Bounds: one pass over what is held; for a timer, not for a call.
        """
        for url in self.store.aging(now_s=now_s):
            if not self._is_known(url):
                self._ahead[url] = Fetch(url, _host(url))
        urls = dict.fromkeys((*self._own_lists, *self.store.list_urls()))
        until_s = self._lists_until_s
        self._lists_until_s = {url: until_s[url] for url in urls if url in until_s}
        for url in list(urls)[:MAX_LISTS]:
            due = now_s >= self._lists_until_s.get(url, now_s)
            late = self._lists.holds(url, now_s=now_s)
            idle = not self._is_known(url) and self._places.accept(url)
            if due and not late and idle:
                self._ahead[url] = Fetch(url, _host(url), is_list=True)

    def next(self, *, now_s: int) -> Fetch | None:
        """Return what to fetch now; it is under way until `take` or `fail`."""
        if len(self._under_way) >= self._limits.at_once:
            return None
        busy = {fetch.host for fetch in self._under_way.values()}
        for waiting in (self._ahead, self._wanted):
            for url, fetch in waiting.items():
                # What was had there before is not kept back by what strangers named.
                shut = waiting is self._wanted and self._doors.holds(
                    fetch.door, now_s=now_s
                )
                if fetch.host not in busy and not shut and self._may_ask(fetch, now_s):
                    del waiting[url]
                    self._under_way[url] = fetch
                    self._note_asked(fetch.host, now_s)
                    return fetch
        return None

    def take(
        self, fetch: Fetch, data: bytes, headers: Mapping[str, str], *, now_s: int
    ) -> tuple[str, int]:
        """Take what was fetched.

        Args:
            fetch: As `next` gave it.
            data: The body.
            headers: Header fields of the answer, names in lower case.
            now_s: The time.

        Returns:
            `fetched`, `refused` (a chain that is not believed) or `malformed`; and for
            how many seconds it is fresh.
        """
        self._under_way.pop(fetch.url, None)
        self._doors.succeed(fetch.door)
        keep_s = kept_for_s(headers, usual_s=KEEP_S, now_s=now_s)
        keep_s = min(max(keep_s, LEAST_KEEP_S), KEEP_S)
        if fetch.is_list:
            return self._take_list(fetch.url, data, keep_s, now_s), keep_s
        rule = self.store.add(fetch.url, data, now_s=now_s, keep_s=keep_s)
        words = {"": "fetched", "certificate-malformed": "malformed"}
        return words.get(rule, "refused"), keep_s

    def fail(self, fetch: Fetch, why: str, *, now_s: int) -> None:
        """Note that nothing came.

        Args:
            fetch: As `next` gave it.
            why: One of `UNREACHABLE`, or any other word.
            now_s: The time.
        """
        self._under_way.pop(fetch.url, None)
        if why in UNREACHABLE:
            self._doors.fail(fetch.door, now_s=now_s)
            # Calls will ask again; what waits for others must have room.
            self._wanted = {
                url: one for url, one in self._wanted.items() if one.door != fetch.door
            }
        if fetch.is_list:
            self._lists.fail(fetch.url, now_s=now_s)
        else:
            self.store.fail(fetch.url, now_s=now_s)

    def hold_list(self, url: str, *, until_s: int) -> None:
        """Note until when a revocation list that is known already is fresh."""
        self._lists_until_s[url] = until_s

    def _take_list(self, url: str, data: bytes, keep_s: int, now_s: int) -> str:
        try:
            self.store.revoke(data)
        except MalformedError:
            self._lists.fail(url, now_s=now_s)
            return "malformed"
        self._lists.succeed(url)
        self.hold_list(url, until_s=now_s + keep_s)
        return "fetched"

    def _is_known(self, url: str) -> bool:
        return url in self._wanted or url in self._ahead or url in self._under_way

    def _may_ask(self, fetch: Fetch, now_s: int) -> bool:
        gap_s = self._limits.host_gap_s
        since_s = now_s - self._asked_s.get(fetch.host, now_s - gap_s)
        # Negative where the clock was set back.
        return since_s >= gap_s or since_s < 0

    def _note_asked(self, host: str, now_s: int) -> None:
        """Remember when a host was asked, and forget those that may be asked again."""
        gap_s = self._limits.host_gap_s
        self._asked_s = {
            one: at_s
            for one, at_s in self._asked_s.items()
            if 0 <= now_s - at_s < gap_s
        }
        self._asked_s[host] = now_s


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removesuffix(".")
