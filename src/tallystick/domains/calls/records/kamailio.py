"""Dumps of Kamailio's accounting tables, as CSV or tab-separated text with header.

Sources: utils/kamctl/*/acc-create.sql; the example procedure that fills `cdrs`.
"""

from typing import Final

from tallystick.domains.calls.records.causes import SIP_STATUS_CAUSES
from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.headers import quote_of, sources, with_columns
from tallystick.domains.calls.records.mapping import Mapping
from tallystick.model.errors import MalformedError

_CDRS: Final = with_columns(
    "call_start_time", "src_username", "dst_username", "duration"
)
_ACC_CDRS: Final = with_columns(
    "start_time", "end_time", "duration", "src_user", "dst_user"
)
_ACC: Final = with_columns("method", "from_tag", "to_tag", "callid", "sip_code", "time")

# MySQL writes NULL or \N for nothing, and zeros for a time that was never set.
SQL_NULLS: Final = ("NULL", "\\N", "0000-00-00 00:00:00")


def cdrs_mapping(head: Head) -> Mapping | None:
    """Return the mapping of a dump of `cdrs`, or None."""
    if not (found := _CDRS(head)):
        return None
    names, separator = found
    columns = sources(
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
        quote=quote_of(head, separator),
        nulls=SQL_NULLS,
    )


def acc_cdrs_mapping(head: Head) -> Mapping | None:
    """Return the mapping of a dump of `acc_cdrs`, or None."""
    if not (found := _ACC_CDRS(head)):
        return None
    names, separator = found
    return Mapping(
        columns=sources(
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
        quote=quote_of(head, separator),
        nulls=SQL_NULLS,
    )


def acc_mapping(head: Head) -> Mapping | None:
    """Return the mapping of the INVITE rows of a dump of `acc`, or None.

    Raises:
        MalformedError: The table was set up without the numbers.
    """
    if not (found := _ACC(head)):
        return None
    names, separator = found
    columns = sources(
        names,
        calling_number="src_user",
        called_number="dst_user",
        started_at="time",
        trunk="src_ip",
        release_cause="sip_code",
    )
    if "called_number" not in columns:
        columns |= sources(names, called_number="dst_ouser")
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
        quote=quote_of(head, separator),
        nulls=SQL_NULLS,
        values={"release_cause": SIP_STATUS_CAUSES},
    )
