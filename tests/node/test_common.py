"""What the machines of a party have in common: counts of guards, and suspensions."""

import asyncio
import contextlib
import shutil
import socket

from tallystick.blinding import new_private_key
from tallystick.cluster import log_keys
from tallystick.model import UnavailableError
from tallystick.net.store_table import StoreTable
from tallystick.node.cluster.common import Common, seal, unseal
from tallystick.node.guarding import write_upheld
from tallystick.node.kept.book import open_book
from tallystick.node.watch.logs import Log

from .pair import agreed, node_of
from .stores import sharing
from .test_agreed import book_of, comes, sign, speak
from .test_guarding import MISSING, RULE, START, Process

AGREED = "no-initiation"
KEYS = log_keys(new_private_key("RU", draw=lambda n: b"k" * n), bytes(32))
LATER = START + 1_000


def common(folder, store, machine, keys=KEYS):
    """Return one machine's part."""
    return Common(
        machine=machine,
        guard=folder / machine / "guard",
        book=folder / machine / "book",
        keys=keys,
        counts=StoreTable(store.url, "tallystick:RU:test:counts"),
        notes=StoreTable(store.url, "tallystick:RU:test:notes"),
        log=Log(),
    )


def books(folder, *machines):
    """Let each machine have the same book, which both parties signed."""
    agreed(folder)
    book_of(folder)
    for party in ("BY", "RU"):
        sign(folder, party)
    for machine in machines:
        shutil.copytree(folder / "book", folder / machine / "book")


@contextlib.asynccontextmanager
async def parting(*every):
    """End the lines to the store."""
    try:
        yield
    finally:
        for one in every:
            await one.counts.part()
            await one.notes.part()


def notes(folder, machine):
    """Return what a machine's book holds."""
    return {one.id for one in open_book(folder / machine / "book").statements}


def test_what_machines_did_together_stops_the_rule_on_each(tmp_path, store):
    """And what one office tells was upheld, all guards know, once."""
    books(tmp_path, "msk", "spb")
    guards = [tmp_path / name / "guard" for name in ("msk", "spb")]
    first, second = (Process(folder, "worker-1") for folder in guards)

    async def run():
        parts = [common(tmp_path, store, name) for name in ("msk", "spb")]

        async def meet(now_ms):
            # Written, told and laid in, read: each in a look of its own.
            for _ in range(3):
                for one in (first, second):
                    one.look(now_ms)
                for part in parts:
                    await part.look()

        async with parting(*parts):
            await meet(START)
            for one in (first, second):
                for _ in range(2):
                    one.answer(MISSING, START)
                assert not one.stopped
            await meet(LATER)
            assert first.stopped == second.stopped == {RULE: "share"}
            for folder in guards:
                write_upheld(folder, [(RULE, LATER)])
            await meet(LATER + 1)
            for one in (first, second):
                heard = one.guarding.read()
                assert heard.upheld == {(RULE, LATER): 1}
                assert len(heard.others) == 1

    asyncio.run(run())


def test_a_suspension_on_one_machine_is_read_on_the_other(tmp_path, store):
    """Both ways, and two that were said at the same moment are one book."""
    books(tmp_path, "msk", "spb")

    async def run():
        parts = [common(tmp_path, store, name) for name in ("msk", "spb")]
        async with parting(*parts):
            for machine in ("msk", "spb"):
                shutil.copy(tmp_path / "RU.key", tmp_path / machine / "RU.key")
                speak(tmp_path / machine, "RU", "suspended", rule=AGREED, why=machine)
            for part in parts * 2:
                await part.look()
            both = notes(tmp_path, "msk")
            assert both == notes(tmp_path, "spb")
            assert len(both) == 5
            for machine in ("msk", "spb"):
                life = open_book(tmp_path / machine / "book").life()
                assert {one.rule for one in life.suspensions} == {AGREED}

    asyncio.run(run())


def test_nodes_do_so_by_themselves(tmp_path, store):
    """One that runs obeys a suspension that was laid into the other's book."""
    books(tmp_path, "ru0", "ru1")
    shutil.copy(tmp_path / "RU.key", tmp_path / "ru0" / "RU.key")

    async def run():
        nodes = []
        for number in range(2):
            first = f'agreement = "ru{number}/book"\n'
            more = sharing(store, "RU", number)
            nodes.append(node_of(tmp_path, "RU", peer=None, first=first, more=more))
        try:
            for node in nodes:
                await node.start()
            await comes(lambda: all(mode(one) == "live" for one in nodes))
            speak(tmp_path / "ru0", "RU", "suspended", rule=AGREED, why="A test")
            await comes(lambda: all(mode(one) == "dry-run" for one in nodes))
        finally:
            for node in nodes:
                await node.stop()

    asyncio.run(run())


def mode(node):
    """Return how the rule is obeyed."""
    return node.arrivals.decider.decide(MISSING).mode


def test_what_nobody_of_the_party_wrote_counts_nowhere(tmp_path, store):
    """Counts without the party's tag, under another name, and notes nobody signed."""
    books(tmp_path, "msk", "spb")
    stranger = log_keys(new_private_key("RU", draw=lambda n: b"x" * n), bytes(32))
    body = b'{"upheld": [["%b", %d]]}' % (RULE.encode(), START)
    name = "spb@upheld.json"
    genuine = next((tmp_path / "spb" / "book").glob("*-signed-*"))

    async def run():
        part = common(tmp_path, store, "msk")
        async with parting(part):
            for value in (
                seal(name, body, stranger),
                seal("msk@upheld.json", body, KEYS),
                body,
                b"",
            ):
                await part.counts.put({name: value, "../x@upheld.json": value})
                await part.look()
            assert not (tmp_path / "msk" / "guard").exists()
            await part.counts.put({name: seal(name, body, KEYS)})
            await part.look()
            assert (tmp_path / "msk" / "guard" / "others" / name).read_bytes() == body
            before = notes(tmp_path, "msk")
            spoilt = genuine.read_bytes().replace(b"BY", b"RU", 1)
            for number, note in enumerate((spoilt, b"", b"x" * 2_000_000)):
                await part.notes.put({f"{number}.note": note, f"../{number}": note})
            await part.look()
            await part.look()
            assert notes(tmp_path, "msk") == before
            assert not list(tmp_path.glob("*.note"))

    asyncio.run(run())


def test_while_the_store_is_away_all_goes_on_alone(tmp_path, store):
    """It is said once, and what was said meanwhile is told when it is back."""
    books(tmp_path, "msk", "spb")
    shutil.copy(tmp_path / "RU.key", tmp_path / "msk" / "RU.key")
    said = []

    class Listening(Log):
        def note(self, event, **facts):  # ruff: ignore[no-self-use] (as a log has it)
            said.append((event, facts))

    async def run():
        parts = [common(tmp_path, store, name) for name in ("msk", "spb")]
        parts[0].log = Listening()
        async with parting(*parts):
            store.kill()
            with contextlib.suppress(UnavailableError):
                await parts[1].look()
            task = asyncio.create_task(parts[0].run())
            async with asyncio.timeout(30):
                while not said:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.05)
            speak(tmp_path / "msk", "RU", "suspended", rule=AGREED, why="meanwhile")
            store.start()
            async with asyncio.timeout(30):
                while notes(tmp_path, "spb") != notes(tmp_path, "msk"):
                    await asyncio.sleep(0.1)
                    await parts[1].look()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert [event for event, _ in said] == ["common-away"]
        assert "redis://" not in str(said)

    asyncio.run(run())


def test_a_value_counts_under_its_own_name_only():
    """A file of one process cannot be passed off as another's."""
    sealed = seal("a@node.json", b"{}", KEYS)
    assert unseal("a@node.json", sealed, KEYS) == b"{}"
    assert unseal("b@node.json", sealed, KEYS) is None
    assert unseal("a@node.json", sealed[:-1], KEYS) is None


def test_an_address_that_answers_otherwise_is_away():
    """Whatever is behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        table = StoreTable(f"redis://127.0.0.1:{listening.getsockname()[1]}/0", "x")

        async def run():
            try:
                await table.names()
            except UnavailableError as error:
                return error.code
            finally:
                await table.part()

        assert asyncio.run(run()) == "cluster-away"
