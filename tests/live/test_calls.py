"""Calls as switches tell them: numbers, tokens, and what a number tells."""

import pytest

from tallystick.blinding import TokenKey, token
from tallystick.domains.calls.live import (
    REMEMBERED_TEXTS,
    LiveCall,
    LiveKeys,
    NumberKnowledge,
    NumberReader,
    Ranges,
    evidence_of,
    live_half,
    parse_ranges,
)
from tallystick.domains.calls.numbers import Numbering
from tallystick.model import ConfigError
from tallystick.pairing.live import DIVERTED, PRESENT, RESTRICTED, Match

NUMBERING = Numbering.from_countries("BY", "RU")
KNOWN = NumberKnowledge(
    own="RU",
    peer="BY",
    do_not_originate=parse_ranges("+74951234567\n# a bank\n7800555*"),
    special=parse_ranges("74950000000-74950000099"),
    unallocated=parse_ranges("375299999999"),
)


def key(purpose, epoch="e"):
    return TokenKey(
        domain="calls", epoch=epoch, round_number=1, purpose=purpose, text="5a" * 32
    )


KEYS = LiveKeys(pair=key("pair"), called=key("called"), calling=key("calling"))


def call(calling, called="+79161234567", **more):
    return LiveCall(
        call_id="x", at_ms=1, calling_number=calling, called_number=called, **more
    )


SPELLINGS = {
    "+375291234567": 375291234567,
    "80291234567": 375291234567,
    "sip:+375291234567@gw.example;user=phone": 375291234567,
    "anonymous": 0,
    "": 0,
}


@pytest.mark.parametrize("side", ["departures", "arrivals"])
@pytest.mark.parametrize(("text", "number"), SPELLINGS.items())
def test_both_sides_read_alike(side, text, number):
    """A live call's numbers are read as spec/numbers.md says, on either side."""
    numbers = NumberReader(NUMBERING, side=side).read(call(text))
    assert numbers == (number, 79161234567, 0)


def test_tokens_are_those_of_the_spec():
    """The three tokens are the ones that spec/tokens.md defines."""
    numbers = NumberReader(NUMBERING, side="arrivals").read(
        call("+375291234567", redirecting_number="+375331234567")
    )
    half = live_half(
        call("+375291234567", presentation="restricted"),
        numbers,
        KEYS,
        ident=b"x",
        arrives=True,
    )
    calling, called, redirecting = numbers
    assert half.pair == token((calling, called), key("pair"))
    half = half.made()
    assert half.called == token((called,), key("called"))
    assert half.calling == token((calling,), key("calling"))
    assert half.alias == token((redirecting, called), key("pair"))
    assert half.flags == RESTRICTED | DIVERTED
    assert half.calling_state == half.called_state == PRESENT


def test_keys_of_two_epochs_are_refused():
    """Tokens of one half must be of one epoch, each of its purpose."""
    with pytest.raises(ConfigError) as caught:
        LiveKeys(pair=key("pair"), called=key("called", "f"), calling=key("calling"))
    assert caught.value.code == "live-keys"


def test_a_channel_must_name_its_countries():
    """Nothing can be learned from single calls."""
    with pytest.raises(ConfigError) as caught:
        NumberReader(Numbering(), side="arrivals")
    assert caught.value.code == "live-countries"


def test_invented_texts_and_trunks_cannot_fill_the_memory():
    """Texts and trunks from outside leave a bounded memory behind."""
    reader = NumberReader(NUMBERING, side="arrivals")
    for n in range(REMEMBERED_TEXTS // 2 + 100):
        reader.read(call(f"x{n}", f"y{n}", trunk=f"T{n}"))
    assert len(reader) <= REMEMBERED_TEXTS
    assert reader.read(call("+" * 100_000)).calling <= 0


FACTS = {
    "+375291234567": ("peer", "ordinary"),
    "+79161234567": ("own", "ordinary"),
    "+77011234567": ("third", "ordinary"),
    "+48501234567": ("third", "ordinary"),
    "anonymous": ("none", "absent"),
    "gibberish": ("none", "unreadable"),
    "112": ("none", "special"),
    "+74951234567": ("own", "do_not_originate"),
    "+78005553535": ("own", "do_not_originate"),
    "+74950000042": ("own", "special"),
    "+375299999999": ("peer", "unallocated"),
    "+375991234567": ("peer", "unallocated"),
}


@pytest.mark.parametrize(("text", "expected"), FACTS.items())
def test_what_a_calling_number_tells(text, expected):
    """Origin and kind of a calling number, by the plan and by agreed ranges."""
    asked = call(text)
    numbers = NumberReader(NUMBERING, side="arrivals").read(asked)
    match = Match("no_departure", covered=True, why="nothing_known")
    found = evidence_of(asked, numbers, match, KNOWN)
    assert (found.origin, found.number) == expected
    assert (found.half, found.covered) == ("no_departure", True)


@pytest.mark.parametrize(
    ("called", "switch_says", "emergency"),
    [
        ("112", False, True),
        ("sip:112@gw.example", False, True),
        ("103", False, True),
        ("+79161234567", False, False),
        ("+79161234567", True, True),
        ("1" * 100_000, False, False),
    ],
)
def test_emergency_calls_are_known(called, switch_says, emergency):
    """By the number dialled, or by the switch's word."""
    asked = call("+375291234567", called, emergency=switch_says)
    numbers = NumberReader(NUMBERING, side="arrivals").read(asked)
    assert evidence_of(asked, numbers, None, KNOWN).emergency is emergency


def test_ranges_may_overlap():
    """Both ends belong; order and overlap do not matter."""
    ranges = Ranges([(50, 60), (10, 20), (15, 30), (31, 31)])
    assert len(ranges) == 2
    held = [n for n in range(100) if n in ranges]
    assert held == [*range(10, 32), *range(50, 61)]


@pytest.mark.parametrize("line", ["12-", "9-8", "abc", "*", "0123", "1" * 16])
def test_a_bad_range_is_named_by_its_line(line):
    """The error tells the line, and never the number."""
    with pytest.raises(ConfigError) as caught:
        parse_ranges(f"375291234567\n{line}\n")
    assert caught.value.code == "ranges"
    assert "line 2" in str(caught.value)
    assert "375" not in str(caught.value)
