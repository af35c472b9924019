"""Statements between two offices: they arrive once, whatever happens on the way."""

import asyncio
import contextlib
import dataclasses
import os
import socket
import sys
from pathlib import Path

import httpx2
import pytest
import uvicorn

from tallystick.net import statements as way
from tallystick.net.statements import PATH, StatementDoor, StatementSender
from tallystick.proof import SigningKey, Statement, sign_statement
from tallystick.store import StatementBook, open_store

CHANNEL = "5b" * 32
KEYS = {
    party: SigningKey(party=party, seed=party.encode() * 16) for party in ("BY", "RU")
}
NOW_MS = 1_795_348_800_000


def said(number, by="BY", **change):
    statement = Statement(
        channel=CHANNEL,
        by=by,
        at_ms=NOW_MS,
        about="case/1",
        kind="noted",
        body={"n": number},
    )
    return sign_statement(dataclasses.replace(statement, **change), KEYS[by])


class Office:
    """One party: its store, its door, and a sender to the other's door."""

    def __init__(self, folder: Path, party: str) -> None:
        self.party, self.place = party, folder / f"{party}.db"
        self.heard: list[str] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.open()

    def open(self) -> None:
        self.store = open_store(f"sqlite:///{self.place}")
        self.book = StatementBook(self.store, CHANNEL)
        self.door = StatementDoor(
            self.book,
            [key.public() for key in KEYS.values()],
            channel=CHANNEL,
            own=self.party,
            now_ms=lambda: NOW_MS,
            heard=lambda signed: self.heard.append(signed.id),
        )

    def lose(self) -> None:
        """Lose the store, and begin with an empty one."""
        self.store.close()
        for path in self.place.parent.glob(f"{self.place.name}*"):
            path.unlink()
        self.open()

    def keep(self, *signed) -> None:
        for one in signed:
            self.book.keep(one, now_ms=NOW_MS)

    def sender_to(self, other: "Office") -> StatementSender:
        url = f"http://127.0.0.1:{other.port}"
        return StatementSender(self.book, url, now_ms=lambda: NOW_MS, look_s=0.02)

    @contextlib.asynccontextmanager
    async def served(self):
        config = uvicorn.Config(
            self.door.app(), port=self.port, log_level="critical", lifespan="off"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(10):
                while not server.started:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def sending(sender: StatementSender):
    task = asyncio.create_task(sender.run())
    try:
        yield sender.standing
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true) -> None:
    async with asyncio.timeout(20):
        while not true():  # ruff: ignore[async-busy-wait]
            await asyncio.sleep(0.02)


@pytest.fixture
def offices(tmp_path: Path):
    pair = Office(tmp_path, "BY"), Office(tmp_path, "RU")
    yield pair
    for one in pair:
        one.store.close()


def test_what_one_says_the_other_has(offices):
    """To the byte, once, and nothing is sent back."""
    by, ru = offices

    async def run():
        by.keep(*(said(n) for n in range(5)))
        async with ru.served(), sending(by.sender_to(ru)):
            await until(lambda: not by.book.unsent())

    asyncio.run(run())
    there = {one.id: one.note for one in ru.book.about("case/1")}
    assert there == {said(n).id: said(n).note for n in range(5)}
    assert len(ru.heard) == 5
    assert ru.book.unsent() == []


def test_a_peer_that_is_away_gets_it_later(offices, monkeypatch):
    """And what kept it from coming is known meanwhile."""
    by, ru = offices
    monkeypatch.setattr(way, "PAUSES_S", (0.05,))

    async def run():
        by.keep(said(1))
        async with sending(by.sender_to(ru)) as standing:
            await until(lambda: standing.trouble)
            assert standing.reached_ms is None
            async with ru.served():
                await until(lambda: not by.book.unsent())
            assert (standing.trouble, standing.sent) == ("", 1)

    asyncio.run(run())


def test_a_lost_store_comes_back_from_the_peer(offices):
    """Own statements, too: the peer held them."""
    by, ru = offices

    async def run():
        by.keep(said(1), said(2))
        ru.keep(said(3, "RU"))
        async with (
            by.served(),
            ru.served(),
            sending(by.sender_to(ru)),
            sending(ru.sender_to(by)),
        ):
            await until(lambda: not by.book.unsent() and not ru.book.unsent())
        ru.lose()
        about = f"channel/{CHANNEL[:16]}"
        ru.keep(said(4, "RU", about=about, kind="resend", body={}))
        async with (
            by.served(),
            ru.served(),
            sending(by.sender_to(ru)),
            sending(ru.sender_to(by)),
        ):
            await until(lambda: len(ru.book.about("case/1")) == 3)
            await until(lambda: not by.book.unsent())

    asyncio.run(run())


def change(note: bytes, old: bytes, new: bytes) -> bytes:
    assert old in note
    return note.replace(old, new)


@pytest.mark.parametrize(
    ("note", "status", "code"),
    [
        (b"", 400, "note-damaged"),
        (change(said(1).note, b'{"n":1}', b'{"n":2}'), 403, "note-signature"),
        (change(said(1).note, b"by BY", b"by RU"), 403, "note-signature"),
        (said(1, channel="00" * 32).note, 403, "statement-channel"),
        (said(1, at_ms=NOW_MS + 300_001).note, 409, "statement-ahead"),
        (b"x" * ((1 << 20) + 1), 413, "statement-size"),
    ],
)
def test_what_is_no_statement_of_the_channel_is_not_kept(offices, note, status, code):
    """The door says why, in a sentence, and keeps nothing."""
    _, ru = offices

    async def run():
        async with ru.served(), httpx2.AsyncClient() as client:
            url = f"http://127.0.0.1:{ru.port}{PATH}"
            return await client.post(url, content=note)

    answer = asyncio.run(run())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["sentence"]
    assert ru.book.about("case/1") == []


def test_a_flood_is_stopped_and_what_was_known_stays(offices, monkeypatch):
    """Repeating what is there costs nothing."""
    _, ru = offices
    monkeypatch.setattr(way, "DAY_LIMIT", 3)
    replies = [ru.door.take(said(n).note).status for n in (1, 1, 1, 2, 3, 4, 5)]
    assert replies == [200, 200, 200, 200, 200, 429, 429]
    assert ru.door.take(said(9, "RU").note).status == 200
    assert len(ru.book.about("case/1")) == 4


def test_what_the_peer_refuses_does_not_hold_the_others_up(offices):
    """It is told to the operator, and tried again later."""
    by, ru = offices

    async def run():
        by.keep(said(1, at_ms=NOW_MS + 999_999), said(2), said(3))
        async with ru.served(), sending(by.sender_to(ru)) as standing:
            await until(lambda: len(ru.book.about("case/1")) == 2)
            await until(lambda: standing.refused)
            return standing

    standing = asyncio.run(run())
    ((ident, sentence),) = standing.refused.items()
    assert ident == said(1, at_ms=NOW_MS + 999_999).id
    assert "clock" in sentence


KILLED = """
import os, sys, threading
from tallystick.proof import SigningKey, Statement, sign_statement
from tallystick.store import StatementBook, open_store
book = StatementBook(open_store(sys.argv[1]), "5b" * 32)
key = SigningKey(party="BY", seed=b"BY" * 16)
print("ready", flush=True)
number = 0
while True:
    one = Statement(channel="5b" * 32, by="BY", at_ms=number, about="case/1",
                    kind="noted", body={"n": number})
    book.keep(sign_statement(one, key), now_ms=number)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("after_s", [0.05, 0.1, 0.2])
def test_a_statement_that_was_kept_outlives_a_killed_office(tmp_path: Path, after_s):
    """Whatever was acknowledged is there, whole, and nothing else but one more."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_store(url).close()

    async def run():
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, url, stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        async with asyncio.timeout(30):
            assert await child.stdout.readline() == b"ready\n"
            await asyncio.sleep(after_s)
            child.kill()
            told = (await child.stdout.read()).splitlines()
            await child.wait()
        return len(told)

    told = asyncio.run(run())
    store = open_store(url)
    kept = StatementBook(store, CHANNEL).about("case/1")
    store.close()
    assert [one.at_ms for one in kept] == list(range(len(kept)))
    assert told <= len(kept) <= told + 1
    assert all(one.note == said(0, **_of(one.at_ms)).note for one in kept)


def _of(number: int) -> dict:
    return {"at_ms": number, "body": {"n": number}}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX only")
def test_two_processes_may_write_one_store(tmp_path: Path):
    """A node and an office share it; neither loses a statement."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_store(url).close()
    program = KILLED.replace("while True", "while number < 40").replace(
        '"n": number', '"n": number, "who": sys.argv[2]'
    )

    async def run():
        children = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                program,
                url,
                who,
                stdout=asyncio.subprocess.DEVNULL,
            )
            for who in ("a", "b")
        ]
        async with asyncio.timeout(60):
            return [await child.wait() for child in children]

    assert asyncio.run(run()) == [0, 0]
    store = open_store(url)
    assert len(StatementBook(store, CHANNEL).about("case/1")) == 80
    store.close()
