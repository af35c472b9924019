"""A node serves its log and watches the peer's, on a port of its own."""

import asyncio
from pathlib import Path

import pytest

from tallystick.blinding.keyfile import read_private_key
from tallystick.model import UnavailableError
from tallystick.net.proof import ask_witness, reader_of
from tallystick.node.config.check_witness import try_witness
from tallystick.node.proofs import Proofs
from tallystick.proof import (
    Opening,
    audit,
    hashes_of,
    obtain,
    origin_of,
    signing_key,
    tiles_at,
)
from tallystick.store.log import create_log, open_log

from .pair import agreed, node_of

MORE = '[proof]\nlisten = "127.0.0.1:0"\nlog = "{0}-log"\nwitness = "{0}-seen"\n'


def test_two_nodes_watch_each_others_logs(tmp_path: Path):
    """BY's log is cosigned by RU's node, served by BY's, and audited by anybody."""
    agreed(tmp_path)
    keys = {
        party: signing_key(read_private_key(tmp_path / f"{party}.key"))
        for party in ("BY", "RU")
    }
    for party, key in keys.items():
        create_log(tmp_path / f"{party}-log", key)
    with open_log(tmp_path / "BY-log", keys["BY"]) as log:
        log.append([Opening(kind="case", salt=bytes(32), content="{}")])

    async def run() -> None:
        nodes = [
            node_of(tmp_path, party, peer=None, more=MORE.format(party))
            for party in keys
        ]
        for node in nodes:
            await node.start()
        try:
            urls = [await listening(node) for node in nodes]
            await asyncio.to_thread(watched, *urls)
            host, port = nodes[1].addresses["http"]
            await asyncio.to_thread(tried, nodes[0], *urls, f"http://{host}:{port}")
        finally:
            for node in nodes:
                await node.stop()

    def watched(by: str, ru: str) -> None:
        peer = keys["RU"].public()
        with open_log(tmp_path / "BY-log", keys["BY"]) as log, ask_witness(ru) as send:
            read = hashes_of(log.size, log.fetch)
            log.keep_cosigned(obtain(send, log.signed, read, peer, 0))
        with reader_of(by) as fetch:
            own = keys["BY"].public()
            found = audit(fetch("checkpoint"), own, [peer], tiles_at(fetch))
        assert found.signed.checkpoint.size == 1
        assert found.signed.checkpoint.origin == origin_of(own)
        assert set(found.signed.seen) == {"RU"}

    def tried(node, by: str, ru: str, switches: str) -> None:
        before = {one: one.read_bytes() for one in (tmp_path / "RU-seen").iterdir()}
        said = {}
        for url in (ru, by, switches, "http://127.0.0.1:9", ""):
            proof = node.settings.proof.model_copy(update={"peer_witness": url})
            settings = node.settings.model_copy(update={"proof": proof})
            said[url] = [(r.good, r.said) for r in try_witness(settings, node.secrets)]
        assert said == {
            ru: [(True, f"{ru} is RU's, by its key")],
            by: [(False, f"{by} has another key than RU's in the terms")],
            switches: [(False, f"{switches} answers, and is no witness (status 404)")],
            "http://127.0.0.1:9": [(False, said["http://127.0.0.1:9"][0][1])],
            "": [],
        }
        assert "Nobody answers" in said["http://127.0.0.1:9"][0][1]
        # Trying it lets the witness see nothing.
        assert {one: one.read_bytes() for one in before} == before

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_witness_without_a_log_shows_its_key(tmp_path: Path):
    """And with no log of ours there is nothing that it could cosign."""
    agreed(tmp_path)
    more = MORE.format("RU").replace('log = "RU-log"\n', "")
    witness = '[proof]\nlisten = "127.0.0.1:0"\npeer_witness = "{}"\n'

    async def run() -> None:
        node = node_of(tmp_path, "RU", peer=None, more=more)
        await node.start()
        try:
            url = await listening(node)
            create_log(
                tmp_path / "BY-log", signing_key(read_private_key(tmp_path / "BY.key"))
            )
            for log, good in (('log = "BY-log"\n', True), ("", False)):
                told = node_of(
                    tmp_path, "BY", peer=None, more=witness.format(url) + log
                )
                (one,) = await asyncio.to_thread(
                    try_witness, told.settings, told.secrets
                )
                assert one.good is good, one.said
        finally:
            await node.stop()

    asyncio.run(asyncio.wait_for(run(), 30))


async def listening(node) -> str:
    """Return where a node's log is served."""
    (proofs,) = (one for one in node.helpers if isinstance(one, Proofs))
    while proofs.address is None:  # ruff: ignore[async-busy-wait] (it is up at once)
        await asyncio.sleep(0.01)
    return "http://{}:{}".format(*proofs.address)


def test_a_log_that_is_not_there_is_said_before_the_node_runs(tmp_path: Path):
    """In a sentence that says how to make one."""
    agreed(tmp_path)
    with pytest.raises(UnavailableError, match="log init"):
        node_of(tmp_path, "BY", peer=None, more=MORE.format("BY"))
