"""A short run of each target, and that a run would show what is wrong."""

import time

import pytest

import fuzz
from fuzzing.target import Target, require
from fuzzing.targets import TARGETS

FEW = {"settings": 60}  # of which each takes milliseconds


@pytest.mark.property
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_the_parsers_own_errors(name):
    """Whatever the bytes: own errors, laws kept, in bounded time."""
    target = TARGETS[name]()
    target.take(target.corpus[0])
    wrong = {}
    for number in range(FEW.get(name, 400)):
        data = fuzz.case(target, 7, number)
        found = fuzz.tried(target, data)[1]
        if found:
            wrong.setdefault(found, number)
    assert wrong == {}


@pytest.mark.parametrize("name", TARGETS)
def test_cases_can_be_made_again_and_differ(name):
    """A case follows from its seed and number, and few are what they were made of."""
    first, again = TARGETS[name](), TARGETS[name]()
    cases = [fuzz.case(first, 3, number) for number in range(50)]
    assert cases == [fuzz.case(again, 3, number) for number in range(50)]
    assert cases != [fuzz.case(first, 4, number) for number in range(50)]
    assert len(set(cases) - set(first.corpus)) > 35


def _fault(data: bytes) -> None:
    if data == b"fault":
        raise KeyError(data)
    if data == b"refused":
        raise ValueError
    if data == b"slow":
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
    require(holds=data != b"lie", law="no lie")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"good", ""),
        (b"refused", ""),
        (b"fault", "KeyError at test_targets.py:"),
        (b"slow", "slow"),
        (b"lie", "AssertionError (no lie) at target.py:"),
    ],
)
def test_what_is_wrong_is_said(data, said):
    """An error that is not the parser's own, a broken law, a slow case."""
    target = Target((b"good",), lambda _random, one: one, _fault, (ValueError,))
    found = fuzz.tried(target, data)[1]
    assert found.startswith(said)
    assert bool(found) == bool(said)
