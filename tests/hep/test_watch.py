"""Which calls captures show, and what is never made of what they lost."""

import random
from operator import itemgetter
from pathlib import Path

import pytest

from tallystick.domains.calls.hep import Began, Ended, Point, Points, Watch
from tallystick.model import ConfigError

from .packets import ABROAD, AGENT, NOW_MS, OTHER, OWN, A, B, C, chunk, packet, sip

SPEC = (Path(__file__).parents[2] / "spec" / "hep.md").read_text("utf-8")
POINT = Point(
    name="gateway",
    networks=("192.0.2.0/28",),
    trunks=("198.51.100.0/24", "2001:db8:1::/48"),
    trunk="t1",
    carrier="c1",
)
OUT = {"source": OWN, "destination": ABROAD}
IN = {"source": ABROAD, "destination": OWN}
LINGER_MS = 33_000


def watch(*points: Point, **bounds: int) -> Watch:
    return Watch(Points(points or (POINT,)), **bounds)


def see(one: Watch, *messages: tuple[str, dict, int, dict]) -> list[Began]:
    """Show messages: what, which way, at which moment, and how it differs."""
    found = []
    for what, way, at_ms, said in messages:
        now_ms = NOW_MS + at_ms
        data = packet(sip(what, **said), at_ms=now_ms, **way)
        found += [one.receive(data, AGENT, now_ms)]
    return [began for began in found if began is not None]


def ended(one: Watch, after_ms: int) -> list[Ended]:
    return one.ended(NOW_MS + after_ms + LINGER_MS)


@pytest.mark.parametrize(("way", "side"), [(OUT, "departures"), (IN, "arrivals")])
def test_a_call_from_beginning_to_end(way, side):
    """Its numbers, its times, its end; each of them once."""
    one = watch()
    back = {"source": way["destination"], "destination": way["source"]}
    (began,) = see(
        one,
        ("INVITE", way, 0, {}),
        ("100 INVITE", back, 10, {}),
        ("180 INVITE", back, 500, {}),
        ("200 INVITE", back, 2_500, {}),
        ("ACK", way, 2_510, {"to_tag": "b"}),
        ("BYE", back, 62_500, {"cseq": "1", "to_tag": "b"}),
        ("200 BYE", way, 62_520, {}),
    )
    assert (began.side, began.point.name) == (side, "gateway")
    call = began.call
    assert (call.calling_number, call.called_number, call.at_ms) == (A, B, NOW_MS)
    assert (call.call_id, call.trunk, call.carrier) == ("1@h", "t1", "c1")
    assert one.ended(NOW_MS + 62_600) == []
    assert ended(one, 62_500) == [Ended(side, "1@h", True, 2_500, 60_000, 16)]
    assert ended(one, 99_000) == []


def test_what_is_seen_again_counts_once():
    """Retransmitted, captured twice, out of order, challenged: one call."""
    one = watch()
    began = see(
        one,
        ("100 INVITE", {"source": ABROAD, "destination": OWN}, 0, {}),
        ("INVITE", OUT, 0, {}),
        ("INVITE", OUT, 0, {}),
        ("INVITE", OUT, 500, {}),
        ("407 INVITE", IN, 600, {}),
        ("INVITE", OUT, 700, {"cseq": "2", "branch": "z9hG4bK2"}),
        ("INVITE", OUT, 900, {"cseq": "3", "to_tag": "b", "branch": "z9hG4bK3"}),
    )
    assert len(began) == 1
    assert one.counts == {"began": 1, "without-beginning": 1, "followed": 5}


def test_only_messages_at_the_border_are_looked_at():
    """Hops inside a network, and between two trunks, are somebody else's."""
    one = watch()
    inside = {"source": OWN, "destination": "192.0.2.11"}
    through = {"source": ABROAD, "destination": "198.51.100.9"}
    assert see(one, ("INVITE", inside, 0, {}), ("INVITE", through, 0, {})) == []
    assert one.counts == {"elsewhere": 2}
    six = {"source": "2001:db8:1::7", "destination": "2001:db8:2::1"}
    assert len(see(one, ("INVITE", six, 0, {}))) == 1


def test_who_may_send():
    """Strangers, and those without the word, are not listened to."""
    one = watch(
        POINT, Point(name="k", networks=("203.0.113.9",), trunks=(OTHER,), key=b"w")
    )
    data = packet(sip("INVITE"))
    assert one.receive(data, OTHER, NOW_MS) is None
    assert one.receive(data, "nonsense", NOW_MS) is None
    other = {"source": OTHER, "destination": OWN}
    for key, word in ((b"", "key"), (b"x", "key"), (b"w", "began")):
        more = [chunk(14, key)] if key else []
        one.receive(packet(sip("INVITE"), *more, **other), "203.0.113.9", NOW_MS)
        assert one.counts[word]
    assert one.counts == {"stranger": 2, "key": 2, "began": 1}


def test_one_side_only():
    """A point that watches arrivals does not tell departures."""
    one = watch(
        Point(
            name="g",
            networks=("192.0.2.0/28",),
            trunks=("198.51.100.0/24",),
            sides=frozenset({"arrivals"}),
        )
    )
    began = see(one, ("INVITE", OUT, 0, {}), ("INVITE", IN, 0, {"call": 2}))
    assert [(b.side, b.call.call_id) for b in began] == [("arrivals", "2@h")]


def test_a_call_that_comes_and_goes_under_one_id_is_two():
    """Carried through from trunk to trunk: it arrives, and it leaves."""
    one = watch()
    began = see(
        one,
        ("INVITE", IN, 0, {}),
        ("INVITE", OUT, 20, {"branch": "z9hG4bK2"}),
        ("200 INVITE", IN, 900, {"branch": "z9hG4bK2"}),
        ("200 INVITE", OUT, 910, {}),
        ("BYE", IN, 5_910, {"to_tag": "b"}),
        ("BYE", OUT, 5_920, {"to_tag": "b"}),
    )
    assert [b.side for b in began] == ["arrivals", "departures"]
    ends = {e.side: (e.answer_ms, e.duration_ms) for e in ended(one, 5_920)}
    assert ends == {"departures": (880, 5_010), "arrivals": (910, 5_000)}


LOST = {
    "the answer": [("INVITE", OUT, 0, {}), ("BYE", IN, 9_000, {"to_tag": "b"})],
    "the end": [("INVITE", OUT, 0, {}), ("200 INVITE", IN, 900, {})],
    "the beginning": [
        ("200 INVITE", IN, 900, {}),
        ("BYE", IN, 9_000, {"to_tag": "b"}),
    ],
    "the second try": [("INVITE", OUT, 0, {}), ("407 INVITE", IN, 100, {})],
    "the answer to a cancel": [("INVITE", OUT, 0, {}), ("CANCEL", OUT, 5_000, {})],
    "which way answered": [
        ("INVITE", OUT, 0, {}),
        ("503 INVITE", IN, 100, {}),
        ("INVITE", OUT, 200, {"branch": "z9hG4bK2"}),
        ("200 INVITE", IN, 900, {"branch": "z9hG4bK2"}),
        ("BYE", IN, 9_000, {"to_tag": "b"}),
    ],
}


@pytest.mark.parametrize("lost", LOST)
def test_nothing_is_made_of_what_was_lost(lost):
    """A call of which something was not seen has no end."""
    one = watch()
    see(one, *LOST[lost])
    assert ended(one, 200_000) == []


@pytest.mark.parametrize(
    ("status", "cause"), [("486 INVITE", 17), ("404 INVITE", 1), ("503 INVITE", 41)]
)
def test_a_call_that_is_refused_ends_unanswered(status, cause):
    one = watch()
    see(one, ("INVITE", OUT, 0, {}), (status, IN, 4_000, {}))
    assert ended(one, 4_000) == [Ended("departures", "1@h", False, 0, 0, cause)]


def test_a_cancelled_call_ends_unanswered():
    one = watch()
    see(
        one,
        ("INVITE", IN, 0, {}),
        ("CANCEL", IN, 5_000, {}),
        ("487 INVITE", OUT, 5_010, {}),
    )
    assert ended(one, 6_000) == [Ended("arrivals", "1@h", False, 0, 0, 16)]


def test_clocks_and_delay_never_put_the_arrival_before_the_departure():
    """Within two seconds the safe time counts, beyond it nothing does."""
    for off_ms in (-5_000, -2_001, -2_000, -300, 0, 300, 2_000, 2_001, 5_000):
        for way, side in ((OUT, "departures"), (IN, "arrivals")):
            one = watch()
            data = packet(sip("INVITE"), at_ms=NOW_MS + off_ms, **way)
            began = one.receive(data, AGENT, NOW_MS)
            if abs(off_ms) > 2_000:
                assert began is None
                assert one.counts == {"clock": 1}
                continue
            assert began is not None
            at_ms = began.call.at_ms
            assert at_ms <= NOW_MS if side == "departures" else at_ms == NOW_MS


def test_what_is_read_of_an_invite():
    """The parties by the rules of the SIP door; signatures as they came."""
    one = watch()
    extra = (
        "P-Asserted-Identity: <tel:+375-29-000-00-01>\r\nPrivacy: id\r\n"
        "Diversion: <sip:+375290000002@h>\r\nIdentity: a.b.c;info=<https://x>\r\n"
    )
    (began,) = see(one, ("INVITE", IN, 0, {"extra": extra}))
    call = began.call
    assert call.calling_number == "+375290000001"
    assert call.redirecting_number == "+375290000002"
    assert call.presentation == "restricted"
    assert call.identity == ("a.b.c;info=<https://x>",)
    assert not call.emergency
    assert not call.priority
    urgent = sip("INVITE", call=2).replace(
        f"INVITE sip:{B}@h".encode(), b"INVITE urn:service:sos.fire"
    )
    assert one.receive(packet(urgent, **IN), AGENT, NOW_MS).call.emergency


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        (b"", "missing"),
        (b"\0\0\0\0", "other-message"),
        (sip("OPTIONS"), "other-message"),
        (sip("REGISTER"), "other-message"),
        (b"INVITE nonsense", "other-message"),
        (sip("INVITE").replace(b"Call-ID", b"Call-Ix"), "malformed"),
        (sip("INVITE").replace(b"1@h", b"x" * 257), "without-beginning"),
        (sip("BYE", to_tag="b"), "without-beginning"),
    ],
)
def test_what_begins_no_call_is_counted(payload, word):
    one = watch()
    assert one.receive(packet(payload), AGENT, NOW_MS) is None
    assert one.counts == {word: 1}
    assert f"`{word}`" in SPEC


def test_beyond_the_bound_the_oldest_has_no_end():
    """And the others are as they were."""
    one = watch(most=10)
    for number in range(11):
        see(
            one,
            ("INVITE", OUT, 0, {"call": number}),
            ("200 INVITE", IN, 10, {"call": number}),
        )
    for number in range(11):
        see(one, ("BYE", IN, 1_000, {"call": number, "to_tag": "b"}))
    found = ended(one, 1_000)
    assert {end.call_id for end in found} == {f"{n}@h" for n in range(1, 11)}


def test_a_network_that_is_none_is_named():
    with pytest.raises(ConfigError, match="'g' list a network"):
        Points([Point(name="g", networks=("x",), trunks=(OTHER,))])


def test_a_day_with_losses_accuses_nobody():
    """Messages lost, doubled, late: each end told is true, no call begins twice."""
    draw = random.Random(11)  # ruff: ignore[suspicious-non-cryptographic-random-usage]
    truth, shown = {}, []
    for number in range(2_000):
        start, rings = number * 40, draw.randrange(500, 9_000)
        talks = draw.randrange(1_000, 60_000)
        answered = draw.random() < 0.6
        way, back = draw.choice([(OUT, IN), (IN, OUT)])
        said = {"call": number, "calling": C}
        script = [("INVITE", way, 0, said), ("180 INVITE", back, 200, said)]
        if answered:
            bye = {**said, "to_tag": "b"}
            script += [
                ("200 INVITE", back, rings, said),
                ("ACK", way, rings + 5, bye),
                ("BYE", draw.choice([way, back]), rings + talks, bye),
            ]
        else:
            script.append(
                (draw.choice(["486 INVITE", "480 INVITE"]), back, rings, said)
            )
        truth[f"{number}@h"] = (answered, rings, talks)
        for what, at, ms, words in script:
            copies = draw.choice([0, 1, 1, 1, 2])
            shown += [
                (start + ms + draw.randrange(400), start + ms, what, at, words)
            ] * copies
    one, began = watch(), []
    for seen_ms, sent_ms, what, way, said in sorted(shown, key=itemgetter(0)):
        data = packet(sip(what, **said), at_ms=NOW_MS + sent_ms, **way)
        if (found := one.receive(data, AGENT, NOW_MS + seen_ms)) is not None:
            began.append(found.call.call_id)
    ends = ended(one, 10_000_000)
    assert len(began) == len(set(began)) > 1_400
    assert len({end.call_id for end in ends}) == len(ends) > 800
    for end in ends:
        answered, rings, talks = truth[end.call_id]
        assert end.answered == answered
        if answered:
            assert (end.answer_ms, end.duration_ms) == (rings, talks)


def test_whatever_a_capture_holds_nothing_is_raised():
    """Messages cut, flipped and spliced, in packets that are right: 20,000 of them."""
    draw = random.Random(5)  # ruff: ignore[suspicious-non-cryptographic-random-usage]
    extra = "P-Asserted-Identity: <tel:+1>\r\nDiversion: <sip:2@h>\r\nPrivacy: id\r\n"
    seeds = [
        sip("INVITE", extra=extra),
        sip("200 INVITE"),
        sip("BYE", to_tag="b", extra="Reason: Q.850;cause=16\r\n"),
        sip("CANCEL"),
    ]
    one = watch(most=50)
    for _ in range(20_000):
        payload = bytearray(draw.choice(seeds))
        for _ in range(draw.randint(0, 6)):
            at = draw.randrange(len(payload))
            end = at + draw.choice([0, 1, 1, 1, 30])
            payload[at:end] = draw.randbytes(draw.randrange(4)) or b"\r\n"
        way = draw.choice([OUT, IN])
        now_ms = NOW_MS + draw.randrange(-1_000, 90_000)
        data = packet(bytes(payload), at_ms=now_ms, **way)
        one.receive(data, AGENT, now_ms)
        if draw.random() < 0.01:
            one.ended(now_ms)
    assert one.counts["began"] > 50
    assert sum(one.counts.values()) >= 20_000
