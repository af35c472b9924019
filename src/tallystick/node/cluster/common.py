"""What the machines of a party have in common beside the calls.

Two things, so that a party with several machines keeps what it signed as if it had one:
what their guards count, and the book of the agreement. A rule is stopped by what all of
them did with it, and one that either side suspends acts on none of them.

Source: spec/log.md, "What members have in common".
"""

import asyncio
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.cluster import TAG_BYTES, LogKeys
from tallystick.model import TallystickError, UnavailableError
from tallystick.net.store_table import StoreTable
from tallystick.node.guarding import OTHERS
from tallystick.node.kept.book import NOTE_NAME, keep, note_of, open_book
from tallystick.node.watch.logs import Log

LOOK_S: Final = 1.0
VALUE_BYTES: Final = 1 << 20
"""A longer value is none of ours."""
VALUES: Final = 10_000
"""More notes than that are not read in one look."""
_COUNTS: Final = re.compile(r"[A-Za-z0-9._-]{1,24}@[a-z0-9-]{1,24}\.json")


@dataclass(slots=True, kw_only=True)
class Common:
    """One machine's part in what all have in common.

    Bounds: one look reads what guards of all machines count, some 20 KB a process, and
    the notes that are new.

    Attributes:
        machine: Its name among them.
        guard: The folder of `guard_folder`.
        book: The agreement's folder; None: no agreement is obeyed.
        keys: Only members can write counts.
        counts: The files of the guards' folders, tagged.
        notes: The notes of the book; each is signed.
        log: Of the node.
    """

    machine: str
    guard: Path
    book: Path
    keys: LogKeys
    counts: StoreTable
    notes: StoreTable
    log: Log
    _is_away: bool = False
    _laid: dict[str, bytes] = field(default_factory=dict)
    _passed: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Look every second until cancelled."""
        try:
            while True:
                await self._try()
                await asyncio.sleep(LOOK_S)
        finally:
            await self.counts.part()
            await self.notes.part()

    def stop(self) -> None:
        """Nothing waits for this."""

    async def look(self) -> None:
        """Tell the others what is new here, and take what is new there."""
        await self._count()
        await self._read_book()

    async def _try(self) -> None:
        try:
            await self.look()
        except UnavailableError as error:
            if not self._is_away:
                self._is_away = True
                self.log.note("common-away", why=str(error))
        except (TallystickError, OSError) as error:
            self.log.note("agreement-refused", why=str(error))
        else:
            self._is_away = False

    async def _count(self) -> None:
        own = await asyncio.to_thread(self._own)
        names = await self.counts.names()
        there = await self.counts.get(names | {*own})
        await self.counts.put({n: v for n, v in own.items() if there.get(n) != v})
        await asyncio.to_thread(self._lay, there)

    def _own(self) -> dict[str, bytes]:
        """Return the files of this machine's processes and office, sealed."""
        found = {}
        for path in self.guard.glob("*.json"):
            name = f"{self.machine}@{path.name}"
            if _COUNTS.fullmatch(name):
                found[name] = seal(name, path.read_bytes(), self.keys)
        return found

    def _lay(self, there: Mapping[str, bytes]) -> None:
        """Write the files of other machines where they have changed."""
        for name, value in there.items():
            if self._laid.get(name) == value or not self._is_others(name):
                continue
            body = unseal(name, value, self.keys)
            if body is not None:
                folder = self.guard / OTHERS
                folder.mkdir(parents=True, exist_ok=True)
                part = (folder / name).with_suffix(".part")
                part.write_bytes(body)
                part.replace(folder / name)
            self._laid[name] = value

    def _is_others(self, name: str) -> bool:
        is_ours = name.startswith(f"{self.machine}@")
        return not is_ours and _COUNTS.fullmatch(name) is not None

    async def _read_book(self) -> None:
        here = {one.name for one in self.book.glob("*.note")}
        there = await self.notes.names()
        await self.notes.put(await asyncio.to_thread(self._notes, here - there))
        new = sorted(n for n in there - here - self._passed if NOTE_NAME.fullmatch(n))
        if new:
            found = await self.notes.get(new[:VALUES])
            await asyncio.to_thread(self._keep, found)

    def _notes(self, names: set[str]) -> dict[str, bytes]:
        return {
            name: (self.book / name).read_bytes()
            for name in names
            if NOTE_NAME.fullmatch(name)
        }

    def _keep(self, found: Mapping[str, bytes]) -> None:
        """Keep what its party has signed; whatever else is there is passed over."""
        book = open_book(self.book)
        for name, note in found.items():
            # Whoever wrote it, its name here is made of what was signed.
            self._passed.add(name)
            try:
                if len(note) <= VALUE_BYTES:
                    keep(self.book, note_of(note, book, origin=name))
            except TallystickError as error:
                self.log.note("agreement-refused", why=str(error))


def seal(name: str, body: bytes, keys: LogKeys) -> bytes:
    """Return a value that only members can have written, under this name."""
    return keys.tag(_tagged(name, body)) + body


def unseal(name: str, value: bytes, keys: LogKeys) -> bytes | None:
    """Return what a member wrote; None: it is nobody's, or of another name."""
    tag, body = value[:TAG_BYTES], value[TAG_BYTES:]
    if len(value) > VALUE_BYTES:
        return None
    return body if hmac.compare_digest(tag, keys.tag(_tagged(name, body))) else None


def _tagged(name: str, body: bytes) -> bytes:
    # Begins as no batch of the log does, so that neither passes for the other.
    return b"common\0" + name.encode() + b"\0" + body
