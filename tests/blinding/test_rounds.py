"""What two parties learn from blinded files is what clear records say, row for row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tallystick.blinding import read_header
from tallystick.domains.calls.schema import KINDS
from tallystick.engines.batch import PairJob, pair_calls
from tallystick.engines.blinded import handle
from tallystick.engines.home import Home, Keys, count_halves, read_own
from tallystick.engines.rounds import blind_first, pair_blinded
from tallystick.engines.workspace import Workspace

from .desks import FILES, Desks, numbering, simulated
from .spellings import Secrets, leaks, secrets_of

CALLS = 100_000
OTHER = {"departure": "arrival", "arrival": "departure"}
Result = dict[str, Any]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    """Return two parties that have exchanged all four files."""
    desks = simulated(tmp_path_factory.mktemp("rounds"), calls=CALLS)
    desks.exchange()
    return desks


@pytest.fixture(scope="module")
def clear(desks: Desks) -> Result:
    """Return what somebody learns who holds both sides' records."""
    out = desks.post.parent / "clear"
    job = PairJob(
        departures=(desks.day / "departures.csv",),
        arrivals=(desks.day / "arrivals.csv",),
        domestic=(desks.day / "domestic.csv",),
        out=out,
        departure_country="BY",
        arrival_country="RU",
        memory_mb=1500,
    )
    pair_calls(job)
    return result(out)


@pytest.fixture(scope="module", params=["departure", "arrival"])
def view(request: pytest.FixtureRequest, desks: Desks) -> tuple[str, Result]:
    """Return what one party learns, the peer's handles replaced by record ids."""
    own: str = request.param
    by, ru = desks.by(), desks.ru(domestic=True)
    (at_home, other), peer = (
        ((by, ru), "ru") if own == "departure" else ((ru, by), "by")
    )
    out = desks.post.parent / own
    one, two = (desks.file(f"{peer}-{number}") for number in (1, 2))
    pair_blinded(at_home, out, peer=one, peer_2=two)
    told = result(out)
    named = handles(other, desks.post.parent / f"{own}-handles")
    column = f"{OTHER[own]}_id"
    for table in ("findings", "pairs"):
        told[table] = told[table].with_columns(pl.col(column).replace(named))
    return own, told


def result(folder: Path) -> Result:
    """Read a result directory."""
    tables = ("pairs", "findings", "evidence")
    return {
        **{name: pl.read_parquet(folder / f"{name}.parquet") for name in tables},
        "summary": json.loads((folder / "summary.json").read_text(encoding="utf-8")),
    }


def handles(at_home: Home, folder: Path) -> dict[str, str]:
    """Return the record id behind each handle of a party, as only it can know."""
    folder.mkdir()
    keys = Keys.of(at_home)
    with at_home.at_work() as (engine, work):
        read = read_own(at_home, keys, work, lambda *_: None)
        given, _ = count_halves(engine, read, Workspace(folder, 1))
        rows = engine.fetch(f"SELECT row, record_id FROM {given.everything}")
    shown = handle(pl.col("row"), at_home.own.party).alias("handle")
    return dict(rows.select(shown, "record_id").iter_rows())


def comparable(findings: pl.DataFrame, own: str) -> pl.DataFrame:
    """Return findings without what a blinded run cannot show, in a fixed order."""
    other = OTHER[own]
    ids = ("departure_id", "arrival_id")
    # The peer's domestic calls keep their handles here.
    known = pl.col("arrival_side").ne_missing("domestic")
    arrival = pl.col("arrival_id") if own == "arrival" else pl.when(known).then(ids[1])
    hidden = ("finding_id", f"{other}_calling", f"{other}_called")
    shown = findings.drop("crossing", strict=False).drop(hidden)
    return shown.with_columns(arrival_id=arrival).sort(*ids, "kind")


def test_every_kind_is_planted(desks: Desks) -> None:
    """The simulated day holds crossings of every kind but `unproven`."""
    truth = pl.read_parquet(desks.day / "truth.parquet")
    assert set(KINDS) - {"unproven"} <= set(truth["kind"])


def test_pairs_are_the_same(clear: Result, view: tuple[str, Result]) -> None:
    """Both parties find the pairs that clear records give, with all they show."""
    ids = ["departure_id", "arrival_id"]
    domestic = pl.col("pass").str.starts_with("called_domestic")
    expected = clear["pairs"].filter(~domestic).sort(ids)
    found = view[1]["pairs"].filter(~domestic).sort(ids)
    assert found.height > 0.9 * CALLS
    assert_frame_equal(found, expected, abs_tol=1e-9, rel_tol=0)


def test_findings_are_the_same(clear: Result, view: tuple[str, Result]) -> None:
    """Both parties get the findings that clear records give, row for row."""
    own, told = view
    expected = comparable(clear["findings"], own)
    found = comparable(told["findings"], own)
    assert found["kind"].n_unique() >= 9
    assert_frame_equal(found, expected, abs_tol=1e-9, rel_tol=0)


def test_evidence_is_the_same(clear: Result, view: tuple[str, Result]) -> None:
    """What speaks for and against each finding is the same, step by step."""
    own, told = view

    def steps(one: Result) -> pl.DataFrame:
        joined = one["evidence"].join(one["findings"], on="finding_id")
        shown = joined.select(
            f"{own}_id", "kind", "at", "step", "code", "detail", "bits"
        )
        return shown.sort(pl.all().exclude("bits"), "bits")

    # Bits are written with three decimals.
    assert_frame_equal(steps(told), steps(clear), abs_tol=1.1e-3, rel_tol=0)


def test_summary_is_the_same(clear: Result, view: tuple[str, Result]) -> None:
    """Counts, clocks, window, gaps, completeness and carriers agree."""
    told, expected = view[1]["summary"], clear["summary"]
    for part in (
        "pairs",
        "findings",
        "completeness",
        "gaps",
        "clocks",
        "window",
        "carriers",
        "hours",
    ):
        assert told[part] == expected[part], part
    for side in ("departures", "arrivals"):
        for name in ("halves", "repeated", "continued", "rejected"):
            assert told["inputs"][side][name] == expected["inputs"][side][name]


def test_the_peers_numbers_stay_hidden(view: tuple[str, Result]) -> None:
    """Own numbers are masked as ever; of the peer's there is nothing at all."""
    own, told = view
    for name, column in ((own, "calling"), (own, "called")):
        shown = told["findings"][f"{name}_{column}"].drop_nulls()
        assert shown.str.contains("*", literal=True).any()
    for column in ("calling", "called"):
        assert told["findings"][f"{OTHER[own]}_{column}"].is_null().all()


@pytest.fixture(scope="module")
def secrets(desks: Desks) -> Secrets:
    """Return all numbers and record ids of the day."""
    return secrets_of(desks.day, numbering(desks))


def test_no_number_and_no_record_id_leaves(desks: Desks, secrets: Secrets) -> None:
    """No file that leaves a side holds a number of the day, in any spelling."""
    assert len(secrets.integers) > 0.3 * CALLS
    for name in FILES:
        assert leaks(desks.file(name), secrets) == set(), name


@pytest.mark.parametrize(
    "spoil",
    [
        lambda number, _: number,
        lambda number, _: f"x{number}y",
        lambda number, _: f"8{str(number)[-10:]}",
        lambda number, _: f"sip:+{number}@example",
        lambda number, _: f"+{str(number)[:4]} {str(number)[4:7]}-{str(number)[7:]}",
        lambda _, record: record,
    ],
)
def test_the_search_would_find_them(
    secrets: Secrets, tmp_path: Path, spoil: Callable[[int, str], object]
) -> None:
    """A number as integer or text, or a record id, would be found in a file."""
    number, record = max(secrets.integers), max(secrets.ids).decode()
    path = tmp_path / "spoilt.parquet"
    pl.DataFrame({"a": [spoil(number, record)] * 3, "b": [1, 2, 3]}).write_parquet(path)
    assert leaks(path, secrets)


def test_handles_say_nothing(desks: Desks) -> None:
    """Handles count halves in order of time; rows stand in order of their tokens."""
    for name in FILES[:2]:
        rows = pl.read_parquet(desks.file(name))
        in_time = rows.sort("row")
        assert in_time["row"].to_list() == list(range(rows.height))
        assert in_time["started_at_ms"].is_sorted()
        assert rows.select("pair_hi", "pair_lo").equals(
            rows.select("pair_hi", "pair_lo").sort("pair_hi", "pair_lo")
        )


def test_the_second_round_tells_of_open_halves_only(desks: Desks) -> None:
    """Tokens of single numbers are sent for halves without a partner, and of the
    domestic calls only those to numbers that were asked about."""
    by_2, ru_2 = (pl.read_parquet(desks.file(name)) for name in FILES[2:])
    for rows, first in ((by_2, "by-1"), (ru_2, "ru-1")):
        told = rows.filter(pl.col("called_hi").is_not_null())
        halves = told.filter(pl.col("what") == "open")
        every = pl.read_parquet(desks.file(first)).height
        assert 0 < halves.height < 0.1 * every
        assert set(told["what"]) <= {"open", "domestic"}
        calling = rows.filter(pl.col("calling_hi").is_not_null())
        assert set(calling["what"]) == {"open"}
    asked = set(by_2["called_hi"].drop_nulls())
    domestic = ru_2.filter(pl.col("what") == "domestic")
    assert domestic.height
    assert set(domestic["called_hi"]) <= asked


def test_the_order_of_records_does_not_show(desks: Desks, tmp_path: Path) -> None:
    """Shuffled records give the same first file, so it tells nothing of their order."""
    records = pl.read_csv(desks.day / "departures.csv", infer_schema=False)
    shuffled = records.sample(fraction=1, shuffle=True, seed=5)
    shuffled.write_csv(tmp_path / "departures.csv")
    again = Desks(day=tmp_path, post=tmp_path)
    header = blind_first(again.by(), again.file("by-1"))
    assert header == read_header(desks.file("by-1"))
    rows = pl.read_parquet(again.file("by-1"))
    assert_frame_equal(rows, pl.read_parquet(desks.file("by-1")))
