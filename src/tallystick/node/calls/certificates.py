"""What was fetched, kept on disk, so that a restart has it.

Only what is believed comes here, so that strangers cannot fill the disk.

Source: spec/passport.md, "Fetching", `kept`.
"""

import contextlib
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tallystick.domains.calls.passport.store import (
    GRACE_S,
    MAX_CERTIFICATES,
    MAX_LISTS,
)

MAX_FILES: Final = MAX_CERTIFICATES + MAX_LISTS
MAX_FILE: Final = 2 << 20  # bytes; data are written in base64

_Time = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that was fetched.

    Attributes:
        url: From where.
        is_list: Whether it is a revocation list.
        fetched_s: When.
        keep_s: For how long it was fresh then.
        data: As it came.
    """

    url: Annotated[str, msgspec.Meta(max_length=1_024)]
    is_list: bool
    fetched_s: _Time
    keep_s: _Time
    data: bytes

    def is_of_use(self, *, now_s: int) -> bool:
        """Tell whether it may still be used; a revocation list always."""
        return self.is_list or now_s < self.fetched_s + self.keep_s + GRACE_S


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """A folder of them, one file each.

    Attributes:
        folder: Made when the first is written.

    Bounds: `MAX_FILES` files of `MAX_FILE` bytes are read.
    """

    folder: Path

    def read(self, *, now_s: int) -> list[Kept]:
        """Return what is of use; what cannot be read is passed over."""
        found = [_read(path) for path in self._files()]
        return [one for one in found if one is not None and one.is_of_use(now_s=now_s)]

    def tidy(self, *, now_s: int) -> None:
        """Delete what is of no use any more, and what cannot be read."""
        for path in self._files():
            kept = _read(path)
            if kept is None or not kept.is_of_use(now_s=now_s):
                with contextlib.suppress(OSError):
                    path.unlink()

    def write(self, kept: Kept) -> None:
        """Keep one, in place of what came from there before.

        Raises:
            OSError: It cannot be written; what was there before stays.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = sha256(kept.url.encode()).hexdigest()[:32]
        new = self.folder / f"{name}.new"
        new.write_bytes(msgspec.json.encode(kept))
        os.replace(new, self.folder / f"{name}.json")  # ruff: ignore[os-replace]

    def _files(self) -> list[Path]:
        try:
            return sorted(self.folder.glob("*.json"))[:MAX_FILES]
        except OSError:
            return []


def _read(path: Path) -> Kept | None:
    try:
        if path.stat().st_size > MAX_FILE:
            return None
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
