"""Where in one file each column of the plain table comes from."""

from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.records.mapping import Mapping

_UNIT_NAMES: Final = {
    "s": "a number of seconds",
    "ms": "a number of milliseconds",
    "min": "a number of minutes",
    "hh:mm:ss": "hours, minutes and seconds like 00:01:30",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in one file each column of the plain table comes from.

    Attributes:
        file: The file, as rejects name it.
        mapping: How its values are written.
        sources: Column of the plain table to columns of the source.
        open_calls: A call whose end the source has not seen is a record without
            duration, not a reject.
    """

    file: str
    mapping: Mapping
    sources: dict[str, tuple[str, ...]]
    open_calls: bool = False

    def label(self, column: str) -> str:
        """Return the source's own name for a column of the plain table."""
        return "+".join(self.sources.get(column, (column,)))

    def fill(self, reason: str) -> str:
        """Return `reason` with what the mapping expects put in."""
        written = self.mapping.time_format
        expected = (
            "ISO 8601 with an offset, like 2026-03-01T12:00:00+03:00, nor epoch "
            "milliseconds"
            if written == "iso"
            else f"written as {written}"
        )
        return reason.format(
            unreadable_time=f"The time is not {expected}.",
            unit=_UNIT_NAMES[self.mapping.duration_unit],
        )
