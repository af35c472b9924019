"""What is counted from kept verdicts, against a count by hand of the same rows."""

from collections import Counter
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.engines.kept import HarmJob, count_harm
from tallystick.harm import NOTICED, OUTCOMES, Period, Redress, Replay
from tallystick.model import MalformedError, UnavailableError
from tallystick.node.kept.merging import merge_some
from tallystick.node.kept.verdicts import SCHEMA

MINUTE = 60_000
FROM_MS = 1_790_812_800_000
PERIOD = Period(from_ms=FROM_MS, until_ms=FROM_MS + 60 * MINUTE)

WORDS = ("outcome", "action", "rule", "mode", "would", "acting")

first_words = st.builds(
    lambda number, minute, what, waited, covered, watched, carrier: {
        "call_id": f"c{number}",
        "at_ms": FROM_MS + minute * MINUTE + number,
        "carrier": carrier,
        "waited_ms": waited,
        "covered": covered,
        "watched": watched and what[1] == "pass",
        **dict(zip(WORDS, what, strict=True)),
    },
    number=st.integers(0, 10**6),
    minute=st.integers(-3, 62),
    what=st.sampled_from(
        [
            ("paired", "pass", "paired", "live", "pass", "paired"),
            ("unproven", "pass", "unproven", "live", "pass", "unproven"),
            ("no_departure", "mask", "missing", "live", "mask", "missing"),
            ("no_departure", "pass", "missing", "dry-run", "mask", "unproven"),
            ("altered", "label", "suspect", "dry-run", "reject", "altered"),
            ("repeated", "log", "repeated", "live", "log", "repeated"),
        ]
    ),
    waited=st.integers(0, 9),
    covered=st.booleans(),
    watched=st.booleans(),
    carrier=st.sampled_from(["Alder", "Birch", ""]),
)
evidence = st.sampled_from(
    ["", "paired", "late", "no_departure", "stretched", "loop", "unproven", "upheld"]
)
worlds = st.lists(
    st.tuples(first_words, evidence),
    max_size=40,
    unique_by=lambda two: two[0]["call_id"],
)


def write(folder: Path, rows, *, number=0):
    """Write rows as a node does."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = {
        "trunk": "",
        "reasons": "",
        "why": "",
        "offset_ms": None,
        "corrected": False,
        "reference": "",
    }
    table = pa.table(
        {n: [(usual | row)[n] for row in rows] for n in SCHEMA.names}, schema=SCHEMA
    )
    path = folder / f"verdicts-{FROM_MS:015d}-{number:06d}.parquet"
    pq.write_table(table, path)
    return path


def result_of(folder: Path, pairs, findings) -> Path:
    """Write what a pairing in batch would have."""
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"arrival_id": pairs}, schema={"arrival_id": pl.String}).write_parquet(
        folder / "pairs.parquet"
    )
    pl.DataFrame(
        findings,
        schema={"arrival_id": pl.String, "kind": pl.String, "arrival_side": pl.String},
        orient="row",
    ).write_parquet(folder / "findings.parquet")
    (folder / "summary.json").write_text("{}", encoding="utf-8")
    return folder


def count(folder: Path, *, paired=(), redress=None):
    """Count what is in a folder."""
    job = HarmJob(
        party="RU",
        peer="BY",
        period=PERIOD,
        verdicts=(folder,),
        paired=tuple(paired),
        redress=redress,
        memory_mb=256,
    )
    return count_harm(job)


SAID = {
    "": "unproven",
    "unproven": "unproven",
    "paired": "honest",
    "late": "honest",
    "stretched": "honest",
    "upheld": "honest",
    "no_departure": "confirmed",
    "loop": "confirmed",
}


@settings(max_examples=25, deadline=None)
@given(worlds, st.randoms(use_true_random=False))
def test_it_is_what_a_count_by_hand_gives(tmp_path_factory, world, luck):
    """Outcomes, rules, later evidence, waits and coverage, in any spread over files."""
    folder = tmp_path_factory.mktemp("kept")
    rows = [row for row, _ in world]
    late = [
        row | {"outcome": "paired", "action": "pass", "corrected": True}
        for row, what in world
        if what == "late"
    ]
    cut = luck.randrange(len(rows) + 1)
    write(folder / "one", rows[:cut])
    write(folder / "two", rows[cut:])
    write(folder / "two", late, number=1)
    result = result_of(
        folder / "result",
        [r["call_id"] for r, what in world if what in {"paired", "stretched", "loop"}],
        [
            (r["call_id"], what, "arrivals")
            for r, what in world
            if what in {"no_departure", "stretched", "loop", "unproven"}
        ],
    )
    redress = folder / "redress.csv"
    upheld = [row["call_id"] for row, what in world if what == "upheld"]
    lines = [f"R{n},{call_id},upheld" for n, call_id in enumerate(upheld)]
    redress.write_text("\n".join(["reference,call_id,outcome", *lines]), "utf-8")

    found = count(folder, paired=[result], redress=redress)

    here = [
        (row, what)
        for row, what in world
        if PERIOD.from_ms <= row["at_ms"] < PERIOD.until_ms
    ]
    last = Counter("paired" if w == "late" else row["outcome"] for row, w in here)
    assert {name: found.outcomes.get(name, 0) for name in OUTCOMES} == {
        name: last[name] for name in OUTCOMES
    }
    assert found.verified == len(here)
    rules = Counter()
    for row, what in here:
        if row["action"] in NOTICED:
            rules[row["acting"], "live", row["action"], SAID[what]] += 1
        if row["mode"] == "dry-run" and row["would"] in NOTICED:
            rules[row["rule"], "dry-run", row["would"], SAID[what]] += 1
    counted = Counter()
    for one in found.rules:
        for name in ("honest", "confirmed", "unproven"):
            counted[one.rule, one.mode, one.action, name] += getattr(one.replay, name)
    assert counted == rules
    assert found.waited_ms == Counter(row["waited_ms"] for row, _ in here)
    known = {id(row) for row, _ in here if row["covered"] or row["outcome"] == "paired"}
    assert found.covered == len(known)
    minutes = {row["at_ms"] // MINUTE for row, _ in here}
    open_ = {row["at_ms"] // MINUTE for row, _ in here if id(row) not in known}
    assert (found.minutes_seen, found.minutes_covered) == (
        len(minutes),
        len(minutes - open_),
    )
    acted = {row["call_id"] for row, _ in here if row["action"] in NOTICED}
    assert found.redress == Redress(
        upheld=len(upheld), unmatched=len(set(upheld) - acted)
    )
    assert found.lost == 0


def row(number, outcome="no_departure", action="mask", **more):
    """Return one verdict."""
    mode = "live"
    return {
        "call_id": f"c{number}",
        "at_ms": FROM_MS + number,
        "carrier": "Alder",
        "outcome": outcome,
        "action": action,
        "rule": "missing",
        "mode": mode,
        "would": action,
        "acting": "missing",
        "covered": True,
        "waited_ms": 1,
        "watched": False,
    } | more


def test_merged_files_count_once(tmp_path):
    """A merged file and those it holds, cut short before they were removed."""
    for number in range(3):
        write(tmp_path, [row(number)], number=number)
    kept = {path: path.read_bytes() for path in tmp_path.glob("*.parquet")}
    assert merge_some(tmp_path, "verdicts", now_ms=FROM_MS + 10**8, done=set())
    for path, content in kept.items():
        if not path.exists():
            path.write_bytes(content)
    assert len(list(tmp_path.glob("*.parquet"))) == 3
    assert count(tmp_path).verified == 3


def test_verdicts_of_older_nodes_are_counted(tmp_path):
    """Files without the acting rule lie beside newer ones; a live rule acted itself."""
    old = write(tmp_path, [row(1), row(2, rule="x", mode="dry-run", would="reject")])
    pq.write_table(pq.read_table(old).drop_columns(["acting", "watched"]), old)
    write(tmp_path, [row(3)], number=1)
    found = count(tmp_path)
    rules = {(one.rule, one.mode, one.action): one.replay.total for one in found.rules}
    assert rules == {
        ("missing", "live", "mask"): 2,
        ("unknown", "live", "mask"): 1,
        ("x", "dry-run", "reject"): 1,
    }


def test_one_result_that_has_the_other_half_is_enough(tmp_path):
    """Two pairings that contradict each other speak for the caller."""
    write(tmp_path / "v", [row(1), row(2)])
    names = result_of(tmp_path / "a", [], [("c1", "no_departure", "arrivals")])
    pairs = result_of(tmp_path / "b", ["c1"], [])
    at_home = result_of(tmp_path / "c", [], [("c2", "no_departure", "domestic")])
    found = count(tmp_path / "v", paired=[names, pairs, at_home])
    assert found.acted == Replay(honest=1, unproven=1)
    assert found.replayed


def test_a_correction_whose_first_word_is_lost_is_told(tmp_path):
    """What was done to that call is not known, so nothing is proven."""
    write(tmp_path, [row(1), row(2, outcome="paired", action="pass", corrected=True)])
    found = count(tmp_path)
    assert (found.lost, found.verified, found.acted.total) == (1, 2, 1)


def test_what_moved_is_counted_from_when_the_rule_went_live(tmp_path):
    """Before, the rule was on trial; only what it held for counts, by carrier."""
    trial = {"mode": "dry-run", "action": "pass", "would": "mask"}
    rows = [row(n, **trial) for n in range(6)]
    rows += [row(n, carrier="Birch") for n in range(10, 14)]
    rows += [row(n, outcome="paired", action="pass", rule="paired") for n in (5, 20)]
    write(tmp_path, [one | {"call_id": f"m{n}"} for n, one in enumerate(rows)])
    (moved,) = count(tmp_path).moved
    assert (moved.rule, moved.since_ms) == ("missing", FROM_MS + 10)
    assert (moved.before, moved.after) == (
        {"Alder": 6, "Birch": 0},
        {"Alder": 0, "Birch": 4},
    )
    assert (moved.all_before, moved.all_after) == (7, 5)


def test_names_in_the_data_are_no_statements(tmp_path):
    """A rule, carrier or path with a quote in it is counted like any other."""
    odd = "a'); DROP TABLE kept; --"
    rows = [row(1, rule=odd, acting=odd, carrier=odd, mode="live")]
    rows += [row(0, rule=odd, carrier=odd, mode="dry-run", action="pass", would="mask")]
    folder = tmp_path / "it's here"
    write(folder, rows)
    found = count(folder, paired=[result_of(tmp_path / "o'clock", ["c1"], [])])
    assert {one.rule for one in found.rules} == {odd}
    assert found.acted == Replay(honest=1)
    assert found.moved[0].before == {odd: 1}


def test_nothing_kept_is_said(tmp_path):
    """An empty folder is no report of noughts."""
    with pytest.raises(UnavailableError) as told:
        count(tmp_path)
    assert told.value.code == "harm-verdicts"


def test_a_damaged_file_is_no_gap(tmp_path):
    """What cannot be counted must not be left out silently."""
    write(tmp_path, [row(1)])
    (tmp_path / f"verdicts-{FROM_MS:015d}-000009.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(MalformedError) as told:
        count(tmp_path)
    assert told.value.code == "harm-verdicts-damaged"


def test_a_folder_that_is_no_result_is_refused(tmp_path):
    """Without a summary it may be half a result."""
    write(tmp_path, [row(1)])
    with pytest.raises(UnavailableError) as told:
        count(tmp_path, paired=[tmp_path])
    assert told.value.code == "result-missing"


@pytest.mark.parametrize(
    "text",
    [
        "reference,call_id\nR1,c1\n",
        "reference,call_id,outcome\nR1,c1,maybe\n",
        "reference,call_id,outcome\nR1,c1,upheld\nR1,c2,open\n",
        "reference,call_id,outcome\n,c1,upheld\n",
        "reference,call_id,outcome\nR1,c1,upheld,more\n",
        "reference,call_id,outcome\nR1\n",
        "reference,call_id,outcome\nR1,\xff,upheld\n",
    ],
)
def test_a_list_of_objections_that_is_wrong_is_refused(tmp_path, text):
    """The line is named, and none of its values."""
    write(tmp_path / "v", [row(1)])
    path = tmp_path / "redress.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MalformedError) as told:
        count(tmp_path / "v", redress=path)
    assert told.value.code == "harm-redress"
    assert "c1" not in str(told.value)


def test_order_of_rows_does_not_matter(tmp_path):
    """Rows shuffled over files give the same figures."""
    rows = [row(n, carrier=f"k{n % 3}") for n in range(200)]
    write(tmp_path / "a", rows)
    rows.sort(key=lambda one: one["call_id"][::-1])
    write(tmp_path / "b", rows[:77])
    write(tmp_path / "b", rows[77:], number=1)
    assert count(tmp_path / "a") == count(tmp_path / "b")
