"""What the log holds tells nothing, and is bound to what was logged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError
from tallystick.proof import KINDS, SALT_BYTES, Opening, commit

from .logs import Kept

kinds = st.sampled_from(sorted(KINDS))
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
numbers = st.from_regex(r"\+?[1-9][0-9]{8,14}", fullmatch=True)
names = st.from_regex(r"[A-Z\u0410-\u042f][a-z\u0430-\u044f]{4,12}", fullmatch=True)
tokens = st.binary(min_size=16, max_size=16)


def test_a_vector_for_other_implementations():
    """Of spec/proof.md; the fields written out by hand."""
    import hashlib

    made = Opening(kind="case", salt=bytes(range(32)), content='{"n":1}')
    written = (
        b"\x00\x16tallystick/log-entry/1\x00\x04case\x00\x20"
        + bytes(range(32))
        + b"\x00\x00\x00\x00\x00\x00\x00\x07"
        + b'{"n":1}'
    )
    assert commit(made) == hashlib.sha256(written).digest()
    assert (
        commit(made).hex()
        == "24af08bd96d2210a15470ca9fcb2a6a91b0445d4ddc46a58f23e372764f5da3b"
    )


@pytest.mark.property
@given(kinds, salts, numbers, names, tokens)
def test_no_number_name_or_token_in_the_bytes_of_a_log(kind, salt, number, name, token):
    """Neither as it is, nor as text, nor packed, in any file that is served."""
    said = {"calling": number, "carrier": name, "token": token.hex()}
    content = json.dumps(said, ensure_ascii=False)
    log = Kept([commit(Opening(kind=kind, salt=salt, content=content))])
    served = b"".join((log.note, *log.tiles.values()))
    digits = number.removeprefix("+")
    for leaked in (
        digits.encode(),
        name.encode(),
        token,
        token.hex().encode(),
        int(digits).to_bytes(8, "big").lstrip(b"\0"),
        bytes.fromhex(digits.ljust(len(digits) + len(digits) % 2, "0")),
        salt,
    ):
        assert leaked not in served
    assert all(len(entry) == 32 for entry in log.entries)


@pytest.mark.property
@given(kinds, salts, st.text(max_size=50).filter(str.isascii), kinds, salts)
def test_a_commitment_is_bound_to_each_of_its_parts(kind, salt, content, other, more):
    """Another kind, salt or content gives another commitment."""
    made = commit(Opening(kind=kind, salt=salt, content=content))
    for changed in (
        Opening(kind=other, salt=salt, content=content),
        Opening(kind=kind, salt=more, content=content),
        Opening(kind=kind, salt=salt, content=content + " "),
    ):
        same = changed == Opening(kind=kind, salt=salt, content=content)
        assert (commit(changed) == made) == same


@pytest.mark.parametrize(
    ("kind", "salt", "content"),
    [
        ("opinion", bytes(32), ""),
        ("case", bytes(31), ""),
        ("case", bytes(32), "x" * (1 << 20) + "x"),
        ("case", bytes(32), "\ud800"),
    ],
)
def test_what_cannot_be_logged_is_refused(kind, salt, content):
    """A known kind, a whole salt, a text that is not endless."""
    with pytest.raises(MalformedError, match="known kind"):
        Opening(kind=kind, salt=salt, content=content)


def test_neither_salt_nor_content_is_printed():
    """Not even in a traceback."""
    made = Opening(kind="case", salt=b"s" * 32, content="375291234567")
    assert "ssss" not in repr(made)
    assert "37529" not in repr(made)
