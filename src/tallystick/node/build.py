"""From settings to a node, ready to be started."""

import secrets
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from tallystick.agreement import Decider
from tallystick.channel import Delivered, Publisher, Subscriber, Terms
from tallystick.domains.calls.live import LiveCall, NumberKnowledge, NumberReader
from tallystick.net.link import Door, Side, Subscription, peer_tls
from tallystick.node.agreed import AgreedRules
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.calls.captures import Captures
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.fetching import Fetching
from tallystick.node.calls.identity import Identities
from tallystick.node.calls.signing import sign_departure
from tallystick.node.calls.switches import Switches
from tallystick.node.cluster.membership import Worker, cluster_of, common_of
from tallystick.node.cluster.running import Cluster, SharedSubscription
from tallystick.node.cluster.shared import (
    MARGIN_MS,
    PeerView,
    SharedArrivals,
    SharedDepartures,
)
from tallystick.node.config.known import KnownFiles
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.config.tls import switches_tls
from tallystick.node.doors.calls import CallDoors
from tallystick.node.doors.describe import DescribeDoors
from tallystick.node.doors.national import NationalDoors
from tallystick.node.doors.redress import redress_doors
from tallystick.node.doors.stir import StirDoors
from tallystick.node.doors.table import Doors
from tallystick.node.doors.watch import WatchDoors
from tallystick.node.helpers import Helper, helpers_of
from tallystick.node.kept.counts import HalfCounts
from tallystick.node.kept.courses import Courses
from tallystick.node.kept.expiring import Expiring
from tallystick.node.kept.given import GivenLog
from tallystick.node.kept.verdicts import VerdictLog
from tallystick.node.kept.watermarks import Watermarks
from tallystick.node.material import Material, read_material, side_of
from tallystick.node.proofs import Proofs
from tallystick.node.reload import Makers, Reloads, watch_arrivals
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
    told = read_material(settings, clock)
    own, side = told.secrets, side_of(told.secrets, clock)
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
        settings,
        own,
        told.identities,
        arrivals,
        metrics,
        clock=clock,
        log=log,
        worker=None if worker is None else worker.number,
    )
    is_first = worker is None or worker.number == 1
    if settings.proof is not None and is_first:
        proofs = Proofs(settings.proof, own, now_ms=clock, failed=failed)
        helpers = (*helpers, proofs)
    common = common_of(settings, own, log, is_worker=worker is not None)
    if common is not None and is_first:
        helpers = (*helpers, common)
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

    counts = HalfCounts(
        settings.folder / "verdicts",
        limit_bytes=_limit_bytes(settings) // COURSES_SHARE,
        tells=cluster is None,
    )
    departures.counted = counts.tell

    makers = Makers(
        side=partial(side_of, clock=clock),
        publisher=partial(_publisher, clock=clock, promises=promises),
        subscription=partial(
            _subscription, arrivals=arrivals, metrics=metrics, counts=counts
        ),
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
    if settings.proof is not None and settings.proof.log is not None and is_first:
        watermarks = Watermarks(
            folder=settings.proof.log,
            condition=condition,
            publisher=lambda: _published(departures, cluster),
            clock=clock,
            log=log,
        )
        helpers = (*helpers, watermarks)
    verdicts = VerdictLog(
        settings.folder / "verdicts", limit_bytes=_limit_bytes(settings)
    )
    given = GivenLog(
        settings.folder / "verdicts",
        limit_bytes=_limit_bytes(settings) // COURSES_SHARE,
    )
    courses = Courses(
        settings.folder / "courses",
        limit_bytes=_limit_bytes(settings) // COURSES_SHARE,
        arrivals=arrivals,
        metrics=metrics,
    )
    arrivals.watch(metrics.take)
    arrivals.watch(verdicts.keep)
    arrivals.watch(given.take_note)
    arrivals.watch_corrections(verdicts.keep)
    arrivals.watch_corrections(given.take_note)
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
        tls=switches_tls(settings.listen),
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
    redress = redress_doors(settings.redress, clock)
    doors = [calls.doors(), watch.doors(), stir.doors(), redress]
    if settings.national.enabled:
        doors.append(national.doors())
    doors.append(DescribeDoors({where for one in doors for where in one}).doors())

    def renew(new: Material) -> None:
        new.identities.inherit(arrivals.identities)
        new.decider.inherit(arrivals.decider)
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
        counts.limit_bytes = given.limit_bytes = courses.limit_bytes

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
        counts=counts,
        given=given,
        expiring=Expiring(days=partial(_verdicts_days, helpers), log=log),
        reloads=Reloads(
            read=lambda: read_material(again() if again else settings, clock),
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


def _verdicts_days(helpers: Sequence[Helper]) -> int | None:
    """Return how many days verdicts are kept, as agreed; None: nobody says."""
    agreed = (one.verdicts_days() for one in helpers if isinstance(one, AgreedRules))
    return next(agreed, None)


def _uuid() -> str:
    """Draw an id that nobody can guess."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _publisher(terms: Terms, clock: Callable[[], int], *, promises: bool) -> Publisher:
    return Publisher(
        terms, stream=secrets.token_bytes(8), now_ms=clock(), promises=promises
    )


def _published(departures: Departures, cluster: Cluster | None) -> Publisher | None:
    """Return what promises own departures: the node's own stream, or the party's."""
    if cluster is None:
        return departures.publisher
    replica = cluster.member.replica
    return None if replica is None else replica.publisher


def _limit_bytes(settings: NodeSettings) -> int:
    return settings.limits.verdicts_mb << 20


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
    counts: HalfCounts,
) -> Subscription:
    def deliver(got: Delivered) -> None:
        now_ms = side.now_ms()
        counts.hear(one.at_ms for one in got.departures)
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
