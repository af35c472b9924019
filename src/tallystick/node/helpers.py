"""What works beside the calls: each a task of its own that may fail alone."""

import secrets
import ssl
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from tallystick.domains.calls.passport import Places, is_public_address
from tallystick.domains.calls.passport.fetching import FetchPlan
from tallystick.domains.calls.roaming import SCOPE, RoamingBook, RoamingSettings
from tallystick.model import ConfigError
from tallystick.net.camara import RoamingClient
from tallystick.net.fetch import Fetcher
from tallystick.net.resolve import Resolver
from tallystick.node.agreed import AgreedRules
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.calls.certificates import KeptFiles
from tallystick.node.calls.fetching import Fetching
from tallystick.node.calls.identity import Identities
from tallystick.node.calls.roaming import RoamingSource
from tallystick.node.config.files import read_text
from tallystick.node.config.known import KnownFiles
from tallystick.node.config.outward import Roaming
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.guarding import Guarding, guard_folder
from tallystick.node.watch.logs import Log
from tallystick.node.watch.metrics import Metrics

SPARE_MS: Final = 20
"""Of a call's deadline, for the verdict itself."""


class Helper(Protocol):
    """Something that runs while the node runs."""

    async def run(self) -> None:
        """Work until cancelled."""

    def stop(self) -> None:
        """Let no call wait any more; `run` is cancelled soon after."""


def identities_of(settings: NodeSettings, *, now_s: int) -> Identities:
    """Return who looks at signatures."""
    return Identities(
        settings.trust, settings.certificates, now_s=now_s, places=_places(settings)
    )


def helpers_of(
    settings: NodeSettings,
    own: Secrets,
    identities: Identities,
    arrivals: Arrivals,
    metrics: Metrics,
    *,
    clock: Callable[[], int],
    log: Log,
    worker: int | None = None,
) -> tuple[Helper, ...]:
    """Return what the settings ask for.

    Args:
        settings: What the node was told.
        own: Its keys and terms.
        identities: Who wants certificates.
        arrivals: Who wants to know where subscribers are.
        metrics: For theirs.
        clock: Tells the time, UTC milliseconds.
        log: Of the node.
        worker: Its number, where it is one of several processes.

    Raises:
        ConfigError: "node-fetch", "node-roaming": a file cannot be used.
    """
    failed = partial(log.note, "fault")
    helpers: list[Helper] = [
        KnownFiles(
            settings,
            arrivals.know,
            refused=lambda why: log.note("list-refused", why=why),
            failed=failed,
        )
    ]
    if settings.agreement is not None:
        helpers.append(
            AgreedRules(
                settings.agreement,
                own,
                settings.keys.own,
                arrivals,
                clock,
                log,
                Guarding(
                    guard_folder(settings, is_worker=worker is not None),
                    f"worker-{worker}" if worker else "node",
                    secrets.token_hex(8),
                ),
            )
        )
    if settings.fetch.enabled:
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
        helpers.append(fetching)
    if settings.roaming is not None:
        most_ms = settings.limits.deadline_ms - SPARE_MS
        source = RoamingSource(
            RoamingBook(_bounds(settings.roaming)),
            _client(settings.roaming),
            wait_ms=min(settings.roaming.wait_ms, most_ms),
            now_ms=clock,
            note=log.note,
            registry=metrics.registry,
        )
        arrivals.roaming = source.ask
        helpers.append(source)
    return tuple(helpers)


def _bounds(roaming: Roaming) -> RoamingSettings:
    return RoamingSettings(
        max_age_ms=roaming.max_age_s * 1000, keep_ms=roaming.keep_s * 1000
    )


def _client(roaming: Roaming) -> RoamingClient:
    secret = read_text(
        roaming.client_secret_file, code="node-roaming", what="The client's secret"
    )
    try:
        return RoamingClient(
            url=roaming.url,
            token_url=roaming.token_url,
            client_id=roaming.client_id,
            secret=secret.strip(),
            scope=SCOPE,
            authorities=roaming.authorities,
        )
    except (OSError, ssl.SSLError):
        raise ConfigError(
            "node-roaming",
            f"The authorities {roaming.authorities} cannot be read or are no"
            " certificates in PEM; the home network could not be asked.",
            advice="Leave `roaming.authorities` out to believe whom the system"
            " believes.",
        ) from None


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
