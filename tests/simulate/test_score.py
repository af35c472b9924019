"""Scoring, on results made by hand."""

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tallystick.model.share import exact_interval
from tallystick.testing.score import score_result

TRUTH = pl.DataFrame(
    [
        # id, call, kind, departure, arrival, domestic, lost, lost, why
        (0, 0, "honest", "d0", "a0", None, False, False, None),
        (1, 1, "honest", "d1", "a1", None, False, False, None),
        (2, 2, "honest", "d2", "a2", None, False, True, "loss"),
        (3, 3, "domestic_arrival", "d3", None, "x3", False, False, None),
        (4, 4, "no_departure", None, "a4", None, False, False, None),
        (5, 5, "no_arrival", "d5", None, None, False, False, "outage"),
        (6, 6, "loop", "d6", "a6", None, False, False, None),
        (7, 6, "loop", "d7", "a7", None, False, False, None),
        (8, 8, "stretched", "d8", "a8", None, True, False, "loss"),
        (9, 9, "calling_number_altered", "d9", "a9", None, False, False, None),
    ],
    schema={
        "crossing_id": pl.Int64,
        "call_id": pl.Int64,
        "kind": pl.String,
        "departure_id": pl.String,
        "arrival_id": pl.String,
        "domestic_id": pl.String,
        "departure_lost": pl.Boolean,
        "arrival_lost": pl.Boolean,
        "lost_why": pl.String,
    },
    orient="row",
)


def _findings(*rows: tuple[str, str | None, str | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "kind": pl.String,
            "departure_id": pl.String,
            "arrival_id": pl.String,
            "arrival_side": pl.String,
        },
        orient="row",
    )


def _pairs(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={"departure_id": pl.String, "arrival_id": pl.String},
        orient="row",
    )


RIGHT = _findings(
    ("domestic_arrival", "d3", "x3", "domestic"),
    ("no_departure", None, "a4", None),
    ("no_arrival", "d5", None, None),
    ("loop", "d6", "a7", "arrivals"),
    ("calling_number_altered", "d9", "a9", "arrivals"),
    ("unproven", "d2", None, None),
)
PAIRS = _pairs(("d0", "a0"), ("d1", "a1"), ("d6", "a6"))


def _of(score, kind: str):
    return next(k for k in score.kinds if k.kind == kind)


def test_a_right_result() -> None:
    """Everything that can be found is, and nobody is harmed."""
    score = score_result(TRUTH, RIGHT, PAIRS)
    for kind in ("domestic_arrival", "no_departure", "calling_number_altered"):
        found = _of(score, kind)
        assert (found.precision, found.recall, found.recall_provable) == (1, 1, 1)
    assert score.harm.accused == 0
    assert score.harm.honest == 3
    assert score.harm.low == 0
    assert score.pairs.right == 3
    assert score.pairs.missed == 0
    assert score.accused_in_outage == 1  # d5


def test_a_loop_is_one_call() -> None:
    """One finding on one crossing of a loop finds the call."""
    found = _of(
        score_result(TRUTH, _findings(("loop", None, "a7", None)), PAIRS), "loop"
    )
    assert (found.planted, found.found, found.right, found.recall) == (2, 2, 2, 1)


def test_what_is_not_provable() -> None:
    """Lost records and outages count in recall, but not in recall of the provable."""
    score = score_result(TRUTH, RIGHT, PAIRS)
    stretched = _of(score, "stretched")
    assert (stretched.planted, stretched.provable) == (1, 0)
    assert stretched.recall == 0
    assert stretched.recall_provable is None
    assert _of(score, "no_arrival").provable == 0


def test_wrong_accusations() -> None:
    """Honest crossings, wrong kinds, innocent domestic records and unknown ids."""
    score = score_result(
        TRUTH,
        _findings(
            ("no_arrival", "d0", None, None),
            ("no_departure", None, "a0", "arrivals"),
            ("domestic_arrival", "d5", "x99", "domestic"),
            ("no_arrival", "d77", None, None),
            ("unproven", "d1", None, None),
        ),
        _pairs(("d1", "a2"), ("d6", "a7"), ("d99", "a1")),
    )
    assert score.harm.accused == 1
    assert score.harm.per_million == pytest.approx(1e6 / 3)
    assert score.harm.low < score.harm.per_million < score.harm.high
    assert score.accused_domestic == 1
    assert score.accused_unknown == 1
    assert _of(score, "no_arrival").precision == 0
    assert score.confusion["no_arrival"]["domestic_arrival"] == 1
    assert score.confusion["honest"]["no_departure"] == 1
    assert score.confusion["honest"]["unproven"] == 1
    assert score.confusion["honest"]["silent"] == 1
    pairs = score.pairs
    assert (pairs.right, pairs.wrong, pairs.wrong_same_call, pairs.unknown) == (
        *(0, 2, 1, 1),
    )
    assert pairs.missed == 2


def test_first_kind_counts_in_the_matrix() -> None:
    """A crossing with several findings stands under the first kind of the order."""
    score = score_result(
        TRUTH,
        _findings(
            ("stretched", "d9", None, None),
            ("calling_number_altered", None, "a9", None),
        ),
        PAIRS,
    )
    row = score.confusion["calling_number_altered"]
    assert (row["calling_number_altered"], row["stretched"]) == (1, 0)
    assert _of(score, "stretched").found == 1


def test_repeated_and_partial_ids_belong_to_their_crossing() -> None:
    """Further ids of a crossing count for it."""
    truth = TRUTH.with_columns(
        pl.when(pl.col("crossing_id") == 0)
        .then(pl.lit("d0b;d0c"))
        .alias("departure_also")
    )
    score = score_result(truth, _findings(("no_arrival", "d0c", None, None)), PAIRS)
    assert score.harm.accused == 1
    paired = score_result(truth, _findings(), _pairs(("d0b", "a0")))
    assert paired.pairs.right == 1


def test_unusual_honest_calls_are_counted_apart() -> None:
    """What happened to honest calls that were accused is told."""
    truth = TRUTH.with_columns(
        pl.when(pl.col("crossing_id") == 1).then(pl.lit("voicemail")).alias("benign")
    )
    score = score_result(truth, _findings(("false_answer", "d1", "a1", None)), _pairs())
    assert score.accused_by_reason == {"voicemail": 1}
    assert (score.harm.accused, score.harm_plain.accused) == (1, 0)
    assert (_of(score, "false_answer").found, _of(score, "false_answer").unusual) == (
        *(1, 1),
    )
    assert (score.pairs.missed, score.pairs.missed_unusual) == (1, 1)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 100, 0.0, 0.036217),
        (5, 100, 0.016432, 0.112835),
        (100, 100, 0.963783, 1.0),
    ],
)
def test_exact_interval(hits: int, of: int, low: float, high: float) -> None:
    """Clopper-Pearson as the tables have it."""
    assert exact_interval(hits, of) == pytest.approx((low, high), abs=1e-5)


@pytest.mark.property
@settings(max_examples=50)
@given(of=st.integers(1, 10**7), part=st.floats(0, 1))
def test_interval_holds_the_share(of: int, part: float) -> None:
    """The interval contains the measured share and stays within 0..1."""
    hits = int(part * of)
    low, high = exact_interval(hits, of)
    assert 0 <= low <= hits / of <= high <= 1


@pytest.mark.property
def test_a_perfect_result_scores_perfectly(day) -> None:
    """Findings written from the truth itself score 1 everywhere."""
    planted = day.truth.filter(pl.col("kind") != "honest")
    findings = planted.select(
        "kind",
        "departure_id",
        pl.coalesce("domestic_id", "arrival_id").alias("arrival_id"),
        pl.when(pl.col("domestic_id").is_not_null())
        .then(pl.lit("domestic"))
        .otherwise(pl.lit("arrivals"))
        .alias("arrival_side"),
    )
    pairs = day.truth.filter(pl.col("kind") == "honest").drop_nulls(
        ["departure_id", "arrival_id"]
    )
    score = score_result(day.truth, findings, pairs)
    assert all(k.precision == k.recall == 1 for k in score.kinds)
    assert score.harm.accused == 0
    assert (score.pairs.wrong, score.pairs.missed) == (0, 0)


def _app() -> typer.Typer:
    from tallystick.cli.score import score

    app = typer.Typer()
    app.command()(score)
    return app


@pytest.fixture
def written(tmp_path: Path) -> tuple[str, str]:
    """Return a truth and a result folder."""
    TRUTH.write_parquet(tmp_path / "truth.parquet")
    result = tmp_path / "result"
    result.mkdir()
    RIGHT.write_parquet(result / "findings.parquet")
    PAIRS.write_parquet(result / "pairs.parquet")
    return str(tmp_path), str(result)


def test_command_prints_tables_that_fit(written: tuple[str, str]) -> None:
    """The tables fit 100 columns and name every kind."""
    done = CliRunner().invoke(_app(), list(written))
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 100
    assert "calling_number_removed" in done.output
    assert "honest crossings accused: 0 of 3" in done.output


def test_command_prints_json(written: tuple[str, str]) -> None:
    """--json holds the same figures; the truth may be the file itself."""
    truth, result = written
    done = CliRunner().invoke(_app(), [f"{truth}/truth.parquet", result, "--json"])
    assert done.exit_code == 0, done.output
    values = json.loads(done.output)
    assert values["harm"]["honest"] == 3
    assert values["kinds"][0]["kind"] == "domestic_arrival"


def test_command_without_result(tmp_path: Path) -> None:
    """A folder that holds no result is named."""
    from tallystick.model.errors import MalformedError

    done = CliRunner().invoke(_app(), [str(tmp_path), str(tmp_path)])
    assert isinstance(done.exception, MalformedError)
    assert "truth.parquet" in str(done.exception)
