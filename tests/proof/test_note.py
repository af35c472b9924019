"""Signed notes: the published vector, and whatever is not quite one."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError, VerificationError
from tallystick.proof import (
    ED25519,
    Note,
    SigningKey,
    VerifyingKey,
    key_id,
    parse_note,
    sign_note,
    signers,
    verifier_key,
)

# The example of the format's reference implementation (golang.org/x/mod/sumdb/note).
PUBLISHED = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvq"
    "fqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY = SigningKey(party="BY", seed=b"b" * 32)
RU = SigningKey(party="RU", seed=b"r" * 32)
KEYS = (BY.public(), RU.public())

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=80
).map(lambda text: text + "\n")


def published() -> VerifyingKey:
    """Return the key of the published example."""
    name, _, word = PUBLISHED.split("+", 2)
    return VerifyingKey(party=name, point=base64.b64decode(word)[1:])


def test_the_published_note_is_read_and_its_key_named_alike():
    """Another implementation's key identifier, verifier key and signature hold."""
    key = published()
    assert verifier_key(key) == PUBLISHED
    assert key_id(key.party, ED25519, key.point).hex() == "c74f20a3"
    note = parse_note(f"{TEXT}\n{LINE}".encode())
    assert note.text == TEXT
    assert signers(note, [key]) == ["PeterNeumann"]


@pytest.mark.property
@given(texts)
def test_what_is_signed_is_read_again(text):
    """Both parties' signatures are found, whatever the text, blank lines included."""
    note = Note(text=text, signatures=(sign_note(text, BY), sign_note(text, RU)))
    read = parse_note(note.encode().encode())
    assert read == note
    assert signers(read, KEYS) == ["BY", "RU"]


@pytest.mark.property
@given(texts, st.data())
def test_one_changed_byte_is_noticed(text, data):
    """What is left is no note, one without a signature that counts, or a wrong one."""
    whole = Note(text=text, signatures=(sign_note(text, BY),)).encode().encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytes((*whole[:at], whole[at] ^ 1 << bit, *whole[at + 1 :]))
    found = []
    with contextlib.suppress(MalformedError, VerificationError):
        found = signers(parse_note(changed), KEYS)
    assert found == []


def test_signatures_of_unknown_keys_are_passed_over():
    """So that a party may sign with a second algorithm, and a witness may sign too."""
    note = Note(text=TEXT, signatures=(sign_note(TEXT, RU), sign_note(TEXT, BY)))
    assert signers(note, [BY.public()]) == ["BY"]
    assert signers(note, [published()]) == []


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\xe2\x80\x94 BY AAAAAAAA",
        b"text\n\n- BY AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 BY AAAA\n",
        b"text\n\n\xe2\x80\x94 B+Y AAAAAAAA\n",
        b"no\x00te\n\n\xe2\x80\x94 BY AAAAAAAA\n",
        b"\xff\n\n\xe2\x80\x94 BY AAAAAAAA\n",
        b"text\n\n" + b"\xe2\x80\x94 BY AAAAAAAA\n" * 101,
        b"x" * (1 << 20) + b"\n\n\xe2\x80\x94 BY AAAAAAAA\n",
    ],
)
def test_what_is_no_note_is_refused(damaged):
    """With a sentence."""
    with pytest.raises(MalformedError, match="not a signed note"):
        parse_note(damaged)


@pytest.mark.parametrize("text", ["", "no end", "tab\there\n", "x" * (1 << 20) + "\n"])
def test_what_cannot_be_a_note_is_not_signed(text):
    """A signature under it could be read in two ways, or not at all."""
    with pytest.raises(MalformedError) as caught:
        sign_note(text, BY)
    assert caught.value.code == "note-text"
