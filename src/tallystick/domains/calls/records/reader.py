"""Reads call records of any known format into batches of the plain table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, Protocol

import polars as pl

from tallystick.domains.calls.records.acc import AccReader
from tallystick.domains.calls.records.batch import Batch, reject_frame
from tallystick.domains.calls.records.canonical import canonical
from tallystick.domains.calls.records.capture.reader import CaptureReader
from tallystick.domains.calls.records.delimited import DelimitedReader
from tallystick.domains.calls.records.formats import Detected, detect
from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.layout import Layout
from tallystick.domains.calls.records.local import WallClock
from tallystick.domains.calls.records.mapping import Mapping
from tallystick.domains.calls.records.parquet import ParquetReader
from tallystick.domains.calls.records.repeats import RepeatFilter
from tallystick.domains.calls.records.rows import Rows
from tallystick.domains.calls.records.source import ByteStream
from tallystick.model.errors import ConfigError

Side = Literal["departures", "arrivals"]

# A transit network hands on what it took in: its records can be of either side.
_DIRECTIONS_OF: Final[dict[Side, tuple[str, ...]]] = {
    "departures": ("international_out", "transit"),
    "arrivals": ("international_in", "transit"),
}


class Reader(Protocol):
    """What reads one file: its bytes for progress, its columns, its rows."""

    stream: ByteStream
    layout: Layout

    def rows(self) -> Iterator[Rows]:
        """Yield rows in the order of the file, at least once."""
        ...


_READERS: Final[dict[str, Callable[..., Reader]]] = {
    "delimited": DelimitedReader,
    "acc": AccReader,
    "parquet": ParquetReader,
    "capture": CaptureReader,
}


def read_calls(
    paths: Sequence[Path] | Path,
    *,
    mapping: Mapping | None = None,
    format: str | None = None,  # ruff: ignore[builtin-argument-shadowing]
    side: Side | None = None,
    batch_rows: int = 500_000,
) -> Iterator[Batch]:
    """Yield the call records of `paths`, file after file, in their order.

    Args:
        paths: Files of any known format, also packed with gzip or Zstandard.
        mapping: How to read files of an unknown format, or what to change in a
            known one (`Mapping(zone="Europe/Minsk")`).
        format: Name of the format, see `formats.FORMATS`; None: by content.
        side: Keep only records that can be halves of this side: those of its
            direction and those that state none.
        batch_rows: Most rows of one batch; smaller means less memory.

    Yields:
        Batches; of each file at least one, even without a row.

    A file that is missing, a directory, or may not be read is an UnavailableError;
    one that as a whole is not what it should be a MalformedError; a wrong mapping or
    zone a ConfigError.

    Bounds: Constant memory whatever the size of the files. With the default batches
        a process that does nothing else needs about 400 MB for text and 600 MB for
        Parquet; never more than 1 GB. Packet captures and acc tables add what
        their open calls need, see there.
    """
    chosen = mapping or Mapping()
    chosen.check()
    for path in [paths] if isinstance(paths, Path) else paths:
        head = Head.of(path)
        detected = detect(head, mapping=chosen, name=format or "")
        if side == "arrivals":
            detected = _for_arrivals(detected)
        _check_zone_known(detected)
        yield from _read_file(detected, side=side, batch_rows=batch_rows)


def _for_arrivals(detected: Detected) -> Detected:
    """Take the trunk from where the call came in."""
    mapping = detected.mapping
    if not mapping.inbound_trunk:
        return detected
    inbound = Mapping(columns={"trunk": (mapping.inbound_trunk,)})
    return Detected(detected.head, detected.format, inbound.over(mapping))


def _check_zone_known(detected: Detected) -> None:
    """Refuse a format whose times are local when nobody said where.

    Raises:
        ConfigError: "zone-needed".
    """
    if detected.format.local_times and not detected.mapping.zone:
        raise ConfigError(
            "zone-needed",
            f"{detected.head.path} ({detected.format.title}) holds local times, and "
            "nothing in it says of which zone.",
            advice="Give the zone of the machine that wrote it, for example "
            "--zone Europe/Minsk, or --zone UTC.",
        )


def _read_file(
    detected: Detected, *, side: Side | None, batch_rows: int
) -> Iterator[Batch]:
    reader = _READERS[detected.format.kind](detected, batch_rows=batch_rows)
    zone = reader.layout.mapping.zone
    clock = WallClock(zone) if zone else None
    repeats = RepeatFilter()
    for rows in reader.rows():
        kept, repeated = repeats.keep_first(rows)
        for part in _parts(kept, batch_rows):
            batch = _batch(part, reader, detected, clock, repeated=repeated)
            repeated = 0
            yield _of_side(batch, side)


def _parts(rows: Rows, batch_rows: int) -> Iterator[Rows]:
    """Yield `rows` in parts of at most `batch_rows`."""
    yield Rows(rows.frame[:batch_rows], rows.lines[:batch_rows], rows.rejects)
    for at in range(batch_rows, rows.frame.height, batch_rows):
        yield Rows(
            rows.frame[at : at + batch_rows], rows.lines[at : at + batch_rows], []
        )


def _batch(
    rows: Rows,
    reader: Reader,
    detected: Detected,
    clock: WallClock | None,
    *,
    repeated: int,
) -> Batch:
    understood = canonical(rows, reader.layout, clock)
    file = str(detected.head.path)
    rejects = understood.rejects
    if rows.rejects:
        rejects = pl.concat([reject_frame(file, rows.rejects), rejects])
    return Batch(
        file=file,
        format=detected.format.name,
        records=understood.records,
        rejects=rejects.sort("line", maintain_order=True) if rows.rejects else rejects,
        notes=understood.notes,
        repeated=repeated,
        other_direction=0,
        bytes_read=reader.stream.bytes_read,
        bytes_total=reader.stream.bytes_total,
    )


def _of_side(batch: Batch, side: Side | None) -> Batch:
    """Keep the records that can be halves of `side`."""
    if side is None:
        return batch
    direction = pl.col("direction")
    wanted = batch.records.filter(
        direction.is_null() | direction.is_in(_DIRECTIONS_OF[side])
    )
    left_out = batch.records.height - wanted.height
    return replace(batch, records=wanted, other_direction=left_out)
