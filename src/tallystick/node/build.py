"""From settings to a node, ready to be started."""

import secrets
import ssl
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tallystick.agreement import Decider, RuleTable, default_rules, parse_rules
from tallystick.channel import Publisher, Standing, Subscriber, Terms
from tallystick.domains.calls.live import NumberReader
from tallystick.domains.calls.numbers import Numbering
from tallystick.model import ConfigError
from tallystick.net.link import Door, Side, Subscription, door_tls, peer_tls
from tallystick.node.arrivals import Arrivals
from tallystick.node.condition import Condition
from tallystick.node.departures import Departures
from tallystick.node.doors.calls import CallDoors
from tallystick.node.doors.describe import DescribeDoors
from tallystick.node.doors.national import NationalDoors
from tallystick.node.doors.stir import StirDoors
from tallystick.node.doors.table import Doors
from tallystick.node.doors.watch import WatchDoors
from tallystick.node.files import read_bytes, read_text
from tallystick.node.helpers import helpers_of, identities_of
from tallystick.node.known import read_knowledge, read_lists
from tallystick.node.logs import Log
from tallystick.node.metrics import Metrics
from tallystick.node.secrets import Secrets
from tallystick.node.service import Node, now_ms
from tallystick.node.settings import NodeSettings
from tallystick.node.signing import signing_policy
from tallystick.node.switches import Switches
from tallystick.node.verdicts import VerdictLog
from tallystick.pairing.live import Hold, HoldSettings, LiveMatcher, LiveWindow


def build(
    settings: NodeSettings,
    *,
    clock: Callable[[], int] = now_ms,
    log: Log | None = None,
) -> Node:
    """Put a node together; what cannot be used is refused as its own parsers do."""
    log = log or Log()
    failed = partial(log.note, "fault")
    own = _own(settings)
    publisher = Publisher(
        own.signed.terms, stream=secrets.token_bytes(8), now_ms=clock()
    )
    leaving, arriving = _numberings(settings)
    knowledge = read_knowledge(settings.numbers)
    departures = Departures(
        own, NumberReader(leaving, side="departures"), publisher, clock
    )
    metrics = Metrics()
    identities = identities_of(settings, now_s=clock() // 1000)
    arrivals = Arrivals(
        own,
        NumberReader(arriving, side="arrivals"),
        knowledge,
        Decider(_rules(settings.rules)),
        _hold(settings, own.signed.terms),
        identities,
    )
    arrivals.know(knowledge, read_lists(settings.lists))
    helpers = helpers_of(settings, identities, arrivals, metrics, clock=clock, log=log)
    side = Side(
        standing=Standing(agreement=own.signed, own=own.signing),
        checks=own.check,
        now_ms=clock,
        draw=secrets.token_bytes,
    )
    subscriber = Subscriber(own.signed.terms, own.check)
    subscription = _subscription(settings, side, subscriber, arrivals)
    condition = Condition(
        secrets=own,
        arrivals=arrivals,
        subscriber=subscriber,
        subscription=subscription,
        fresh_ms=settings.limits.deadline_ms,
        now_ms=clock,
    )
    verdicts = VerdictLog(
        settings.folder / "verdicts", limit_bytes=settings.limits.verdicts_mb << 20
    )
    arrivals.watch(metrics.take)
    arrivals.watch(verdicts.keep)
    arrivals.watch_corrections(verdicts.keep)
    calls = CallDoors(
        departures=departures,
        arrivals=arrivals,
        knowledge=knowledge,
        metrics=metrics,
        now_ms=clock,
    )
    watch = WatchDoors(verdicts=verdicts, metrics=metrics, health=condition.told)
    stir = StirDoors(
        stir=settings.stir,
        signing=signing_policy(settings.signing),
        identities=identities,
        departures=departures,
        arrivals=arrivals,
        knowledge=knowledge,
        metrics=metrics,
        now_ms=clock,
        draw=_uuid,
    )
    national = NationalDoors(
        departures=departures,
        arrivals=arrivals,
        knowledge=knowledge,
        metrics=metrics,
        now_ms=clock,
        draw=_uuid,
    )
    doors = [calls.doors(), watch.doors(), stir.doors()]
    if settings.national.enabled:
        doors.append(national.doors())
    doors.append(DescribeDoors({where for one in doors for where in one}).doors())
    return Node(
        settings=settings,
        secrets=own,
        departures=departures,
        arrivals=arrivals,
        subscriber=subscriber,
        subscription=subscription,
        door=Door(side, publisher, certificate=_certificate(settings), failed=failed),
        condition=condition,
        doors=Doors(*doors, refused=metrics.refused.inc, below=stir.below()),
        switches=Switches(
            settings.switches,
            departures=departures,
            arrivals=arrivals,
            metrics=metrics,
            now_ms=clock,
            tag_key=secrets.token_bytes(32),
            failed=failed,
        ),
        metrics=metrics,
        verdicts=verdicts,
        log=log,
        helpers=helpers,
    )


def _uuid() -> str:
    """Draw an id that nobody can guess."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _own(settings: NodeSettings) -> Secrets:
    """Read the keys.

    Raises:
        ConfigError: "node-party": the key is another party's.
    """
    own = Secrets.read(settings.keys.own, settings.keys.terms)
    if own.party != settings.party:
        raise ConfigError(
            "node-party",
            f"The settings are for {settings.party}, the key is of {own.party}.",
            advice="Set `party` to the key's name, or give the other key.",
        )
    return own


def _hold(settings: NodeSettings, terms: Terms) -> Hold:
    window = LiveWindow(
        before_ms=terms.window_ms,
        usual_ms=min(3_000, terms.window_ms),
        after_ms=terms.clock_ms,
        capacity=settings.limits.departures,
    )
    waits = HoldSettings(
        grace_ms=min(terms.grace_ms, settings.limits.deadline_ms),
        deadline_ms=settings.limits.deadline_ms,
    )
    return Hold(LiveMatcher(window), settings=waits)


def _subscription(
    settings: NodeSettings, side: Side, subscriber: Subscriber, arrivals: Arrivals
) -> Subscription:
    return Subscription(
        side,
        subscriber,
        lambda got: arrivals.take(
            got,
            subscriber.covered,
            stream=subscriber.position.stream,
            now_ms=side.now_ms(),
        ),
        tls=peer_tls() if settings.peer is not None and settings.peer.tls else None,
    )


def _numberings(settings: NodeSettings) -> tuple[Numbering, Numbering]:
    """Return how numbers are written where calls leave, and where they arrive."""
    here, there = settings.numbers.own, settings.numbers.peer
    leaving = Numbering.from_countries(here, there)
    arriving = Numbering.from_countries(there, here)
    if settings.numbers.file is not None:
        told = Numbering.load(settings.numbers.file)
        # Each side of the file speaks of its own trunks; the countries stay.
        leaving = replace(leaving, departures=told.departures)
        arriving = replace(arriving, arrivals=told.arrivals)
    return leaving, arriving


def _rules(path: Path | None) -> RuleTable:
    if path is None:
        return default_rules()
    text = read_text(path, code="node-rules", what="The rules")
    return parse_rules(text, origin=str(path))


def _certificate(settings: NodeSettings) -> bytes:
    """Return the certificate under which the peer is served; empty without TLS.

    Raises:
        ConfigError: "node-certificate".
    """
    listen = settings.listen
    if listen.certificate is None or listen.certificate_key is None:
        return b""
    for path, what in (
        (listen.certificate, "The certificate `listen.certificate`"),
        (listen.certificate_key, "The key `listen.certificate_key`"),
    ):
        read_bytes(path, code="node-certificate", what=what)
    try:
        return door_tls(listen.certificate, listen.certificate_key)[1]
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            "node-certificate",
            f"{listen.certificate} and {listen.certificate_key} are not a certificate"
            " and its key in PEM.",
            advice="Make both: openssl req -x509 -newkey ec -pkeyopt"
            " ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 365"
            " -subj /CN=node",
        ) from None
