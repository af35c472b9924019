"""Dumps of Kamailio's tables."""

import pytest

from tallystick.domains.calls.records import acc
from tallystick.model.errors import MalformedError

from .files import read, sample, saved

KAMAILIO_ACC_CDRS = sample("kamailio-acc-cdrs.csv")
KAMAILIO_CDRS = sample("kamailio-cdrs.csv")
KAMAILIO_ACC = sample("kamailio-acc.tsv")


def by_id(found):
    return {row["record_id"]: row for row in found.records.iter_rows(named=True)}


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_acc_rows_of_one_call_are_one_record(separator, tmp_path):
    """INVITE and BYE are joined; a second route of the same call is no new call."""
    path = saved(tmp_path, KAMAILIO_ACC.replace("\t", separator))
    found = read(path, zone="Europe/Minsk")
    assert found.batches[0].format == "kamailio-acc"
    calls = by_id(found)
    assert set(calls) == {"call-1", "call-2", "call-3", "call-4"}
    assert {key: call["duration_ms"] for key, call in calls.items()} == {
        "call-1": 60_000,
        "call-2": 30_000,
        "call-3": 0,
        "call-4": None,
    }
    assert {key: call["release_cause"] for key, call in calls.items()} == {
        "call-1": 16,
        "call-2": 16,
        "call-3": 17,
        "call-4": None,
    }
    second = calls["call-2"]
    assert second["answered_at_ms"] - second["started_at_ms"] == 3000
    assert not calls["call-4"]["calling_number"]
    assert second["trunk"] == "192.0.2.1"
    assert second["line"] == 3


def test_acc_rows_that_are_no_call(tmp_path):
    """A BYE without start and a time that cannot be read are named."""
    found = read(saved(tmp_path, KAMAILIO_ACC), zone="UTC")
    assert [(line, column) for line, column, _ in found.reasons] == [
        (12, "time"),
        (10, "method"),
    ]


def test_acc_calls_leave_as_they_settle(tmp_path, monkeypatch):
    """Long tables are handed out in parts, with the same calls in the end."""
    monkeypatch.setattr(
        "tallystick.domains.calls.records.delimited.MIN_BLOCK_BYTES", 400
    )
    path = saved(tmp_path, KAMAILIO_ACC)
    parts = read(path, zone="UTC", batch_rows=1)
    whole = by_id(read(path, zone="UTC"))
    assert len(parts.batches) > 3
    assert by_id(parts) == whole


def test_acc_never_holds_more_than_its_bound(tmp_path, monkeypatch):
    """Beyond the bound, calls are handed out as they stand."""
    monkeypatch.setattr(acc, "MAX_HELD_ROWS", 2)
    found = read(saved(tmp_path, KAMAILIO_ACC), zone="UTC")
    assert set(by_id(found)) == {"call-1", "call-2", "call-3", "call-4"}


def test_acc_without_numbers(tmp_path):
    """The table as it is created holds no numbers: said at once."""
    rows = [line.split("\t")[:8] for line in KAMAILIO_ACC.splitlines()]
    path = saved(tmp_path, "\n".join("\t".join(row) for row in rows) + "\n")
    with pytest.raises(MalformedError, match="src_user") as caught:
        read(path, zone="UTC")
    assert caught.value.code == "missing-column"


def test_cdrs(tmp_path):
    """The table of joined calls: its start is the moment of the answer."""
    found = read(saved(tmp_path, KAMAILIO_CDRS), zone="Europe/Minsk")
    assert found.batches[0].format == "kamailio-cdrs"
    assert found.column("record_id") == ["1"]
    assert found.times("started_at") == ["2026-03-01 06:00:10"]
    assert found.times("answered_at") == ["2026-03-01 06:00:10"]
    assert found.column("duration_ms") == [60_000]
    assert found.column("sip_call_id") == ["call-1"]
    ((line, column, _),) = found.reasons
    assert (line, column) == (3, "call_start_time")


def test_acc_cdrs(tmp_path):
    """The table that the dialog module fills."""
    found = read(saved(tmp_path, KAMAILIO_ACC_CDRS), zone="UTC")
    assert found.batches[0].format == "kamailio-acc-cdrs"
    assert found.column("duration_ms") == [60_123]
    assert found.times("released_at") == ["2026-03-01 09:01:10"]
