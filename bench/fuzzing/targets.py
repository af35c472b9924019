"""Every parser that reads what somebody else wrote, by name."""

from collections.abc import Callable
from typing import Final

from fuzzing import doors, files, line, proven, signed, switch, watched
from fuzzing.target import Target

TARGETS: Final[dict[str, Callable[[], Target]]] = {
    "sip": switch.message,
    "sip-stream": switch.stream,
    "identity": signed.identity,
    "contact": signed.contact,
    "certificate": signed.certificate,
    "extension": signed.extension,
    "revocation": signed.revocation,
    "place": signed.place,
    "frames": line.frames,
    "handshake": line.handshake,
    "terms": line.terms,
    "keys": line.keys,
    "http": doors.http,
    "doors": doors.doors,
    "hep": watched.hep,
    "hep-stream": watched.hep_stream,
    "stir": watched.stir,
    "log": watched.log,
    "bundle": proven.bundle,
    "checkpoint": proven.checkpoint,
    "tile": proven.tile,
    "witness": proven.witness,
    "rules": files.rules,
    "settings": files.settings,
}
