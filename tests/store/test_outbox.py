"""The outbox, on both kinds of store."""

from tallystick.store import Notice, Outbox

from .simulated import CHANNEL


def notice(number, to="a"):
    """Return something to be told."""
    return Notice(id=f"{number:064x}", recipient=to, told="{}", made_ms=number)


def test_nothing_is_kept_twice_and_what_was_told_is_not_told_again(store):
    """Also after it was sent."""
    box = Outbox(store, CHANNEL)
    assert box.put([notice(1), notice(2), notice(1)], seen={}) == 2
    assert box.put([notice(2), notice(3)], seen={}) == 1
    assert box.put([], seen={}) == 0
    for one in box.take(now_ms=10, lease_ms=5):
        box.sent(one.id)
    assert box.put([notice(1)], seen={}) == 0
    assert box.counts() == {"sent": 3}
    assert box.take(now_ms=10**15, lease_ms=5) == []


def test_what_was_taken_comes_again_if_nothing_was_heard_of_it(store):
    """The process ended meanwhile; tries are counted."""
    box = Outbox(store, CHANNEL)
    box.put([notice(1)], seen={})
    assert [one.tries for one in box.take(now_ms=1, lease_ms=100)] == [1]
    assert box.take(now_ms=100, lease_ms=100) == []
    (again,) = box.take(now_ms=101, lease_ms=100)
    assert again.tries == 2
    box.later(again.id, due_ms=500, problem="connect")
    assert box.take(now_ms=499, lease_ms=100) == []
    (again,) = box.take(now_ms=500, lease_ms=100)
    box.lose(again.id, problem="connect")
    assert box.counts() == {"lost": 1}


def test_a_channel_does_not_see_anothers(store):
    """Nor forget it."""
    box, other = Outbox(store, CHANNEL), Outbox(store, "7c" * 32)
    box.put([notice(1)], seen={})
    assert other.take(now_ms=9, lease_ms=1) == []
    other.forget(before_ms=9)
    assert box.counts() == {"waiting": 1}
    box.forget(before_ms=9)
    assert box.counts() == {"waiting": 1}
    box.sent(notice(1).id)
    box.forget(before_ms=9)
    assert box.counts() == {}


def test_a_recipient_begins_when_it_is_named(store):
    """And looks back a little, but never to before then."""
    box = Outbox(store, CHANNEL)
    assert box.since(["a"], now_ms=1_000, slack_ms=100) == {"a": 1_000}
    box.put([], seen={"a": 1_050})
    assert box.since(["a", "b"], now_ms=2_000, slack_ms=100) == {"a": 1_000, "b": 2_000}
    box.put([], seen={"a": 5_000, "b": 5_000})
    assert box.since(["a"], now_ms=9_000, slack_ms=100)["a"] == 4_900
