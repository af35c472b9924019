"""The whole life of an agreement, of a case and of an objection, between two offices.

Each is a process of its own with its own store and key; people work at its side by
commands, and nothing is carried by hand.
"""

import json
import re
import signal
from pathlib import Path

import pytest

from store.simulated import day
from tallystick.blinding import agree
from tallystick.cases.key import case_secret
from tallystick.cases.reference import make_reference
from tallystick.store import open_store
from tallystick.store.cases import ObjectionBook, ObjectionRow

from .two import Party, two, until


@pytest.fixture
def offices(tmp_path: Path):
    with two(tmp_path) as pair:
        yield pair


def both(pair, text: str) -> None:
    """Wait until both read so of the agreement."""
    for one in pair:
        until(one.agreement, lambda said: text in said)
    first, second = pair
    until(lambda: first.agreement() == second.agreement(), bool)


def draft(by: Party, ru: Party) -> None:
    """Write a draft with live rules that may be signed at once."""
    by.does(
        *("agreement", "new", "--party", by.line, "--party", ru.line),
        *("--from", "bilateral", "--channel", "channel.toml"),
        *("--first-day", "2026-01-01", "--out", "draft.toml"),
    )
    path = by.folder / "draft.toml"
    text = path.read_text(encoding="utf-8").replace('"dry-run"', '"live"')
    text = text.replace("consultation_days = 30", "consultation_days = 0")
    path.write_text(text, encoding="utf-8")


def test_an_agreement_from_its_draft_to_its_end(offices):
    """One office is killed meanwhile; what it missed it gets when it is back."""
    by, ru = offices
    draft(by, ru)
    by.agrees("propose", "draft.toml")
    until(ru.agreement, lambda said: "to-sign" in said)
    ru.agrees("object", "missing", "Roamers?", "--from", "Association of operators")
    until(by.agreement, lambda said: "Association" in said)
    ident = re.search(r"objection (\w+) to missing", by.agreement())[1]
    by.agrees("answer", ident, "They keep their half.")
    until(ru.agreement, lambda said: "They keep their half" in said)

    assert ru.end(signal.SIGKILL) == -signal.SIGKILL
    by.agrees("sign")
    ru.open()
    until(ru.agreement, lambda said: "waits: the signature of RU" in said)
    ru.agrees("sign")
    both(offices, "missing                  mask    live")

    ru.agrees("suspend", "--rule", "missing", "--why", "Too many")
    both(offices, "missing                  mask    suspended")
    by.agrees("resume", "--rule", "missing")
    until(ru.agreement, lambda said: said == by.agreement())
    ru.agrees("resume", "--rule", "missing")
    both(offices, "missing                  mask    live")
    by.agrees("withdraw", "--why", "Replaced")
    both(offices, "withdrawn  the agreement, by BY: Replaced")


def test_a_case_from_its_findings_to_its_end(offices, tmp_path_factory):
    """Asked, opened, answered, decided and closed; both read the same."""
    by, ru = offices
    result = day(tmp_path_factory.mktemp("day")) / "result"
    for one in offices:
        one.cases("import", str(result), "--departure", "BY")
    listed = json.loads(by.cases("list", "--kind", "phantom-route", "--json"))
    name = listed["cases"][0]["id"]
    by.cases("ask", name, "--question", "any-arrival", "--crossings", "3")
    until(lambda: ru.case(name), lambda said: "turn of RU until" in said)
    by.cases("open", name)
    until(lambda: ru.case(name), lambda said: "opened by BY: 3" in said)
    ru.cases("answer", name, "confirmed", "--text", "Nothing arrived.")
    until(lambda: by.case(name), lambda said: "state: answered" in said)
    by.cases("decide", name, "confirmed")
    until(lambda: ru.case(name), lambda said: "outcome: confirmed" in said)
    ru.cases("close", name, "--text", "The route is closed.")
    until(lambda: by.case(name), lambda said: "state: done" in said)
    assert "passed over" not in by.case(name)


def test_an_objection_from_the_caller_to_the_answer(offices):
    """By the reference that a caller got whose call was masked."""
    by, ru = offices
    agreed = agree(ru.key, by.key.public())
    reference = make_reference(case_secret(agreed), "call-1")
    given = ObjectionRow(
        reference=reference,
        verdict="call-1",
        action="mask",
        rule="missing",
        verdict_ms=1,
    )
    store = open_store(ru.url)
    ObjectionBook(store, agreed.identifier).give(given)
    store.close()
    ru.cases("object", reference.lower(), "--text", "I called my mother.")
    ru.cases("ask", reference, "--question", "was-sent")
    until(lambda: by.case(reference), lambda said: "turn of BY" in said)
    by.cases("answer", reference, "explained", "--text", "It was sent.")
    until(lambda: ru.case(reference), lambda said: "state: answered" in said)
    ru.cases("decide", reference, "upheld")
    until(lambda: by.case(reference), lambda said: "upheld" in said)
    ru.cases("close", reference, "--text", "We are sorry; it does not happen again.")
    until(lambda: by.case(reference), lambda said: "state: told" in said)


def test_a_lost_store_is_filled_by_the_peer(offices):
    """With own statements, too; the agreement's folder follows."""
    by, ru = offices
    draft(by, ru)
    by.agrees("propose", "draft.toml")
    until(ru.agreement, lambda said: "to-sign" in said)
    ru.agrees("sign")
    both(offices, "waits: the signature of BY")
    ru.end()
    for path in (*ru.folder.glob("store.db*"), *ru.folder.glob("book/*")):
        path.unlink()
    ru.open()
    assert ru.agreement() == ""
    given = ("--store", ru.url, "--channel", "channel.toml", "--key", "own.key")
    ru.does("office", "resend", *given)
    both(offices, "waits: the signature of BY")


def test_an_office_ends_when_it_is_told(offices):
    """Within seconds, with status 0, and without a word of complaint."""
    by, _ = offices
    assert by.end() == 0
