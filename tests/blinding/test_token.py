"""Tokens: the fast ones are the plain ones, and nothing compares that should not."""

import itertools

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.blinding import Maker, token, token_columns, token_integers
from tallystick.blinding.reference import message
from tallystick.model import ConfigError, MalformedError, TallystickError

from . import plain
from .parties import EPOCH, key

int64 = st.integers(-(2**63), 2**63 - 1)
numbers = st.just(0) | st.integers(10**6, 10**15) | int64


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), max_size=50))
def test_columns_equal_the_reference(rows: list[tuple[int, int]]) -> None:
    """By the column or one by one, a token is the same, on any input."""
    schema = {"calling": pl.Int64, "called": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    pair = key()
    result = token_columns(frame, parts=("calling", "called"), key=pair, name="pair")
    assert result.schema == {"pair_hi": pl.Int64, "pair_lo": pl.Int64}
    assert result.rows() == [token_integers(token(row, pair)) for row in rows]
    okm = bytes.fromhex(pair.text)
    texts = [plain.message("calls", "pair", list(row)) for row in rows]
    assert [token(row, pair) for row in rows] == [plain.token(okm, t) for t in texts]


@pytest.mark.property
@settings(max_examples=100)
@given(
    st.lists(numbers, min_size=1, max_size=3),
    st.sampled_from(["pair", "called", "calling"]),
)
def test_tokens_made_fast_equal_the_reference(parts: list[int], purpose: str) -> None:
    """Tokens of calls that ring are those of files, again and again from one key."""
    maker = Maker(key(purpose=purpose))
    for _ in range(2):
        made = maker.make(":".join(map(str, parts)).encode("ascii"))
        assert made == token(parts, key(purpose=purpose))


@pytest.mark.property
@settings(max_examples=100)
@given(st.lists(numbers, min_size=1, max_size=3), st.lists(numbers, min_size=1))
def test_messages_are_read_in_one_way(one: list[int], other: list[int]) -> None:
    """Two match keys have one message only if they are one."""
    assert (message(one, key()) == message(other, key())) == (one == other)


def test_order_is_kept_over_many_pieces() -> None:
    """Rows come back in their order, however the engine cuts them."""
    frame = pl.DataFrame(
        {"n": pl.int_range(79_000_000_000, 79_000_300_000, eager=True)}
    )
    called = key("called", round_number=2)
    result = token_columns(frame, parts=("n",), key=called, name="called")
    assert result.height == frame.height
    for i in range(0, frame.height, 9_973):
        assert result.row(i) == token_integers(token([frame["n"][i]], called))
    assert result["called_hi"].n_unique() == frame.height


def test_tokens_never_compare_across_keys() -> None:
    """Another epoch, round or purpose gives another token of the same number."""
    keys = [
        key(purpose, epoch=epoch, round_number=number)
        for purpose in ("pair", "called", "calling")
        for epoch in (EPOCH, "2026-11-22")
        for number in (1, 2)
    ]
    tokens = [token([79_161_234_567], one) for one in keys]
    for one, other in itertools.combinations(tokens, 2):
        assert one != other


def test_message_fits_one_block() -> None:
    """The longest message of calls leaves room for the padding of one block."""
    least = -(2**63)
    for purpose in ("pair", "calling"):
        parts = [least, least] if purpose == "pair" else [least]
        assert len(message(parts, key(purpose))) <= 55


@pytest.mark.parametrize(
    ("frame", "parts", "code"),
    [
        ({"n": [1]}, ("m",), "token-parts"),
        ({"n": ["1"]}, ("n",), "token-parts"),
        ({"n": [1.0]}, ("n",), "token-parts"),
        ({"n": [1]}, (), "token-parts"),
        ({"n": [1, None]}, ("n",), "token-null"),
    ],
    ids=["missing", "text", "float", "no-parts", "null"],
)
def test_columns_that_are_no_match_key(
    frame: dict[str, list[object]], parts: tuple[str, ...], code: str
) -> None:
    """What is no column of integers is refused before anything is computed."""
    with pytest.raises(TallystickError) as caught:
        token_columns(pl.DataFrame(frame), parts=parts, key=key(), name="t")
    assert caught.value.code == code
    assert isinstance(caught.value, ConfigError | MalformedError)


def test_plan_does_not_show_the_key(capfd: pytest.CaptureFixture[str]) -> None:
    """Blinding prints nothing, and so no key either."""
    token_columns(pl.DataFrame({"n": [1]}), parts=("n",), key=key(), name="t")
    out, err = capfd.readouterr()
    assert not out
    assert not err
