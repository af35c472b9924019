"""The peer's witness, tried: whether it answers, and by whose key."""

import ssl
from contextlib import suppress
from typing import Final

from tallystick.model import TallystickError
from tallystick.net.proof import ask_witness, reader_of
from tallystick.node.config.check_files import Result
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.proof import VerifyingKey, parse_verifying_key

ANSWER_S: Final = 5.0
WHAT: Final = "peer's witness"
_REFUSES: Final = 400
"""What a witness says to a request that is none (C2SP tlog-witness)."""


def try_witness(settings: NodeSettings, own: Secrets) -> list[Result]:
    """Tell whether the peer's witness answers, and shows the key that was agreed.

    Nothing is handed in to be cosigned: the office alone knows which checkpoint is the
    newest, and a witness that has seen a newer one stops the log.

    Args:
        settings: Of the node.
        own: Its keys and terms.
    """
    told = settings.proof
    if told is None or not told.peer_witness:
        return []
    url = told.peer_witness
    if told.log is None:
        said = "proof.log names no log that it could cosign"
        return [Result(WHAT, good=False, said=said)]
    try:
        tls = ssl.create_default_context(
            cafile=settings.office.authorities if settings.office else None
        )
        with ask_witness(url, tls=tls, timeout_s=ANSWER_S) as send:
            status, _ = send(b"")
        shown = _key(url, tls) if status == _REFUSES else None
    except (OSError, TallystickError) as error:
        return [Result(WHAT, good=False, said=f"{url}: {error}")]
    if status != _REFUSES:
        said = f"{url} answers, and is no witness (status {status})"
    elif shown is None:
        said = f"{url} answers; it shows no key: its first cosignature will"
    elif shown != own.signed.terms.verifying_key(own.peer):
        said = f"{url} has another key than {own.peer}'s in the terms"
        return [Result(WHAT, good=False, said=said)]
    else:
        said = f"{url} is {own.peer}'s, by its key"
    return [Result(WHAT, good=status == _REFUSES, said=said)]


def _key(url: str, tls: ssl.SSLContext) -> VerifyingKey | None:
    """Return the key that a witness shows, if it shows one."""
    with reader_of(url, tls=tls, timeout_s=ANSWER_S) as read, suppress(TallystickError):
        line = read("key") or b""
        return parse_verifying_key(line.decode("utf-8", "replace").strip())
    return None
