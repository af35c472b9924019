"""Reads the SIP calls out of a packet capture."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from tallystick.domains.calls.records.batch import Reject
from tallystick.domains.calls.records.capture.container import (
    BrokenCaptureError,
    Frame,
    read_frames,
)
from tallystick.domains.calls.records.capture.packets import Decoder, Segment
from tallystick.domains.calls.records.capture.streams import Streams
from tallystick.domains.calls.records.formats import Detected
from tallystick.domains.calls.records.layout import Layout
from tallystick.domains.calls.records.mapping import Mapping
from tallystick.domains.calls.records.rows import Rows
from tallystick.domains.calls.records.sip.calls import Call, CallTracker
from tallystick.domains.calls.records.sip.message import LOOKS_LIKE_SIP, parse_message
from tallystick.domains.calls.records.source import ByteStream
from tallystick.model.errors import MalformedError

_SCHEMA: Final = {
    "record_id": pl.String(),
    "calling_number": pl.String(),
    "called_number": pl.String(),
    "started_at": pl.Int64(),
    "answered_at": pl.Int64(),
    "released_at": pl.Int64(),
    "duration_s": pl.Int64(),
    "trunk": pl.String(),
    "presentation": pl.String(),
    "redirecting_number": pl.String(),
    "release_cause": pl.String(),
    "sip_call_id": pl.String(),
    "sip_destination": pl.String(),
}
_CARRIED: Final = ("sip_call_id", "sip_destination")


class CaptureReader:
    """The calls of one capture, in the order in which they end.

    Bounds: See `CallTracker`, `Streams` and `Decoder`: about 1 GB at the very worst,
        a few megabytes for a day of an ordinary trunk.
    """

    def __init__(self, detected: Detected, *, batch_rows: int) -> None:
        self.stream = ByteStream(detected.head.path)
        self._batch_rows = batch_rows
        self._path = detected.head.path
        constants = detected.mapping.constants
        sources: dict[str, tuple[str, ...]] = {
            name: (name,)
            for name in _SCHEMA
            if name not in _CARRIED and name not in constants
        }
        mapping = Mapping(
            constants=constants, time_format="epoch_ms", duration_unit="ms"
        )
        self.layout = Layout(str(self._path), mapping, sources, open_calls=True)
        self._decoder = Decoder()
        self._streams = Streams()
        self._tracker = CallTracker()
        self._rejects: list[Reject] = []
        self._packets = 0
        self._messages = 0

    def rows(self) -> Iterator[Rows]:
        """Yield the calls.

        A capture without a single one is a MalformedError, "no-calls".
        """
        calls: list[Call] = []
        any_call = False
        for frame in self._frames():
            self._packets = frame.number
            self._receive(frame)
            while call := self._tracker.next_call():
                calls.append(call)
            if len(calls) >= self._batch_rows:
                any_call = True
                yield self._rows(calls)
                calls = []
        self._tracker.finish()
        while call := self._tracker.next_call():
            calls.append(call)
        if not calls and not any_call:
            raise self._no_calls()
        yield self._rows(calls)

    def _frames(self) -> Iterator[Frame]:
        """Yield every whole frame; a fault at the end becomes a reject."""
        try:
            yield from read_frames(self.stream.pieces())
        except BrokenCaptureError as error:
            why = self.stream.broken or str(error)
            self._rejects.append(
                Reject(
                    self._packets + 1,
                    "",
                    f"The capture is cut off or damaged here: {why}; all packets "
                    "before are read.",
                )
            )

    def _receive(self, frame: Frame) -> None:
        segment = self._decoder.segment_of(frame)
        if segment is None:
            return
        if segment.sequence is not None:
            for data in self._streams.messages(segment):
                self._take(data, frame, segment)
        elif LOOKS_LIKE_SIP.match(segment.payload):
            self._take(segment.payload, frame, segment)

    def _take(self, data: bytes, frame: Frame, segment: Segment) -> None:
        try:
            message = parse_message(data)
        except MalformedError as error:
            self._rejects.append(Reject(frame.number, "", str(error)))
            return
        self._messages += 1
        self._tracker.receive_message(
            message,
            now_ms=frame.at_ms,
            packet=frame.number,
            source=segment.source[0],
            destination=segment.destination[0],
        )

    def _rows(self, calls: list[Call]) -> Rows:
        frame = pl.DataFrame(
            [_row_of(call) for call in calls], schema=_SCHEMA, orient="row"
        )
        lines = pl.Series([call.packet for call in calls], dtype=pl.Int64)
        rejects, self._rejects = self._rejects, []
        return Rows(frame, lines, rejects)

    def _no_calls(self) -> MalformedError:
        found = f"{self._path} holds {self._packets} packets"
        if self._messages:
            what = f"and {self._messages} SIP messages, but no call begins in it"
        elif self._decoder.unknown_links:
            links = ", ".join(map(str, sorted(self._decoder.unknown_links)))
            what = f"of a link type that is not known here ({links})"
        elif self._rejects:
            what = f"and no SIP message that can be read. {self._rejects[0].reason}"
        else:
            what = "and no SIP message that can be read"
        return MalformedError(
            "no-calls",
            f"{found} {what.rstrip('.')}.",
            advice="Capture the SIP signalling itself; what is encrypted (TLS) cannot "
            "be read.",
        )


def _row_of(call: Call) -> tuple[object, ...]:
    record_id = f"{call.call_id}#{call.number + 1}" if call.number else call.call_id
    return (
        record_id,
        call.parties.calling,
        call.parties.called,
        call.started_ms,
        call.answered_ms,
        call.released_ms,
        call.duration_ms,
        call.source,
        call.parties.presentation,
        call.parties.redirecting,
        "" if call.cause is None else str(call.cause),
        call.call_id,
        call.destination,
    )
