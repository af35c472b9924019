"""A log as files: appended to, never changed, and whole whatever happens.

    public/key                  the verifying key
    public/checkpoint           what the log says of itself
    public/tile/…               entries and hashes
    private/openings/…          what the entries were made of
    private/signed              the newest checkpoint that was signed
    private/cosigned            the newest that a witness cosigned
    private/stopped             why nothing is appended until people have looked
    private/waiting/…           what is to be logged, laid there by other programs

An append writes, in this order and each to the disk before the next: openings, entries,
hashes, `signed`, `checkpoint`. What is published was signed and kept before, so that no
two histories are ever signed; what is signed has all its tiles, so that the log goes on
from wherever a program was ended.

Source: spec/proof.md, "The folder of a log".
"""

import itertools
import shutil
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from tallystick.model import (
    RefusedError,
    TallystickError,
    UnavailableError,
    VerificationError,
)
from tallystick.proof import (
    COSIGNATURE,
    ED25519,
    ENTRIES,
    WIDTH,
    Checkpoint,
    Edge,
    LogPart,
    Opening,
    SignedCheckpoint,
    SigningKey,
    Tile,
    VerifyingKey,
    check_origin,
    commit,
    encode_entries,
    encode_verifying_key,
    hashes_of,
    inclusion_proof,
    key_id,
    leaf_hash,
    opened,
    origin_of,
    parse_entries,
    parse_note,
    read_checkpoint,
    sign_checkpoint,
    tiles_at,
)
from tallystick.store.log.disk import Disk, locked
from tallystick.store.log.openings import Forgotten, Openings

PUBLIC: Final = "public"
PRIVATE: Final = "private"
STOPPED: Final = f"{PRIVATE}/stopped"
BATCH: Final = 4_096
"""Entries under one checkpoint; more are appended in several steps."""


class LogFolder:
    """A log that one program appends to.

    Attributes:
        signed: Its newest checkpoint.
        disk: Writes its files.

    Bounds: 255 entries and eight tiles are held, beside what is appended.
    """

    def __init__(self, folder: Path, key: SigningKey, disk: Disk) -> None:
        """See `open_log`."""
        self.folder = folder
        self._key = key
        self.disk = disk
        self._openings = Openings(folder / PRIVATE / "openings", disk)
        self._fetch = tiles_at(lambda path: read_file(folder / PUBLIC / path))
        self._sure = True
        self.signed = _newest(folder, key.public())
        size = self.signed.checkpoint.size
        try:
            self._edge = Edge.of(size, self._fetch)
            self._entries = self._last_entries(size)
            whole = self._edge.root() == self.signed.checkpoint.root
        except TallystickError:
            whole = False
        if not whole or not self._is_opened(size):
            _refuse_rolled_back(size)
        self._publish()

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self.signed.checkpoint.size

    def append(self, openings: Iterable[Opening]) -> range:
        """Append entries; once this returns they are there for good.

        Args:
            openings: Of which the commitments are logged.

        Returns:
            Their places.

        Raises:
            RefusedError: "log-stopped" until people have looked.
            UnavailableError: "log-unsure" when the disk failed. What was appended last
                is there as a whole or not at all: open the log again and look.
        """
        if stopped := self.stopped:
            raise RefusedError(
                "log-stopped",
                "Nothing is appended to this log any more. {stopped}",
                advice="Look with the peer what happened; `tally proof log resume` "
                "lets it go on.",
                stopped=stopped,
            )
        first = self.size
        waiting = iter(openings)
        while batch := list(itertools.islice(waiting, BATCH)):
            if not self._sure:
                _refuse_unsure()
            try:
                self._append(batch)
            except (OSError, UnavailableError) as error:
                self._sure = False
                _refuse_unsure(error)
        return range(first, self.size)

    def keep_cosigned(self, signed: SignedCheckpoint) -> None:
        """Keep and publish a checkpoint with its cosignatures; never an older one."""
        path = self.folder / PRIVATE / "cosigned"
        kept = read_file(path)
        if kept is not None:
            before = read_checkpoint(kept, self._key.public()).checkpoint
            if before.size > signed.checkpoint.size:
                return
        self.disk.put(path, signed.note)
        if signed.checkpoint == self.signed.checkpoint:
            self.signed = signed
            self.disk.put(self.folder / PRIVATE / "signed", signed.note)
            self._publish()

    @property
    def stopped(self) -> str:
        """As in `stopped_by`."""
        return stopped_by(self.folder)

    def cosigned(self, witnesses: Iterable[VerifyingKey]) -> SignedCheckpoint | None:
        """Return the newest checkpoint that one of these cosigned."""
        note = read_file(self.folder / PRIVATE / "cosigned")
        if note is None:
            return None
        log = self.signed.checkpoint.origin
        own, others = self._key.public(), tuple(witnesses)
        read = read_checkpoint(note, own, others, log=log)
        known = {key_id(own.party, ED25519, own.point)}
        known |= {key_id(key.party, COSIGNATURE, key.point) for key in others}
        whole = parse_note(note)
        lines = tuple(one for one in whole.signatures if one.key_id in known)
        only = replace(whole, signatures=lines).encode().encode()
        return replace(read, note=only) if read.seen else None

    def openings(self, start: int, end: int) -> Iterator[Opening | Forgotten]:
        """Read what entries were made of.

        Yields:
            Those from `start` up to `end`; what is not there is refused as in
            `Openings`.
        """
        yield from self._openings.read(start, min(end, self.size))

    def forget(self, places: Iterable[int]) -> None:
        """Let go of what entries were made of; the entries stay as they are.

        The log shows by its last opening that it is whole: that one stays until
        another follows. What is not there is refused as in `Openings`.

        Args:
            places: Of entries; a second time changes nothing.
        """
        self._openings.forget(at for at in places if 0 <= at < self.size - 1)

    def part(
        self, indexes: Sequence[int], witnesses: Iterable[VerifyingKey]
    ) -> LogPart:
        """Return entries with their proofs, for a bundle.

        Under the newest checkpoint that one of these witnesses cosigned, if it covers
        them; else under the newest.

        Args:
            indexes: Places of entries.
            witnesses: Keys that the bundle will show.

        Raises:
            RefusedError: "entry-unknown" when the log has no such entry, or
                "entry-forgotten" when nobody can open it any more.
        """
        chosen = sorted(set(indexes))
        if not chosen or chosen[0] < 0 or chosen[-1] >= self.size:
            raise RefusedError(
                "entry-unknown",
                "The log has the entries 0 to {last}.",
                advice="`tally proof log show` lists them.",
                last=self.size - 1,
            )
        signed = self.cosigned(witnesses)
        if signed is None or signed.checkpoint.size <= chosen[-1]:
            plain = sign_checkpoint(self.signed.checkpoint, self._key)
            signed = replace(self.signed, note=plain, seen={})
        size = signed.checkpoint.size
        read = hashes_of(size, self._fetch)
        entries = tuple(
            opened(at, self._opening(at), inclusion_proof(at, size, read))
            for at in chosen
        )
        return LogPart(signed.note.decode(), entries)

    def _opening(self, at: int) -> Opening:
        (found,) = self._openings.read(at, at + 1)
        if isinstance(found, Forgotten):
            raise RefusedError(
                "entry-forgotten",
                "What entry {index} was made of was let go of, as both parties agreed.",
                advice="Its commitment stays in the log; who kept a bundle with it can "
                "still show it.",
                index=at,
            )
        return found

    def fetch(self, tile: Tile) -> bytes:
        """Return the bytes of a tile; refused as in `tiles_at`."""
        return self._fetch(tile)

    def _append(self, batch: Sequence[Opening]) -> None:
        before, at = self._edge.size, 0
        full: list[Tile] = []
        while at < len(batch):
            room = WIDTH - self._edge.size % WIDTH
            some = batch[at : at + room]
            self._openings.extend(self._edge.size, some)
            full += self._add([commit(one) for one in some])
            at += len(some)
        for tile, data in self._edge.rest():
            if tile.index * WIDTH + tile.width > before >> 8 * tile.level:
                self._put(tile, data)
        checkpoint = Checkpoint(
            origin=self.signed.checkpoint.origin,
            size=self._edge.size,
            root=self._edge.root(),
        )
        note = sign_checkpoint(checkpoint, self._key)
        self.disk.put(self.folder / PRIVATE / "signed", note)
        self.signed = SignedCheckpoint(
            checkpoint=checkpoint, by=self._key.party, seen={}, note=note
        )
        self._publish()
        for tile in full:
            _forget_parts(self.folder / PUBLIC / f"{tile.path}.p")

    def _add(self, entries: list[bytes]) -> list[Tile]:
        """Write entries of one tile, and the tiles of hashes that became full."""
        self._entries += entries
        index = self._edge.size // WIDTH
        tile = Tile(ENTRIES, index, len(self._entries))
        self._put(tile, encode_entries(self._entries))
        full = []
        for entry in entries:
            for above, data in self._edge.add(leaf_hash(entry)):
                self._put(above, data)
                full.append(above)
        if tile.width == WIDTH:
            self._entries = []
            full.append(tile)
        return full

    def _put(self, tile: Tile, data: bytes) -> None:
        self.disk.put(self.folder / PUBLIC / tile.path, data)

    def _publish(self) -> None:
        path = self.folder / PUBLIC / "checkpoint"
        if read_file(path) != self.signed.note:
            self.disk.put(path, self.signed.note)

    def _last_entries(self, size: int) -> list[bytes]:
        index, width = divmod(size, WIDTH)
        if not width:
            return []
        return parse_entries(self._fetch(Tile(ENTRIES, index, width)), width)

    def _is_opened(self, size: int) -> bool:
        """Tell whether the last opening is that of the last entry."""
        if not size:
            return True
        try:
            (last,) = self._openings.read(size - 1, size)
        except UnavailableError:
            return False
        index, at = divmod(size - 1, WIDTH)
        tile = Tile(ENTRIES, index, at + 1)
        entry = parse_entries(self._fetch(tile), at + 1)[at]
        return isinstance(last, Opening) and commit(last) == entry


def create_log(
    folder: Path,
    key: SigningKey,
    *,
    origin: str | None = None,
    disk: Disk | None = None,
) -> None:
    """Make an empty log.

    Args:
        folder: Where; must not hold a log.
        key: Its party's key.
        origin: How it is named, for all times; by its key if not given.
        disk: Writes the files.

    Raises:
        RefusedError: "log-exists".
    """
    disk = disk or Disk()
    public = key.public()
    if (folder / PRIVATE / "signed").exists():
        raise RefusedError(
            "log-exists",
            "There is a log in that folder already.",
            advice="Append to it. A log is never begun anew under the same name.",
        )
    named = check_origin(origin or origin_of(public))
    empty = Checkpoint(origin=named, size=0, root=Edge().root())
    line = f"{encode_verifying_key(public)}\n".encode()
    disk.put(folder / PUBLIC / "key", line)
    disk.put(folder / PRIVATE / "signed", sign_checkpoint(empty, key))
    (folder / PRIVATE).chmod(0o700)
    with open_log(folder, key, disk=disk):
        pass  # publishes


@contextmanager
def open_log(
    folder: Path, key: SigningKey, *, disk: Disk | None = None
) -> Generator[LogFolder]:
    """Open a log to append to it, and go on from where a program was ended.

    Yields:
        The log; nobody else can open it meanwhile.

    A folder in which something is missing is refused as in `LogFolder`, one without a
    log as in `check_log`.
    """
    check_log(folder)
    with locked(folder / PRIVATE / "lock"):
        yield LogFolder(folder, key, disk or Disk())


def stopped_by(folder: Path) -> str:
    """Return why nothing is appended until people have looked; "" where it goes on."""
    return (read_file(folder / STOPPED) or b"").decode("utf-8", "replace")


def stop_log(folder: Path, why: str, *, disk: Disk | None = None) -> None:
    """Let nothing be appended to a log, by any program, until people have looked.

    Args:
        folder: Of the log, which may be one that cannot be opened.
        why: A sentence for them; "" once they have.
        disk: Writes the file.
    """
    (disk or Disk()).put(folder / STOPPED, why.encode())


def check_log(folder: Path) -> None:
    """See that there is a log.

    Raises:
        UnavailableError: "no-log".
    """
    if not (folder / PRIVATE / "signed").exists():
        raise UnavailableError(
            "no-log",
            "There is no log in that folder.",
            advice="`tally proof log init` makes one.",
        )


def read_file(path: Path) -> bytes | None:
    """Return what a file holds; None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _newest(folder: Path, key: VerifyingKey) -> SignedCheckpoint:
    """Return the newest checkpoint that was signed.

    Raises:
        VerificationError: "log-own-rollback" when a newer one was published.
    """
    note = read_file(folder / PRIVATE / "signed") or b""
    signed = read_checkpoint(note, key, origin="The newest checkpoint of the log")
    published = read_file(folder / PUBLIC / "checkpoint")
    if published is not None:
        other = read_checkpoint(published, key, log=signed.checkpoint.origin).checkpoint
        if other.size > signed.checkpoint.size:
            _refuse_rolled_back(other.size)
    return signed


def _forget_parts(folder: Path) -> None:
    """Take away the parts of a tile that is full; what stays does no harm."""
    with suppress(OSError):
        shutil.rmtree(folder)


def _refuse_rolled_back(size: int) -> NoReturn:
    raise VerificationError(
        "log-own-rollback",
        "The log has signed for {n} entries, and the folder does not hold them all as "
        "they were: it is an older copy, or files were lost or changed.",
        advice="Restore the newest copy. It must not be appended to as it is: the peer "
        "would see a forked log.",
        n=size,
    )


def _refuse_unsure(error: Exception | None = None) -> NoReturn:
    raise UnavailableError(
        "log-unsure",
        "The disk did not take what was to be logged; whether it is there shows only "
        "when the log is opened again.",
        advice="See that the disk has room and works, then open the log and compare "
        "its size.",
    ) from error
