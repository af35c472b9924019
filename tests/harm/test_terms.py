"""How a report is published: as both parties signed it."""

import time

import pytest

from agreement.agreed import text
from agreement.test_book import carry, sides
from tallystick.agreement.text import parse_text, read_text
from tallystick.cli.harm_terms import terms_of
from tallystick.harm import PublishTerms
from tallystick.model import ConfigError

__all__ = ["sides"]

NOTHING = {"least": None, "days": None, "carriers": None}


@pytest.fixture
def book(sides):
    """Return the book of an agreement that both signed, which publishes by 20."""
    by, ru = sides
    draft = by.folder / "draft.toml"
    made = draft.read_text(encoding="utf-8")
    made = made.replace("least = 10 ", "least = 20 ")
    made = made.replace('carriers = "hidden"', 'carriers = "shown"')
    draft.write_text(made, encoding="utf-8")
    by.says("propose", "draft.toml")
    by.says("sign")
    carry(by, ru)
    ru.says("sign")
    return ru.folder / "book"


def test_what_is_in_force_counts(book):
    """At the end of the period; what is said besides must be the same."""
    now_ms = time.time_ns() // 1_000_000 + 60_000
    agreed = PublishTerms(least=20, days=7, carriers=True)
    assert terms_of(book, NOTHING, at_ms=now_ms) == agreed
    assert terms_of(book, NOTHING | {"least": 20}, at_ms=now_ms) == agreed
    for otherwise in ({"least": 3}, {"days": 0}, {"carriers": False}):
        with pytest.raises(ConfigError, match="The agreement says otherwise"):
            terms_of(book, NOTHING | otherwise, at_ms=now_ms)


def test_where_nothing_is_in_force_nothing_is_taken_from_it(book):
    """Before it began; without a book the command line counts."""
    with pytest.raises(ConfigError, match="No agreement"):
        terms_of(book, NOTHING, at_ms=0)
    assert terms_of(None, NOTHING, at_ms=0) == PublishTerms()
    assert terms_of(None, NOTHING | {"days": 3}, at_ms=0) == PublishTerms(days=3)


def test_an_agreement_need_not_say_it_and_cannot_say_what_would_tell():
    """An older text says nothing about it; with a least number of 2 a 1 is known."""
    made = text()
    head, _, rest = made.partition("[publication]")
    older = head + "[[rules]]" + rest.partition("[[rules]]")[2]
    assert parse_text(made).publication is not None
    assert parse_text(older).publication is None
    value, mistakes = read_text(made.replace("least = 10 ", "least = 2 "))
    assert value is None
    assert any("must not be 2" in str(one) for one in mistakes)
