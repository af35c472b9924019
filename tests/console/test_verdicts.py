"""Kept verdicts in the console: rows of live figures, and of what a rule did."""

import csv
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.console.desk import words
from tallystick.engines import newest
from tallystick.node.kept.verdicts import SCHEMA

from .test_today import until_said
from .world import STARTS_MS, running

MINUTE_MS = 60_000
CALLS = (
    ("a", "T1", "paired", "pass", False),
    ("b", "T1", "no_departure", "mask", False),
    ("c", "T2", "no_departure", "reject", False),
    ("d", "T2", "unproven", "log", False),
    ("d", "T2", "paired", "log", True),
)


def keep(folder, calls, at_ms, every_ms=1_000):
    """Keep verdicts, one a second, as a node does."""
    folder.mkdir(exist_ok=True)
    usual = dict.fromkeys(SCHEMA.names, "") | {"waited_ms": 3, "offset_ms": None}
    usual |= {"carrier": "Fir", "mode": "live", "covered": True, "watched": False}
    rows = [
        usual
        | {"call_id": f"call-{name}", "at_ms": at_ms + (n - corrected) * every_ms}
        | {"trunk": trunk}
        | {"outcome": outcome, "action": action, "would": action}
        | {"corrected": corrected, "rule": outcome, "reasons": f"half_{outcome}"}
        for n, (name, trunk, outcome, action, corrected) in enumerate(calls)
    ]
    table = pa.table({n: [row[n] for row in rows] for n in SCHEMA.names}, schema=SCHEMA)
    pq.write_table(table, folder / f"verdicts-{at_ms + MINUTE_MS:015d}-000000.parquet")


@pytest.fixture
def folder(tmp_path):
    """Return a folder with kept verdicts."""
    keep(tmp_path / "verdicts", CALLS, STARTS_MS - 10 * MINUTE_MS)
    return tmp_path / "verdicts"


@pytest.fixture
def kept(store, certificate, folder):
    """Return a console beside a node that kept verdicts."""
    with running(store, *certificate, party="RU", verdicts=folder) as world:
        yield world


def rows(guest, query=""):
    """Return what the table says, row by row."""
    text = guest.get(f"/verdicts?{query}").text
    assert guest.page.status_code == 200
    body = re.search(r"<tbody>.*?</tbody>", text, re.DOTALL)[0]
    return [
        re.findall(r"<t[hd][^>]*>(?:<[^>]*>)*([^<]*)", row)
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        if 'class="empty"' not in row
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "ddcba"),
        ("outcome=paired", "da"),
        ("outcome=paired&corrected=no", "a"),
        ("acted=yes", "cb"),
        ("acted=no&corrected=no", "da"),
        ("action=mask", "b"),
        ("trunk=T2&sort=outcome", "cdd"),
        ("call_id=ll-b", "b"),
        ("call_id=.*", ""),
        ("carrier=-", ""),
        ("sort=call_id&down=0", "abcdd"),
        ("at_ms_from=2026-09-21T14:03", "ddcba"),
        ("at_ms_from=2026-09-21T14:04", ""),
        ("at_ms_from=2026-09-21T14:03:21", "ddcb"),
        ("at_ms_to=2026-09-21T14:03", ""),
        ("at_ms_to=2026-09-21", "ddcba"),
        ("at_ms_to=2026-09-20", ""),
        ("at_ms_to=nonsense&outcome=nonsense", "ddcba"),
    ],
)
def test_verdicts_are_looked_through_as_every_table(kept, query, found):
    """By outcome, what was done, trunk, call and minute; newest first."""
    ids = [row[1] for row in rows(kept.visitor("vera"), query)]
    assert [one.removeprefix("call-") for one in ids] == list(found)


def test_operators_see_their_own_trunks_and_who_sees_no_numbers_sees_no_calls(kept):
    """On the page and in the file, whatever is asked."""
    operator = kept.visitor("olga", "operator")
    assert {row[2] for row in rows(operator)} == {"T1"}
    assert rows(operator, "trunk=T2") == []
    assert "T2" not in operator.get("/verdicts.csv?trunk=T2").text
    for role in ("auditor", "administrator"):
        guest = kept.visitor(role, role)
        assert "call-" not in guest.get("/verdicts").text
        assert "call-" not in guest.get("/verdicts.csv").text
        assert len(rows(guest, "call_id=call-a")) == len(CALLS)


def test_all_that_fits_leaves_as_a_file(kept):
    """With why, and the audit log has it; references of callers stay."""
    text = kept.visitor("vera").get("/verdicts.csv?acted=yes").text
    found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [one["call_id"] for one in found] == ["call-c", "call-b"]
    assert found[0]["reasons"] == "half_no_departure"
    assert found[0]["acted"] == "yes"
    assert "reference" not in found[0]
    auditor = kept.visitor("ada", "auditor")
    assert "verdicts" in auditor.get("/audit?page=verdicts").text


def test_figures_of_today_lead_to_their_rows(kept):
    """Each number to as many rows as it counts; what was set right stays beside it."""
    guest = kept.visitor("vera")
    until_said(kept, guest, words("en").say("today.midnight"))
    found = re.findall(r'<a href="/verdicts\?([^"]+)">(\d+)</a>', guest.page.text)
    asked = {query.replace("&amp;", "&"): int(n) for query, n in found}
    assert len(asked) >= 5
    for query, n in asked.items():
        set_right = "outcome=unproven" in query
        assert len(rows(guest, query)) == n + set_right, query
    assert {n for query, n in asked.items() if "acted" in query} == {2}
    assert "/verdicts?" not in kept.visitor("olga", "operator").get("/").text


def test_it_says_how_far_it_looked_and_leads_further_back(kept, folder, monkeypatch):
    """With the same question, to the second."""
    monkeypatch.setattr(newest, "LOOKED", 6)
    monkeypatch.setattr(newest, "STEP", 6)
    for minutes in (60, 120):
        keep(folder, CALLS[:1], STARTS_MS - minutes * MINUTE_MS)
    guest, t = kept.visitor("vera"), words("en")
    assert len(rows(guest, "outcome=paired")) == 3
    further = re.search(r'<a href="([^"]+)">Look further back', guest.page.text)[1]
    query = further.replace("&amp;", "&").partition("?")[2]
    assert [row[0][-5:] for row in rows(guest, query)] == ["13:13", "12:13"]
    assert t.say("verdicts.further") not in guest.page.text


def test_without_a_node_or_a_verdict_it_is_said(world, store, certificate, tmp_path):
    """Where they lie, and what shows them."""
    t = words("en")
    said = world.visitor("vera").get("/verdicts").text
    assert t.say("verdicts.nowhere") in said
    with running(store, *certificate, verdicts=tmp_path / "none") as other:
        said = other.visitor("nina").get("/verdicts").text
        assert t.say("verdicts.none") in said
