"""A party's node run as a program of its own, and asked from outside."""

import asyncio
import http.client
import json
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from tallystick.model import UnavailableError
from tallystick.node.children import following
from tallystick.node.rehearsal.parties import WINDOW_MS
from tallystick.node.service import now_ms, split_address
from tallystick.testing.programs import Program, running

PATIENCE_S: Final = 15.0


def run_node(
    settings: Path, *, inside: tuple[str, ...] = ()
) -> AbstractAsyncContextManager[Program]:
    """Run a party's node as `tally node run` does, as a program of its own."""
    # The output goes to a file, and must be there when somebody looks.
    command = [sys.executable, "-u", "-m", "tallystick", "node", "run"]
    command += ["--config", settings.name]
    return running(
        command,
        name="node",
        folder=settings.parent,
        inside=inside,
        begin=following(),
    )


class Said(msgspec.Struct, frozen=True):
    """A verdict, as a node keeps it.

    Attributes:
        outcome: Of pairing.
        action: What the switch was told to do.
        rule: By which rule or law.
        reasons: Codes of sentences, `;` between them.
        waited_ms: How long the answer took.
    """

    outcome: str
    action: str
    rule: str
    reasons: str
    waited_ms: int

    @property
    def by_law(self) -> bool:
        """Whether a law went before all rules."""
        return self.rule.startswith("law_")


class Asker:
    """Asks a node by HTTP, as a switch or a watcher would."""

    def __init__(self, address: str) -> None:
        """Ask the node that listens at `host:port`."""
        self._address = split_address(address)

    def ask(self, path: str, body: object = None) -> bytes | None:
        """Return what a door answers; None where that cannot be had."""
        connection = http.client.HTTPConnection(*self._address, timeout=2)
        try:
            data = None if body is None else json.dumps(body)
            connection.request("GET" if data is None else "POST", path, data)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        else:
            return content if answer.status == http.client.OK else None
        finally:
            connection.close()

    def verdict(self, call_id: str) -> Said | None:
        """Return the last verdict on a call; None where nobody asked for one."""
        found = self.ask(f"/v1/verdicts?call_id={quote(call_id)}")
        return None if found is None else msgspec.json.decode(found, type=Said)

    async def ready(self, node: Program) -> None:
        """Wait until calls that arrive from now on can be judged.

        Raises:
            UnavailableError: "node-not-ready": it takes too long, or the node ended.
        """
        await self.until("/readyz", node)
        # The peer's record must reach back to before the first of them.
        await asyncio.sleep(WINDOW_MS / 1000)

    async def alive(self, node: Program) -> None:
        """Wait until the node answers at all; raises like `ready`."""
        await self.until("/healthz", node)

    async def until(
        self, path: str, node: Program, *, patience_s: float = PATIENCE_S
    ) -> None:
        """Ask at a door until there is an answer.

        Args:
            path: The door.
            node: The program that answers there, or what it has opened.
            patience_s: For so long.

        Raises:
            UnavailableError: "node-not-ready".
        """
        ends_ms = now_ms() + patience_s * 1000
        while await asyncio.to_thread(self.ask, path) is None:
            if now_ms() > ends_ms or node.process.returncode is not None:
                raise UnavailableError(
                    "node-not-ready",
                    "The node does not come to answer.",
                    advice=f"{node.log} may say why.",
                )
            await asyncio.sleep(0.05)
