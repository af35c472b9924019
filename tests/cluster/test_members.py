"""Members that come, go, share a name, or are not needed any more."""

from .world import STEP_MS, World, token


def missing(world: World, number: int, at: int = 0) -> str:
    """Return what is said of a call that nobody sent."""
    world.arrive(number, 7_000 + number, 8_000 + number, at=world.nodes["RU"][at])
    world.run(700)
    return world.last(number)


def running(**more) -> World:
    """Return two parties of two members each, at work."""
    world = World(sizes=(2, 2), seed=5, **more)
    world.run(2_500)
    assert missing(world, 1) == "no_departure"
    return world


def test_nothing_is_promised_while_a_member_is_gone():
    """It may be letting calls go of which nobody hears."""
    world = running()
    world.nodes["BY"][0].is_alive = False
    world.run(20_000)
    assert missing(world, 2) == "unproven"
    world.depart(3, 30, 31, at=world.nodes["BY"][1])
    world.run(200)
    world.arrive(4, 30, 31, at=world.nodes["RU"][0])
    world.run(500)
    assert world.last(4) == "paired"
    world.restart("BY", 0)
    world.run(8_000)
    assert missing(world, 5) == "no_departure"


def test_switches_that_go_to_others_let_the_promise_go_on():
    """After the failover time, and not for the time before."""
    world = running(failover_ms=1_500)
    world.nodes["BY"][0].is_alive = False
    world.run(800)
    assert missing(world, 2) == "unproven"
    world.run(4_000)
    assert missing(world, 3) == "no_departure"


def test_who_asks_is_not_kept_from_it_by_another_that_is_gone():
    """Where calls arrive, the others judge on, and another one follows the peer."""
    world = running()
    speaker = next(one for one in world.nodes["RU"] if one.member.speaks)
    place = world.nodes["RU"].index(speaker)
    speaker.is_alive = False
    world.run(6_000)
    assert missing(world, 2, at=1 - place) == "no_departure"


def test_two_nodes_of_one_name_promise_nothing_and_do_not_storm():
    """A mistake in the settings is seen, and costs nobody anything."""
    world = running()
    twin = world.node("BY", "BY0", ("BY0", "BY1"))
    world.nodes["BY"].append(twin)
    before = len(world.logs["BY"].entries)
    world.run(5_000)
    assert missing(world, 2) == "unproven"
    assert twin.member.namesakes + world.nodes["BY"][0].member.namesakes > 2
    steps = 5_000 // STEP_MS
    assert len(world.logs["BY"].entries) - before < 6 * steps


def test_a_member_that_nobody_needs_any_more_holds_nothing_back():
    """It is taken out of the settings of the others, which start again."""
    world = running()
    world.nodes["BY"].pop().is_alive = False
    world.restart("BY", 0)
    world.run(8_000)
    assert missing(world, 2) == "no_departure"


def test_what_is_told_twice_counts_once():
    """By two members at once, and later by another one."""
    world = running()
    one, other = world.nodes["BY"]
    world.depart(9, 1, 2, at=one)
    world.depart(9, 1, 2, at=other)
    world.run(300)
    world.depart(9, 1, 2, at=other)
    world.run(300)
    sequence = one.member.replica.publisher.next_sequence
    assert sequence == other.member.replica.publisher.next_sequence == 2
    for ref in (10, 11):
        world.arrive(ref, 1, 2, at=world.nodes["RU"][ref % 2])
        world.run(300)
    assert [world.last(ref) for ref in (10, 11)] == ["paired", "repeated"]
    heard = len(world.said[token(10)])
    world.arrive(10, 1, 2, at=world.nodes["RU"][1])
    world.run(300)
    assert world.last(10) == "paired"
    assert len(world.said[token(10)]) == heard


def test_memory_of_the_log_is_bounded_and_a_late_member_still_begins():
    """What is trimmed is not needed: a member begins at a mark."""
    world = running()
    world.run(70_000)
    first = world.logs["BY"].entries[0][0].at_ms
    assert world.now_ms - first < 62_000
    world.restart("BY", 0)
    world.run(6_000)
    assert world.nodes["BY"][0].member.is_live(now_ms=world.now_ms)
    world.run(3_000)
    assert missing(world, 2) == "no_departure"


def test_a_call_stamped_by_a_wrong_clock_and_told_by_a_right_one():
    """It waited for the log while the clock was set right: nobody is accused."""
    world = running()
    node = world.nodes["BY"][0]
    node.is_cut, node.skew_ms = True, 30_000
    world.run(100)
    world.depart(20, 40, 41, at=node)
    node.is_cut, node.skew_ms = False, 0
    world.run(100)
    world.arrive(21, 40, 41, at=world.nodes["RU"][0])
    world.run(700)
    assert world.last(21) == "unproven"
