"""What is logged of a round of batch pairing: the files that were exchanged.

Source: spec/proof.md, "What each kind holds".
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from tallystick.blinding import read_header

FORMAT: Final = "tallystick-round/1"


def round_entry(files: Iterable[Path], *, pairs: int | None = None) -> str:
    """Return what is logged; the same again for the same files.

    Args:
        files: Blinded files that were given to the peer, or taken from it.
        pairs: How many crossings paired; None: it was not paired here.

    A file that is none is refused as in `read_header`.
    """
    told: dict[str, Any] = {
        "format": FORMAT,
        "files": [_told(path) for path in files],
        "pairs": pairs,
    }
    return msgspec.json.encode(told).decode()


def _told(path: Path) -> dict[str, Any]:
    header = read_header(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "by": header.party,
        "for": header.peer,
        "channel": header.agreement,
        "domain": header.domain,
        "epoch": header.epoch,
        "side": header.side,
        "round": header.round_number,
        "rows": header.rows,
        "sha256": digest,
    }
