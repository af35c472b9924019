"""`tally node check` says where a node does otherwise than was agreed."""

from pathlib import Path

import pytest

from agreement.agreed import text as agreement_text
from tallystick.agreement.text import digest_of, parse_text
from tallystick.node.config.check_agreed import _NUMBERS, _differs, try_agreed
from tallystick.node.kept.book import open_book, say, start_book
from tallystick.node.service import now_ms
from tallystick.pairing.live import Hold, LiveMatcher, LiveWindow

from .pair import COUNTRIES, agreed, node_of
from .test_agreed import book_of


def checked(folder: Path, changed: tuple[str, str] | None = None) -> list[str]:
    """Agree on a text, changed in one place; return what is said of it."""
    agreed(folder)
    text = str(book_of(folder).statements[0].statement.body["text"])
    # The tests' terms have a narrow window.
    text = text.replace("before_ms = 8000", "before_ms = 500")
    text = text.replace("usual_ms = 3000", "usual_ms = 500")
    if changed is not None:
        assert changed[0] in text
        text = text.replace(*changed)
    for one in (folder / "book").iterdir():
        one.unlink()
    book = start_book(folder / "book", parse_text(text))
    body = {"text": text, "digest": digest_of(text)}
    say(book, folder / "BY.key", "proposed", body, now_ms())
    for party in COUNTRIES:
        key = folder / f"{party}.key"
        signed = {"digest": digest_of(text)}
        say(open_book(folder / "book"), key, "signed", signed, now_ms())
    node = node_of(folder, "RU", peer=None, first='agreement = "book"\n')
    hold = node.arrivals.hold
    said = try_agreed(node.settings, node.secrets, hold, now_ms=now_ms())
    return [one.said for one in said if not one.good]


def test_a_node_whose_terms_are_as_agreed_has_nothing_to_mend(tmp_path: Path):
    """All else is a draft's."""
    assert checked(tmp_path) == []


CHANGES = {
    "window.before_ms": ("before_ms = 500", "before_ms = 9000"),
    "window.usual_ms": ("usual_ms = 500", "usual_ms = 400"),
    "window.after_ms": ("after_ms = 100", "after_ms = 200"),
    "window.horizon_ms": ("horizon_ms = 12000", "horizon_ms = 9000"),
    "window.grace_ms": ("grace_ms = 250", "grace_ms = 90"),
    "tolerances.answer_ms": ("answer_ms = 2000", "answer_ms = 1000"),
    "tolerances.duration_ms": ("duration_ms = 2000", "duration_ms = 3000"),
    "completeness.least_pairs": ("least_pairs = 8", "least_pairs = 9"),
}


@pytest.mark.parametrize("place", CHANGES)
def test_every_number_that_differs_is_said(tmp_path: Path, place: str):
    """With what was agreed and what the node does."""
    (said,) = checked(tmp_path, CHANGES[place])
    agreed_value = CHANGES[place][1].rpartition(" ")[2]
    assert said.startswith(f"{place}: ")
    assert f"{agreed_value} is agreed" in said


def test_departures_are_held_no_longer_than_agreed():
    """In the usual window 21 s; in that of the tests' terms less than may be agreed."""
    (row,) = (one for one in _NUMBERS if one.place == "retention.departures_s")
    hold = Hold(LiveMatcher(LiveWindow()))
    assert _differs(row, parse_text(agreement_text()), hold) == ""
    short = agreement_text().replace("departures_s = 60", "departures_s = 15")
    assert "at most 15 is agreed" in _differs(row, parse_text(short), hold)
    assert {one.place for one in _NUMBERS} == {*CHANGES, row.place}
