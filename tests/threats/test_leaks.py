"""Whoever reads what a node writes: no number and no token is in it."""

import asyncio
import json
import re

import pytest

from node.pair import both, node_of, post, send
from node.test_switches import LISTENS, ask, invite, sip
from node.test_two_nodes import A, B, C, arriving, leaving, warm

from .nodes import until
from .test_line import tokens

RULES = (
    'format = "tallystick-rules/1"\nname = "test"\nversion = 1\n'
    '[[rules]]\nid = "missing"\nwhen = { half = ["no_departure"] }\n'
    'action = "reject"\nmode = "live"\n'
)
NUMBERS = {*(one.lstrip("+") for one in (A, B, C)), "74952000003", "375331112233"}


def leaks(held: bytes, known: set[bytes]) -> list[bytes]:
    """Return what of the numbers and tokens is in some bytes."""
    looked = {one.encode() for number in NUMBERS for one in (number, number[-9:])}
    looked |= known | {one.hex().encode() for one in known}
    return [one for one in looked if one in held]


def test_nothing_that_a_node_writes_holds_a_number(tmp_path, capsys, caplog):
    """Logs, metrics, health, answers, refusals, verdicts asked for, files on disk."""
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    written: list[bytes] = []
    known: set[bytes] = set()

    async def run():
        nodes = both(
            tmp_path,
            ru_first='rules = "rules.toml"\n',
            by=sip("departures", "redirect"),
            ru=sip("arrivals", "redirect"),
            listens=LISTENS,
        )
        async with nodes as (by, ru):
            await warm(by, ru)
            call = leaving(1) | {"redirecting_number": "+375331112233"}
            signed = {"identity": [f"{A}.{B}.{C};info=<https://a.by/x>"]}
            for said in (
                await post(by, "/v1/departures", call),
                await post(ru, "/v1/arrivals", arriving(1) | signed),
                await post(ru, "/v1/arrivals", arriving(2, calling=C)),
                await post(ru, "/v1/arrivals", arriving(3, called=f"x{B}y")),
                await post(ru, "/v1/releases", {"call_id": "ru-1", "answered": True}),
                await post(ru, "/v1/arrivals", arriving(4) | {A: B}),
                await post(ru, "/v1/arrivals", arriving(5) | {"at_ms": A}),
                await post(ru, "/v1/arrivals", [{"called_number": B}, A]),
                await send(ru, "POST", f"/v1/{A}", B.encode()),
                await send(ru, "GET", f"/v1/verdicts?call_id={A}"),
                await send(ru, "GET", "/v1/verdicts?call_id=ru-2"),
                await send(ru, "GET", "/healthz"),
                await send(ru, "GET", "/metrics"),
                await send(by, "GET", "/metrics"),
            ):
                written.append(str(said).encode())
            await ask(by, invite(11))
            await ask(ru, invite(12, calling=C))
            known.update(tokens(by))
            await by.door.close()
            await until(lambda: not ru.subscription.state.connected)
            await asyncio.sleep(1.5)  # a turn of the house

    asyncio.run(run())
    assert len(known) > 20
    written += [caplog.text.encode(), "".join(capsys.readouterr()).encode()]
    assert b"peer-lost" in written[-1]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if path.suffix == ".parquet"]
    written += [path.read_bytes() for path in files]
    found = {at: leaks(held, known) for at, held in enumerate(written)}
    assert {at: one for at, one in found.items() if one} == {}, files


def test_kept_verdicts_hold_no_digits_but_times_and_the_switchs_own_words(tmp_path):
    """Read as a table, not as packed bytes: every text of every verdict."""
    import pyarrow.parquet as pq

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            await post(ru, "/v1/arrivals", arriving(2, calling=C))

    asyncio.run(run())
    rows = [
        row
        for path in tmp_path.rglob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    assert len(rows) >= 13
    texts = json.dumps([{k: v for k, v in row.items() if k != "at_ms"} for row in rows])
    assert re.findall(r"[0-9]{6,}", texts) == []


@pytest.mark.parametrize("show", [repr, str, "{!r}".format])
def test_no_key_is_shown_by_what_holds_it(tmp_path, show):
    """An error or a log that shows a part of a node shows no secret of it."""
    from node.pair import agreed
    from tallystick.blinding import agree, read_private_key
    from tallystick.channel import live_token_keys

    agreed(tmp_path)
    node = node_of(tmp_path, "BY", peer=None)
    secret = read_private_key(tmp_path / "BY.key")
    shared = agree(secret, read_private_key(tmp_path / "RU.key").public())
    keys = node.secrets.keys(0)
    made = live_token_keys(shared, node.secrets.signed.terms, 0)
    hidden = {secret.secret.hex(), str(secret.secret), made["pair"].text}
    parts = [secret, node.secrets, node.secrets.signing, keys, made, node.settings]
    parts += [node.door.side, node.subscription]
    for part in parts:
        assert not [one for one in hidden if one in show(part)]
