"""Statements: what was signed is what is read, on this channel, by this party."""

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError, VerificationError
from tallystick.proof import (
    Note,
    SigningKey,
    Statement,
    in_order,
    parse_note,
    read_statement,
    sign_note,
    sign_statement,
)

BY = SigningKey(party="BY", seed=b"b" * 32)
RU = SigningKey(party="RU", seed=b"r" * 32)
KEYS = (BY.public(), RU.public())
CHANNEL = "5b" * 32
ASKED = Statement(
    channel=CHANNEL,
    by="BY",
    at_ms=1_795_348_800_123,
    about="case/3f2a",
    kind="asked",
    body={"deadline": "2026-11-29", "to": "Белтелеком"},
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
bodies = st.dictionaries(words, words | st.integers(-(2**53), 2**53) | st.booleans())


@pytest.mark.property
@given(bodies, st.integers(0, 4_102_444_800_000))
def test_what_is_signed_is_read(body, at_ms):
    """Whatever the body and the moment."""
    said = dataclasses.replace(ASKED, body=body, at_ms=at_ms)
    signed = sign_statement(said, BY)
    read = read_statement(signed.note, KEYS, channel=CHANNEL)
    assert (read.statement, read.id) == (said, signed.id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channel": "6c" * 32}, "statement-channel"),
        ({"by": "RU"}, "statement-unsigned"),
    ],
)
def test_a_statement_counts_for_its_party_and_channel_only(change, code):
    """One signed by somebody else, or for another channel, is refused."""
    text = dataclasses.replace(ASKED, **change).text
    note = Note(text=text, signatures=(sign_note(text, BY),))
    with pytest.raises(VerificationError) as caught:
        read_statement(note.encode().encode(), KEYS, channel=CHANNEL)
    assert caught.value.code == code


def test_a_party_signs_for_itself_only():
    """Its key does not fit another's statement."""
    with pytest.raises(VerificationError) as caught:
        sign_statement(ASKED, RU)
    assert caught.value.code == "statement-party"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("statement/1", "statement/2", "statement-version"),
        ("statement/1", "gossip/1", "statement-damaged"),
        ("kind asked", "kind Asked", "statement-damaged"),
        ("after\n", "after 1234\n", "statement-damaged"),
        ("at 2026-11-22", "at 2026-13-22", "statement-damaged"),
        ('"to"', "to", "statement-damaged"),
        ("kind asked\n", "", "statement-damaged"),
        ("kind asked\n", "kind asked\nkind asked\n", "statement-damaged"),
    ],
)
def test_another_text_is_no_statement(old, new, code):
    """Even if its party signed it."""
    text = ASKED.text.replace(old, new)
    assert text != ASKED.text
    note = Note(text=text, signatures=(sign_note(text, BY),)).encode().encode()
    with pytest.raises((MalformedError, VerificationError)) as caught:
        read_statement(note, KEYS, channel=CHANNEL)
    assert caught.value.code == code


@pytest.mark.parametrize("change", [{"about": "case"}, {"kind": "x" * 40}])
def test_what_could_not_be_read_is_not_signed(change):
    """The maker hears it, not the peer."""
    with pytest.raises(MalformedError):
        sign_statement(dataclasses.replace(ASKED, **change), BY)


def test_the_signature_is_that_of_a_note():
    """Any reader of signed notes can check it."""
    note = parse_note(sign_statement(ASKED, BY).note)
    assert note.text == ASKED.text


@pytest.mark.property
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms())
def test_both_sides_read_the_same_order(times, shuffled: random.Random):
    """Each after those it follows, however they came; none before what is missing."""
    made, first_gone = [], shuffled.random() < 0.3
    for number, at in enumerate(times):
        after = shuffled.sample([one.id for one in made], min(len(made), at))
        said = dataclasses.replace(
            ASKED, at_ms=at, after=tuple(after), body={"n": number}
        )
        made.append(sign_statement(said, BY))
    there = made[1:] if first_gone else list(made)
    ordered = in_order(there)
    shuffled.shuffle(there)
    assert in_order(there) == ordered
    seen: set[str] = set()
    for one in ordered:
        assert seen.issuperset(one.statement.after)
        seen.add(one.id)
    # Whoever is left out follows, directly or not, one that is not there.
    left = [one for one in there if one.id not in seen]
    assert all(not seen.issuperset(one.statement.after) for one in left)
    if not first_gone:
        assert not left
