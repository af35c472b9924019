"""New files for a running node: taken between two calls, or not at all."""

import asyncio
import json
import ssl
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tallystick.blinding import read_private_key
from tallystick.channel import encode_terms, parse_agreement, sign_terms, signing_key
from tallystick.node.config.secrets import Secrets
from tallystick.node.service import now_ms
from tallystick.node.watch.logs import Log

from .pair import COUNTRIES, agreed, both, node_of, post, ready
from .test_two_nodes import C, arriving, leaving, warm

RULES = (
    'format = "tallystick-rules/1"\nname = "test"\nversion = 1\n'
    '[[rules]]\nid = "{id}"\nwhen = {{ half = ["no_departure"] }}\n'
    'action = "{action}"\nmode = "live"\n'
)


def rules(folder: Path, ident: str, action: str) -> None:
    (folder / "rules.toml").write_text(RULES.format(id=ident, action=action))


async def calls(by, ru, stop: asyncio.Event, *, line: int = 0) -> Counter[str]:
    """Let genuine calls pass one after the other, and return their outcomes."""
    said: Counter[str] = Counter()
    number = 100 + line * 100_000
    while not stop.is_set():
        number += 1
        called = f"+7495{4_000_000 + number}"
        status, told = await post(by, "/v1/departures", leaving(number, called=called))
        assert (status, told["told"]) == (200, True)
        status, answer = await post(ru, "/v1/arrivals", arriving(number, called=called))
        assert status == 200
        said[f"{answer['outcome']} {answer['action']}"] += 1
    return said


def test_rules_are_exchanged_between_two_calls_and_none_is_lost(tmp_path: Path):
    """Under calls that do not stop, every one is answered, by old rules or new."""
    rules(tmp_path, "first", "log")

    async def run():
        nodes = both(tmp_path, ru_first='rules = "rules.toml"\n')
        async with nodes as (by, ru):
            await warm(by, ru)
            stop = asyncio.Event()
            work = [
                asyncio.ensure_future(calls(by, ru, stop, line=line))
                for line in range(4)
            ]
            for turn in range(4):
                rules(tmp_path, f"turn-{turn}", "reject" if turn % 2 else "log")
                assert await ru.reload()
                assert await by.reload()
                _, said = await post(
                    ru,
                    "/v1/arrivals",
                    arriving(turn, calling=C, called=f"+749512345{turn}0"),
                )
                assert (said["outcome"], said["rule"]) == (
                    "no_departure",
                    f"turn-{turn}",
                )
                assert said["action"] == ("reject" if turn % 2 else "log")
            stop.set()
            done = sum(await asyncio.gather(*work), Counter())
            assert set(done) == {"paired pass"}
            assert sum(done.values()) > 16
            assert ru.metrics.reloads.by == {("taken",): 4}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("rules.toml", "not = TOML =", "rules.toml"),
        ("terms.toml", "nothing of terms\n", "terms.toml"),
        ("RU.key", "no key\n", "key"),
        ("RU.toml", 'party = "RU"\n[lsten]\n', "lsten"),
    ],
)
def test_a_broken_file_leaves_all_as_it_was_and_is_named(
    tmp_path: Path, name: str, text: str, says: str
):
    """Nothing is taken of what cannot be used; the log says why, and a metric."""
    rules(tmp_path, "first", "log")

    async def run():
        nodes = both(tmp_path, ru_first='rules = "rules.toml"\n')
        async with nodes as (by, ru):
            await warm(by, ru)
            ru.log = Log(written := StringIO())
            path = tmp_path / name
            good = path.read_text(encoding="utf-8")
            path.write_text(text, encoding="utf-8")
            assert not await ru.reload()
            line = json.loads(written.getvalue())
            assert line["event"] == "reload-refused"
            assert says in line["why"]
            assert "reload_failure" in ru.health()
            assert b"tally_reload_failed 1.0" in ru.metrics.text()
            _, said = await post(ru, "/v1/arrivals", arriving(1, calling=C))
            assert (said["outcome"], said["rule"]) == ("no_departure", "first")
            await post(by, "/v1/departures", leaving(2))
            _, said = await post(ru, "/v1/arrivals", arriving(2))
            assert said["outcome"] == "paired", str(said)
            path.write_text(good, encoding="utf-8")
            assert await ru.reload()
            assert b"tally_reload_failed 0.0" in ru.metrics.text()

    asyncio.run(run())


def test_what_holds_from_the_next_start_on_is_named(tmp_path: Path):
    """A new port is not taken, and the log says so; a new switch is."""

    async def run():
        listens = 'sip = "127.0.0.1:0"\n'
        async with both(tmp_path, listens=listens) as (_, ru):
            ru.log = Log(written := StringIO())
            path = tmp_path / "RU.toml"
            text = path.read_text(encoding="utf-8")
            text = text.replace('http = "127.0.0.1:0"', 'http = "127.0.0.1:1"')
            switch = (
                '[[switches]]\nname = "new"\nnetworks = ["127.0.0.1"]\n'
                'side = "arrivals"\n'
            )
            path.write_text(text + switch, encoding="utf-8")
            assert await ru.reload()
            line = json.loads(written.getvalue())
            assert (line["event"], line["from_next_start"]) == (
                "reloaded",
                "listen.http",
            )
            assert ru.settings.listen.http == "127.0.0.1:0"
            source = ru.switches.door.server
            assert source.is_known(_source())

    asyncio.run(run())


def _source():
    from tallystick.domains.calls.sip import Source

    return Source("udp", "127.0.0.1", 5060)


def certificate(folder: Path, name: str, *, days: int = 90) -> bytes:
    """Write a certificate and its key and return it in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    begins = datetime.fromtimestamp(now_ms() / 1000, UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made.public_bytes(serialization.Encoding.DER)


def test_a_new_tls_certificate_serves_the_next_session(tmp_path: Path):
    """Open sessions go on; who comes next proves itself under the new one."""
    agreed(tmp_path)
    certificate(tmp_path, "tls", days=20)
    tls = 'certificate = "tls.pem"\ncertificate_key = "tls.key"\n'

    async def run():
        by = node_of(tmp_path, "BY", peer=None, listens=tls)
        await by.start()
        host, port = by.addresses["channel"]
        ru = node_of(tmp_path, "RU", peer=f"{host}:{port}", more="tls = true\n")
        await ru.start()
        try:
            async with asyncio.timeout(8):
                await ready(ru)
                assert b'left_seconds{kind="tls"}' in by.metrics.text()
                new = certificate(tmp_path, "tls")
                assert await by.reload()
                sessions = ru.subscription.state.sessions
                await asyncio.sleep(0.1)
                assert ru.subscription.state.connected
                assert ru.subscription.state.sessions == sessions
                ru.follow(
                    ru.reloads.makers.subscription(
                        ru.settings, ru.reloads.makers.side(ru.secrets), ru.subscriber
                    )
                )
                await ready(ru)
                # ruff: ignore[async-busy-wait] (nobody is told of a session)
                while ru.subscription.state.sessions == sessions:
                    await asyncio.sleep(0.05)
            seen = await asyncio.to_thread(ssl.get_server_certificate, (host, port))
            assert ssl.PEM_cert_to_DER_cert(seen) == new
            (tmp_path / "tls.key").write_text("no key")
            assert not await by.reload()
            await ready(ru)
        finally:
            await ru.stop()
            await by.stop()

    asyncio.run(run())


def renewed(folder: Path, name: str, **changes) -> None:
    """Write terms of the same two parties with something changed, signed by both."""
    import dataclasses

    terms = parse_agreement((folder / "terms.toml").read_text()).terms
    text = encode_terms(dataclasses.replace(terms, **changes))
    for party in COUNTRIES:
        key = signing_key(read_private_key(folder / f"{party}.key"))
        text = sign_terms(text, key)
    (folder / name).write_text(text, encoding="ascii")


@pytest.mark.parametrize(("window_ms", "by_themselves"), [(500, True), (600, False)])
def test_terms_that_follow_take_over_and_calls_pair_again(
    tmp_path: Path, window_ms: int, by_themselves: bool
):
    """Both nodes go over to the next terms by themselves; nobody is accused."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            begins = now_ms() // 60_000 * 60_000 + 60_000
            renewed(
                tmp_path,
                "next.toml",
                from_ms=begins,
                until_ms=begins + 86_400_000,
                window_ms=window_ms,
            )
            for node, party in ((by, "BY"), (ru, "RU")):
                path = tmp_path / f"{party}.toml"
                text = path.read_text(encoding="utf-8")
                terms = 'terms = "terms.toml"\n'
                path.write_text(
                    text.replace(terms, f'{terms}next_terms = "next.toml"\n')
                )
                assert await node.reload()
                assert node.reloads.following is not None

            stop = asyncio.Event()
            work = asyncio.ensure_future(calls(by, ru, stop))
            await asyncio.sleep(0.1)
            renewed(
                tmp_path, "next.toml", from_ms=begins - 120_000, window_ms=window_ms
            )
            for node, party in ((by, "BY"), (ru, "RU")):
                if by_themselves:
                    key, terms = tmp_path / f"{party}.key", tmp_path / "next.toml"
                    node.reloads.following = Secrets.read(key, terms)
                else:
                    assert await node.reload()
            async with asyncio.timeout(8):
                # ruff: ignore[async-busy-wait] (housekeeping tells nobody)
                while by.reloads.following or ru.reloads.following:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.5)
                await ready(ru)
            assert ru.secrets.signed.terms.window_ms == window_ms
            stop.set()
            done = await work
            assert set(done) <= {"paired pass", "unproven pass"}
            await asyncio.sleep(0.2)
            await warm(by, ru)
            _, said = await post(ru, "/v1/arrivals", arriving(9, calling=C))
            assert said["outcome"] == "no_departure", str(said)

    asyncio.run(run())
