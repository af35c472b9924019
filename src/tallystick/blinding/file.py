"""Blinded files: written by one side, read by the other.

Source: spec/tokens.md, "The blinded file".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.blinding.allowed import (
    ARROW_TYPES,
    ColumnRule,
    check_columns,
    check_values,
)
from tallystick.blinding.header import (
    BlindedHeader,
    Expected,
    verify_header,
)
from tallystick.blinding.header_json import encode_header, parse_header
from tallystick.model import (
    MalformedError,
    RefusedError,
    UnavailableError,
    VerificationError,
)

METADATA_KEY: Final = b"tallystick"
_ROW_GROUP: Final = 1_048_576  # rows; what a reader has to hold at once
_ZSTD_LEVEL: Final = 3
_FOREIGN_ADVICE: Final = "Give the file that the peer's `tally blind` wrote."


def write_blinded(
    path: Path,
    header: BlindedHeader,
    batches: Iterable[pl.DataFrame],
    *,
    allow_labels: frozenset[str] = frozenset(),
) -> BlindedHeader:
    """Write a blinded file; it gets its name only once it is whole.

    Args:
        path: The file; one that is there is replaced.
        header: What it says of itself; `rows` is counted here.
        batches: The rows, with exactly the header's columns in that order.
        allow_labels: Labels that look like a telephone number and are none.

    Returns:
        The header with the number of rows.

    A column that may not leave, or a value that looks like a number, is refused with
    RefusedError, and no file is left behind.

    Raises:
        UnavailableError: "blinded-file" when the file cannot be written.

    Bounds: memory for one batch and one row group.
    """
    rules = check_columns(
        header.columns, domain=header.domain, round_number=header.round_number
    )
    encode_header(header)  # whatever it refuses, refuse before the work
    part = path.with_name(f"{path.name}.part")
    try:
        rows = _write(part, header, _checked(batches, rules, allow_labels), rules)
        part.replace(path)
    except (OSError, pa.ArrowException) as error:
        raise UnavailableError(
            "blinded-file", f"{path} cannot be written: {_why(error)}."
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return replace(header, rows=rows)


def read_header(path: Path, *, expected: Expected | None = None) -> BlindedHeader:
    """Read what a blinded file says of itself, and see whether it can be true.

    Args:
        path: The file.
        expected: What it must say; None to look only.

    A file made by, for or about something else is refused with VerificationError
    (`verify_header`), one whose header cannot be read with MalformedError
    (`parse_header`).

    Raises:
        MalformedError: "blinded-truncated", "blinded-foreign" or "blinded-rows".

    Bounds: reads the file's end only.
    """
    origin = str(path)
    metadata = _read_metadata(path)
    data = (metadata.metadata or {}).get(METADATA_KEY)
    if data is None:
        raise MalformedError(
            "blinded-foreign",
            f"{origin} is a Parquet file, but not a blinded one.",
            advice=_FOREIGN_ADVICE,
        )
    header = parse_header(data, origin=origin)
    if expected is not None:
        verify_header(header, expected, origin=origin)
    if metadata.num_rows != header.rows:
        raise MalformedError(
            "blinded-rows",
            f"{origin} says {header.rows} rows and holds {metadata.num_rows}.",
            advice="It was changed after it was made: ask for it again.",
        )
    _verify_columns(metadata, header, origin)
    return header


def read_rows(path: Path, header: BlindedHeader) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file whose header was read and verified.

    What the peer may not send, this side may not read: every value is looked at.
    Labels may look like numbers, since their keeper may have allowed them.

    Args:
        path: The file.
        header: From `read_header`.

    Raises:
        MalformedError: "blinded-truncated" when the bytes were damaged.
        VerificationError: "blinded-values" for a value that cannot be there.

    Bounds: one row group at a time.
    """
    rules = check_columns(
        header.columns, domain=header.domain, round_number=header.round_number
    )
    labels = [name for name, rule in rules.items() if rule.kind == "label"]
    for frame in _frames(path, list(rules)):
        names = {text for label in labels for text in frame[label].unique()}
        try:
            check_values(frame, rules, allow_labels=frozenset(names))
        except RefusedError as error:
            raise VerificationError(
                "blinded-values",
                f"{path} holds what cannot be there. {error}",
                advice="Ask the peer to blind again.",
            ) from error
        yield frame


def _frames(path: Path, columns: list[str]) -> Iterator[pl.DataFrame]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=_ROW_GROUP, columns=columns):
                yield pl.DataFrame(batch)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _checked(
    batches: Iterable[pl.DataFrame],
    rules: Mapping[str, ColumnRule],
    allow_labels: frozenset[str],
) -> Iterable[pl.DataFrame]:
    for batch in batches:
        check_values(batch, rules, allow_labels=allow_labels)
        yield batch


def _write(
    path: Path,
    header: BlindedHeader,
    batches: Iterable[pl.DataFrame],
    rules: Mapping[str, ColumnRule],
) -> int:
    schema = _schema(rules)
    tokens = [name for name, rule in rules.items() if rule.kind == "token"]
    labels = [name for name, rule in rules.items() if rule.kind == "label"]
    # Tokens are random: trying to compress them costs time and gains nothing.
    compression = {name: "NONE" if name in tokens else "ZSTD" for name in rules}
    rows = 0
    with pq.ParquetWriter(
        path,
        schema,
        compression=compression,
        compression_level={name: _ZSTD_LEVEL for name in rules if name not in tokens},
        use_dictionary=labels,
        write_statistics=[name for name in rules if name not in tokens],
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        for batch in batches:
            table = batch.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            rows += batch.height
        data = encode_header(replace(header, rows=rows))
        writer.add_key_value_metadata({METADATA_KEY: data})
    return rows


def _schema(rules: Mapping[str, ColumnRule]) -> pa.Schema:
    return pa.schema(
        [
            pa.field(name, ARROW_TYPES[rule.kind], nullable=rule.nullable)
            for name, rule in rules.items()
        ]
    )


def _read_metadata(path: Path) -> pq.FileMetaData:
    try:
        with path.open("rb") as file:
            begin = file.read(4)
            file.seek(0)
            if begin != b"PAR1":
                raise MalformedError(
                    "blinded-foreign",
                    f"{path} is not a blinded file; these are Parquet.",
                    advice=_FOREIGN_ADVICE,
                )
            return pq.read_metadata(file)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> MalformedError | UnavailableError:
    if getattr(error, "errno", None):
        return UnavailableError(
            "blinded-file", f"{path} cannot be read: {_why(error)}."
        )
    # Arrow's own complaint about the bytes has no number of the system's.
    return MalformedError(
        "blinded-truncated",
        f"{path} was cut off or damaged on the way.",
        advice="Send it again and compare its size.",
    )


def _verify_columns(
    metadata: pq.FileMetaData, header: BlindedHeader, origin: str
) -> None:
    """Raise unless the columns are those the header names and that may be there.

    What the peer may not send, this side may not read either.

    Raises:
        VerificationError: "blinded-columns" for one that may not leave a side.
        MalformedError: "blinded-columns" when header and file differ.
    """
    try:
        rules = check_columns(
            header.columns, domain=header.domain, round_number=header.round_number
        )
    except RefusedError as error:
        raise VerificationError(
            "blinded-columns",
            f"{origin} has a column that may not leave a side.",
            advice="Do not open it; delete it and tell the peer.",
        ) from error
    if metadata.schema.to_arrow_schema().remove_metadata() != _schema(rules):
        raise MalformedError(
            "blinded-columns",
            f"{origin} has other columns than its header says.",
            advice="Ask the peer to blind again.",
        )


def _why(error: Exception) -> str:
    strerror: str | None = getattr(error, "strerror", None)
    return strerror or type(error).__name__
