"""The node's log, served read-only, and its watch over the peer's.

On a port of its own: whoever reaches that of the switches is one.
"""

from collections.abc import Callable

from tallystick.model import UnavailableError
from tallystick.net.proof import proof_door, serve_proofs, shows_key
from tallystick.node.config.outward import Proof
from tallystick.node.config.secrets import Secrets
from tallystick.proof import ReadFile, check_origin, origin_of
from tallystick.store.log import WitnessFolder, read_file

Answer = Callable[[bytes], tuple[int, bytes, str]]


class Proofs:
    """Serves while the node runs.

    Attributes:
        address: Host and port, once it listens.
    """

    def __init__(
        self,
        told: Proof,
        own: Secrets,
        *,
        now_ms: Callable[[], int],
        failed: Callable[[], None],
    ) -> None:
        """Serve nothing yet.

        What cannot be the name of a log is refused as in `check_origin`.

        Raises:
            UnavailableError: "no-log" when there is none to serve.
        """
        if told.log is not None and read_file(told.log / "public/checkpoint") is None:
            raise UnavailableError(
                "no-log",
                "There is no log in the folder `proof.log`.",
                advice="`tally proof log init` makes one.",
            )
        self.address: tuple[str, int] | None = None
        self._listen = told.listen
        self._failed = failed
        self._door = proof_door(_reader(told, own), _witness(told, own, now_ms))

    async def run(self) -> None:
        """Serve until cancelled."""
        host, _, port = self._listen.rpartition(":")
        try:
            await serve_proofs(self._door, host.strip("[]"), int(port), self._started)
        except OSError:
            self._failed()

    def stop(self) -> None:
        """Nobody waits for it."""

    def _started(self, host: str, port: int) -> None:
        self.address = (host, port)


def _reader(told: Proof, own: Secrets) -> ReadFile:
    if told.log is None:
        return shows_key(own.signing.public())
    public = told.log / "public"
    return lambda path: read_file(public / path)


def _witness(told: Proof, own: Secrets, now_ms: Callable[[], int]) -> Answer | None:
    key = own.signed.terms.verifying_key(own.peer)
    if told.witness is None or key is None:
        return None
    origin = check_origin(told.peer_log or origin_of(key))
    watch = WitnessFolder(told.witness, own.signing, {origin: key})
    return lambda body: watch.answer(body, now_s=now_ms() // 1000)
