"""Kept files that are older than both parties agreed are deleted.

Where there is no agreement nothing is: then only the room on disk says what stays.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tallystick.node.kept.merging import alone, moment_of
from tallystick.node.kept.rotated import Kept
from tallystick.node.kept.steady import Steady
from tallystick.node.watch.logs import Log

DAY_MS: Final = 86_400_000


@dataclass(slots=True, kw_only=True)
class Expiring:
    """Looks after the age of what a node keeps.

    Attributes:
        days: Returns how many days verdicts are kept, as agreed; None: nobody says.
        log: Of the node.
    """

    days: Callable[[], int | None]
    log: Log
    _steady: Steady = field(default_factory=Steady)
    _said: str = ""

    def look(self, every: Iterable[Kept[Any]], *, now_ms: int) -> int:
        """Delete what is too old; what cannot be deleted is tried again.

        Args:
            every: What is kept.
            now_ms: The present time.

        Returns:
            How many files were deleted.
        """
        days = self.days()
        if not self._steady.believes(now_ms) or days is None:
            return 0
        gone, why = 0, ""
        for folder in dict.fromkeys(one.folder for one in every):
            try:
                gone += expire(folder, before_ms=now_ms - days * DAY_MS)
            except OSError as error:
                why = f"{error.strerror or type(error).__name__}."
        if why and why != self._said:
            self.log.note("verdicts-stay", why=why)
        self._said = why
        return gone


def expire(folder: Path, *, before_ms: int) -> int:
    """Delete the files of a folder that were written before a moment.

    A file's name says when the newest of its rows was written, so that no row in it is
    younger. What a program left half written is deleted when it is as old.

    Args:
        folder: Where they are.
        before_ms: The moment.

    Returns:
        How many were deleted; none while others merge there.

    Raises:
        OSError: Some could not be; all others were.
    """
    gone, trouble = 0, None
    with alone(folder) as is_alone:
        for path in sorted(folder.glob("*-*")) if is_alone else ():
            moment = moment_of(path)
            if path.suffix in {".parquet", ".part"} and 0 <= moment < before_ms:
                try:
                    path.unlink(missing_ok=True)
                    gone += 1
                except OSError as error:
                    trouble = error
    if trouble is not None:
        raise trouble
    return gone
