"""Laws of several members: the same outcomes as one, whatever happens to some."""

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from channel.parties import NOW_MS, check
from tallystick.channel import Feed, Publisher, Subscriber
from tallystick.channel.delivery import deliver
from tallystick.pairing.live import Hold, LiveMatcher

from .world import (
    RULES,
    STEP_MS,
    TERMS,
    WINDOW,
    Plan,
    World,
    alive,
    arrival,
    by_turn,
    departure,
    drawing,
    frames_of,
    play,
    token,
)

# A world takes a second: what fails is printed as it was found.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
ACCUSING = {"no_departure", "altered", "repeated"}


def plan(seed: int, count: int) -> Plan:
    """Return calls whose outcome does not hang on a few milliseconds."""
    draw, made = drawing(seed), Plan()
    for number in range(count):
        at_ms, lag_ms = draw.randrange(3_000), draw.randrange(50, 500)
        calling, called = 1_000 + number, 2_000 + number
        came_ms = at_ms + lag_ms
        kind = draw.choice(("paired", "paired", "redial", *sorted(ACCUSING)))
        if kind != "no_departure":
            made.leave(at_ms, calling, called)
        match kind:
            case "altered":
                made.come(came_ms, 9_000 + number, called, "altered")
            case "no_departure":
                made.come(came_ms, calling, called, "no_departure")
            case _:
                made.come(came_ms, calling, called, "paired")
        if kind == "repeated":
            made.come(came_ms + 150, calling, called, "repeated")
        if kind == "redial":
            made.leave(at_ms + 700, calling, called)
            made.come(at_ms + 700 + lag_ms, calling, called, "paired")
    return made


def outcomes(sizes, made, *, seed=0):
    """Return what is known in the end of each arrival."""
    world = World(sizes=sizes, seed=seed)
    world.run(2_500)
    play(world, made, until_ms=5_500)
    return {one.number: world.last(one.number) for one in made.comes}


@pytest.mark.property
@settings(max_examples=8, deadline=None, phases=UNSHRUNK)
@given(
    st.integers(0, 10_000), st.sampled_from([(1, 1), (2, 2), (1, 4), (4, 1), (3, 2)])
)
def test_any_number_of_members_says_what_one_says(seed, sizes):
    """Calls spread over members in any way have the outcomes that one node gives."""
    made = plan(seed, 40)
    assert outcomes(sizes, made, seed=seed) == made.due


def plainly(made):
    """Return what today's publisher, subscriber and hold say without any log."""
    now = NOW_MS - 2_500
    publisher = Publisher(TERMS, stream=b"plainone", now_ms=now)
    subscriber = Subscriber(TERMS, check)
    hold = Hold(LiveMatcher(WINDOW), settings=RULES.waits)
    feed = Feed(publisher, check, position=subscriber.position, now_ms=now)
    subscriber.open_session()
    leaves, comes = by_turn(made.leaves), by_turn(made.comes)
    said = {}
    for turn in range(-250, 551):
        now = NOW_MS + turn * STEP_MS
        for call in leaves[turn]:
            publisher.depart(departure(now, call.calling, call.called), now_ms=now)
        for call in comes[turn]:
            half = arrival(now, call.calling, call.called)._replace(id=call.number)
            match = hold.ask(half, now_ms=now)
            if match is not None:
                said[call.number] = match.outcome
        publisher.poll(now_ms=now)
        for frame in frames_of(feed.data_to_send(now_ms=now)):
            got = subscriber.receive(frame, now_ms=now)
            stream = subscriber.position.stream
            deliver(got, subscriber.covered, hold, stream=stream, now_ms=now)
        for answer in hold.due(now_ms=now):
            said[answer.arrival] = answer.match.outcome
        while (event := hold.next_event()) is not None:
            said[event.arrival] = event.match.outcome
    return said


@pytest.mark.property
@settings(max_examples=10, deadline=None, phases=UNSHRUNK)
@given(st.integers(0, 10_000))
def test_a_node_without_log_says_the_same(seed):
    """What several members are compared with is what one node of today says."""
    made = plan(seed, 50)
    assert plainly(made) == made.due


FAULTS = st.sampled_from(
    (
        "by-dies",
        "ru-dies",
        "by-cut",
        "ru-cut",
        "by-lags",
        "ru-lags",
        "by-log-away",
        "ru-log-away",
        "by-log-empty",
        "ru-log-empty",
        "by-entries-gone",
        "ru-entries-gone",
        "by-clock-ahead",
        "by-clock-behind",
        "ru-clock-ahead",
        "ru-clock-behind",
    )
)


def strike(world, what, draw, amount_ms):
    """Let something go wrong."""
    party, _, fault = what.partition("-")
    party = party.upper()
    place = draw.randrange(len(world.nodes[party]))
    node, log = world.nodes[party][place], world.logs[party]
    match fault:
        case "dies":
            node.is_alive = False
        case "cut":
            node.is_cut = True
        case "lags":
            node.lag_ms = amount_ms
        case "log-away":
            log.is_there = False
        case "log-empty":
            log.restart()
            for one in world.nodes[party]:
                one.is_open = False
                one.member.close()
        case "entries-gone":
            del log.entries[-draw.randrange(1, 20) :]
        case "clock-ahead":
            node.skew_ms = draw.choice((150, 1_000, 30_000, 3_600_000))
        case "clock-behind":
            node.skew_ms = -draw.choice((150, 1_000, 30_000, 3_600_000))


def heal(world):
    """Let everything be well again."""
    for party, nodes in world.nodes.items():
        world.logs[party].is_there = True
        for place, node in enumerate(nodes):
            if node.is_alive:
                node.is_cut, node.lag_ms, node.skew_ms = False, 0, 0
            else:
                world.restart(party, place)


def honest(seed, count, span_ms):
    """Return calls of numbers of their own, all honest: nobody may be accused."""
    draw, made = drawing(seed), Plan()
    for number in range(count):
        at_ms, calling, called = draw.randrange(span_ms), seed + number, number
        made.leave(at_ms, calling, called)
        made.come(at_ms + draw.randrange(40, 700), calling, called, "paired")
    return made


@pytest.mark.property
@settings(max_examples=25, deadline=None, phases=UNSHRUNK)
@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.integers(0, 3_000), FAULTS), min_size=1, max_size=4),
    st.integers(100, 1_500),
)
@example(
    # A member that is cut off stamps a call by a clock that is ahead; when its line
    # and its clock are well again, what it asked comes late.
    6628,
    [(237, "ru-cut"), (743, "ru-clock-ahead"), (512, "ru-clock-behind")],
    110,
)
def test_no_honest_call_is_accused_whatever_fails(seed, faults, amount_ms):
    """Members die, are cut off, lag, have wrong clocks; the log goes away, comes back
    empty, loses entries. Switches go on telling and asking whoever is alive."""
    world = World(sizes=(2, 2), seed=seed)
    draw = drawing(seed)
    world.run(2_500)
    due = sorted(faults)

    def each(passed):
        while due and due[0][0] <= passed:
            what = due.pop(0)[1]
            party = what[:2].upper()
            if what.endswith("dies") and len(alive(world, party)) < 2:
                continue
            strike(world, what, draw, amount_ms)
        if passed == 4_000:
            heal(world)

    made = honest(seed, 80, 6_000)
    play(world, made, until_ms=7_000, each=each)
    for number, asked_ms in world.asked.items():
        words = {what for _, what in world.said.get(token(number), [])}
        assert not words & ACCUSING, (number, words)
        assert world.in_time(number, asked_ms) in {"paired", "unproven"}


@pytest.mark.property
@settings(max_examples=10, deadline=None, phases=UNSHRUNK)
@given(st.integers(0, 10_000), FAULTS)
def test_coverage_returns_by_itself(seed, fault):
    """Once all is well again, a call that nobody sent is known for what it is."""
    world = World(sizes=(2, 2), seed=seed)
    world.run(2_500)
    strike(world, fault, drawing(seed), 800)
    world.run(2_000)
    heal(world)
    world.run(20_000)
    for number in range(4):
        world.arrive(90 + number, 1, 2, at=world.nodes["RU"][number % 2])
        world.run(600)
        assert world.last(90 + number) == "no_departure"


@pytest.mark.property
@settings(max_examples=10, deadline=None, phases=UNSHRUNK)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_all_members_make_the_same_frames(seed, size):
    """The peer can go on at any member: stream, numbers and bytes are the same."""
    world = World(sizes=(size, 1), seed=seed)
    world.run(2_500)
    play(world, honest(seed, 60, 2_000), until_ms=3_000)
    if size > 1:
        world.nodes["BY"][0].is_alive = False
        world.run(500)
        world.restart("BY", 0)
    world.run(6_500)
    play(world, honest(seed + 99, 60, 2_000), until_ms=2_500)
    publishers = [one.member.replica.publisher for one in world.nodes["BY"]]
    assert len({one.stream for one in publishers}) == 1
    newest = min(one.kept.next_number for one in publishers) - 1
    assert newest > 20
    for number in range(newest - 20, newest + 1):
        frames = [one.kept.get(number) for one in publishers]
        assert len({frame.data for frame in frames if frame is not None}) == 1
    assert all(one.member.faults == 0 for one in world.nodes["BY"])
