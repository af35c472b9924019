"""A call is refused, its caller objects, and the rule stops: all by real processes."""

import asyncio
import contextlib
import re
import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import httpx2

from cli.told import tally
from node.pair import post, send
from node.test_two_nodes import C, arriving, warm
from office.two import MOST_S, certify
from tallystick.agreement.text import digest_of, draft_text, parse_text
from tallystick.blinding.channel import Channel
from tallystick.blinding.keyfile import write_channel
from tallystick.channel import parse_agreement
from tallystick.node.kept.book import open_book, say, start_book
from tallystick.node.rehearsal.parties import Post, prepare
from tallystick.node.service import now_ms
from tallystick.store import open_store
from tallystick.store.cases import ObjectionBook
from tallystick.testing.programs import free_port

RULE = """
[[rules]]
id = "missing"
when = { half = ["no_departure"] }
action = "reject"
mode = "live"
reference = "An article"
harm = { share = 1.0, redress = 1.0, change = 1000.0 }
"""
PEOPLE = """
[office]
store = "sqlite:///store.db"
listen = "127.0.0.1:{office}"
peer = "https://127.0.0.1:{peer}"
certificate = "tls.pem"
certificate_key = "tls.key"
authorities = "../{other}/tls.pem"
"""
CONSOLE = """
[console]
listen = "127.0.0.1:{console}"
insecure_http = true
public = "127.0.0.1:{public}"
"""
UPHELD = 2


def text_of(folder: Path) -> str:
    """Return an agreement that only upheld objections can stop."""
    terms = parse_agreement((folder / "terms.toml").read_text(encoding="ascii")).terms
    made = draft_text(
        name="by-ru-calls",
        keys=terms.verifying_keys,
        channel=terms.channel.hex(),
        first_day=date(2026, 1, 1),
        rules=RULE,
    )
    return re.sub(r"consultation_days = \d+", "consultation_days = 0", made)


def parties(folder: Path) -> dict[str, SimpleNamespace]:
    """Make both parties' folders with a signed agreement in each."""
    names = ("BY", "RU")
    ports = {
        party: {
            door: free_port()
            for door in ("http", "sip", "channel", "office", "console", "public")
        }
        for party in names
    }
    posts = {
        party: Post(
            **{
                door: f"127.0.0.1:{ports[party][door]}"
                for door in ("http", "sip", "channel")
            }
        )
        for party in names
    }
    files = prepare(folder, posts)
    made = {}
    for party, file in files.items():
        (other,) = set(names) - {party}
        told = file.read_text(encoding="utf-8")
        head = 'agreement = "book"\nworkers = 2\n' if party == "RU" else ""
        told = head + told.replace('rules = "rules.toml"\n', "")
        told = (told if head else 'agreement = "book"\n' + told) + PEOPLE.format(
            office=ports[party]["office"], peer=ports[other]["office"], other=other
        )
        if party == "RU":
            told += CONSOLE.format(**ports[party])
        file.write_text(told, encoding="utf-8")
        certify(file.parent)
        made[party] = SimpleNamespace(
            folder=file.parent,
            settings=file,
            ports=ports[party],
            addresses={"http": ("127.0.0.1", ports[party]["http"])},
        )
    by, ru = (made[party].folder for party in names)
    text = text_of(by)
    start_book(ru / "book", parse_text(text))
    for party, kind, body in (
        ("BY", "proposed", {"text": text, "digest": digest_of(text)}),
        ("BY", "signed", {"digest": digest_of(text)}),
        ("RU", "signed", {"digest": digest_of(text)}),
    ):
        key = made[party].folder / f"{party}.key"
        say(open_book(ru / "book"), key, kind, body, now_ms())
    shutil.copytree(ru / "book", by / "book")
    return made


@contextlib.contextmanager
def at_work(*ones: SimpleNamespace):
    """Run nodes with all that is beside them; whatever happens they end."""
    command = (sys.executable, "-m", "tallystick", "node", "run", "--config")
    processes = []
    try:
        for one in ones:
            told = (*command, str(one.settings))
            processes.append(subprocess.Popen(told, stdout=subprocess.DEVNULL))
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(MOST_S)
            process.kill()
            process.wait(MOST_S)


async def until(read):
    """Wait until something is so, and return it."""
    async with asyncio.timeout(MOST_S):
        while True:
            with contextlib.suppress(OSError, httpx2.TransportError, ValueError):
                if found := await read():
                    return found
            await asyncio.sleep(0.1)


async def refused(ru: SimpleNamespace, number: int) -> str:
    """Let somebody call whom the peer never sent; return the reference."""

    async def asks() -> str:
        called = f"+7495{5_000_000 + number}"
        call = arriving(number, calling=C, called=called)
        call["call_id"] += f"-{time.monotonic_ns()}"
        _, said = await post(ru, "/v1/arrivals", call)
        return said["reference"] if said["action"] == "reject" else ""

    return await until(asks)


def kept(one: SimpleNamespace, reference: str) -> object:
    """Return how an objection stands in a party's store."""
    terms = parse_agreement((one.folder / "terms.toml").read_text("ascii")).terms
    store = open_store(f"sqlite:///{one.folder / 'store.db'}")
    try:
        return ObjectionBook(store, terms.channel.hex()).find(reference)
    finally:
        store.close()


def uphold(one: SimpleNamespace, reference: str) -> None:
    """Decide for the caller, by the command."""
    terms = parse_agreement((one.folder / "terms.toml").read_text("ascii")).terms
    channel = one.folder / "channel.toml"
    if not channel.exists():
        write_channel(channel, Channel(keys=terms.keys))
    given = ("--store", f"sqlite:///{one.folder / 'store.db'}", "--key", "RU.key")
    words = ("cases", "decide", reference, "upheld", "--text", "Ours.", *given)
    done = tally(*words, "--channel", "channel.toml", folder=one.folder)
    assert done.status == 0, done.err


def test_a_caller_who_was_refused_stops_the_rule(tmp_path: Path):
    """From the refusal to the suspension that both sides read."""
    made = parties(tmp_path)
    by, ru = made["BY"], made["RU"]
    page = f"http://127.0.0.1:{ru.ports['public']}/objection"

    async def run() -> None:
        for one in (by, ru):
            await until(lambda one=one: send(one, "GET", "/healthz"))
        await until(lambda: send(ru, "GET", "/readyz"))
        async with asyncio.timeout(MOST_S):
            await warm(by, ru)
        given = [await refused(ru, number) for number in range(UPHELD)]

        async with httpx2.AsyncClient(timeout=MOST_S) as browser:

            async def known(reference: str) -> bool:
                return (await browser.get(f"{page}/{reference}")).status_code == 200

            for reference in given:
                await until(lambda reference=reference: known(reference))
                origin = {"origin": page.removesuffix("/objection")}
                form = {"reference": reference, "text": "I called my mother."}
                answer = await browser.post(page, data=form, headers=origin)
                assert answer.status_code == 303, answer.text

        async def reached(one: SimpleNamespace, state: str) -> bool:  # ruff: ignore[unused-async] (as `until` asks)
            rows = [kept(one, reference) for reference in given]
            return all(row is not None and row.state == state for row in rows)

        await until(lambda: reached(by, "received"))
        for reference in given:
            uphold(ru, reference)
        await until(lambda: reached(by, "decided"))

        async def stopped(one: SimpleNamespace) -> bool:  # ruff: ignore[unused-async] (as `until` asks)
            held = open_book(one.folder / "book").life().suspensions
            return bool(held) and "that were upheld: 2 among" in held[0].why

        await until(lambda: stopped(ru))
        await until(lambda: stopped(by))
        for number in range(100, 108):  # whichever of both processes is asked
            called = f"+7495{5_000_000 + number}"
            call = arriving(number, calling=C, called=called)

            async def passes(call=call) -> bool:
                _, said = await post(ru, "/v1/arrivals", call)
                return said["action"] == "pass" and said["reference"] == ""

            await until(passes)
        assert len(open_book(ru.folder / "book").life().suspensions) == 1

    with at_work(by, ru):
        asyncio.run(run())
