"""The formats of call records, each recognised by its content.

FORMATS is tried from top to bottom; the first that recognises the head of a file is
its format. A format is a name, a way to recognise it, and a mapping.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.headers import first_row, with_columns
from tallystick.domains.calls.records.kamailio import (
    acc_cdrs_mapping,
    acc_mapping,
    cdrs_mapping,
)
from tallystick.domains.calls.records.mapping import (
    PLAIN_COLUMNS,
    REQUIRED_COLUMNS,
    Mapping,
)
from tallystick.domains.calls.records.nodobo import nodobo_mapping
from tallystick.domains.calls.records.switches import (
    asterisk_mapping,
    freeswitch_mapping,
)
from tallystick.model.errors import ConfigError, MalformedError

Kind = Literal["delimited", "acc", "parquet", "capture"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: As `read_calls(format=...)` and messages have it.
        title: For a person.
        kind: Which reader reads it.
        recognise: Returns its mapping for the file with this head, or None.
        local_times: Its times state no zone, so somebody must.
    """

    name: str
    title: str
    kind: Kind
    recognise: Callable[[Head], Mapping | None]
    local_times: bool = False


@dataclass(frozen=True, slots=True)
class Detected:
    """What a file turned out to be."""

    head: Head
    format: Format
    mapping: Mapping


def plain_mapping(names: list[str], separator: str) -> Mapping:
    """Return the mapping of a plain table with these column names."""
    known = {name.strip().lower(): name for name in names}
    return Mapping(
        columns={
            column: (known[column],) for column in PLAIN_COLUMNS if column in known
        },
        separator=separator,
    )


_PLAIN: Final = with_columns(*REQUIRED_COLUMNS)


def _plain(head: Head) -> Mapping | None:
    found = _PLAIN(head)
    return plain_mapping(*found) if found else None


_PCAP_MAGICS: Final = tuple(
    bytes.fromhex(magic)
    for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a")
)


def _capture(head: Head) -> Mapping | None:
    return Mapping() if head.data.startswith(_PCAP_MAGICS) else None


def _parquet(head: Head) -> Mapping | None:
    return Mapping() if head.data.startswith(b"PAR1") else None


FORMATS: Final[tuple[Format, ...]] = (
    Format("parquet", "plain table, Parquet", "parquet", _parquet),
    Format("capture", "SIP calls in a packet capture", "capture", _capture),
    Format("plain", "plain table", "delimited", _plain),
    Format(
        "kamailio-cdrs",
        "Kamailio cdrs table",
        "delimited",
        cdrs_mapping,
        local_times=True,
    ),
    Format(
        "kamailio-acc-cdrs",
        "Kamailio acc_cdrs table",
        "delimited",
        acc_cdrs_mapping,
        local_times=True,
    ),
    Format("kamailio-acc", "Kamailio acc table", "acc", acc_mapping, local_times=True),
    Format("nodobo", "Nodobo handset log", "delimited", nodobo_mapping),
    Format(
        "asterisk",
        "Asterisk Master.csv",
        "delimited",
        asterisk_mapping,
        local_times=True,
    ),
    Format(
        "freeswitch",
        "FreeSWITCH mod_cdr_csv",
        "delimited",
        freeswitch_mapping,
        local_times=True,
    ),
)
# A calling number, a called number, a time and a duration.
FEWEST_COLUMNS: Final = 4
MAPPED: Final = Format("mapped", "by mapping file", "delimited", lambda _: Mapping())


def format_named(name: str) -> Format:
    """Return the format called `name`.

    Raises:
        ConfigError: "format-unknown".
    """
    for known in FORMATS:
        if known.name == name:
            return known
    raise ConfigError(
        "format-unknown",
        f"There is no format {name!r}.",
        advice=f"Known are: {', '.join(known.name for known in FORMATS)}.",
    )


def title_of(name: str) -> str:
    """Return the title of a format for a person."""
    return next(one.title for one in (*FORMATS, MAPPED) if one.name == name)


def detect(head: Head, *, mapping: Mapping, name: str = "") -> Detected:
    """Return the format of a file and the mapping to read it with.

    Args:
        head: Its beginning.
        mapping: What the user said; put over what the format knows.
        name: The format the user named, or empty.

    A file of none of the formats, or not of the one that was named, is a
    MalformedError.
    """
    if mapping.encoding:
        head = replace(head, encoding=mapping.encoding)
    name = name or mapping.base
    if not name and mapping.columns:
        found = _by_mapping(head)
    elif name:
        found = _by_name(head, format_named(name))
    else:
        found = _by_content(head)
    return replace(found, mapping=mapping.over(found.mapping))


def _by_mapping(head: Head) -> Detected:
    """Read a file by a mapping that stands for itself; Parquet has named columns."""
    if _parquet(head):
        return Detected(head, FORMATS[0], Mapping())
    head.refuse_foreign()
    return Detected(head, MAPPED, Mapping())


def _by_name(head: Head, wanted: Format) -> Detected:
    mapping = wanted.recognise(head)
    if mapping is None:
        raise MalformedError(
            "format-mismatch",
            f"{head.path} is not of the format {wanted.name} ({wanted.title}).",
            advice="Let the format be found from the content, or give a mapping file.",
        )
    return Detected(head, wanted, mapping)


def _by_content(head: Head) -> Detected:
    for known in FORMATS:
        if (mapping := known.recognise(head)) is not None:
            if known.kind not in {"parquet", "capture"} and _torn_header(head):
                head.refuse_foreign()
            return Detected(head, known, mapping)
    head.refuse_foreign()
    raise _unknown(head)


def _torn_header(head: Head) -> bool:
    """Tell whether NUL bytes stand within the first line, as in UTF-16."""
    first = head.data.partition(b"\n")[0] if head.encoding == "utf-8" else b""
    return b"\0" in first.strip(b"\0")


def _unknown(head: Head) -> MalformedError:
    """Say how near the file comes to a plain table."""
    if head.broken:
        return MalformedError("broken-file", f"{head.path}: {head.broken}.")
    names = [name.strip().lower() for name in first_row(head, head.best_separator())]
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if len(missing) <= len(REQUIRED_COLUMNS) - 2:
        columns = "columns" if len(missing) > 1 else "column"
        return MalformedError(
            "missing-column",
            f"{head.path} has no {columns} {', '.join(missing)} in line 1.",
            advice="Add them, or say in a mapping file where they come from.",
        )
    if len(names) < FEWEST_COLUMNS:
        return MalformedError(
            "format-unknown",
            f"{head.path} is text, but not a table: its lines have no columns.",
            advice="Call records are read from tables, Parquet and packet captures.",
        )
    return MalformedError(
        "format-unknown",
        f"{head.path} is no format of call records known here: its first line is "
        "not a header of the plain table and its rows are of no known system.",
        advice=f"tally records inspect {head.path} proposes a mapping file.",
    )
