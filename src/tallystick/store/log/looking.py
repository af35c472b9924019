"""A log's folder, looked at while its writer may be at work.

Nothing is written and no lock is taken: what is signed has all its tiles and openings,
so that whatever `signed` covers is there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tallystick.model import VerificationError
from tallystick.proof import (
    ENTRIES,
    WIDTH,
    Edge,
    Opening,
    SignedCheckpoint,
    Tile,
    VerifyingKey,
    commit,
    consistency_proof,
    hashes_of,
    parse_entries,
    read_checkpoint,
    tiles_at,
    verify_consistency,
)
from tallystick.store.log.disk import Disk
from tallystick.store.log.folder import PRIVATE, PUBLIC, check_log, read_file
from tallystick.store.log.openings import Forgotten, Openings


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLook:
    """A log as it is found.

    Attributes:
        folder: Where it lies.
        signed: Its newest checkpoint.
        cosigned: The newest that a witness cosigned; None: none was.
    """

    folder: Path
    signed: SignedCheckpoint
    cosigned: SignedCheckpoint | None

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.signed.checkpoint.size

    def window(self, most: int, before: int | None = None) -> range:
        """Return the places of some entries that follow one another.

        Args:
            most: At most so many.
            before: Behind the last of them; None, or more than there are: the newest.
        """
        end = self.size if before is None else min(max(before, 0), self.size)
        return range(max(0, end - most), end)

    def entries(self, places: range) -> Iterator[tuple[int, Opening | Forgotten]]:
        """Read what entries were made of, the newest last.

        Args:
            places: As `window` returns them.

        Yields:
            Place and opening, or that it was let go of; what is not there is refused
            as in `Openings`.
        """
        openings = Openings(self.folder / PRIVATE / "openings", Disk())
        yield from zip(places, openings.read(places.start, places.stop), strict=True)

    def check(self, most: int) -> range:
        """Check that the log is whole, and has only grown since it was cosigned.

        Args:
            most: Of so many of the newest entries the openings are compared, too, as
                far as they were not let go of.

        Returns:
            The entries whose openings were compared.

        Raises:
            VerificationError: "log-root", "log-entry", "log-own-rollback", or as in
                `verify_consistency`.
        """
        fetch = tiles_at(lambda path: read_file(self.folder / PUBLIC / path))
        if Edge.of(self.size, fetch).root() != self.signed.checkpoint.root:
            _refuse("log-root", "The tiles are not those over which was signed.")
        if self.cosigned is not None:
            before = self.cosigned.checkpoint
            now = self.signed.checkpoint
            if before.size > now.size:
                _refuse("log-own-rollback", "A witness has seen more than there is.")
            proof = consistency_proof(before.size, now.size, hashes_of(now.size, fetch))
            verify_consistency(before.size, before.root, now.size, now.root, proof)
        places = self.window(most)
        entries: list[bytes] = []
        for index, opening in self.entries(places):
            if not entries or not index % WIDTH:
                width = min(WIDTH, self.size - index // WIDTH * WIDTH)
                tile = Tile(ENTRIES, index // WIDTH, width)
                entries = parse_entries(fetch(tile), width)
            if isinstance(opening, Forgotten):
                continue
            if commit(opening) != entries[index % WIDTH]:
                _refuse(
                    "log-entry",
                    "Entry {index} is not what it was made of.",
                    index=index,
                )
        return places


def look_at_log(
    folder: Path, key: VerifyingKey, witnesses: Iterable[VerifyingKey]
) -> LogLook:
    """Look at a log.

    One whose signature does not hold is refused, and a folder without one as in
    `check_log`.

    Args:
        folder: Of the log.
        key: Its party's.
        witnesses: Whose cosignatures count.
    """
    check_log(folder)
    signed = read_file(folder / PRIVATE / "signed") or b""
    read = read_checkpoint(signed, key, witnesses)
    note = read_file(folder / PRIVATE / "cosigned")
    cosigned = None
    if note is not None:
        found = read_checkpoint(note, key, witnesses, log=read.checkpoint.origin)
        cosigned = found if found.seen else None
    return LogLook(folder=folder, signed=read, cosigned=cosigned)


def _refuse(code: str, sentence: str, **values: object) -> NoReturn:
    raise VerificationError(
        code,
        sentence,
        advice="Append nothing to it, keep it as it is, and ask who has changed it.",
        **values,
    )
