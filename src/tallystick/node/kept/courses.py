"""How crossings went on at their two ends: counted, and what is strange kept.

An answer on one side only, a conversation that was longer where the call left, or one
that never came: each shows here as soon as both ends are told. One is a sign and no
proof. Kept without a number: an own call by its switch's id, and the departure by its
place in the peer's stream, by which both sides can speak of it.

Source: spec/verdict.md, "Closing halves".
"""

from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.kept.merging import read_found
from tallystick.node.kept.rotated import Columns, Kept
from tallystick.node.watch.metrics import Metrics
from tallystick.pairing.live import Course

KIND: Final = "courses"
_SEQUENCE: Final = (1 << 64) - 1
_SCHEMA: Final = pa.schema(
    [
        ("call_id", pa.string()),
        ("at_ms", pa.int64()),
        ("trunk", pa.dictionary(pa.int32(), pa.string())),
        ("carrier", pa.dictionary(pa.int32(), pa.string())),
        ("sign", pa.dictionary(pa.int8(), pa.string())),
        ("by_ms", pa.int64()),
        ("found_ms", pa.int64()),
        ("stream", pa.string()),
        ("sequence", pa.int64()),
    ]
)


class Strange(NamedTuple):
    """A crossing whose ends do not agree.

    Attributes:
        call_id: The own switch's id; empty where no arrival is known.
        at_ms: When the call arrived; None where that is not known.
        trunk: By which trunk.
        carrier: Whose trunk it is.
        sign: `false_answer`, `stretched` or `short_stop`.
        by_ms: By how much the ends differ.
        found_ms: When it was seen.
        stream: The peer's stream, as hexadecimal digits.
        sequence: The departure's number in it.
    """

    call_id: str
    at_ms: int | None
    trunk: str
    carrier: str
    sign: str
    by_ms: int
    found_ms: int
    stream: str
    sequence: int


_COLUMNS: "Final[Columns[Strange]]" = {
    name: attrgetter(name) for name in Strange._fields
}


class Courses(Kept[Strange]):
    """Fetches what the matcher compared.

    Bounds: those of `Kept`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int,
        arrivals: Arrivals,
        metrics: Metrics,
    ) -> None:
        """Keep what is strange in `folder`."""
        super().__init__(
            folder,
            kind=KIND,
            schema=_SCHEMA,
            columns=_COLUMNS,
            limit_bytes=limit_bytes,
        )
        self._arrivals = arrivals
        self._metrics = metrics

    def fetch(self, *, now_ms: int) -> None:
        """Take everything that was compared since the last time."""
        matcher = self._arrivals.hold.matcher
        while (course := matcher.next_course()) is not None:
            self._metrics.crossings.add(course.sign)
            if course.sign != "agrees":
                self.keep(self._strange(course, now_ms))

    def _strange(self, course: Course, now_ms: int) -> Strange:
        place = int(course.departure)
        call = self._arrivals.asked_about(int(course.arrival or 0))
        return Strange(
            call_id=call.call_id if call else "",
            at_ms=call.at_ms if call else None,
            trunk=call.trunk if call else "",
            carrier=call.carrier if call else "",
            sign=course.sign,
            by_ms=course.by_ms,
            found_ms=now_ms,
            stream=f"{place >> 64:016x}",
            sequence=place & _SEQUENCE,
        )


def find_course(folder: Path, call_id: str) -> dict[str, object] | None:
    """Look for what was strange of a call in the files of a folder."""
    return read_found(folder, KIND, call_id)
