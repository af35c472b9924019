"""References: nobody guesses one, and a slip of the hand is always noticed."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.cases.reference import ALPHABET, make_reference, read_reference
from tallystick.model import MalformedError

references = st.text(max_size=30).map(lambda name: make_reference(b"k" * 32, name))


def test_a_reference_is_made_of_the_secret_and_the_name():
    """The first eleven digits are those of HMAC-SHA-256, five bits each."""
    digest = hmac.digest(b"k" * 32, b"tallystick/reference/1\ncall-1", hashlib.sha256)
    bits = f"{int.from_bytes(digest):0256b}"
    plain = "".join(ALPHABET[int(bits[5 * i : 5 * i + 5], 2)] for i in range(11))
    made = make_reference(b"k" * 32, "call-1")
    assert made.replace("-", "")[:11] == plain
    assert made != make_reference(b"l" * 32, "call-1")


@pytest.mark.property
@settings(deadline=None)
@given(references)
def test_a_reference_is_read_as_people_type_it(made):
    """Small letters, spaces, no hyphens, O for 0 and I or L for 1."""
    assert read_reference(made) == made
    typed = made.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert read_reference(f" {typed}\n") == made
    assert read_reference(made.replace("1", "I")) == made


@pytest.mark.property
@settings(deadline=None)
@given(references, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_one_wrong_digit_is_noticed(made, place, digit):
    """Wherever it is and whatever it is."""
    digits = list(made.replace("-", ""))
    changed = digits[place] != digit
    digits[place] = digit
    assert is_refused("".join(digits)) == changed


@pytest.mark.property
@settings(deadline=None)
@given(references, st.integers(0, 10))
def test_two_exchanged_digits_are_noticed(made, place):
    """Neighbours, unless they are the same."""
    digits = list(made.replace("-", ""))
    changed = digits[place] != digits[place + 1]
    digits[place : place + 2] = digits[place + 1], digits[place]
    assert is_refused("".join(digits)) == changed


@pytest.mark.property
@settings(deadline=None)
@given(st.text(max_size=20))
def test_anything_else_is_refused_without_being_repeated(text):
    """By a sentence that does not hold what was typed."""
    if is_refused(text):
        with pytest.raises(MalformedError) as caught:
            read_reference(text)
        assert caught.value.code == "reference"
        assert len(text) < 6 or text not in str(caught.value)


def is_refused(text):
    try:
        read_reference(text)
    except MalformedError:
        return True
    return False
