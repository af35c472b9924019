"""A running node asked by a session border controller that speaks STIR/SHAKEN."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from passport import pki
from passport.world import INFO, LEAF_KEY, ORIGID
from spec_tables import cells_below
from tallystick.model import ConfigError
from tallystick.net.exchange import Exchange
from tallystick.node.build import build
from tallystick.node.calls.departures import REPEAT_MS
from tallystick.node.calls.identity import Identities
from tallystick.node.config.settings import load_settings
from tallystick.node.service import Node, now_ms

from .pair import agreed, both, node_of, post
from .test_identity import SETTINGS, identity
from .test_switches import LISTENS, invite, sip
from .test_switches import ask as ask_by_sip
from .test_two_nodes import A, B, C, warm

SPEC = (Path(__file__).parents[2] / "spec" / "stir-http.md").read_text(encoding="utf-8")
ROWS = {row[0].strip("`"): row for row in cells_below(SPEC, "error |")}
SIGNING = f"""
[signing]
key = "leaf.key"
certificate_url = "{INFO}"
"""
NUMBER = iter(range(1, 10_000))


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Return a folder with a signer's certificate in force, and its key."""
    days = (now_ms() // 1000 - pki.NOW_S) // 86_400
    pinned = pki.issue("leaf", LEAF_KEY, tn=pki.LIST, days=(days - 1, days + 2))
    for name in ("anchors.pem", "leaf.pem"):
        (tmp_path / name).write_bytes(pki.pem(pinned))
    (tmp_path / "leaf.key").write_bytes(pki.key_pem(LEAF_KEY))
    return tmp_path


async def talk(node: Node, request: bytes) -> tuple[int, dict[str, str], Any]:
    """Send a request as it stands; return status, headers and content."""
    reader, writer = await asyncio.open_connection(*node.addresses["http"])
    try:
        writer.write(request)
        data = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    head, _, content = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split(" ")[1]), headers, json.loads(content) if content else None


async def ask(
    node: Node, path: str, body: object, *more: str, method: str = "POST"
) -> tuple[int, dict[str, str], Any]:
    """Ask as a controller does."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: n",
        "Connection: close",
        *more,
        *([] if body is None else [f"Content-Length: {len(content)}"]),
    ]
    text = "\r\n".join([*lines, "", ""]).encode()
    return await talk(node, text + (b"" if body is None else content))


def to_sign(**changes: object) -> dict[str, object]:
    """Return a request to sign a call that leaves now."""
    usual = {
        "attest": "A",
        "orig": {"tn": A[1:]},
        "dest": {"tn": [B[1:]]},
        "iat": now_ms() // 1000,
    }
    return {"signingRequest": usual | changes}


def to_verify(token: str, **changes: object) -> dict[str, object]:
    """Return a request to verify a call that arrives now."""
    usual = {
        "identity": token,
        "from": {"tn": A[1:]},
        "to": {"tn": [B[1:]]},
        "time": now_ms() // 1000,
    }
    return {"verificationRequest": usual | changes}


def test_what_one_node_signs_the_other_believes(signed: Path):
    """Through both doors; a draw of `origid` for each call."""

    async def run():
        async with both(signed, by=SIGNING, ru=SETTINGS) as (by, ru):
            origids = set()
            for _ in range(2):
                status, _, said = await ask(by, "/stir/v1/signing", to_sign())
                assert status == 200
                token = said["signingResponse"]["identity"]
                _, _, told = await ask(
                    ru,
                    "/stir/v1/verification",
                    {
                        "verificationRequest": {
                            "identityHeader": token,
                            "from": {"tn": A[1:]},
                            "to": {"tn": B[1:]},
                            "time": now_ms() // 1000,
                        }
                    },
                )
                answer = told["verificationResponse"]
                assert answer["verstatValue"] == "TN-Validation-Passed"
                claims = answer["verifyResults"][0]["verifyResult"]["validClaims"]
                origids.add(claims["origid"])
            assert len(origids) == 2
            _, _, text = await talk(
                ru, b"GET /healthz HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"
            )
            assert text["party"] == "RU"
            return ru.metrics.text().decode()

    text = asyncio.run(run())
    assert 'tally_stir_verified_total{verstat="TN-Validation-Passed"} 2.0' in text
    assert A[4:] not in text


@pytest.mark.parametrize("form", ["atis", "3gpp"])
def test_every_error_in_the_form_that_is_set(signed: Path, form: str):
    """Each row of the table that a request can bring about, over the wire."""
    verify, sign = "/stir/v1/verification", "/stir/v1/signing"
    empty = {"verificationRequest": {}}
    wrong = {"verificationRequest": {"time": "x"}}
    xml, html = "Content-Type: text/xml", "Accept: text/html"
    cases = [
        ("body-missing", "POST", verify, b"", ()),
        ("parameter-missing", "POST", verify, empty, ()),
        ("parameter-missing", "POST", verify, {}, ()),
        ("answer-type", "POST", verify, to_verify("x"), (html,)),
        ("resource-unknown", "POST", "/stir/v1/verify", to_verify("x"), ()),
        ("resource-unknown", "GET", "/stir/v2/signing", None, ()),
        ("resource-unknown", "POST", sign, to_sign(), ()),
        ("body-type", "POST", verify, to_verify("x"), (xml,)),
        ("parameter-invalid", "POST", verify, wrong, ()),
        ("body-malformed", "POST", verify, b"{", ()),
        ("length-missing", "POST", verify, None, ()),
        ("method", "GET", verify, None, ()),
        ("method", "PUT", sign, to_sign(), ()),
    ]

    async def run():
        stir = f'[stir]\nform = "{form}"\n'
        async with both(signed, ru=SETTINGS + stir) as (_, ru):
            for name, method, path, body, more in cases:
                wish = f"X-RequestID: {next(NUMBER)}"
                status, headers, said = await ask(
                    ru, path, body, wish, *more, method=method
                )
                _, number, message_id, text, error = ROWS[name]
                assert (status, headers["x-requestid"]) == (int(number), wish[13:])
                assert ("allow" in headers) == (name == "method")
                if form == "3gpp":
                    assert said["error"] == error
                else:
                    (fault,) = said["requestError"].values()
                    assert (fault["messageId"], fault["text"]) == (message_id, text)

    asyncio.run(run())


def test_a_fault_of_ours_is_told_in_the_form_and_noted(signed: Path, monkeypatch):
    """Then the call goes on, and somebody is told."""

    async def run():
        async with both(signed, ru=SETTINGS) as (_, ru):
            monkeypatch.setattr(Identities, "verify", None)
            status, _, said = await ask(
                ru, "/stir/v1/verification", to_verify(identity())
            )
            assert status == 500
            fault = said["requestError"]["policyException"]
            assert fault["messageId"] == "POL5000"

    asyncio.run(run())


def test_a_request_has_an_id_and_keeps_it(signed: Path):
    """Drawn where there is none, or one that cannot be sent back."""

    async def run():
        async with both(signed, ru=SETTINGS) as (_, ru):
            drawn = set()
            for more in ((), (f"X-RequestID: {'x' * 300}",)):
                _, headers, _ = await ask(
                    ru, "/stir/v1/verification", to_verify("x"), *more
                )
                drawn.add(headers["x-requestid"])
            assert len(drawn) == 2
            assert {len(one) for one in drawn} == {36}

    asyncio.run(run())


class Line:
    """What an exchange answers to where there is no connection."""

    def flush(self) -> None:
        """Send nothing."""


def test_a_token_that_comes_again_is_a_replay_once_it_cannot_be_the_same_call(
    signed: Path,
):
    """32 s long a request may be the same one; after that it is another call's."""
    moment = [now_ms()]
    agreed(signed)
    node_of(signed, "RU", peer=None, more=SETTINGS)  # writes the settings
    node = build(load_settings(signed / "RU.toml").settings, clock=lambda: moment[0])
    body = json.dumps(to_verify(identity())).encode()

    def verstat() -> str:
        exchange = Exchange(
            "POST",
            "/stir/v1/verification",
            "",
            {b"content-length": b"1"},
            body,
            Line().flush,
            keep_alive=True,
        )
        node.doors.handle(exchange)
        return json.loads(exchange.reply.partition(b"\r\n\r\n")[2])[
            "verificationResponse"
        ].get("reasondesc", "passed")

    begin = moment[0]
    for later_ms, said in (
        (0, "passed"),
        (REPEAT_MS, "passed"),
        (REPEAT_MS + 1, "rule replayed"),
        (61_000, "rule iat-stale"),
    ):
        moment[0] = begin + later_ms
        assert verstat() == said


def test_a_switch_that_asks_by_sip_is_given_a_signature_to_send_along(signed: Path):
    """The other node believes it; a call that is signed already is left as it is."""

    async def run():
        by = f"{SIGNING}{sip('departures', 'redirect')}"
        async with both(signed, by=by, ru=SETTINGS, listens=LISTENS) as (by, ru):
            await warm(by, ru)
            answer = await ask_by_sip(by, invite(1))
            found = re.search(rb"\r\nIdentity: ([^\r]+)\r\n", answer)
            assert found, answer
            token = found[1].decode()
            call = {"call_id": "a", "calling_number": A, "called_number": B}
            _, said = await post(ru, "/v1/arrivals", call | {"identity": [token]})
            assert said["verstat"] == "TN-Validation-Passed"
            line = f"Identity: {token}\r\nContent-Length".encode()
            again = invite(2).replace(b"Content-Length", line)
            assert b"Identity:" not in await ask_by_sip(by, again)
            return ru

    asyncio.run(run())


def test_the_same_request_again_is_no_replay(signed: Path):
    """A controller that asks twice must not accuse; nor beside one that asks by /v1."""

    async def run():
        async with both(signed, ru=SETTINGS) as (_, ru):
            request = to_verify(identity())
            for _ in range(2):
                _, _, said = await ask(ru, "/stir/v1/verification", request)
                assert said["verificationResponse"]["verstat"].endswith("-Passed")
            call = {
                "call_id": "x",
                "calling_number": A,
                "called_number": B,
                "identity": [request["verificationRequest"]["identity"]],
            }
            seen = []
            ru.arrivals.watch(seen.append)
            await ask(ru, "/v1/arrivals", call)
            assert seen[0].evidence.identity == "valid"

    asyncio.run(run())


def test_the_attestation_is_shown_where_it_is_wished(signed: Path):
    """Not by default: some controllers take it for a failure."""

    async def run():
        more = "[stir]\nattestation_suffix = true\n"
        async with both(signed, ru=SETTINGS + more) as (_, ru):
            path = "/stir/v1/verification"
            _, _, said = await ask(ru, path, to_verify(identity()))
            assert said["verificationResponse"]["verstat"] == "TN-Validation-Passed-A"

    asyncio.run(run())


RULES = """
format = "tallystick-rules/1"
name = "strict"
version = 1
[[rules]]
id = "missing"
when = { half = ["no_departure"], origin = ["peer"] }
action = "reject"
mode = "live"
[[rules]]
id = "twice"
when = { half = ["repeated"] }
action = "reject"
mode = "live"
"""


def test_both_halves_are_asked_for_where_so_set(signed: Path):
    """A call that was signed and told passes; one that nobody told is refused."""
    (signed / "rules.toml").write_text(RULES, encoding="utf-8")
    first, more = 'rules = "rules.toml"\n', "[stir]\nasks = true\n"
    tells = SIGNING + "[stir]\ntells = true\n"

    async def run():
        async with both(signed, by=tells, ru=SETTINGS + more, ru_first=first) as (
            by,
            ru,
        ):
            await warm(by, ru)
            path = "/stir/v1/verification"
            request = to_sign(origid=ORIGID)
            _, _, said = await ask(by, "/stir/v1/signing", request)
            _, _, again = await ask(by, "/stir/v1/signing", request)
            assert again == said
            assert by.departures.publisher.next_sequence == 14
            token = said["signingResponse"]["identity"]
            for _ in range(2):
                _, _, told = await ask(ru, path, to_verify(token))
                answer = told["verificationResponse"]
                assert answer["verdict"]["outcome"] == "paired"
                assert answer["verstat"] == "TN-Validation-Passed"
            stolen = identity(calling=C)
            wish = to_verify(stolen, **{"from": {"tn": C[1:]}})
            _, _, told = await ask(ru, path, wish)
            answer = told["verificationResponse"]
            assert answer["verdict"]["outcome"] == "no_departure"
            assert answer["verstat"] == "TN-Validation-Failed"
            assert (answer["reasoncode"], answer["reasondesc"]) == (608, "rule missing")
            status, _, why = await ask(
                ru,
                f"/v1/verdicts?call_id={answer['verdict']['callId']}",
                None,
                method="GET",
            )
            assert (status, why["action"]) == (200, "reject")
            # Another call of the same trunk a second earlier, with its `origid`.
            before = request["signingRequest"]["iat"] - 1
            await ask(by, "/stir/v1/signing", to_sign(origid=ORIGID, iat=before))
            assert by.departures.publisher.next_sequence == 15

    asyncio.run(run())


def test_a_signature_that_is_refused_ends_the_promise_where_calls_are_told(
    signed: Path,
):
    """A call leaves of which the peer will not hear."""

    async def run():
        async with both(signed, by=SIGNING + "[stir]\ntells = true\n") as (by, _):
            before = by.departures.publisher.from_ms
            status, _, _ = await ask(by, "/stir/v1/signing", to_sign(attest="D"))
            assert status == 400
            by.departures.publisher.flush(now_ms=now_ms())
            assert by.departures.publisher.from_ms > before

    asyncio.run(run())


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ('key = "no.key"\ncertificate_url = "https://c.example/l.pem"', "node-signing"),
        ('key = "BY.key"\ncertificate_url = "https://c.example/l.pem"', "passport-key"),
        ('key = "leaf.key"\ncertificate_url = "http://localhost/"', "passport-info"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_at_the_start(signed, lines, code):
    """With a sentence that says which."""

    async def run():
        with pytest.raises(ConfigError) as raised:
            async with both(signed, by=f"[signing]\n{lines}\n"):
                pass
        assert raised.value.code == code

    asyncio.run(run())
