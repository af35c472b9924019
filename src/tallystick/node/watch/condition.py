"""How a node stands: for those who watch over it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tallystick.channel import Subscriber
from tallystick.net.link import Subscription
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.cluster.running import Cluster
from tallystick.node.cluster.shared import PeerView
from tallystick.node.config.secrets import Secrets


@dataclass(slots=True, kw_only=True)
class Condition:
    """What tells how a node stands.

    Attributes:
        secrets: Who it is.
        arrivals: Who waits.
        subscriber: What the peer has promised.
        subscription: How the line to it is.
        fresh_ms: How old a promise may be with which a call can be judged.
        now_ms: Tells the time.
        listens: Where the node listens, once it does.
        reload_failure: Why the last reload was refused; empty if it was not.
        cluster: What it shares with other nodes of its party; None: it is alone.
    """

    secrets: Secrets
    arrivals: Arrivals
    subscriber: Subscriber | PeerView
    subscription: Subscription
    fresh_ms: int
    now_ms: Callable[[], int]
    listens: dict[str, tuple[str, int]] = field(default_factory=dict)
    reload_failure: str = ""
    cluster: Cluster | None = None

    def told(self) -> dict[str, object]:
        """Return it by name; ready: a call could be judged."""
        covered = self.subscriber.covered
        age_ms = None if covered is None else self.now_ms() - covered.to_ms
        state = self.subscription.state
        shared = {} if self.cluster is None else {"cluster": self.cluster.told()}
        there = self.cluster is None or self.cluster.is_live
        return {
            "ready": there and age_ms is not None and age_ms < self.fresh_ms,
            "party": self.secrets.party,
            "peer": self.secrets.peer,
            "connected": state.connected,
            "watermark_age_ms": age_ms,
            "failure": state.failure,
            "waiting": len(self.arrivals.hold),
            "listens": {name: list(where) for name, where in self.listens.items()},
            "reload_failure": self.reload_failure,
            **shared,
        }
