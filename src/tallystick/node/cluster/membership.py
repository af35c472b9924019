"""Which member of its party a node is, and by which line it meets the others."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.cluster import Join, Member, Rules
from tallystick.net.hub import HubLine
from tallystick.net.log import LogLine
from tallystick.net.store_log import StoreLine
from tallystick.net.store_table import StoreTable
from tallystick.node.calls.departures import REPEAT_MS
from tallystick.node.cluster.common import Common
from tallystick.node.cluster.running import Cluster
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.guarding import guard_folder
from tallystick.node.watch.logs import Log
from tallystick.pairing.live import Hold, LiveWindow

KEEP_LEAST_MS: Final = 60_000
"""How long entries are kept at least, for members that begin."""

NOBODY: Final = "captures-are-no-promise"
WORKERS_FAILOVER_MS: Final = 2_000
"""A process that ended closes its ports: what a switch sends goes to the others, and
what was on its way is sent again within this time (RFC 3261, timer E; TCP resets)."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of several processes that share their ports.

    Attributes:
        number: 1 for the first.
        line: Its line to the hub in the parent; None where a store carries the log.
    """

    number: int
    line: socket.socket | None = None


def worker_of(told: str) -> Worker | None:
    """Read what the parent told a process of itself; None where it told nothing."""
    if not told:
        return None
    number, _, descriptor = told.partition(":")
    line = socket.socket(fileno=int(descriptor)) if descriptor else None
    return Worker(int(number), line)


def settings_of(settings: NodeSettings, worker: Worker | None) -> NodeSettings:
    """Return the settings of one of several processes: a folder of its own."""
    if worker is None:
        return settings
    folder = worker_folder(settings, worker.number)
    mb = max(8, settings.limits.verdicts_mb // settings.workers)
    limits = settings.limits.model_copy(update={"verdicts_mb": mb})
    return settings.model_copy(update={"folder": folder, "limits": limits})


def worker_folder(settings: NodeSettings, number: int) -> Path:
    """Return where one of several processes keeps what it keeps."""
    return settings.folder / f"worker-{number}"


def folders_of(settings: NodeSettings) -> tuple[Path, ...]:
    """Return the folders of all processes that there are, or were."""
    numbers = range(1, settings.workers + 1)
    return (settings.folder, *(worker_folder(settings, one) for one in numbers))


def cluster_of(
    settings: NodeSettings,
    own: Secrets,
    hold: Hold,
    *,
    worker: Worker | None,
    now_ms: Callable[[], int],
) -> Cluster | None:
    """Return what a node shares with others of its party; None where it is alone.

    Raises:
        ConfigError: "cluster-store".
        UnavailableError: "cluster-client".
    """
    if settings.cluster is None and worker is None:
        return None
    window = hold.matcher.window
    rules = Rules(
        terms=own.signed.terms,
        checks=own.check,
        window=window,
        waits=hold.settings,
        repeat_ms=REPEAT_MS,
    )
    join = _join(settings, worker)
    member = Member(join, rules, own.log, draw=secrets.token_bytes)
    line = _line(settings, own, window, worker)
    return Cluster(member, line, now_ms=now_ms)


def keep_ms(window: LiveWindow) -> int:
    """Return how long entries of the log are kept.

    So long that all that a member cannot know which begins with the oldest of them
    has been forgotten by the others too when it has read the newest.
    """
    return max(KEEP_LEAST_MS, 2 * window.life_ms)


def _join(settings: NodeSettings, worker: Worker | None) -> Join:
    """Return who this is; each process of a machine is a member of its own."""
    number = 1 if worker is None else worker.number
    shared = settings.cluster
    here = "worker" if shared is None else shared.name
    siblings = [f"{here}-{one + 1}" for one in range(settings.workers)]
    # Of other machines the first process is known to be there; it tells of the rest.
    others = [] if shared is None else [one for one in shared.members if one != here]
    needed = (*siblings, *(f"{one}-1" for one in others))
    if any(one.side != "arrivals" for one in settings.captures):
        # A capture can lose a departure and nobody knows: then nothing is promised,
        # for no member ever has this name.
        needed = (*needed, NOBODY)
    failover_ms = WORKERS_FAILOVER_MS if shared is None else shared.failover_ms
    return Join(siblings[number - 1], needed, failover_ms)


def common_of(
    settings: NodeSettings, own: Secrets, log: Log, *, is_worker: bool
) -> Common | None:
    """Return what machines have in common; None: it is alone, or nothing was agreed.

    Args:
        settings: Of the first process of a machine.
        own: Its keys and terms.
        log: Of the node.
        is_worker: Whether it is one of several.
    """
    if settings.cluster is None or settings.agreement is None:
        return None
    url = settings.cluster.store.get_secret_value()
    return Common(
        machine=settings.cluster.name,
        guard=guard_folder(settings, is_worker=is_worker),
        book=settings.agreement,
        keys=own.log,
        counts=StoreTable(url, f"{_key(own)}:counts"),
        notes=StoreTable(url, f"{_key(own)}:notes"),
        log=log,
    )


def _key(own: Secrets) -> str:
    # The channel is part of the name: a party may have several in one store.
    return f"tallystick:{own.party}:{own.signed.terms.channel.hex()[:16]}"


def _line(
    settings: NodeSettings, own: Secrets, window: LiveWindow, worker: Worker | None
) -> LogLine:
    if settings.cluster is not None:
        url = settings.cluster.store.get_secret_value()
        return StoreLine(url, _key(own), keep_ms=keep_ms(window))
    if worker is None or worker.line is None:
        raise ValueError("A worker without a store needs a line to its parent.")
    return HubLine(worker.line)
