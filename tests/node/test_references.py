"""Whoever is stopped learns a reference, wherever a switch asks and a caller looks."""

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from tallystick.cases.reference import is_reference, make_reference
from tallystick.cli import make_app
from tallystick.node.doors import redress
from tallystick.node.kept.given import new_given
from tallystick.node.service import Node, now_ms

from . import test_words
from .pair import post, send
from .test_switches import invite
from .test_two_nodes import arriving
from .test_words import NOBODY, asked

REDRESS = """
[redress]
name = "Desk"
url = "https://desk.example/objection/{reference}"
card = "https://desk.example/v1/redress?reference={reference}"
key = "desk.key"
certificate = "https://desk.example/desk.pem"
"""
WHEN = 'number = ["unallocated"]'


@contextlib.asynccontextmanager
async def running(folder: Path, action: str) -> AsyncGenerator[Node]:
    """Run a node whose one rule does `action` to numbers that are nobody's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_words, "REDRESS", REDRESS)
        async with test_words.running(folder, action, WHEN) as node:
            yield node


def card_of(jws: bytes) -> list[object]:
    """Return the entries of a card, whoever signed it."""
    payload = jws.split(b".")[1]
    padded = payload + b"=" * (-len(payload) % 4)
    return json.loads(base64.urlsafe_b64decode(padded))["jcard"][1]


def page(reference: str) -> list[object]:
    """Return the entry of a card that names a page."""
    return ["url", {}, "uri", f"https://desk.example/objection{reference}"]


def spoofed(number: int) -> dict[str, object]:
    return arriving(number, calling=NOBODY) | {"call_id": f"call-{number}"}


def test_the_reference_stands_where_a_refused_caller_turns(tmp_path: Path):
    """In the page of a 603+ and the card of a 608; the answer by HTTP has it plain."""

    async def run():
        async with running(tmp_path, "reject") as node:
            by_card = await asked(node, invite(1, calling=NOBODY), "card")
            stated = await asked(node, invite(2, calling=NOBODY), "stated")
            _, plain = await post(node, "/v1/arrivals", spoofed(3))
            _, again = await post(node, "/v1/arrivals", spoofed(3))
            assert plain == again
            (info,) = test_words.values(by_card, "Call-Info")
            place = urlsplit(info.strip("<").split(">")[0])
            paths = (f"{place.path}?{place.query}", place.path)
            paths += (f"{place.path}?reference=K7QF-2M9X-T4C4",)
            cards = [card_of((await send(node, "GET", one))[1]) for one in paths]
            _, kept = await send(node, "GET", "/v1/verdicts?call_id=call-3")
            return stated, plain, place, cards, node.secrets.references, kept

    stated, plain, place, cards, secret, kept = asyncio.run(run())
    assert plain["reference"] == make_reference(secret, "call-3") == kept["reference"]
    (said,) = test_words.values(stated, "Reason")
    (given,) = re.findall(r"url=https://desk.example/objection/([0-9A-Z-]{14})", said)
    (mine,) = re.findall(r"^reference=([0-9A-Z-]{14})$", place.query)
    assert is_reference(given)
    assert is_reference(mine)
    assert len({given, mine, plain["reference"]}) == 3
    assert page(f"/{mine}") in cards[0]
    # Who names none, or one that was misread, is told of the page without it.
    assert all(page("") in card for card in cards[1:])


@pytest.mark.parametrize("action", ["label", "mask", "divert", "reject"])
def test_who_is_told_of_what_was_done_gets_a_reference(tmp_path: Path, action: str):
    """Also in what is kept, in `why`, and in what the office reads, within seconds."""

    async def run() -> str:
        async with running(tmp_path, action) as node:
            _, said = await post(node, "/v1/arrivals", spoofed(1))
            _, other = await post(node, "/v1/arrivals", arriving(2))
            assert other["reference"] == ""
            assert said["action"] == action
            seen: set[str] = set()
            folder = node.settings.folder / "verdicts"
            async with asyncio.timeout(20):
                while not (rows := [r for f in new_given(folder, seen) for r in f]):  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.05)
            (row,) = rows
            assert row | {"at_ms": 0} == {
                "reference": said["reference"],
                "call_id": "call-1",
                "at_ms": 0,
                "action": action,
                "rule": "it",
            }
            assert abs(row["at_ms"] - now_ms()) < 60_000
            assert list(new_given(folder, seen)) == []
            return said["reference"]

    reference = asyncio.run(run())
    assert is_reference(reference)
    config = ("--config", str(tmp_path / "RU.toml"))
    done = CliRunner().invoke(make_app(), ["node", "why", "call-1", *config])
    assert f"reference {reference}" in done.output.splitlines()


@pytest.mark.parametrize("action", ["pass", "log"])
def test_to_whom_nothing_is_done_gets_none(tmp_path: Path, action: str):
    """There is nothing to object to."""

    async def run() -> None:
        async with running(tmp_path, action) as node:
            _, said = await post(node, "/v1/arrivals", spoofed(1))
            assert (said["action"], said["reference"]) == (action, "")

    asyncio.run(run())
    assert list(tmp_path.rglob("given-*")) == []


def test_cards_of_their_own_are_bounded(tmp_path: Path, monkeypatch):
    """Whoever asks for more than are signed in a while gets the common card."""
    monkeypatch.setattr(redress, "CARDS", 3)
    given = [make_reference(b"k" * 32, str(number)) for number in range(5)]

    async def run():
        async with running(tmp_path, "reject") as node:
            paths = [f"/v1/redress?reference={one}" for one in given]
            return [(await send(node, "GET", path))[1] for path in paths]

    cards = [card_of(one) for one in asyncio.run(run())]
    own = [page(f"/{one}") in card for one, card in zip(given, cards, strict=True)]
    assert own == [True] * 3 + [False] * 2
