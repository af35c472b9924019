"""What works beside the calls: each a task of its own that may fail alone."""

import ssl
from collections.abc import Callable
from typing import Protocol

from tallystick.domains.calls.passport import Places, is_public_address
from tallystick.domains.calls.passport.fetching import FetchPlan
from tallystick.model import ConfigError
from tallystick.net.fetch import Fetcher
from tallystick.net.resolve import Resolver
from tallystick.node.fetching import Fetching
from tallystick.node.identity import Identities
from tallystick.node.kept import KeptFiles
from tallystick.node.metrics import Metrics
from tallystick.node.settings import NodeSettings


class Helper(Protocol):
    """Something that runs while the node runs."""

    async def run(self) -> None:
        """Work until cancelled."""


def identities_of(settings: NodeSettings, *, now_s: int) -> Identities:
    """Return who looks at signatures."""
    return Identities(
        settings.trust, settings.certificates, now_s=now_s, places=_places(settings)
    )


def helpers_of(
    settings: NodeSettings,
    identities: Identities,
    metrics: Metrics,
    *,
    clock: Callable[[], int],
    failed: Callable[[], None],
) -> tuple[Helper, ...]:
    """Return what the settings ask for.

    Args:
        settings: What the node was told.
        identities: Who wants certificates.
        metrics: For theirs.
        clock: Tells the time, UTC milliseconds.
        failed: Is told of faults of the program.

    Raises:
        ConfigError: "node-fetch": a file cannot be used.
    """
    if not settings.fetch.enabled:
        return ()
    fetching = Fetching(
        FetchPlan(
            identities.store,
            places=_places(settings),
            lists=settings.fetch.revocation_lists,
        ),
        _fetcher(settings),
        KeptFiles(settings.folder / "certificates"),
        now_s=lambda: clock() // 1000,
        failed=failed,
        registry=metrics.registry,
    )
    identities.wanted = fetching.want
    return (fetching,)


def _places(settings: NodeSettings) -> Places:
    hosts = {*settings.fetch.hosts, *(h for one in settings.trust for h in one.hosts)}
    return Places(hosts=frozenset(hosts))


def _fetcher(settings: NodeSettings) -> Fetcher:
    authorities = settings.fetch.authorities
    try:
        return Fetcher(
            resolve=Resolver(), is_public=is_public_address, authorities=authorities
        )
    except (OSError, ssl.SSLError):
        raise ConfigError(
            "node-fetch",
            f"The authorities {authorities} cannot be read or are no certificates in"
            " PEM; nothing could be fetched.",
            advice="Leave `fetch.authorities` out to believe whom the system believes.",
        ) from None
