"""From settings to a node, ready to be started."""

import secrets
import ssl
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from tallystick.agreement import Decider, RuleTable, default_rules, parse_rules
from tallystick.channel import Delivered, Publisher, Standing, Subscriber, Terms
from tallystick.domains.calls.live import LiveCall, NumberKnowledge, NumberReader
from tallystick.domains.calls.numbers import Numbering
from tallystick.domains.calls.passport import Contact, load_signer
from tallystick.model import ConfigError
from tallystick.net.link import Door, Side, Subscription, door_tls, peer_tls
from tallystick.net.sip_tls import switch_tls
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.calls.captures import Captures
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.fetching import Fetching
from tallystick.node.calls.identity import Identities
from tallystick.node.calls.signing import sign_departure, signing_policy
from tallystick.node.calls.switches import Switches, clients_of
from tallystick.node.cluster.membership import Worker, cluster_of
from tallystick.node.cluster.running import Cluster, SharedSubscription
from tallystick.node.cluster.shared import (
    MARGIN_MS,
    PeerView,
    SharedArrivals,
    SharedDepartures,
)
from tallystick.node.config.dates import certificate_dates, earliest
from tallystick.node.config.files import read_bytes, read_text
from tallystick.node.config.known import KnownFiles, read_knowledge, read_lists
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.doors.calls import CallDoors
from tallystick.node.doors.describe import DescribeDoors
from tallystick.node.doors.national import NationalDoors
from tallystick.node.doors.redress import RedressDoor
from tallystick.node.doors.stir import StirDoors
from tallystick.node.doors.table import Door as HttpDoor
from tallystick.node.doors.table import Doors
from tallystick.node.doors.watch import WatchDoors
from tallystick.node.helpers import helpers_of, identities_of
from tallystick.node.kept.courses import Courses
from tallystick.node.kept.verdicts import VerdictLog
from tallystick.node.reload import Makers, Material, Reloads, watch_arrivals
from tallystick.node.service import Node, now_ms
from tallystick.node.watch.condition import Condition
from tallystick.node.watch.gauges import Gauges
from tallystick.node.watch.logs import Log
from tallystick.node.watch.metrics import Metrics
from tallystick.pairing.live import Hold, HoldSettings, LiveMatcher, LiveWindow

COURSES_SHARE: Final = 8
"""Strange endings may take up an eighth of what verdicts may."""


def build(
    settings: NodeSettings,
    *,
    clock: Callable[[], int] = now_ms,
    log: Log | None = None,
    again: Callable[[], NodeSettings] | None = None,
    worker: Worker | None = None,
) -> Node:
    """Put a node together; what cannot be used is refused as its own parsers do.

    Args:
        settings: What it is told.
        clock: Tells the time.
        log: Where it writes what happens.
        again: Reads the settings anew for a reload; else only the files that they
            name are read again.
        worker: Which of several processes it is; None: there is only one.
    """
    log = log or Log()
    failed = partial(log.note, "fault")
    told = _material(settings, clock)
    own, side = told.secrets, _side(told.secrets, clock)
    # A capture can lose a departure and nobody knows: then nothing is promised.
    promises = all(one.side == "arrivals" for one in settings.captures)
    publisher = _publisher(own.signed.terms, clock, promises=promises)
    hold = _hold(settings, own.signed.terms)
    cluster = cluster_of(settings, own, hold, worker=worker, now_ms=clock)
    departures = _departures(own, told.leaving, publisher, clock, cluster)
    arrivals = _arrivals(
        own,
        told.arriving,
        told.knowledge,
        told.decider,
        hold,
        told.identities,
        cluster,
    )
    metrics = Metrics()
    arrivals.know(told.knowledge, told.lists)
    helpers = helpers_of(
        settings, told.identities, arrivals, metrics, clock=clock, log=log
    )
    arrivals.stages = metrics.stages

    def sign(call: LiveCall) -> tuple[str, ...]:
        return sign_departure(
            call,
            departures.numbers(call),
            stir.signing,
            origid=_uuid(),
            now_s=clock() // 1000,
        )

    def missed() -> None:
        watch_arrivals(node)

    makers = Makers(
        side=partial(_side, clock=clock),
        publisher=partial(_publisher, clock=clock, promises=promises),
        subscription=partial(_subscription, arrivals=arrivals, metrics=metrics),
        hold=_hold,
    )
    subscriber = Subscriber(own.signed.terms, own.check)
    subscription = makers.subscription(settings, side, subscriber)
    door = Door(side, publisher, certificate=told.certificate, failed=failed)
    view: Subscriber | PeerView = subscriber
    if cluster is not None:
        view = PeerView(cluster.member)
        subscription = SharedSubscription(side, cluster, subscription)
        if isinstance(arrivals, SharedArrivals):
            cluster.lead(departures, arrivals, door)
    condition = Condition(
        secrets=own,
        arrivals=arrivals,
        subscriber=view,
        subscription=subscription,
        fresh_ms=settings.limits.deadline_ms,
        now_ms=clock,
        cluster=cluster,
    )
    verdicts = VerdictLog(
        settings.folder / "verdicts", limit_bytes=_limit_bytes(settings)
    )
    courses = Courses(
        settings.folder / "courses",
        limit_bytes=_limit_bytes(settings) // COURSES_SHARE,
        arrivals=arrivals,
        metrics=metrics,
    )
    arrivals.watch(metrics.take)
    arrivals.watch(verdicts.keep)
    arrivals.watch_corrections(verdicts.keep)
    calls = CallDoors(
        departures=departures,
        arrivals=arrivals,
        knowledge=told.knowledge,
        metrics=metrics,
        now_ms=clock,
        missed=missed,
    )
    switches = Switches(
        settings.switches,
        departures=departures,
        arrivals=arrivals,
        metrics=metrics,
        now_ms=clock,
        tag_key=secrets.token_bytes(32),
        failed=failed,
        missed=missed,
        redress=settings.redress,
        tls=_switch_tls(settings),
        signed=sign,
    )

    stir = StirDoors(
        stir=settings.stir,
        signing=told.signing,
        identities=told.identities,
        departures=departures,
        arrivals=arrivals,
        knowledge=told.knowledge,
        metrics=metrics,
        now_ms=clock,
        draw=_uuid,
    )
    national = NationalDoors(
        departures=departures,
        arrivals=arrivals,
        knowledge=told.knowledge,
        metrics=metrics,
        now_ms=clock,
        draw=_uuid,
    )
    watch = WatchDoors(
        verdicts=verdicts, courses=courses, metrics=metrics, health=condition.told
    )
    redress = _redress_doors(settings, clock)
    doors = [calls.doors(), watch.doors(), stir.doors(), redress]
    if settings.national.enabled:
        doors.append(national.doors())
    doors.append(DescribeDoors({where for one in doors for where in one}).doors())

    def renew(new: Material) -> None:
        new.identities.inherit(arrivals.identities)
        arrivals.judge_by(
            reader=new.arriving, decider=new.decider, identities=new.identities
        )
        arrivals.know(new.knowledge, new.lists)
        for helper in helpers:
            match helper:
                case KnownFiles():
                    helper.watch(new.settings)
                case Fetching():
                    helper.serve(new.identities.store)
        departures.know(new.leaving)
        calls.know(new.knowledge)
        stir.knowledge = national.knowledge = new.knowledge
        stir.identities, stir.signing = new.identities, new.signing
        switches.know(new.clients, new.settings.switches)
        verdicts.limit_bytes = _limit_bytes(new.settings)
        courses.limit_bytes = _limit_bytes(new.settings) // COURSES_SHARE

    node = Node(
        settings=settings,
        secrets=own,
        departures=departures,
        arrivals=arrivals,
        subscriber=view,
        subscription=subscription,
        door=door,
        cluster=cluster,
        is_worker=worker is not None,
        condition=condition,
        doors=Doors(*doors, refused=metrics.refused.inc, below=stir.below()),
        switches=switches,
        metrics=metrics,
        verdicts=verdicts,
        courses=courses,
        reloads=Reloads(
            read=lambda: _material(again() if again else settings, clock),
            makers=makers,
            renewals=(renew,),
            following=told.following,
            certificates_until_s=told.certificates_until_s,
        ),
        log=log,
        helpers=helpers,
        captures=Captures(
            settings.captures,
            departures=departures,
            arrivals=arrivals,
            knowledge=told.knowledge,
            metrics=metrics,
            now_ms=clock,
            failed=failed,
        )
        if settings.captures
        else None,
    )
    watch_arrivals(node)
    metrics.registry.register(Gauges(node))
    return node


def _uuid() -> str:
    """Draw an id that nobody can guess."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _material(settings: NodeSettings, clock: Callable[[], int]) -> Material:
    """Read all that a running node can go on with; slow, and beside its calls."""
    own, following = _terms(settings, clock())
    for one in filter(None, (own, following)):
        _side(one, clock)
    leaving, arriving = _numberings(settings)
    return Material(
        settings=settings,
        secrets=own,
        following=following,
        leaving=NumberReader(leaving, side="departures"),
        arriving=NumberReader(arriving, side="arrivals"),
        knowledge=read_knowledge(settings.numbers),
        lists=read_lists(settings.lists),
        decider=Decider(_rules(settings.rules)),
        identities=identities_of(settings, now_s=clock() // 1000),
        signing=signing_policy(settings.signing),
        clients=clients_of(settings.switches, settings.redress),
        certificate=_certificate(settings),
        certificates_until_s=earliest(certificate_dates(settings)),
    )


def _side(own: Secrets, clock: Callable[[], int]) -> Side:
    return Side(
        standing=Standing(agreement=own.signed, own=own.signing),
        checks=own.check,
        now_ms=clock,
        draw=secrets.token_bytes,
    )


def _publisher(terms: Terms, clock: Callable[[], int], *, promises: bool) -> Publisher:
    return Publisher(
        terms, stream=secrets.token_bytes(8), now_ms=clock(), promises=promises
    )


def _limit_bytes(settings: NodeSettings) -> int:
    return settings.limits.verdicts_mb << 20


def _terms(settings: NodeSettings, moment_ms: int) -> tuple[Secrets, Secrets | None]:
    """Return the keys with the terms in force, and with those that follow.

    Raises:
        ConfigError: "node-terms": those that follow are for another peer.
    """
    own = _own(settings, settings.keys.terms)
    if settings.keys.next_terms is None:
        return own, None
    following = _own(settings, settings.keys.next_terms)
    if following.peer != own.peer:
        raise ConfigError(
            "node-terms",
            f"The terms that follow are with {following.peer}, not {own.peer}.",
            advice="Give terms of the same two parties.",
        )
    begun = following.signed.terms.from_ms <= moment_ms
    return (following, None) if begun else (own, following)


def _departures(
    own: Secrets,
    reader: NumberReader,
    publisher: Publisher,
    clock: Callable[[], int],
    cluster: Cluster | None,
) -> Departures:
    if cluster is None:
        return Departures(own, reader, publisher, clock)
    return SharedDepartures(
        own, reader, publisher, cluster.member, clock, wake=cluster.wake
    )


def _arrivals(
    own: Secrets,
    reader: NumberReader,
    knowledge: NumberKnowledge,
    decider: Decider,
    hold: Hold,
    identities: Identities,
    cluster: Cluster | None,
) -> Arrivals:
    if cluster is None:
        return Arrivals(own, reader, knowledge, decider, hold, identities)
    waits = hold.settings
    return SharedArrivals(
        own,
        reader,
        knowledge,
        decider,
        hold,
        identities,
        cluster.member,
        patience_ms=min(waits.grace_ms + MARGIN_MS, waits.deadline_ms - MARGIN_MS // 2),
        wake=cluster.wake,
    )


def _own(settings: NodeSettings, terms: Path) -> Secrets:
    """Read the keys.

    Raises:
        ConfigError: "node-party": the key is another party's.
    """
    own = Secrets.read(settings.keys.own, terms)
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
    settings: NodeSettings,
    side: Side,
    subscriber: Subscriber,
    *,
    arrivals: Arrivals,
    metrics: Metrics,
) -> Subscription:
    def deliver(got: Delivered) -> None:
        now_ms = side.now_ms()
        if got.departures:
            metrics.lag.add(max(0, now_ms - got.departures[0].at_ms) / 1000)
        arrivals.take(
            got,
            subscriber.covered,
            stream=subscriber.position.stream,
            now_ms=now_ms,
        )

    return Subscription(
        side,
        subscriber,
        deliver,
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


def _redress_doors(
    settings: NodeSettings, clock: Callable[[], int]
) -> dict[tuple[str, str], HttpDoor]:
    """Return the door to the card of a 608; none where there is no card."""
    desk = settings.redress
    if desk is None or desk.key is None:
        return {}
    pem = read_bytes(desk.key, code="passport-key", what="The key `redress.key`")
    contact = Contact(
        name=desk.name,
        url=desk.url,
        email=desk.email,
        tel=f"tel:{desk.tel}" if desk.tel else "",
    )
    signer = load_signer(pem, info=desk.certificate)
    return RedressDoor(signer, contact, now_ms=clock).doors()


def _switch_tls(settings: NodeSettings) -> ssl.SSLContext | None:
    """Return what switches are shown that ask by TLS; None: that door stays shut.

    Raises:
        ConfigError: "node-certificate".
    """
    listen = settings.listen
    pair = listen.sip_pair
    if listen.sips is None or pair is None:
        return None
    names = {"certificate": pair[0], "key": pair[1], "client CA": listen.sip_client_ca}
    for what, path in names.items():
        if path is not None:
            read_bytes(path, code="node-certificate", what=f"The {what} for switches")
    try:
        return switch_tls(*pair, client_ca=listen.sip_client_ca)
    except (ssl.SSLError, ValueError):
        used = ", ".join(str(path) for path in names.values() if path is not None)
        raise ConfigError(
            "node-certificate",
            f"Switches cannot be served by TLS with {used}: not a certificate, its key"
            " without a password, and certificates of those who sign, in PEM.",
            advice="`openssl x509 -in FILE -noout -text` shows what is in one.",
        ) from None
