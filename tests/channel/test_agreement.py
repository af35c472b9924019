"""The agreement file, and who may sign it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.blinding import PrivateKey
from tallystick.channel import (
    Standing,
    VerifyingKey,
    encode_terms,
    parse_agreement,
    parse_verifying_key,
    read_terms,
    sign_terms,
    signing_key,
)
from tallystick.channel.terms import BOUNDS_MS
from tallystick.model import TallystickError

from . import plain
from .parties import BY, NOW_MS, RU, signed, terms

STRANGER = PrivateKey(party="KZ", secret=bytes(range(32)))
IMPOSTOR = PrivateKey(party="BY", secret=bytes(range(32)))


def whole() -> str:
    """Return the file that both signed."""
    text = sign_terms(encode_terms(terms()), signing_key(RU))
    return sign_terms(text, signing_key(BY))


def code_of(text: str) -> str:
    """Return with which code a text is refused as an agreement."""
    with pytest.raises(TallystickError) as caught:
        parse_agreement(text)
    return caught.value.code


def test_either_order_of_signatures_is_one_agreement() -> None:
    """Who signs first does not matter."""
    assert parse_agreement(whole()) == signed()


BROKEN = {
    "nothing": ("", "agreement-damaged"),
    "no line end": (whole()[:-1], "agreement-damaged"),
    "another file": ("a = 1\n", "agreement-foreign"),
    "no TOML": ("a =\n", "agreement-foreign"),
    "deep": ("a = " + "[" * 5_000 + "\n", "agreement-foreign"),
    "long": (whole() + "#" * 40_000 + "\n", "agreement-damaged"),
    "not signed": (encode_terms(terms()), "agreement-unsigned"),
    "signed by one": (
        sign_terms(encode_terms(terms()), signing_key(BY)),
        "agreement-unsigned",
    ),
    "a term changed": (
        whole().replace("grace_ms = 250", "grace_ms = 25"),
        "agreement-signature",
    ),
    "a comment changed": (
        whole().replace("Holds no", "Holds a"),
        "agreement-signature",
    ),
    "a later version": (whole().replace("terms/1", "terms/2", 1), "agreement-version"),
    "a member more": (
        whole().replace("domain =", "more = 1\ndomain ="),
        "agreement-damaged",
    ),
    "a member less": (whole().replace("clock_ms = 100\n", ""), "agreement-damaged"),
    "another scheme": (
        whole().replace("hmac-sha256/1", "oprf-ristretto255/1"),
        "agreement-tokens",
    ),
    "another channel": (
        whole().replace(terms().channel.hex(), "00" * 32),
        "agreement-damaged",
    ),
    "a text for a number": (
        whole().replace("clock_ms = 100", 'clock_ms = "100"'),
        "agreement-damaged",
    ),
    "a time without zone": (whole().replace("00Z", "00"), "agreement-damaged"),
    "one key": (
        whole().replace("keys = [", "keys = 1 #", 1),
        "agreement-foreign",
    ),
    "a signature twice": (
        whole() + whole().splitlines()[-1] + "\n",
        "agreement-damaged",
    ),
    "lines after the signatures": (whole() + "epoch_ms = 1\n", "agreement-damaged"),
    "Windows line ends": (whole().replace("\n", "\r\n"), "agreement-damaged"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_agreements_are_refused(what: str) -> None:
    """Each fault is refused with its code."""
    text, code = BROKEN[what]
    assert code_of(text) == code


@pytest.mark.property
@given(st.integers(0, len(whole()) - 1), st.characters(max_codepoint=126))
def test_any_other_character_is_refused(place: int, other: str) -> None:
    """Whatever single character is another, the agreement does not hold."""
    text = whole()
    if text[place] != other:
        assert code_of(text[:place] + other + text[place + 1 :])


@pytest.mark.property
@given(st.text(max_size=300))
def test_any_text_is_refused_by_our_own_errors(text: str) -> None:
    """Texts of any kind raise nothing but our errors."""
    assert code_of(text)


@pytest.mark.parametrize("private", [STRANGER, IMPOSTOR, BY])
def test_who_may_not_sign(private: PrivateKey) -> None:
    """A stranger, an impostor and who has signed already may not sign."""
    text = sign_terms(encode_terms(terms()), signing_key(BY))
    with pytest.raises(TallystickError) as caught:
        sign_terms(text, signing_key(private))
    assert caught.value.code == "agreement-key"
    with pytest.raises(TallystickError) as caught:
        Standing(agreement=signed(), own=signing_key(STRANGER))
    assert caught.value.code == "agreement-own"


def test_the_peer_may_read_before_it_signs() -> None:
    """Terms can be read with no signature yet."""
    assert read_terms(encode_terms(terms())) == terms()


@pytest.mark.parametrize("name", BOUNDS_MS)
def test_terms_have_bounds(name: str) -> None:
    """A term outside its bounds is refused."""
    low, high = BOUNDS_MS[name]
    for value in (low - 1, high + 1):
        with pytest.raises(TallystickError) as caught:
            replace(terms(), **{name: value})
        assert caught.value.code == "agreement-terms"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("epoch_ms", {"epoch_ms": 90_500}),
        ("overlap_ms", {"overlap_ms": 8_000}),
        ("overlap_ms", {"overlap_ms": 1_800_001}),
        ("from", {"from_ms": NOW_MS + 1}),
        ("until", {"until_ms": terms().from_ms}),
        ("keys", {"keys": (RU.public(), BY.public())}),
        ("verifying_keys", {"verifying_keys": tuple(reversed(terms().verifying_keys))}),
    ],
)
def test_terms_must_be_keepable(name: str, changes: dict[str, object]) -> None:
    """Terms that contradict each other are refused, and named."""
    with pytest.raises(TallystickError, match=f"agreement's {name} ") as caught:
        terms(**changes)
    assert caught.value.code == "agreement-terms"


def test_keys_with_which_anybody_can_sign_are_refused() -> None:
    """Every point of low order, and every other way to write one, is refused."""
    heights = (0, 1, plain.P - 1, plain.P, plain.P + 1)
    eighth = int.from_bytes(
        bytes.fromhex(
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
        ),
        "little",
    )
    for height in (eighth, plain.P - eighth):
        assert plain.times(8, plain.points_at(height)) == (0, 1)
        assert plain.times(4, plain.points_at(height)) != (0, 1)
    for height in (*heights, eighth, plain.P - eighth):
        for sign in (0, 1 << 255):
            with pytest.raises(TallystickError) as caught:
                VerifyingKey(party="X", point=(height | sign).to_bytes(32, "little"))
            assert caught.value.code == "verifying-key-point"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "verifying-key-foreign"),
        ("tallystick-public-key/1 BY x", "verifying-key-foreign"),
        ("tallystick-verifying-key/2 BY x", "verifying-key-version"),
        ("tallystick-verifying-key/1 BY x", "verifying-key-damaged"),
        ("tallystick-verifying-key/1 -- x", "verifying-key-damaged"),
    ],
)
def test_broken_keys_are_refused(line: str, code: str) -> None:
    """Each fault of a key's line is refused with its code."""
    with pytest.raises(TallystickError) as caught:
        parse_verifying_key(line)
    assert caught.value.code == code


def test_epochs_follow_one_another() -> None:
    """Every moment has an epoch, and near its ends the neighbour as well."""
    one = terms()
    end_ms = one.epoch(1).ends_ms
    assert one.epoch(2).starts_ms == end_ms
    assert one.epochs_near(NOW_MS) == (1,)
    assert one.epochs_near(end_ms - 1) == (1, 2)
    assert one.epochs_near(end_ms) == (2, 1)


@pytest.mark.property
@given(st.integers(-40_000, 40_000), st.integers(0, 3))
def test_tokens_of_an_epoch_are_tried_where_they_may_be(after: int, index: int) -> None:
    """A half is looked for under just those epochs that may have told of it."""
    at_ms = terms().epoch(1).ends_ms + after
    assert terms().is_in_epoch(at_ms, index) == (index in terms().epochs_near(at_ms))
