"""Mapping files proposed for tables of unknown formats."""

import tomllib

import pytest

from tallystick.domains.calls.records import Mapping
from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.propose import propose_mapping

from .files import read, saved

RUSSIAN = """\
Номер записи;Вызывающий;Вызываемый;Дата;Время;Длительность;Направление;Транк
1;375290000001;79160000011;26.10.2025;12:00:01;00:01:30;Исходящий;Пучок-1
2;375290000002;79160000012;26.10.2025;12:00:02;00:00:00;Входящий;Пучок-1
3;375290000003;79160000013;27.10.2025;12:00:03;01:00:00;Прочее;Пучок-2
"""
ENGLISH = """\
Call-ID|Caller|Callee|Start Time|Bill Sec|Route
x1|+375290000001|+79160000011|2026-03-01T09:00:00+03:00|30.5|R1
x2|+375290000002|+79160000012|2026-03-01T09:00:01+03:00|0|R2
"""
HEADERLESS = """\
375290000001,79160000011,1772345602,30
375290000002,79160000012,1772345603,0
375290000003,79160000013,1772345604,30
"""
AMERICAN = """\
From,To,DateTime,Duration(seconds)
2155550001,2155550011,6/1/06 0:12,12
2155550002,2155550012,6/13/06 23:59,13
"""

# Text, encoding, expected columns, time format, whether the zone is asked for.
TABLES = {
    "russian": (
        RUSSIAN,
        "cp1251",
        {
            "record_id": ("Номер записи",),
            "calling_number": ("Вызывающий",),
            "called_number": ("Вызываемый",),
            "started_at": ("Дата", "Время"),
            "duration_s": ("Длительность",),
            "direction": ("Направление",),
            "trunk": ("Транк",),
        },
        "%d.%m.%Y %H:%M:%S",
        True,
    ),
    "english": (
        ENGLISH,
        "utf-8",
        {
            "record_id": ("Call-ID",),
            "calling_number": ("Caller",),
            "called_number": ("Callee",),
            "started_at": ("Start Time",),
            "duration_s": ("Bill Sec",),
            "trunk": ("Route",),
        },
        "iso",
        False,
    ),
    "headerless": (
        HEADERLESS,
        "utf-8",
        {
            "calling_number": (1,),
            "called_number": (2,),
            "started_at": (3,),
            "duration_s": (4,),
        },
        "epoch_s",
        False,
    ),
    "american": (
        AMERICAN,
        "utf-8",
        {
            "calling_number": ("From",),
            "called_number": ("To",),
            "started_at": ("DateTime",),
            "duration_s": ("Duration(seconds)",),
        },
        "%m/%d/%y %H:%M",
        True,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_proposal_reads_its_file(name, tmp_path):
    """The proposal is a mapping file, and with a zone it reads every row."""
    text, encoding, columns, time_format, zone_needed = TABLES[name]
    path = saved(tmp_path, text.encode(encoding))
    proposal = propose_mapping(Head.of(path))
    mapping = Mapping.from_table(tomllib.loads(proposal))
    assert mapping.columns == columns
    assert mapping.time_format == time_format
    assert ("# zone" in proposal) == zone_needed
    if zone_needed:
        proposal = proposal.replace("# zone", "zone")
    found = read(path, mapping=Mapping.from_table(tomllib.loads(proposal)))
    assert found.records.height == len(text.splitlines()) - mapping.header
    assert not found.reasons
    assert found.column("duration_ms")[0] in {90_000, 30_500, 30_000, 12_000}


def test_meanings_of_directions(tmp_path):
    """Directions are guessed by their beginning; others are left to the reader."""
    proposal = propose_mapping(Head.of(saved(tmp_path, RUSSIAN)))
    assert '"Исходящий" = "international_out"' in proposal
    assert '"Входящий" = "international_in"' in proposal
    assert '# "Прочее" = "?"' in proposal


def test_gaps_are_named(tmp_path):
    """A needed column that cannot be found is a line to fill in."""
    text = "caller,callee,start,word\n1234567,1234568,2026-03-01T09:00:00Z,x\n"
    proposal = propose_mapping(Head.of(saved(tmp_path, text + text.splitlines()[1])))
    assert '# duration_s = "?"' in proposal


@pytest.mark.parametrize(
    "text", ["a,b,c,d\n1,2,3,4\n", "just words\n", "x;y\n" * 3, "\n\n", '"a,b\n1,2']
)
def test_nothing_to_propose(text, tmp_path):
    """Where not even numbers and a time are found, nothing is proposed."""
    assert not propose_mapping(Head.of(saved(tmp_path, text)))
