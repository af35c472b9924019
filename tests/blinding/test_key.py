"""Keys as text and as files."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.blinding import (
    PrivateKey,
    PublicKey,
    agree,
    agreement_text,
    channel_between,
    encode_channel,
    encode_private_key,
    encode_public_key,
    fingerprint,
    new_private_key,
    parse_channel,
    parse_private_key,
    parse_public_key,
    public_key_text,
    read_channel,
    read_private_key,
    read_public_key,
    token_key,
    write_channel,
    write_private_key,
)
from tallystick.model import (
    ConfigError,
    MalformedError,
    RefusedError,
    TallystickError,
    UnavailableError,
    VerificationError,
)

from . import plain
from .parties import BY, RU, agreement

secrets = st.binary(min_size=32, max_size=32)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True)
keys = st.builds(
    lambda party, secret: PrivateKey(party=party, secret=secret), names, secrets
)


@pytest.mark.property
@settings(max_examples=50)
@given(keys)
def test_text_and_back(key: PrivateKey) -> None:
    """A key is the same after writing and reading, and as the plain one has it."""
    shown = key.public()
    assert parse_private_key(encode_private_key(key)) == key
    assert parse_public_key(public_key_text(shown)) == shown
    assert encode_public_key(shown) == plain.line("public", key.party, shown.point)
    assert fingerprint(shown) == plain.fingerprint(key.party, shown.point)
    assert shown.point == plain.public(key.secret)


@pytest.mark.property
@settings(max_examples=30)
@given(keys, keys)
def test_both_sides_agree(one: PrivateKey, other: PrivateKey) -> None:
    """Both sides compute the same secret, name, text and token key."""
    if one.party == other.party or one.public().point == other.public().point:
        return
    here, there = agree(one, other.public()), agree(other, one.public())
    assert here.secret == there.secret
    assert here.identifier == there.identifier
    assert here.secret == plain.x25519(one.secret, other.public().point)
    assert agreement_text(here.own, here.peer) == agreement_text(there.own, there.peer)
    labels = {"domain": "calls", "epoch": "e", "purpose": "pair"}
    key = token_key(here, round_number=1, **labels)
    assert key == token_key(there, round_number=1, **labels)
    pairs = [(k.party, k.point) for k in (here.own, here.peer)]
    info = plain.info(*pairs, "calls", "e", 1, "pair")
    assert key.text == plain.hkdf(here.secret, plain.PROTOCOL, info, 32).hex()


@pytest.mark.property
@settings(max_examples=150)
@given(st.text() | st.text(alphabet="tallystick-privubec/key1 \n#BY=09").map(str))
def test_any_text_raises_only_our_errors(text: str) -> None:
    """Reading anything as a key or a channel ends in a sentence."""
    for parse in (parse_public_key, parse_private_key, parse_channel):
        with pytest.raises(TallystickError):
            parse(text)


@pytest.mark.property
@settings(max_examples=100)
@given(st.data())
def test_one_wrong_letter_is_seen(data: st.DataObject) -> None:
    """A key line with one letter changed is refused, or is the same key."""
    line = encode_public_key(BY.public())
    place = data.draw(st.integers(0, len(line) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = line[:place] + letter + line[place + 1 :]
    if letter == "#" and place == 0:
        return
    try:
        assert parse_public_key(changed) == BY.public()
    except TallystickError:
        assert changed != line


def test_no_secret_in_repr_or_error() -> None:
    """Neither a repr nor an error shows a private key or a shared secret."""
    line = encode_private_key(BY)
    word = line.split()[-1]
    shown = repr(BY) + repr(agreement())
    shown += repr(
        token_key(
            agreement(), domain="calls", epoch="e", round_number=1, purpose="pair"
        )
    )
    for broken in (line[:-1], line + "x", line.replace("/1", "/9"), f"{line}\n{line}"):
        with pytest.raises(TallystickError) as caught:
            parse_private_key(broken)
        shown += str(caught.value)
    with pytest.raises(TallystickError) as caught:
        parse_public_key(line)
    shown += str(caught.value)
    assert word[:12] not in shown
    assert BY.secret.hex()[:12] not in shown
    assert agreement().secret.hex()[:12] not in shown


def test_private_key_file(tmp_path: Path) -> None:
    """The file is its owner's only, is read back, and is never overwritten."""
    path = tmp_path / "by.key"
    write_private_key(path, BY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_private_key(path) == BY
    with pytest.raises(RefusedError) as caught:
        write_private_key(path, RU)
    assert caught.value.code == "key-exists"
    assert read_private_key(path) == BY


def test_private_key_file_behind_a_link_is_not_overwritten(tmp_path: Path) -> None:
    """A dangling link in the file's place is refused, not followed."""
    path = tmp_path / "by.key"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError):
        write_private_key(path, BY)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
def test_open_private_key_is_refused(tmp_path: Path) -> None:
    """A private key that others may read is refused with what to do."""
    path = tmp_path / "by.key"
    write_private_key(path, BY)
    path.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600") as caught:
        read_private_key(path)
    assert caught.value.code == "key-open"


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [
        (None, UnavailableError, "key-file"),
        (b"", MalformedError, "key-foreign"),
        (b"\x00\xff" * 40, MalformedError, "key-foreign"),
        (b"a" * 70_000, MalformedError, "key-foreign"),
        (b"\n" * 70_000, MalformedError, "key-foreign"),
        (encode_private_key(BY).encode(), VerificationError, "key-kind"),
    ],
    ids=["missing", "empty", "binary", "long", "long-empty", "private"],
)
def test_bad_public_key_files(
    tmp_path: Path, content: bytes | None, error: type[TallystickError], code: str
) -> None:
    """What is no public key file ends in a sentence that names the file."""
    path = tmp_path / "ru.pub"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=r"ru\.pub") as caught:
        read_public_key(path)
    assert caught.value.code == code


def test_random_source() -> None:
    """The key is what the source gives; a source that runs dry is refused."""
    assert new_private_key("BY", draw=lambda n: bytes(range(n))) == BY
    with pytest.raises(ConfigError) as caught:
        new_private_key("BY", draw=lambda n: bytes(n - 1))
    assert caught.value.code == "draw"


def test_point_must_be_whole_and_written_in_its_one_way() -> None:
    """A point of another length, or above the prime, is no public key."""
    with pytest.raises(MalformedError):
        PublicKey(party="BY", point=bytes(31))
    with pytest.raises(MalformedError):
        PrivateKey(party="BY", secret=bytes(33))
    with pytest.raises(VerificationError):
        PublicKey(party="BY", point=b"\xff" * 32)


def test_channel_is_the_same_on_both_sides(tmp_path: Path) -> None:
    """Either side writes the same bytes, and finds its peer in them."""
    here = channel_between(BY.public(), RU.public())
    there = channel_between(RU.public(), BY.public())
    assert encode_channel(here) == encode_channel(there)
    path = tmp_path / "channel.toml"
    write_channel(path, here)
    write_channel(path, there)  # says the same: left as it is
    channel = read_channel(path)
    assert channel == here
    assert channel.identifier == agreement().identifier
    assert channel.peer_of(BY.public()) == RU.public()
    assert channel.peer_of(RU.public()) == BY.public()


def test_channel_of_others_is_refused(tmp_path: Path) -> None:
    """A channel does not serve a third key, nor is it replaced by another."""
    third = PrivateKey(party="KZ", secret=bytes(32))
    channel = channel_between(BY.public(), RU.public())
    with pytest.raises(VerificationError) as caught:
        channel.peer_of(third.public())
    assert caught.value.code == "channel-own"
    path = tmp_path / "channel.toml"
    write_channel(path, channel)
    with pytest.raises(RefusedError) as refused:
        write_channel(path, channel_between(BY.public(), third.public()))
    assert refused.value.code == "channel-exists"
    assert read_channel(path) == channel


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is not there ends in a sentence."""
    path = tmp_path / "none" / "x"
    with pytest.raises(UnavailableError):
        write_private_key(path, BY)
    with pytest.raises(UnavailableError):
        write_channel(path, channel_between(BY.public(), RU.public()))
