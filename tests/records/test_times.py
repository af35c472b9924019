"""Times and durations as people write them."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.records.times import (
    SECONDS,
    UNREADABLE,
    parse_durations,
    parse_times,
)

NOON_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z

ISO = {
    "2026-03-01T12:00:00Z": NOON_MS,
    "2026-03-01T12:00:00z": NOON_MS,
    "2026-03-01 12:00:00Z": NOON_MS,
    "2026-03-01T15:00:00+03:00": NOON_MS,
    "2026-03-01T15:00:00+0300": NOON_MS,
    "2026-03-01T15:00:00+03": NOON_MS,
    "2026-03-01T15:00:00 +03:00": NOON_MS,
    "2026-03-01T08:30:00-03:30": NOON_MS,
    "2026-03-01T12:00Z": NOON_MS,
    "2026-03-01T12:00:00.5Z": NOON_MS + 500,
    "2026-03-01T12:00:00,25Z": NOON_MS + 250,
    "2026-03-01T12:00:00.123456789Z": NOON_MS + 123,
    " 2026-03-01T12:00:00Z ": NOON_MS,
    "1772366400000": NOON_MS,
    "2026-03-01T11:59:60Z": NOON_MS,
    "1969-12-31T23:59:59Z": -1000,
    "9999-12-31T00:00:00Z": 253_402_214_400_000,
}
NO_TIMES = (
    "now",
    "2026-02-30T12:00:00Z",
    "2026-03-01T25:00:00Z",
    "2026-03-01",
    "01.03.2026 12:00:00",
    "2026-03-01T12:00:00+3",
    "12:00:00",
    "1e12",
)


@pytest.mark.parametrize("text", ISO)
def test_iso_time(text):
    """Alone and among others, a time is the same."""
    assert parse_times(pl.Series([text, ""]), "iso").utc_ms.to_list() == [
        ISO[text],
        None,
    ]
    mixed = parse_times(pl.Series(["no time", text, ""]), "iso")
    assert mixed.utc_ms.to_list() == [None, ISO[text], None]
    assert mixed.problem is not None
    assert mixed.problem.to_list() == [UNREADABLE, 0, 0]


@pytest.mark.parametrize("text", NO_TIMES)
def test_no_time(text):
    """What is no time is a problem, alone and among others."""
    for column in ([text], [text, "2026-03-01T12:00:00Z"], [text, "1772366400000"]):
        times = parse_times(pl.Series(column), "iso")
        assert times.utc_ms[0] is None
        assert times.problem is not None
        assert times.problem[0] == UNREADABLE


def test_seconds_are_not_milliseconds():
    """An integer that would lie before 1973 is a problem of its own."""
    times = parse_times(pl.Series(["1772366400", "1772366400000"]), "iso")
    assert times.problem is not None
    assert times.problem.to_list() == [SECONDS, 0]


@pytest.mark.parametrize(
    ("text", "time_format", "expected"),
    [
        ("1772366400", "epoch_s", NOON_MS),
        ("1772366400.25", "epoch_s", NOON_MS + 250),
        ("1772366400,25", "epoch_s", NOON_MS + 250),
        ("1772366400000", "epoch_ms", NOON_MS),
        ("Sun Mar 01 15:00:00 +0300 2026", "%a %b %d %H:%M:%S %z %Y", NOON_MS),
        ("01.03.2026 15:00:00 +03:00", "%d.%m.%Y %H:%M:%S %z", NOON_MS),
    ],
)
def test_other_formats(text, time_format, expected):
    """A mapping may say the format."""
    times = parse_times(pl.Series([text, "x", ""]), time_format)
    assert times.utc_ms.to_list() == [expected, None, None]
    assert times.problem is not None
    assert times.problem.to_list() == [0, UNREADABLE, 0]


def test_nonsense_format_reads_nothing():
    """A pattern that strptime does not know makes every time a problem."""
    times = parse_times(pl.Series(["2026"]), "%Q%!")
    assert times.problem is not None
    assert times.problem.to_list() == [UNREADABLE]


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 4_000_000_000_000), min_size=1, max_size=5),
    st.integers(-14 * 60, 14 * 60),
    st.booleans(),
)
def test_fast_and_careful_way_agree(moments_ms, offset, broken):
    """A bad value elsewhere in the column never changes how a good one is read."""
    sign = "-" if offset < 0 else "+"
    tail = f"{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    local = pl.from_epoch(pl.Series(moments_ms), time_unit="ms")
    local += pl.duration(minutes=offset)
    column = pl.select(local).to_series().dt.strftime("%Y-%m-%dT%H:%M:%S%.3f") + tail
    if broken:
        column = pl.concat([column, pl.Series(["broken"])])
    found = parse_times(column, "iso").utc_ms.to_list()
    assert found[: len(moments_ms)] == moments_ms


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("30", "s", 30_000),
        ("30.5", "s", 30_500),
        ("30,5", "s", 30_500),
        (" 30 ", "s", 30_000),
        ("0", "s", 0),
        ("0.0004", "s", 0),
        ("-1", "s", -1000),
        ("30500", "ms", 30_500),
        ("1.5", "min", 90_000),
        ("00:01:30", "hh:mm:ss", 90_000),
        ("1:30", "hh:mm:ss", 90_000),
        ("90", "hh:mm:ss", 90_000),
        ("100:00:00.5", "hh:mm:ss", 360_000_500),
        ("", "s", None),
        ("x", "s", None),
        ("inf", "s", None),
        ("x", "hh:mm:ss", None),
    ],
)
def test_durations(text, unit, expected):
    """Each unit, with point or comma."""
    assert parse_durations(pl.Series([text]), unit).to_list() == [expected]
    assert parse_durations(pl.Series(["x", text]), unit).to_list() == [None, expected]
