"""Asterisk and FreeSWITCH files."""

import pytest

from tallystick.domains.calls.records import Mapping
from tallystick.model.errors import ConfigError

from .files import read, sample, saved

ASTERISK_NIGHT = sample("asterisk-night.csv")
FREESWITCH = sample("freeswitch.csv")


def test_asterisk_needs_a_zone(tmp_path):
    """Local times without a zone are refused, with what to do."""
    with pytest.raises(ConfigError, match="--zone") as caught:
        read(saved(tmp_path, ASTERISK_NIGHT))
    assert caught.value.code == "zone-needed"
    assert "Asterisk" in str(caught.value)


def test_asterisk_on_the_night_the_clocks_go_back(tmp_path):
    """Each call lies where its real seconds put it, before, across and after."""
    found = read(saved(tmp_path, ASTERISK_NIGHT), zone="Europe/Warsaw")
    assert found.batches[0].format == "asterisk"
    assert found.times("started_at") == [
        "2025-10-25 23:40:00",
        "2025-10-26 00:50:00",
        "2025-10-26 00:55:00",
        "2025-10-26 01:20:00",
        "2025-10-26 00:05:00",
    ]
    assert found.times("released_at") == [
        "2025-10-26 00:05:09",
        "2025-10-26 00:50:30",
        "2025-10-26 01:10:05",
        "2025-10-26 01:20:10",
        "2025-10-26 01:40:10",
    ]
    assert found.times("answered_at")[1] is None
    held = found.records["released_at_ms"] - found.records["answered_at_ms"]
    answered = found.records["duration_ms"] > 0
    assert held.filter(answered).equals(found.records["duration_ms"].filter(answered))


def test_asterisk_columns(tmp_path):
    """Numbers, trunk, cause, id, and the columns that are carried."""
    found = read(saved(tmp_path, ASTERISK_NIGHT), zone="Europe/Warsaw")
    assert found.column("calling_number")[2] == "anonymous"
    assert found.column("called_number")[0] == "375290000001"
    assert found.column("trunk") == [
        *("PJSIP/out-b", "PJSIP/out-b", "PJSIP/out-c", "", "PJSIP/out-c")
    ]
    assert found.column("release_cause") == [16, 19, 16, 17, 16]
    assert found.column("record_id")[0] == "1761435600.1"
    assert found.column("clid")[0] == '"Alice" <+48220000001>'
    assert not found.notes.height


def test_asterisk_arrivals_come_in_on_the_first_channel(tmp_path):
    """For arrivals the trunk is the channel of the caller."""
    found = read(saved(tmp_path, ASTERISK_NIGHT), zone="Europe/Warsaw", side="arrivals")
    assert set(found.column("trunk")) == {"PJSIP/minsk"}


@pytest.mark.parametrize(
    ("tail", "record_id"),
    [
        ("", "L1"),
        (',"1761435600.1"', "1761435600.1"),
        (',"edge1-1761435600.1"', "edge1-1761435600.1"),
        (',"my field"', "L1"),
        (',"","1761435600.1",4', "L1"),
        (',"1761435600.1","","1761435600.1",4', "1761435600.1-4"),
        (',"1761435600.1","field","","1761435600.1",4', "1761435600.1-4"),
    ],
)
def test_asterisk_widths(tail, record_id, tmp_path):
    """Every set of optional columns that cdr_csv can write."""
    rows = [line.rpartition(',"1761')[0] + tail for line in ASTERISK_NIGHT.splitlines()]
    found = read(saved(tmp_path, "\n".join(rows) + "\n"), zone="Europe/Warsaw")
    assert found.column("record_id")[0] == record_id
    assert found.records.height == 5


def test_freeswitch(tmp_path):
    """The default template, with causes by name."""
    found = read(saved(tmp_path, FREESWITCH), zone="Europe/Minsk")
    assert found.batches[0].format == "freeswitch"
    assert found.times("started_at")[0] == "2026-03-01 06:00:00"
    assert found.times("answered_at") == ["2026-03-01 06:00:08", None, None, None]
    assert found.column("duration_ms") == [60_000, 0, 0, 0]
    assert found.column("release_cause") == [16, 19, 16, None]
    assert found.column("accountcode") == ["trunk-a", "trunk-a", "trunk-b", "trunk-b"]
    assert found.column("caller_id_name")[2] == 'Carol, "C"'
    assert found.notes["line"].to_list() == [4]


def test_changing_a_built_in_format(tmp_path):
    """A mapping with a base changes only what it states."""
    mapping = Mapping(
        base="freeswitch",
        zone="UTC",
        columns={"trunk": ("accountcode",)},
        constants={"direction": "international_out"},
        values={"release_cause": {"LOSE_RACE": "26"}},
    )
    found = read(saved(tmp_path, FREESWITCH), mapping=mapping)
    assert found.column("trunk") == ["trunk-a", "trunk-a", "trunk-b", "trunk-b"]
    assert found.column("direction") == ["international_out"] * 4
    assert found.column("release_cause") == [16, 19, 16, 26]
    assert found.times("started_at")[0] == "2026-03-01 09:00:00"


def test_options_apply_to_whatever_the_format_is(tmp_path):
    """A mapping without columns adds to the format found from the content."""
    mapping = Mapping(zone="UTC", constants={"carrier": "transit-one"})
    found = read(saved(tmp_path, FREESWITCH), mapping=mapping)
    assert found.column("carrier") == ["transit-one"] * 4
