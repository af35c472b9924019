"""New rules, keys, lists and switches for a running node, between two calls.

Everything is read and put together first, beside the calls. Only what is whole is
taken, at once; if anything of it cannot be used, all stays as it was.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tallystick.channel import Publisher, Subscriber, Terms
from tallystick.model import ConfigError
from tallystick.net.link import Side, Subscription
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.material import Material
from tallystick.pairing.live import Hold

if TYPE_CHECKING:
    from tallystick.node.service import Node

FIXED: Final = (
    *("folder", "listen.http", "listen.sip", "listen.channel"),
    *("fetch", "roaming", "workers", "cluster"),
)
"""Settings that hold from the next start on."""
NEVER_MS: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """How the parts of a channel are made that depend on its terms.

    Attributes:
        side: What both ends of a link need.
        publisher: The own stream, not begun.
        subscription: Follows the peer, once started.
        hold: For arrivals, and the matcher behind it.
    """

    side: Callable[[Secrets], Side]
    publisher: Callable[[Terms], Publisher]
    subscription: Callable[[NodeSettings, Side, Subscriber], Subscription]
    hold: Callable[[NodeSettings, Terms], Hold]


Renew = Callable[[Material], None]


@dataclass(slots=True)
class Reloads:
    """What a node needs to be told anew, and what came of it.

    Attributes:
        read: Reads all files again; slow.
        makers: How a channel is made anew.
        renewals: Who takes new material; they only assign, and cannot fail.
        following: The terms that come next, if they are known.
        certificates_until_s: When the first certificate of each kind ends.
        tls: What the channel's listener uses, where it uses TLS.
    """

    read: Callable[[], Material]
    makers: Makers
    renewals: tuple[Renew, ...]
    following: Secrets | None
    certificates_until_s: dict[str, float]
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def until_ms(self, present: Secrets) -> int:
        """Return when terms end for which no others are known."""
        return max(
            one.signed.terms.until_ms for one in (present, self.following or present)
        )


def take_material(node: "Node", material: Material) -> tuple[str, ...]:
    """Let a node go on with new material; call it between two calls.

    Returns:
        Names of settings that were changed, and hold from the next start on.

    Raises:
        ConfigError: "node-reload": another party or peer; nothing was taken.
    """
    ours = (node.secrets.party, node.secrets.peer)
    if (material.secrets.party, material.secrets.peer) != ours:
        raise ConfigError(
            "node-reload",
            "The new files are of another party, or for another peer.",
            advice="That is another node: stop this one and start it anew.",
        )
    if node.cluster is not None and (
        material.secrets.signed.digest != node.secrets.signed.digest
    ):
        raise ConfigError(
            "node-reload",
            "Nodes that answer as one take other terms only when they start.",
            advice="Stop all of them, and start them anew.",
        )
    settings = material.settings
    tls, listen = node.reloads.tls, settings.listen
    if tls is not None and listen.certificate and listen.certificate_key:
        tls.load_cert_chain(listen.certificate, listen.certificate_key)
        node.door.bind(material.certificate)
    before, node.settings = node.settings, _kept(node.settings, settings)
    if before.every_arrival != settings.every_arrival:
        watch_arrivals(node)
    for renew in node.reloads.renewals:
        renew(material)
    node.reloads.following = material.following
    node.reloads.certificates_until_s = material.certificates_until_s
    node.condition.fresh_ms = node.settings.limits.deadline_ms
    if material.secrets.signed.digest != node.secrets.signed.digest:
        take_terms(node, material.secrets)
    else:
        _take_hold(node, node.secrets)
        subscriber = node.subscriber
        if node.settings.peer != before.peer and isinstance(subscriber, Subscriber):
            side = node.reloads.makers.side(node.secrets)
            again = node.reloads.makers.subscription(node.settings, side, subscriber)
            node.follow(again)
    later = [name for name in FIXED if _value(before, name) != _value(settings, name)]
    if node.cluster is not None and node.settings.peer != before.peer:
        later.append("peer")
    later += [] if _same_tls(before, settings) else ["listen.certificate"]
    return tuple(later)


def take_terms(node: "Node", secrets: Secrets) -> None:
    """Go on under other terms of the same two parties; call it between two calls.

    Both streams begin anew, and so do their promises: for some seconds calls are
    unproven, and none is accused.
    """
    if node.cluster is not None:
        return  # the others would not: all of them start anew
    makers, terms = node.reloads.makers, secrets.signed.terms
    side, publisher = makers.side(secrets), makers.publisher(terms)
    node.departures.publisher.flush(now_ms=side.now_ms())
    _take_hold(node, secrets)
    node.secrets = node.condition.secrets = secrets
    node.departures.agree(secrets, publisher)
    node.door.agree(side, publisher)
    node.subscriber = node.condition.subscriber = Subscriber(terms, secrets.check)
    node.follow(makers.subscription(node.settings, side, node.subscriber))
    if secrets is node.reloads.following:
        node.reloads.following = None


def _take_hold(node: "Node", secrets: Secrets) -> None:
    """Hold arrivals as terms and settings say; who waits is answered first.

    Under other terms what is held was told with other keys: nothing may rest on its
    absence.
    """
    if node.cluster is not None:
        return  # what is held is the log's, and every member holds it alike
    hold, now_ms = node.arrivals.hold, node.condition.now_ms()
    other = node.reloads.makers.hold(node.settings, secrets.signed.terms)
    same_terms = secrets.signed.digest == node.secrets.signed.digest
    same_window = other.matcher.window == hold.matcher.window
    if not (same_terms and same_window):
        node.arrivals.due(now_ms=now_ms + node.settings.limits.deadline_ms)
    if same_window:
        hold.settings = other.settings
        if not same_terms:
            hold.matcher.doubt(now_ms + hold.matcher.window.after_ms)
    node.arrivals.agree(secrets, hold if same_window else other)
    if not (same_terms and same_window):
        watch_arrivals(node)


def watch_arrivals(node: "Node") -> None:
    """Say from when on the node knows every call that arrives: now, or never."""
    if node.cluster is not None:
        return  # what one member misses the others cannot know
    matcher = node.arrivals.hold.matcher
    since_ms = node.condition.now_ms() + matcher.window.after_ms
    every = node.settings.every_arrival
    matcher.closings.watch_since(since_ms if every else NEVER_MS)


def _kept(before: NodeSettings, told: NodeSettings) -> NodeSettings:
    """Return new settings with those of `FIXED` as they are."""
    names = [name.removeprefix("listen.") for name in FIXED if "." in name]
    listens = {name: getattr(before.listen, name) for name in names}
    if not _same_tls(before, told):
        for name in ("certificate", "certificate_key"):
            listens[name] = getattr(before.listen, name)
    listen = told.listen.model_copy(update=listens)
    return told.model_copy(
        update={
            "listen": listen,
            "folder": before.folder,
            "fetch": before.fetch,
            "roaming": before.roaming,
        }
    )


def _same_tls(before: NodeSettings, told: NodeSettings) -> bool:
    """Tell whether the channel's listener uses TLS as it did, or does without."""
    return (before.listen.certificate is None) == (told.listen.certificate is None)


def _value(settings: NodeSettings, name: str) -> object:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value
