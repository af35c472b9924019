"""Checkpoints and cosignatures: the published examples, and what is none."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError, VerificationError
from tallystick.proof import (
    COSIGNATURE,
    EMPTY_ROOT,
    Checkpoint,
    SigningKey,
    VerifyingKey,
    cosign,
    cosigners,
    key_id,
    origin_of,
    parse_checkpoint,
    parse_note,
    read_checkpoint,
    sign_checkpoint,
)

from .logs import BY, NOW_S, ORIGIN, RU

# The examples of C2SP tlog-checkpoint and tlog-cosignature; they show no keys.
PUBLISHED = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4"
    "URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB"
    "9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
CHECKPOINT = Checkpoint(origin=ORIGIN, size=7, root=b"r" * 32)


def signed(checkpoint: Checkpoint = CHECKPOINT, *, at_s: int = NOW_S) -> bytes:
    """Return a checkpoint signed by BY and cosigned by RU."""
    return sign_checkpoint(checkpoint, BY) + cosign(
        checkpoint.text, RU, at_s=at_s
    ).line().encode("utf-8")


def test_the_published_checkpoint_is_read_to_the_byte():
    """Its text, its lines, and the time of its cosignature."""
    note = parse_note(PUBLISHED.encode())
    read = parse_checkpoint(note.text)
    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20852163)
    assert read.text == note.text
    assert note.encode() == PUBLISHED
    line = note.signatures[1]
    assert line.key_id.hex() == "8d66cf3f"
    assert int.from_bytes(line.signature[:8], "big") == 1679315147
    assert len(line.signature) == 8 + 64


def test_a_cosignature_signs_what_the_specification_says():
    """The message of the published example, under a key of ours."""
    text = parse_note(PUBLISHED.encode()).text
    line = cosign(text, RU, at_s=1679315147)
    message = (
        "cosignature/v1\n"
        "time 1679315147\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    RU.public().verify(line.signature[8:], message.encode())
    assert line.key_id == key_id("RU", COSIGNATURE, RU.public().point)
    assert cosigners(parse_note(f"{text}\n{line.line()}".encode()), [RU.public()]) == {
        "RU": 1679315147
    }


def test_both_signatures_are_found():
    """Who keeps the log, and who saw it when."""
    read = read_checkpoint(signed(), BY.public(), [RU.public()], log=ORIGIN)
    assert (read.by, dict(read.seen)) == ("BY", {"RU": NOW_S})
    assert read.checkpoint == CHECKPOINT
    assert read_checkpoint(signed(), BY.public()).seen == {}


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (signed().replace(b"\n7\n", b"\n8\n"), "changed after BY had signed"),
        (sign_checkpoint(CHECKPOINT, RU), "not signed by BY"),
        (signed(Checkpoint(origin="another", size=7, root=b"r" * 32)), "another log"),
    ],
)
def test_a_changed_or_foreign_checkpoint_is_refused(note, said):
    """Changed, signed by somebody else, or of another log."""
    with pytest.raises(VerificationError, match=said):
        read_checkpoint(note, BY.public(), [RU.public()], log=ORIGIN)


def test_a_replayed_signature_of_another_log_is_refused():
    """A party's signature over its other log, or another checkpoint, is none here."""
    other = Checkpoint(origin=f"{ORIGIN}-2", size=7, root=b"r" * 32)
    head, parted, _ = signed().decode().partition("\n\n")
    moved = signed(other).decode().partition("\n\n")[2]
    with pytest.raises(VerificationError, match="or BY never signed it"):
        read_checkpoint(f"{head}{parted}{moved}".encode(), BY.public())
    with_cosignature = sign_checkpoint(CHECKPOINT, BY).decode() + moved.split("\n")[1]
    with pytest.raises(VerificationError, match="should be of RU is none over"):
        read_checkpoint(f"{with_cosignature}\n".encode(), BY.public(), [RU.public()])


def test_a_cosignature_is_no_signature_of_a_log():
    """One key, two algorithms: what one signed never counts as the other."""
    alone = f"{CHECKPOINT.text}\n{cosign(CHECKPOINT.text, BY, at_s=1).line()}".encode()
    with pytest.raises(VerificationError, match="not signed by BY"):
        read_checkpoint(alone, BY.public())
    assert read_checkpoint(signed(), BY.public(), [BY.public()]).seen == {}


def test_a_party_is_no_witness_of_its_own_log():
    """Neither by its own name nor by another."""
    for name in ("BY", "RU"):
        twin = SigningKey(party=name, seed=BY.seed)
        line = cosign(CHECKPOINT.text, twin, at_s=NOW_S).line().encode()
        note = sign_checkpoint(CHECKPOINT, BY) + line
        assert read_checkpoint(note, BY.public(), [twin.public()]).seen == {}


def test_a_time_that_was_changed_is_noticed():
    """The stamp is part of what is signed."""
    line = cosign(CHECKPOINT.text, RU, at_s=NOW_S)
    moved = line.line().replace(
        base64.b64encode(line.key_id + line.signature).decode(),
        base64.b64encode(
            line.key_id + (NOW_S + 1).to_bytes(8, "big") + line.signature[8:]
        ).decode(),
    )
    note = sign_checkpoint(CHECKPOINT, BY) + moved.encode()
    with pytest.raises(VerificationError, match="should be of RU"):
        read_checkpoint(note, BY.public(), [RU.public()])


@pytest.mark.parametrize(
    "text",
    [
        *("", "a\n", "a\n1\n", f"a\n01\n{'A' * 43}=\n", f"a\n-1\n{'A' * 43}=\n"),
        *(f"a\n1\n{'A' * 42}==\n", f"a\n1\n{'A' * 42}B=\n", f"\n1\n{'A' * 43}=\n"),
        *(f"a\n1\n{'A' * 43}=\n\nb\n", f"a+b\n1\n{'A' * 43}=\n", "a\n1\n=\n"),
        *(f"a b\n1\n{'A' * 43}=\n", f"a\n9223372036854775808\n{'A' * 43}=\n"),
        f"a\n0\n{'A' * 43}=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    """One way to write each, and an empty log has the root of none."""
    with pytest.raises(MalformedError, match="a checkpoint of a log"):
        parse_checkpoint(text)


@pytest.mark.property
@given(
    st.from_regex(r"[a-zA-Z0-9/._-]{1,40}", fullmatch=True),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.from_regex(r"[a-z ]{1,10}", fullmatch=True), max_size=3),
)
def test_checkpoints_are_read_back(origin, size, root, more):
    """Further lines, which others may have, are kept, since they are signed too."""
    made = Checkpoint(origin=origin, size=size, root=root, more=tuple(more))
    assert parse_checkpoint(made.text) == made


def test_an_empty_log_and_a_name_for_each_key():
    """A log may be empty; the names of two parties' logs differ by themselves."""
    empty = Checkpoint(origin=origin_of(BY.public()), size=0, root=EMPTY_ROOT)
    assert parse_checkpoint(empty.text) == empty
    twin = SigningKey(party="BY", seed=b"t" * 32)
    names = {origin_of(key.public()) for key in (BY, RU, twin)}
    assert len(names) == 3


def test_one_key_under_two_names_is_two_keys():
    """A name is part of what a key is."""
    same = VerifyingKey(party="RU", point=BY.public().point)
    with pytest.raises(VerificationError, match="not signed by RU"):
        read_checkpoint(signed(), same)
