"""A home network asked beside the call: a real HTTP server that speaks the API."""

import asyncio
import base64
import contextlib
import datetime as dt
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from net.tls import Authority, answer, serving
from tallystick.domains.calls.live import LiveCall
from tallystick.model import ConfigError
from tallystick.node.calls.arrivals import Answered
from tallystick.node.calls.roaming import RoamingSource
from tallystick.node.config.check import check_node
from tallystick.node.config.settings import load_settings
from tallystick.node.service import Node, now_ms

from .pair import agreed, both, node_of

OWN, PEERS, CALLED = "+79161234567", "+375291234567", "+74951234567"
SECRET = "s:e c/r€t"  # ruff: ignore[hardcoded-password-string]  -- of a test
ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "IDENTIFIER_NOT_FOUND",
    422: "SERVICE_NOT_APPLICABLE",
    429: "TOO_MANY_REQUESTS",
    503: "UNAVAILABLE",
}


@dataclass
class Network:
    """A home network.

    Attributes:
        status: What it answers questions with.
        roaming: Where its subscribers are.
        age_s: How old its knowledge is.
        slow_s: How long it takes.
        gate: Until when it says nothing.
        lasts_s: How long its tokens hold.
        asked: The bodies of questions.
        tokens: How many it gave.
    """

    status: int = 200
    roaming: bool = False
    age_s: float = 1
    slow_s: float = 0
    gate: asyncio.Event | None = None
    lasts_s: int = 3_600
    token_status: int = 200
    asked: list[object] = field(default_factory=list)
    tokens: int = 0
    valid: str = ""

    async def __call__(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (one.partition(": ") for one in lines)}
        if lines[0].startswith("POST /token "):
            status, said = self._token(headers, body)
        else:
            assert lines[0] == "POST /roaming/v1/retrieve HTTP/1.1"
            status, said = self._status(headers, body)
            await asyncio.sleep(self.slow_s)
            if self.gate is not None:
                await self.gate.wait()
        text = json.dumps(said).encode()
        await answer(text, status=f"{status} X", content_type="application/json")(
            request, writer
        )

    def _token(self, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        pair = base64.b64decode(headers["authorization"].removeprefix("Basic "))
        assert pair == b"node:s%3Ae+c%2Fr%E2%82%ACt"
        assert body == (
            b"grant_type=client_credentials&scope=device-roaming-status%3Aread"
        )
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        token = {"access_token": self.valid, "token_type": "Bearer"}
        return self.token_status, token | {"expires_in": self.lasts_s}

    def _status(self, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        self.asked.append(json.loads(body))
        status = self.status
        if headers["authorization"] != f"Bearer {self.valid}":
            status = 401
        if status != 200:
            code = ERRORS.get(status, "OTHER")
            return status, {"status": status, "code": code, "message": "no"}
        moment = dt.datetime.fromtimestamp(time.time() - self.age_s, dt.UTC)  # ruff: ignore[banned-api]  -- a network has a clock
        said = {"lastStatusTime": moment.isoformat(), "roaming": self.roaming}
        return 200, said | ({"countryCode": 257} if self.roaming else {})


def settings(url: str, more: str = "") -> str:
    return f"""
[roaming]
url = "{url}/roaming/v1"
token_url = "{url}/token"
client_id = "node"
client_secret_file = "secret"
{more}
"""


@contextlib.asynccontextmanager
async def at_work(
    folder: Path, network: Network, more: str = "", *, wait: bool = True
) -> AsyncGenerator[Node, None]:
    """Run RU's node without a peer, and its home network."""
    agreed(folder)
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    async with serving(network, None) as (port, _):
        told = settings(f"http://127.0.0.1:{port}", more)
        node = node_of(folder, "RU", peer=None, more=told)
        await node.start()
        try:
            async with asyncio.timeout(5):
                while wait and not network.tokens:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            yield node
        finally:
            await node.stop()


async def say(node: Node, number: int, calling: str = OWN, **more: object) -> Answered:
    """Ask about a call and wait for its answer."""
    call = LiveCall(
        call_id=f"call-{number}",
        at_ms=now_ms(),
        calling_number=calling,
        **{"called_number": CALLED, **more},
    )
    told: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
    node.arrivals.ask(call, told.set_result, now_ms=now_ms())
    async with asyncio.timeout(5):
        return await told


def words(folder: Path, network: Network, *numbers: int, more: str = "") -> list[str]:
    """Ask about calls one after another; return where the caller is said to be."""

    async def run() -> list[str]:
        async with at_work(folder, network, more) as node:
            return [(await say(node, one)).evidence.roaming for one in numbers]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("network", "word"),
    [
        (Network(), "home"),
        (Network(roaming=True), "abroad"),
        (Network(age_s=4_000), "stale"),
        (Network(roaming=True, age_s=4_000), "stale"),
        (Network(age_s=-120), "unknown"),
        *((Network(status=status), "unknown") for status in (*ERRORS, 500, 302)),
    ],
)
def test_what_the_network_says_is_evidence(tmp_path, network, word):
    """One question about the number, its answer in the word of the evidence."""
    assert words(tmp_path, network, 1) == [word]
    assert network.asked == [{"device": {"phoneNumber": OWN}}]


def test_an_answer_serves_several_calls(tmp_path):
    """The second is not asked about."""
    network = Network()
    assert words(tmp_path, network, 1, 2, 3) == ["home"] * 3
    assert len(network.asked) == 1


def test_calls_at_the_same_moment_share_a_question(tmp_path):
    """And all get its answer."""
    network = Network(slow_s=0.05)

    async def run():
        async with at_work(tmp_path, network) as node:
            said = await asyncio.gather(*(say(node, one) for one in range(20)))
            return {one.evidence.roaming for one in said}

    assert asyncio.run(run()) == {"home"}
    assert len(network.asked) == 1


def test_only_calls_that_need_it_are_asked_about(tmp_path):
    """Not the peer's numbers, not third countries', none, emergency or priority."""
    network = Network()

    async def run():
        async with at_work(tmp_path, network) as node:
            said = [
                await say(node, 1, calling=PEERS),
                await say(node, 2, calling="+4915112345678"),
                await say(node, 3, calling=""),
                await say(node, 4, calling="x"),
                await say(node, 5, priority="wps.0"),
                await say(node, 6, emergency=True),
                await say(node, 7, called_number="112"),
            ]
            return {one.evidence.roaming for one in said}, {
                one.waited_ms < 50 for one in said[4:]
            }

    assert asyncio.run(run()) == ({"unknown"}, {True})
    assert network.asked == []


@pytest.mark.parametrize("wait_ms", [0, 60, 150])
def test_no_call_waits_beyond_its_time(tmp_path, wait_ms):
    """Whoever sleeps as long as a call may wait finds it answered.

    An answer that comes later serves the next call.
    """
    network = Network(gate=asyncio.Event())

    async def run():
        async with at_work(tmp_path, network, f"wait_ms = {wait_ms}") as node:
            waits = asyncio.ensure_future(say(node, 1))
            await asyncio.sleep(0)
            await asyncio.sleep(wait_ms / 1000)
            for _ in range(3):  # the answer goes by a future and a task
                await asyncio.sleep(0)
            done = waits.done()
            network.gate.set()
            first = (await waits).evidence.roaming
            (source,) = [h for h in node.helpers if isinstance(h, RoamingSource)]
            async with asyncio.timeout(5):
                while source.is_asking:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.01)
            return done, first, (await say(node, 2)).evidence.roaming

    assert asyncio.run(run()) == (True, "unknown", "home")


def test_a_network_that_is_not_there_costs_nothing(tmp_path):
    """Without a token nobody waits at all."""
    network = Network(token_status=500)
    begin_s = time.monotonic()
    assert words(tmp_path, network, *range(20)) == ["unknown"] * 20
    assert network.asked == []
    assert time.monotonic() - begin_s < 3


def test_after_five_failures_nobody_asks(tmp_path):
    """The circuit breaker: further calls do not wait for a network that fails."""
    network = Network(status=503)
    assert words(tmp_path, network, *range(9)) == ["unknown"] * 9
    assert len(network.asked) == 5


def test_a_token_is_renewed(tmp_path):
    """Ahead of its end, and when the network refuses it before."""
    network = Network(lasts_s=1)

    async def run():
        async with at_work(tmp_path, network, "keep_s = 0") as node:
            before = (await say(node, 1)).evidence.roaming
            network.valid = "revoked"
            refused = (await say(node, 2)).evidence.roaming
            given = network.tokens
            async with asyncio.timeout(5):
                while network.tokens == given:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            return before, refused, (await say(node, 3)).evidence.roaming

    assert asyncio.run(run()) == ("home", "unknown", "home")


def test_who_waits_is_answered_when_the_node_stops(tmp_path):
    """A call is never lost to a stop."""
    network = Network(slow_s=2)

    async def run():
        async with at_work(tmp_path, network, "wait_ms = 400") as node:
            waits = asyncio.ensure_future(say(node, 1))
            await asyncio.sleep(0.02)
            assert not waits.done()
        async with asyncio.timeout(0.2):
            return (await waits).evidence.roaming

    assert asyncio.run(run()) == "unknown"


def test_a_half_that_comes_meanwhile_answers_the_call(tmp_path):
    """The peer's half proves it; nobody waits for the network any longer."""
    network = Network(slow_s=1.0)
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")

    async def run():
        async with serving(network, None) as (port, _):
            told = settings(f"http://127.0.0.1:{port}", "wait_ms = 400")
            async with both(tmp_path, ru=told) as (by, ru):
                waits = asyncio.ensure_future(say(ru, 1))
                await asyncio.sleep(0.03)
                left = LiveCall(
                    call_id="left",
                    at_ms=now_ms(),
                    calling_number=OWN,
                    called_number=CALLED,
                )
                by.departures.tell(left, now_ms=now_ms())
                return await waits

    answered = asyncio.run(run())
    assert answered.evidence.half == "paired"
    assert answered.evidence.roaming == "unknown"
    assert answered.waited_ms < 400


@pytest.mark.parametrize(("status", "good"), [(200, True), (401, False)])
def test_check_tries_the_client(tmp_path, status, good):
    """Before going live, whether the home network knows it."""
    agreed(tmp_path)
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")

    async def run():
        async with serving(Network(token_status=status), None) as (port, _):
            told = settings(f"http://127.0.0.1:{port}")
            node_of(tmp_path, "RU", peer=None, more=told)
            results = await check_node(load_settings(tmp_path / "RU.toml").settings)
            return {one.what: one.good for one in results}

    assert asyncio.run(run())["home network"] is good


def test_numbers_go_only_over_guarded_lines(tmp_path):
    """https, or this machine."""
    agreed(tmp_path)
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"roaming\.url.*https"):
        node_of(tmp_path, "RU", peer=None, more=settings("http://home.example.org"))


@pytest.mark.parametrize("missing", ["secret", "ca.pem"])
def test_files_that_are_not_there_are_named(tmp_path, missing):
    """In a sentence, before the node starts."""
    agreed(tmp_path)
    if missing != "secret":
        (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    more = settings("https://home.example.org", 'authorities = "ca.pem"')
    with pytest.raises(ConfigError, match=missing) as caught:
        node_of(tmp_path, "RU", peer=None, more=more)
    assert caught.value.code == "node-roaming"
    assert SECRET not in str(caught.value)


def test_the_network_may_have_an_authority_of_its_own(tmp_path):
    """With TLS by an authority of the settings; without it, nothing is known."""
    network = Network()
    authority = Authority(tmp_path)
    agreed(tmp_path)
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")

    async def run(more: str, *, wait: bool):
        tls = authority.server("127.0.0.1")
        async with serving(network, tls) as (port, _):
            told = settings(f"https://127.0.0.1:{port}", more)
            node = node_of(tmp_path, "RU", peer=None, more=told)
            await node.start()
            try:
                async with asyncio.timeout(5):
                    while wait and not network.tokens:  # ruff: ignore[async-busy-wait]
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
                return (await say(node, 1)).evidence.roaming
            finally:
                await node.stop()

    assert asyncio.run(run("", wait=False)) == "unknown"
    told = 'authorities = "authorities.pem"'
    assert asyncio.run(run(told, wait=True)) == "home"
