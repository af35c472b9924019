"""The CSV files without header that telephone switches write.

Sources: Asterisk cdr/cdr_csv.c (order of columns, `newcdrcolumns`); FreeSWITCH
conf/vanilla/autoload_configs/cdr_csv.conf.xml (template "example").
"""

import re
from typing import Final

from tallystick.domains.calls.records.causes import DISPOSITIONS, HANGUP_CAUSES
from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.mapping import ELAPSED, Mapping

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
        and (not row[10] or _STAMP.fullmatch(row[10]) is not None)
        and _INTEGER.fullmatch(row[12]) is not None
        and _INTEGER.fullmatch(row[13]) is not None
        and (row[14] in DISPOSITIONS or _HANGUP.fullmatch(row[14]) is not None)
    )


def asterisk_mapping(head: Head) -> Mapping | None:
    """Return the mapping of a Master.csv of cdr_csv, or None."""
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
        and (not row[5] or _STAMP.fullmatch(row[5]) is not None)
        and _INTEGER.fullmatch(row[7]) is not None
        and _INTEGER.fullmatch(row[8]) is not None
        and _HANGUP.fullmatch(row[9]) is not None
    )


def freeswitch_mapping(head: Head) -> Mapping | None:
    """Return the mapping of a Master.csv of mod_cdr_csv, or None."""
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
