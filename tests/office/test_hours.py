"""Hours that have ended are counted and logged once, as a count by hand says."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from stores import new_store
from tallystick.engines.hours import HOUR_MS, HourCounts, count_hour
from tallystick.model import UnavailableError
from tallystick.node.kept.counts import _SCHEMA as COUNTED
from tallystick.node.kept.merging import merge_some, write_whole
from tallystick.node.kept.verdicts import SCHEMA
from tallystick.office.hours import SETTLE_MS, Hours, contents
from tallystick.proof.commitment import CONTENT_LIMIT
from tallystick.store.log import open_log

from .keeping import BY, Keeping

FROM_MS = 1_790_812_800_000
"""A full hour."""
ROUTES = (("Alder", "T1"), ("Alder", "T2"), ("Birch", "T3"))
SAID = (("paired", "pass"), ("no_departure", "mask"), ("unproven", "pass"))


def write(folder: Path, rows, moment_ms: int) -> None:
    """Write rows as a node does."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    path = folder / f"verdicts-{moment_ms:015d}-000000.parquet"
    write_whole(path, SCHEMA, [table])


def row(number: int, at_ms: int, *, corrected: bool = False):
    carrier, trunk = ROUTES[number % 3]
    outcome, action = SAID[number // 3 % 3]
    return {
        "call_id": f"c{number}",
        "at_ms": at_ms,
        "carrier": carrier,
        "trunk": trunk,
        "outcome": "paired" if corrected else outcome,
        "action": action,
        "corrected": corrected,
    }


@pytest.fixture
def world(tmp_path):
    """Return a log, and a node's folder with two hours and a call of the third."""
    verdicts = tmp_path / "verdicts"
    minutes = [FROM_MS - 60_000 + minute * 60_000 for minute in range(125)]
    for number, at_ms in enumerate(minutes):
        rows = [row(number, at_ms), row(number + 4, at_ms + 1)]
        late = [row(number, at_ms, corrected=True)] if number == 70 else []
        write(verdicts, rows + late, at_ms + 10_000)
        told = [{"at_ms": at_ms, "told": 2, "heard": 3}]
        path = verdicts / f"counts-{at_ms + 10_000:015d}-000000.parquet"
        write_whole(path, COUNTED, [pa.Table.from_pylist(told, schema=COUNTED)])
    store = new_store(tmp_path / "store.db")
    yield Keeping(tmp_path, store), verdicts
    store.close()


def hours(kept, verdicts, now_ms):
    keeper = kept.keeper()
    return Hours(
        folder=kept.folder, verdicts=verdicts, book=keeper.book, now_ms=lambda: now_ms
    )


def logged(kept):
    kept.keeper().turn()
    with open_log(kept.folder, BY) as log:
        every = list(log.openings(0, log.size))
    assert {one.kind for one in every} <= {"counts"}
    return [msgspec.json.decode(one.content) for one in every]


def test_hours_are_counted_once_they_have_ended(world):
    """Not before; not again after a start, nor when files were merged meanwhile."""
    kept, verdicts = world
    last = FROM_MS + 2 * HOUR_MS
    assert hours(kept, verdicts, last + SETTLE_MS - 1).look() == 2
    assert [one["from"] for one in logged(kept)] == [
        "2026-09-30T23:00:00.000Z",
        "2026-10-01T00:00:00.000Z",
    ]
    while merge_some(verdicts, "verdicts", now_ms=last + 2 * HOUR_MS, done=set()):
        pass
    # Laid in twice, where an office ends before it is logged: logged once.
    assert hours(kept, verdicts, last + SETTLE_MS).look() == 1
    assert hours(kept, verdicts, last + SETTLE_MS).look() == 1
    found = logged(kept)
    assert hours(kept, verdicts, last + SETTLE_MS).look() == 0
    assert len(found) == len({one["name"] for one in found}) == 3


def test_counts_are_those_by_hand(world):
    """Of each route by outcome and action; corrections apart."""
    kept, verdicts = world
    hours(kept, verdicts, FROM_MS + 2 * HOUR_MS + SETTLE_MS).look()
    for found in logged(kept):
        from_ms = _ms(found["from"])
        wanted = Counter()
        for number in range(125):
            at_ms = FROM_MS - 60_000 + number * 60_000
            for one in (row(number, at_ms), row(number + 4, at_ms + 1)):
                if from_ms <= one["at_ms"] < from_ms + HOUR_MS:
                    names = ("carrier", "trunk", "outcome", "action")
                    wanted[tuple(one[name] for name in names)] += 1
        assert Counter({tuple(one[:4]): one[4] for one in found["routes"]}) == wanted
        is_late = found["from"] == "2026-10-01T01:00:00.000Z"
        assert len(found["corrected"]) == is_late
        minutes = wanted.total() // 2
        assert (found["told"], found["heard"]) == (2 * minutes, 3 * minutes)
        assert found["parts"] == 1
        assert (
            from_ms <= _ms(found["first"]) <= _ms(found["last"]) < _ms(found["until"])
        )


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def test_an_hour_of_many_routes_has_several_parts():
    """Each can be logged, and together they hold every row."""
    rows = tuple(("C" * 64, f"T{n}", "paired", "pass", n) for n in range(4_001))
    counts = HourCounts(
        first_ms=FROM_MS,
        last_ms=FROM_MS,
        routes=rows,
        corrected=rows[:1],
        told=None,
        heard=None,
    )
    parts = [msgspec.json.decode(one) for one in contents(counts, FROM_MS)]
    assert [one["name"][-2:] for one in parts] == [":1", ":2", ":3"]
    assert [tuple(row) for one in parts for row in one["routes"]] == list(rows)
    assert sum(len(one["corrected"]) for one in parts) == 1
    assert max(map(len, contents(counts, FROM_MS))) < CONTENT_LIMIT


def test_nothing_is_logged_of_an_hour_without_calls(tmp_path):
    """And what disappears while it is counted is counted later."""
    assert count_hour(tmp_path, FROM_MS) is None
    write(tmp_path, [row(1, FROM_MS)], FROM_MS)
    assert count_hour(tmp_path, FROM_MS + HOUR_MS) is None
    assert count_hour(tmp_path, FROM_MS).routes == (
        ("Alder", "T2", "paired", "pass", 1),
    )
    broken = tmp_path / f"counts-{FROM_MS:015d}-000000.parquet"
    # A whole file whose rows are not what they should be: as if changed meanwhile.
    other = pa.schema([("at_ms", pa.string())])
    write_whole(broken, other, [pa.Table.from_pylist([{"at_ms": "x"}], schema=other)])
    with pytest.raises(UnavailableError, match="counted again"):
        count_hour(tmp_path, FROM_MS)
