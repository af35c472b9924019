"""Two ways to place a rehearsal's calls: through real switches, or by HTTP alone."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from tallystick.node.children import following
from tallystick.node.rehearsal.asking import Asker
from tallystick.node.rehearsal.parties import PARTIES, Post
from tallystick.testing.callers import DECLINED, OK, Callers, Heard
from tallystick.testing.live_calls import Kind, as_it_arrives
from tallystick.testing.programs import free_port, running
from tallystick.testing.switches import (
    Gateway,
    callee_command,
    carrier_command,
    gateway_command,
    shipped,
)

Asks = Literal["sip", "http"]


class _Told(msgspec.Struct, frozen=True):
    """What a switch looks at in an answer."""

    action: str
    reference: str | None = None


_todo: Final = msgspec.json.Decoder(_Told)


class Way(Protocol):
    """How calls are placed."""

    async def place(self, kind: Kind) -> list[Heard]:
        """Place the calls of a kind, and return what each caller heard."""
        ...


class BySwitches:
    """SIPp calls through BY's gateway, a carrier and RU's gateway; SIPp answers."""

    def __init__(self, folder: Path, *, asks: Asks = "sip") -> None:
        """Find places for the switches; nothing is started.

        Args:
            folder: Is made, for what they write.
            asks: How the gateways ask the nodes.
        """
        self._folder = folder
        self._asks = asks
        names = (*PARTIES, "carrier", "callee")
        self._at = {name: f"127.0.0.1:{free_port()}" for name in names}
        self._callers = Callers(folder=folder)

    @contextlib.asynccontextmanager
    async def open(self, posts: dict[str, Post]) -> AsyncGenerator[Way, None]:
        """Run the switches until the block ends.

        Yields:
            This way.
        """
        self._folder.mkdir()
        to = {"RU": self._at["callee"], "BY": self._at["carrier"]}
        commands = {"callee": callee_command(self._at["callee"])}
        commands["carrier"] = carrier_command(
            self._at["carrier"], self._at["RU"], self._folder
        )
        for party in PARTIES:
            gateway = gateway_of(
                self._asks, party, posts[party], self._at[party], to[party]
            )
            commands[f"gateway-{party}"] = gateway_command(gateway, self._folder)
        async with contextlib.AsyncExitStack() as stack:
            for name, command in commands.items():
                await stack.enter_async_context(
                    running(command, name=name, folder=self._folder, begin=following())
                )
            yield self

    async def place(self, kind: Kind) -> list[Heard]:
        """Place the calls of a kind, and return what each caller heard."""
        to = self._at["BY" if kind.enters == "home" else "carrier"]
        return await self._callers.place(kind.round, to, kind.calls)


def gateway_of(
    asks: Asks, party: str, post: Post, listen: str, next_hop: str
) -> Gateway:
    """Return a party's gateway with the configuration that is shipped.

    Args:
        asks: How it asks the node.
        party: Whose it is.
        post: Where the node listens.
        listen: Where the gateway listens, `host:port`.
        next_hop: Where calls go on to.
    """
    if asks == "sip":
        return Gateway(
            config=shipped("kamailio/kamailio.cfg"),
            listen=listen,
            node=f"sip:{post.sip}",
            next_hop=next_hop,
        )
    return Gateway(
        config=shipped("kamailio/kamailio-http.cfg"),
        listen=listen,
        node=f"node=>http://{post.http}",
        next_hop=next_hop,
        more=("ARRIVALS",) if party == "RU" else (),
    )


class ByHttp:
    """No switch: both nodes are told and asked as switches would do it by HTTP.

    What a caller would have heard follows from what the switch was told to do.

    Attributes:
        left: The party where the calls leave.
        came: The party where they arrive.
        reference: By which the last caller who was refused may object; "": none was.
    """

    def __init__(
        self, posts: Mapping[str, Post], *, way: tuple[str, str] = PARTIES
    ) -> None:
        """Speak to the nodes of both parties.

        Args:
            posts: Where they listen.
            way: Where the calls leave, and where they arrive.
        """
        self.left, self.came = way
        self._left, self._came = (Asker(posts[party].http) for party in way)
        self.reference = ""

    async def place(self, kind: Kind) -> list[Heard]:
        """Place the calls of a kind, some at a time."""
        calls = (
            asyncio.to_thread(self._call, f"{kind.round}-{count}", kind, numbers)
            for count, numbers in enumerate(kind.calls, start=1)
        )
        return await asyncio.gather(*calls)

    def _call(self, call_id: str, kind: Kind, numbers: tuple[str, str]) -> Heard:
        begun = time.monotonic()
        if kind.enters == "home":
            # Told or not: the call goes on.
            self._left.ask("/v1/departures", _call(call_id, numbers))
        said = self._came.ask("/v1/arrivals", _call(call_id, as_it_arrives(numbers)))
        told = None if said is None else _todo.decode(said)
        refused = told is not None and told.action == "reject"
        if refused and told is not None:
            self.reference = told.reference or self.reference
        waited_ms = round((time.monotonic() - begun) * 1000)
        return Heard(call_id, DECLINED if refused else OK, waited_ms)


def _call(call_id: str, numbers: tuple[str, str]) -> dict[str, str]:
    calling, called = numbers
    return {"call_id": call_id, "calling_number": calling, "called_number": called}
