"""What differs between two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.agreement.text import Difference, differences

from .agreed import live, text


def test_a_text_does_not_differ_from_itself():
    """Nor do comments, spacing and line ends count."""
    made = text()
    assert differences(made, made) == ()
    assert differences(made, made.replace("  #", "     # well,")) == ()


def test_each_changed_place_is_named_once():
    """With what stood there and what stands there."""
    before, after = text(), live(text(version=2))
    assert differences(before, after) == (
        Difference("version", "1", "2"),
        Difference("rules.missing.mode", "dry-run", "live"),
    )


def test_a_rule_that_comes_goes_or_moves():
    """By its name; the order counts, as the first rule that holds decides."""
    before = text()
    head, *rules = before.split("[[rules]]")
    found = {
        one.place: one
        for one in differences(before, "[[rules]]".join((head, *rules[1:])))
    }
    assert found["rules.paired.action"] == ("rules.paired.action", "pass", None)
    assert found["rules"].after == found["rules"].before.removeprefix("paired, ")
    turned = "[[rules]]".join((head, rules[-1] + "\n", *rules[:-1]))
    assert [one.place for one in differences(before, turned)] == ["rules"]


@pytest.mark.property
@given(st.integers(2, 9), st.integers(0, 400))
def test_turned_round_before_and_after_are_exchanged(version, days):
    """The same places, whichever text is the later one."""
    before, after = text(), text(version, days)
    there = {one.place: (one.before, one.after) for one in differences(before, after)}
    back = {one.place: (one.after, one.before) for one in differences(after, before)}
    assert there == back
