"""A node obeys what both sides signed, and a rule beyond its budget stops itself."""

import asyncio
import re
from datetime import date
from pathlib import Path

import pytest

from tallystick.agreement.text import digest_of, draft_text, parse_text, starting_rules
from tallystick.blinding import read_private_key
from tallystick.channel import parse_agreement, signing_key
from tallystick.console.pages.agreement.views import guard_counts
from tallystick.model import ConfigError
from tallystick.node.kept.book import Book, open_book, say, start_book
from tallystick.node.service import now_ms
from tallystick.node.watch.top import read, view

from .pair import COUNTRIES, agreed, both, node_of, post, send
from .test_two_nodes import C, arriving, warm


def book_of(folder: Path, **members: str) -> Book:
    """Begin the book of the two nodes' agreement, with a proposed text."""
    keys = [
        signing_key(read_private_key(folder / f"{party}.key")).public()
        for party in COUNTRIES
    ]
    terms = parse_agreement((folder / "terms.toml").read_text(encoding="ascii"))
    made = draft_text(
        name="by-ru-calls",
        keys=keys,
        channel=members.pop("channel", terms.terms.channel.hex()),
        first_day=date(2026, 1, 1),
        rules=starting_rules("ru").replace('"dry-run"', '"live"'),
    )
    made = re.sub(r"consultation_days = \d+", "consultation_days = 0", made)
    book = start_book(folder / "book", parse_text(made))
    body = {"text": made, "digest": digest_of(made)}
    return say(book, folder / "BY.key", "proposed", body, now_ms())


def speak(folder: Path, party: str, kind: str, **body: object) -> None:
    """Say something in the book."""
    book = open_book(folder / "book")
    say(book, folder / f"{party}.key", kind, body, now_ms())


def again(folder: Path) -> None:
    """Let `both` make keys and terms, which are the same ones again."""
    for name in ("BY.key", "RU.key", "terms.toml"):
        (folder / name).unlink()


def sign(folder: Path, party: str) -> None:
    """Sign the only text."""
    digest = open_book(folder / "book").life().versions[0].digest
    speak(folder, party, "signed", digest=digest)


async def spoofed(node, number: int) -> str:
    """Ask about a call that nobody placed; return what is done."""
    called = f"+7495{5_000_000 + number}"
    _, said = await post(
        node, "/v1/arrivals", arriving(number, calling=C, called=called)
    )
    assert said["outcome"] == "no_departure"
    return said["action"]


async def comes(condition) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # ruff: ignore[async-busy-wait]
            await asyncio.sleep(0.05)


def test_a_node_obeys_two_signatures_and_each_side_can_stop_it(tmp_path: Path):
    """Laid into the folder while it runs, without touching the node."""
    agreed(tmp_path)
    book_of(tmp_path)
    sign(tmp_path, "BY")
    again(tmp_path)

    async def run():
        nodes = both(tmp_path, ru_first='agreement = "book"\n')
        async with nodes as (by, ru):
            await warm(by, ru)
            assert await spoofed(ru, 1) == "log"
            before = ru.arrivals.decider
            sign(tmp_path, "RU")
            await comes(lambda: ru.arrivals.decider is not before)
            assert await spoofed(ru, 2) == "reject"
            before = ru.arrivals.decider
            speak(tmp_path, "BY", "suspended", rule="no-initiation", why="A test")
            await comes(lambda: ru.arrivals.decider is not before)
            assert await spoofed(ru, 3) == "log"

    asyncio.run(run())


def test_a_rule_beyond_its_budget_stops_itself_and_tells(tmp_path: Path):
    """From the next call on; it acts again when both sides have said so."""
    agreed(tmp_path)
    book_of(tmp_path)
    sign(tmp_path, "BY")
    sign(tmp_path, "RU")
    again(tmp_path)

    async def run():
        nodes = both(tmp_path, ru_first='agreement = "book"\n')
        async with nodes as (by, ru):
            await warm(by, ru)
            done = [await spoofed(ru, number) for number in range(40)]
            first = done.index("log")
            assert first >= 3
            assert set(done[:first]) == {"reject"}
            assert set(done[first:]) == {"log"}
            _, page = await send(ru, "GET", "/metrics")
            assert b'tally_rules_suspended{rule="no-initiation"} 1.0' in page
            now = read(page.decode(), {}, at_s=0)
            assert (
                guard_counts(view(now, now))["no-initiation"]["share"].counted == first
            )

            def suspensions():
                return open_book(tmp_path / "book").life().suspensions

            await comes(suspensions)
            (held,) = suspensions()
            assert (held.by, held.rule) == ("RU", "no-initiation")
            assert "more than the agreed share of 0.01" in held.why
            assert await ru.reload()  # what was stopped stays stopped
            assert await spoofed(ru, 50) == "log"
            for party in COUNTRIES:
                speak(tmp_path, party, "resumed", lifts=[held.id])
            guard = ru.arrivals.decider.guard
            await comes(lambda: not guard.suspended)
            assert await spoofed(ru, 51) == "reject"
            assert len(suspensions()) == 1

    asyncio.run(run())


def test_a_book_of_another_channel_is_refused(tmp_path: Path):
    """The node does not start with it."""
    agreed(tmp_path)
    book_of(tmp_path, channel="5b" * 32)
    with pytest.raises(ConfigError) as caught:
        node_of(tmp_path, "RU", peer=None, first='agreement = "book"\n')
    assert caught.value.code == "node-agreement"


def test_rules_have_one_source(tmp_path: Path):
    """A rule file beside an agreement would be a rule that nobody signed."""
    agreed(tmp_path)
    with pytest.raises(ConfigError, match="not from both"):
        node_of(
            tmp_path, "RU", peer=None, first='agreement = "book"\nrules = "r.toml"\n'
        )
