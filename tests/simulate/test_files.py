"""The files are the contract's: the plain call-record table and the numbering file."""

import json
import tomllib

import polars as pl
import pytest

from tallystick.domains.calls.schema import DIRECTIONS

COLUMNS = [
    "record_id",
    "calling_number",
    "called_number",
    "started_at",
    "answered_at",
    "released_at",
    "duration_s",
    "direction",
    "trunk",
    "carrier",
    "presentation",
    "redirecting_number",
    "release_cause",
]
SIDES = ("departures", "arrivals", "domestic")


@pytest.mark.parametrize("side", SIDES)
def test_columns_and_values(day, side: str) -> None:
    """Each file has the columns of the table and only values it allows."""
    records = day.records(side)
    extra = ["calling_imei", "calling_cell"] if side == "domestic" else []
    assert records.columns == [*COLUMNS, *extra]
    assert set(records["direction"]) <= set(DIRECTIONS)
    assert set(records["presentation"].drop_nulls()) <= {"allowed", "restricted"}
    assert records["called_number"].str.contains(r"^\+?[0-9]{7,18}$").all()
    assert (records["duration_s"].cast(pl.Float64) >= 0).all()
    assert records["record_id"].is_not_null().all()


@pytest.mark.parametrize("side", SIDES)
def test_times_are_iso_with_offset(day, side: str) -> None:
    """Times carry milliseconds and an offset, and lie in the day asked for."""
    started = day.records(side)["started_at"]
    assert started.str.contains(
        r"^2026-03-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$"
    ).all()
    moments = started.str.to_datetime("%+", time_zone="UTC").dt.epoch("s")
    midnight = 1773090000  # 2026-03-10 00:00 at UTC+3
    assert moments.is_between(midnight, midnight + 86_400, closed="left").all()


@pytest.mark.parametrize("side", ["departures", "arrivals"])
def test_duration_says_whether_answered(clean, side: str) -> None:
    """Answered calls have an answer time and a duration, the others neither."""
    records = clean.records(side)
    billed = records["duration_s"].cast(pl.Float64) > 0
    assert (billed == records["answered_at"].is_not_null()).all()


def test_parquet_holds_the_same(tmp_path) -> None:
    """Parquet and CSV hold the same records."""
    from tallystick.simulate.calls import simulate

    for form in ("csv", "parquet"):
        simulate(calls=500, seed=2, plant="medium", out=tmp_path / form, form=form)
    table = pl.read_parquet(tmp_path / "parquet" / "arrivals.parquet")
    texts = pl.read_csv(tmp_path / "csv" / "arrivals.csv", infer_schema=False)
    assert table.columns == texts.columns
    assert table["record_id"].to_list() == texts["record_id"].to_list()
    assert (
        table["started_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_list()
        == texts["started_at"].to_list()
    )


def test_numbering_names_every_trunk(day) -> None:
    """The numbering file parses and covers the trunks that the records name."""
    numbering = tomllib.loads((day.folder / "numbering.toml").read_text())
    assert numbering["departures"]["country"] == "BY"
    assert numbering["arrivals"]["country"] == "RU"
    for side in ("departures", "arrivals"):
        assert set(day.records(side)["trunk"]) <= set(numbering[side]["trunks"])
        for forms in numbering[side]["trunks"].values():
            assert set(forms.values()) <= {
                "international",
                f"national:{numbering[side]['country']}",
            }


def test_numbers_are_written_as_numbering_says(clean) -> None:
    """On national trunks numbers lack the country code, elsewhere they have it."""
    numbering = tomllib.loads((clean.folder / "numbering.toml").read_text())
    trunks = numbering["arrivals"]["trunks"]
    national = [name for name, forms in trunks.items() if ":" in forms["called"]]
    records = clean.records("arrivals")
    on_national = pl.col("trunk").is_in(national)
    assert (
        records.filter(on_national)["called_number"].str.contains(r"^8?\d{10}$").all()
    )
    assert (
        records.filter(~on_national)["called_number"]
        .str.contains(r"^(\+|00|810)?7\d{10}$")
        .all()
    )


def test_truth_json_tells_the_story(day) -> None:
    """truth.json names seed, plants, outages, parameters and row counts."""
    story = json.loads((day.folder / "truth.json").read_text())
    assert story["seed"] == 7
    assert len(story["plants"]) == 20
    assert story["outages"] == [
        {"side": "arrivals", "start_h": 14.25, "minutes": 20.0, "trunk": ""}
    ]
    assert story["rows"]["arrivals"] == len(day.records("arrivals"))
    assert story["parameters"]["loss_share"] == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("how", "pattern"),
    [
        ("keeper", r"^BY\d{9}$"),
        ("trunk", r"^BY-\d{3}-\d{9}$"),
        ("random", r"^\d{18}$"),
    ],
)
def test_record_ids(make_day, how: str, pattern: str) -> None:
    """Ids run per keeper or per trunk, or are random; losses leave gaps."""
    made = make_day(calls=3000, record_ids=how, repeated_share=0.0, edge_cut=False)
    records = made.records("departures")
    assert records["record_id"].str.contains(pattern).all()
    assert records["record_id"].n_unique() == len(records)
    if how == "random":
        return
    serial = records.with_columns(pl.col("record_id").str.slice(-9).cast(pl.Int64))
    group = "trunk" if how == "trunk" else pl.lit(0).alias("all")
    steps = serial.select(pl.col("record_id").diff().over(group)).to_series()
    assert (steps.drop_nulls() >= 1).all()
    gaps = int((steps.drop_nulls() - 1).sum())
    lost = int(made.truth["departure_lost"].sum())
    assert abs(gaps - lost) <= 5  # losses at the very ends leave no gap
