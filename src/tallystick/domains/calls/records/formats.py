"""The formats of call records, each recognised by its content.

FORMATS is tried from top to bottom; the first that recognises the head of a file is
its format. A format is a name, a way to recognise it, and a mapping.

Sources: Asterisk cdr/cdr_csv.c (order of columns); FreeSWITCH
conf/vanilla/autoload_configs/cdr_csv.conf.xml (template "example"); Kamailio
utils/kamctl/*/acc-create.sql and the acc module's example procedure for `cdrs`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from tallystick.domains.calls.records.causes import (
    DISPOSITIONS,
    HANGUP_CAUSES,
    SIP_STATUS_CAUSES,
)
from tallystick.domains.calls.records.head import SEPARATORS, Head
from tallystick.domains.calls.records.mapping import (
    ELAPSED,
    PLAIN_COLUMNS,
    REQUIRED_COLUMNS,
    Mapping,
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


def _header(head: Head, separator: str) -> list[str]:
    rows = head.rows(separator)
    return rows[0] if rows else []


def _headed(*needed: str) -> Callable[[Head], tuple[list[str], str] | None]:
    """Return a finder of headers that have all of the `needed` columns."""

    def find(head: Head) -> tuple[list[str], str] | None:
        for separator in SEPARATORS:
            names = _header(head, separator)
            if {name.strip().lower() for name in names}.issuperset(needed):
                return names, separator
        return None

    return find


_PLAIN: Final = _headed(*REQUIRED_COLUMNS)
_CDRS: Final = _headed("call_start_time", "src_username", "dst_username", "duration")
_ACC_CDRS: Final = _headed("start_time", "end_time", "duration", "src_user", "dst_user")
_ACC: Final = _headed("method", "from_tag", "to_tag", "callid", "sip_code", "time")
_NODOBO: Final = _headed("user", "other", "direction", "duration", "timestamp")

# MySQL writes NULL or \N for nothing, and zeros for a time that was never set.
_SQL_NULLS: Final = ("NULL", "\\N", "0000-00-00 00:00:00")


def _plain(head: Head) -> Mapping | None:
    found = _PLAIN(head)
    return plain_mapping(*found) if found else None


def _sql_quote(head: Head, separator: str) -> str:
    """Return the quotation mark: a tab-separated dump of MySQL quotes nothing."""
    quoted = re.search(r'(^|\t)"[^\t]*"(\t|$)', "\n".join(head.text_lines()), re.M)
    return '"' if separator != "\t" or quoted else ""


def _present(names: list[str], **columns: str) -> dict[str, tuple[str | int, ...]]:
    """Return those columns whose source is in the header."""
    known = {name.strip().lower(): name for name in names}
    return {
        column: (known[source],)
        for column, source in columns.items()
        if source in known
    }


def _kamailio_cdrs(head: Head) -> Mapping | None:
    if not (found := _CDRS(head)):
        return None
    names, separator = found
    columns = _present(
        names,
        record_id="cdr_id",
        calling_number="src_username",
        called_number="dst_username",
        started_at="call_start_time",
        duration_s="duration",
        trunk="src_ip",
    )
    # The table holds answered calls only, and the moment of their answer.
    columns["answered_at"] = columns["started_at"]
    return Mapping(
        columns=columns,
        separator=separator,
        quote=_sql_quote(head, separator),
        nulls=_SQL_NULLS,
    )


def _kamailio_acc_cdrs(head: Head) -> Mapping | None:
    if not (found := _ACC_CDRS(head)):
        return None
    names, separator = found
    return Mapping(
        columns=_present(
            names,
            record_id="id",
            calling_number="src_user",
            called_number="dst_user",
            started_at="start_time",
            released_at="end_time",
            duration_s="duration",
            trunk="src_ip",
        ),
        separator=separator,
        quote=_sql_quote(head, separator),
        nulls=_SQL_NULLS,
    )


def _kamailio_acc(head: Head) -> Mapping | None:
    if not (found := _ACC(head)):
        return None
    names, separator = found
    columns = _present(
        names,
        calling_number="src_user",
        called_number="dst_user",
        started_at="time",
        trunk="src_ip",
        release_cause="sip_code",
    )
    if "called_number" not in columns:
        columns |= _present(names, called_number="dst_ouser")
    if missing := {"calling_number", "called_number"} - columns.keys():
        raise MalformedError(
            "missing-column",
            f"{head.path} is an acc table of Kamailio without src_user and dst_user: "
            f"it holds no {' and no '.join(sorted(missing))}.",
            advice="Let the acc module store them (db_extra), or map the columns "
            "that hold them.",
        )
    return Mapping(
        columns=columns,
        separator=separator,
        quote=_sql_quote(head, separator),
        nulls=_SQL_NULLS,
        values={"release_cause": SIP_STATUS_CAUSES},
    )


def _nodobo(head: Head) -> Mapping | None:
    if not (found := _NODOBO(head)) or len(found[0]) != 5:
        return None
    return Mapping(
        columns={
            "calling_number": ("user",),
            "called_number": ("other",),
            "started_at": ("timestamp",),
            "duration_s": ("duration",),
            "direction": ("direction",),
            "trunk": ("user",),
        },
        separator=found[1],
        time_format="%a %b %d %H:%M:%S %z %Y",
        # A missed call has no duration.
        constants={"duration_s": "0"},
        values={
            "direction": {
                "outgoing": "international_out",
                "incoming": "international_in",
                "missed": "international_in",
            }
        },
        # Who logged an incoming call was called, not calling.
        swapped_direction="international_in",
    )


_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_INTEGER: Final = re.compile(r"\d+")
_HANGUP: Final = re.compile(r"[A-Z][A-Z_]+")
_UNIQUE_ID: Final = re.compile(r"(?:.*-)?\d{9,10}\.\d+")

_ASTERISK_NAMES: Final = (
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
)
_ASTERISK_MORE: Final = {
    16: (),
    17: ("uniqueid",),
    18: ("uniqueid", "userfield"),
    19: ("peeraccount", "linkedid", "sequence"),
    20: ("uniqueid", "peeraccount", "linkedid", "sequence"),
    21: ("uniqueid", "userfield", "peeraccount", "linkedid", "sequence"),
}
# SIP/trunk-00000a1b, PJSIP/trunk-00000a1b, Local/1@out-000001;2, DAHDI/i1/80291-3
_CHANNEL: Final = r"^(.+?)(?:-[0-9a-fA-F]+)?(?:;\d)?$"


def _is_asterisk_row(row: list[str]) -> bool:
    return (
        len(row) in _ASTERISK_MORE
        and _STAMP.fullmatch(row[9]) is not None
        and (row[10] == "" or _STAMP.fullmatch(row[10]) is not None)
        and _INTEGER.fullmatch(row[12]) is not None
        and _INTEGER.fullmatch(row[13]) is not None
        and (row[14] in DISPOSITIONS or _HANGUP.fullmatch(row[14]) is not None)
    )


def _asterisk(head: Head) -> Mapping | None:
    rows = [row for row in head.rows(",") if _is_asterisk_row(row)]
    if not rows or len(rows) * 2 < len(head.rows(",")):
        return None
    width = len(rows[0])
    names = _ASTERISK_NAMES + _ASTERISK_MORE[width]
    if width == 17 and not _UNIQUE_ID.fullmatch(rows[0][16]):
        names = (*_ASTERISK_NAMES, "userfield")
    columns: dict[str, tuple[str | int, ...]] = {
        "calling_number": ("src",),
        "called_number": ("dst",),
        "started_at": ("start",),
        "answered_at": ("answer",),
        "released_at": ("end",),
        "duration_s": ("billsec",),
        "release_cause": ("disposition",),
        "trunk": ("dstchannel",),
        ELAPSED: ("duration",),
    }
    if "uniqueid" in names:
        columns["record_id"] = (
            ("uniqueid", "sequence") if "sequence" in names else ("uniqueid",)
        )
    return Mapping(
        columns=columns,
        header=False,
        names=names,
        separator=",",
        values={"release_cause": HANGUP_CAUSES | DISPOSITIONS},
        patterns={"trunk": _CHANNEL},
        inbound_trunk="channel",
    )


_FREESWITCH_NAMES: Final = (
    "caller_id_name",
    "caller_id_number",
    "destination_number",
    "context",
    "start_stamp",
    "answer_stamp",
    "end_stamp",
    "duration",
    "billsec",
    "hangup_cause",
    "uuid",
    "bleg_uuid",
    "accountcode",
    "read_codec",
    "write_codec",
)


def _is_freeswitch_row(row: list[str]) -> bool:
    return (
        len(row) in {13, 15}
        and _STAMP.fullmatch(row[4]) is not None
        and (row[5] == "" or _STAMP.fullmatch(row[5]) is not None)
        and _INTEGER.fullmatch(row[7]) is not None
        and _INTEGER.fullmatch(row[8]) is not None
        and _HANGUP.fullmatch(row[9]) is not None
    )


def _freeswitch(head: Head) -> Mapping | None:
    rows = [row for row in head.rows(",") if _is_freeswitch_row(row)]
    if not rows or len(rows) * 2 < len(head.rows(",")):
        return None
    return Mapping(
        columns={
            "record_id": ("uuid",),
            "calling_number": ("caller_id_number",),
            "called_number": ("destination_number",),
            "started_at": ("start_stamp",),
            "answered_at": ("answer_stamp",),
            "released_at": ("end_stamp",),
            "duration_s": ("billsec",),
            "release_cause": ("hangup_cause",),
            ELAPSED: ("duration",),
        },
        header=False,
        names=_FREESWITCH_NAMES[: len(rows[0])],
        separator=",",
        values={"release_cause": HANGUP_CAUSES},
    )


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
        _kamailio_cdrs,
        local_times=True,
    ),
    Format(
        "kamailio-acc-cdrs",
        "Kamailio acc_cdrs table",
        "delimited",
        _kamailio_acc_cdrs,
        local_times=True,
    ),
    Format(
        "kamailio-acc", "Kamailio acc table", "acc", _kamailio_acc, local_times=True
    ),
    Format("nodobo", "Nodobo handset log", "delimited", _nodobo),
    Format("asterisk", "Asterisk Master.csv", "delimited", _asterisk, local_times=True),
    Format(
        "freeswitch",
        "FreeSWITCH mod_cdr_csv",
        "delimited",
        _freeswitch,
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

    Raises:
        MalformedError: It is none of the formats, or not the one that was named.
    """
    name = name or mapping.base
    if not name and mapping.columns:
        found = _by_mapping(head, mapping)
    elif name:
        found = _by_name(head, format_named(name))
    else:
        found = _by_content(head)
    return replace(found, mapping=mapping.over(found.mapping))


def _by_mapping(head: Head, mapping: Mapping) -> Detected:
    """Read a file by a mapping that stands for itself; Parquet has named columns."""
    if _parquet(head):
        return Detected(head, FORMATS[0], Mapping())
    if head.encoding == "utf-8" and not mapping.encoding:
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
            return Detected(head, known, mapping)
    head.refuse_foreign()
    raise _unknown(head)


def _unknown(head: Head) -> MalformedError:
    """Say how near the file comes to a plain table."""
    if head.broken:
        return MalformedError("broken-file", f"{head.path}: {head.broken}.")
    names = [name.strip().lower() for name in _header(head, head.best_separator())]
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
