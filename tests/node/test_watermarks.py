"""At an epoch's end a node lays in what was told and heard completely, once."""

import asyncio
import json
from pathlib import Path

from tallystick.blinding.keyfile import read_private_key
from tallystick.node.kept.watermarks import SETTLE_MS, Watermarks
from tallystick.node.service import now_ms
from tallystick.proof import signing_key
from tallystick.store.log import create_log, laid_in

from .pair import agreed, both

PROOF = '[proof]\nlisten = "127.0.0.1:0"\nlog = "{}-log"\n'


def test_what_was_complete_of_an_epoch_is_laid_in_at_its_end(tmp_path: Path):
    """One side told it, the other heard it; another look lays in nothing."""
    # The keys that `both` makes again, in this place.
    (tmp_path / "keys").mkdir()
    agreed(tmp_path / "keys")
    for party in ("BY", "RU"):
        key = signing_key(read_private_key(tmp_path / f"keys/{party}.key"))
        create_log(tmp_path / f"{party}-log", key)

    async def run() -> None:
        started_ms = now_ms()
        async with both(
            tmp_path, by=PROOF.format("BY"), ru=PROOF.format("RU")
        ) as nodes:
            for node in nodes:
                (helper,) = (h for h in node.helpers if isinstance(h, Watermarks))
                await looked(helper, started_ms)

    async def looked(helper: Watermarks, started_ms: int) -> None:
        terms = helper.condition.secrets.signed.terms
        epoch = terms.epoch(terms.epoch_index(now_ms()))
        # The helper of the node itself looks by the clock; this one sees the end.
        moments = iter(
            [
                now_ms(),
                epoch.ends_ms + SETTLE_MS - 1,
                epoch.ends_ms + SETTLE_MS,
                epoch.ends_ms + SETTLE_MS + 1_000,
            ]
        )
        seen = Watermarks(
            folder=helper.folder,
            condition=helper.condition,
            publisher=helper.publisher,
            clock=lambda: next(moments),
            log=helper.log,
        )
        for there in (0, 0, 1, 1):
            await seen.look()
            assert len(list(laid_in(helper.folder))) == there
        (path,) = laid_in(helper.folder)
        told = json.loads(path.read_text(encoding="ascii"))
        assert path.name.startswith("watermark-")
        assert told["epoch"] == epoch.index
        assert told["channel"] == terms.channel.hex()
        assert len(told["name"]) <= 64
        one = "told" if helper.folder.name == "BY-log" else "heard"
        after, upto = told[one]
        assert told["from"] <= after < upto < told["until"]
        assert helper.publisher().from_ms >= started_ms

    asyncio.run(asyncio.wait_for(run(), 30))
