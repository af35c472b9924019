"""Pairing halves that lie in memory."""

import numpy as np
import polars as pl
import pytest

from tallystick.domains.calls import SPEC
from tallystick.engines.frames import pair_halves
from tallystick.model import ConfigError
from tallystick.pairing.halves import complete, half_schema, key_part

START_MS = 1_760_000_400_000


def side(short: str, *, count: int = 400, hours: int = 0) -> pl.DataFrame:
    """Return one side's halves of the same calls; its clock is hours fast."""
    rng = np.random.default_rng(1)
    talk_ms = 1000 * rng.integers(1, 300, count)
    at_ms = START_MS + np.sort(rng.integers(0, 4 * 3_600_000, count))
    jitter = np.random.default_rng(ord(short)).integers(-200, 200, count)
    return pl.DataFrame(
        {
            "record_id": [f"{short}{n}" for n in range(count)],
            "key_hi": 375_290_000_000 + rng.permutation(count),
            "key_lo": 79_160_000_000 + rng.permutation(count),
            "at_ms": at_ms + jitter + 3_600_000 * hours,
            "end_ms": talk_ms + 6000,
            "point": [f"trunk {n % 2}" for n in range(count)],
            "carrier": [f"carrier {n % 3}" for n in range(count)],
            "duration_ms": talk_ms,
            "answered": [True] * count,
            "answer_ms": [6000] * count,
        }
    )


def test_equal_keys_pair_whatever_the_clock(tmp_path):
    """All halves pair with their own, though one side's clock is two hours fast."""
    result = pair_halves(SPEC, side("d"), side("a", hours=2), folder=tmp_path)
    assert result.findings.is_empty()
    assert result.pairs.height == 400
    numbers = pl.col("departure_id").str.slice(1) == pl.col("arrival_id").str.slice(1)
    assert result.pairs.select(numbers.all()).item()
    assert result.pairs["offset_ms"].abs().max() < 1000


def test_names_of_points_come_back(tmp_path):
    """Clocks are reported by code, and the codes stand for the names given."""
    state = pair_halves(SPEC, side("d"), side("a"), folder=tmp_path).state
    assert state.departures.points == ("trunk 0", "trunk 1")
    assert state.arrivals.carriers == ("carrier 0", "carrier 1", "carrier 2")


@pytest.mark.parametrize("buckets", [2, 5])
def test_the_number_of_buckets_does_not_matter(tmp_path, buckets):
    """Split into parts, the same halves give the same pairs and findings."""
    d, a = side("d"), side("a").slice(3)
    (tmp_path / "one").mkdir()
    (tmp_path / "more").mkdir()
    one = pair_halves(SPEC, d, a, folder=tmp_path / "one")
    more = pair_halves(SPEC, d, a, folder=tmp_path / "more", buckets=buckets)
    assert more.pairs.equals(one.pairs)
    columns = ["kind", "departure_id", "arrival_id"]
    assert more.findings.select(columns).equals(one.findings.select(columns))


def test_domestic_halves_are_read_where_a_reading_looks_there(tmp_path):
    """Departures that come in as domestic calls of few numbers are found there."""
    d, a = side("d"), side("a")
    lost = pl.col("carrier") == "carrier 2"
    numbers = pl.int_range(pl.len()) % 3 + 79_005_550_000
    domestic = a.filter(lost).with_columns(
        pl.concat_str(pl.lit("l"), "record_id").alias("record_id"),
        numbers.alias("key_hi"),
        pl.col("at_ms") + 2000,
    )
    result = pair_halves(SPEC, d, a.filter(~lost), domestic=domestic, folder=tmp_path)
    found = result.findings.filter(kind="domestic_arrival")
    assert found.height >= 0.95 * domestic.height
    assert found["arrival_side"].unique().to_list() == ["domestic"]
    right = "la" + found["departure_id"].str.slice(1) == found["arrival_id"]
    assert right.all()
    assert result.pairs.filter(arrival_side="domestic").height == found.height


def test_repeats_are_set_aside_with_what_they_repeat(tmp_path):
    """A record under a new id is set aside, and the id that is kept is named."""
    d = side("d")
    again = d.slice(7, 1).with_columns(record_id=pl.lit("d7 again"))
    result = pair_halves(SPEC, pl.concat([d, again]), side("a"), folder=tmp_path)
    assert result.set_aside.rows() == [("departures", "d7 again", "d7", "repeated")]


def test_an_empty_side_pairs_nothing_and_accuses_nobody(tmp_path):
    """Where one side holds nothing, its record cannot speak of anything."""
    result = pair_halves(SPEC, side("d"), side("a").head(0), folder=tmp_path)
    assert result.pairs.is_empty()
    assert result.findings["kind"].unique().to_list() == ["unproven"]
    assert result.findings.height == 400


def test_a_missing_column_is_named():
    """Halves without a needed column are refused, and the column is named."""
    with pytest.raises(ConfigError, match="departures have no column at_ms") as error:
        complete(side("d").drop("at_ms"), SPEC, side="departures")
    assert error.value.code == "half-columns"


def test_a_column_of_the_wrong_type_is_refused():
    """Halves whose times are texts are refused."""
    wrong = side("d").with_columns(at_ms=pl.lit("yesterday"), point=0, carrier=0)
    with pytest.raises(ConfigError, match="wrong type"):
        complete(wrong, SPEC, side="departures")


def test_what_is_left_out_is_filled_in():
    """A half needs only an id, a key, a time, a point and a carrier."""
    least = pl.DataFrame(
        {"record_id": ["x"], "key_hi": [0], "at_ms": [1], "point": [0], "carrier": [0]}
    )
    whole = complete(least, SPEC, side="departures")
    assert dict(whole.schema) == half_schema(SPEC)
    row = whole.row(0, named=True)
    assert row["calling_state"] == 0
    assert row["called_state"] == 0
    assert row["duration_ms"] is None
    assert row["row"] == 0


def test_key_parts_are_the_same_everywhere():
    """A text has one number, on every machine and in every version; none is 0."""
    numbers = key_part(pl.Series(["P00001", "", None, "P00002"])).to_list()
    assert numbers[1:3] == [0, 0]
    assert numbers[0] == 4_422_099_011_611_750_014
    assert numbers[0] != numbers[3]
    assert all(0 <= number < 2**62 for number in numbers)
