"""What an office does for callers who were stopped, between its node and its store.

It learns from the node's folders which references were given, and tells the node which
objections were upheld. The node itself touches no database.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tallystick.agreement.guard import HOUR_MS, REDRESS_MS
from tallystick.node.guarding import write_upheld
from tallystick.node.kept.given import new_given
from tallystick.office.side import Side
from tallystick.store.cases import ObjectionRow

DAY_MS: Final = 86_400_000
KEPT_DAYS: Final = 365
"""So long a caller may object, where no agreement says how long verdicts are kept."""


@dataclass(slots=True, kw_only=True)
class RedressDesk:
    """Keeps store and node alike in what concerns callers.

    Attributes:
        side: What both parties have said.
        folders: Of the node's processes.
        guard: Where the node reads what was upheld; None: it has no such folder.
        now_ms: Tells the time.
    """

    side: Side
    folders: tuple[Path, ...]
    guard: Path | None
    now_ms: Callable[[], int]
    _seen: dict[Path, set[str]] = field(default_factory=dict)
    _told: object = None
    _forgot_ms: int = 0
    _kept_days: int = KEPT_DAYS

    def look(self) -> None:
        """Take what was given, and tell what was upheld.

        Raises:
            OSError: A folder cannot be read or written.
        """
        now_ms, book = self.now_ms(), self.side.cases().objections
        if now_ms - self._forgot_ms >= HOUR_MS:
            self._forgot_ms, self._kept_days = now_ms, self._agreed_days(now_ms)
            book.forget(before_ms=now_ms - self._kept_days * DAY_MS)
        kept_ms = now_ms - self._kept_days * DAY_MS
        for folder in self.folders:
            seen = self._seen.setdefault(folder, set())
            for rows in new_given(folder / "verdicts", seen):
                book.give(*(_row(one) for one in rows if one["at_ms"] >= kept_ms))
        if self.guard is not None:
            upheld = book.upheld(since_ms=now_ms - REDRESS_MS)
            if upheld != self._told:
                write_upheld(self.guard, upheld)
                self._told = upheld

    def _agreed_days(self, now_ms: int) -> int:
        text = self.side.bound_by(now_ms)
        return KEPT_DAYS if text is None else text.retention.verdicts_days


def _row(given: dict[str, Any]) -> ObjectionRow:
    return ObjectionRow(
        reference=given["reference"],
        verdict=given["call_id"],
        action=given["action"],
        rule=given["rule"],
        verdict_ms=given["at_ms"],
    )
