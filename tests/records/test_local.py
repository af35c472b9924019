"""Times without an offset, also on the nights the clocks change."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.records.local import WallClock, readings
from tallystick.domains.calls.records.times import parse_times

from .files import plain_with, read, saved

# Poland, 26 October 2025: at 03:00 CEST the clocks go back to 02:00 CET.
AUTUMN = "2025-10-26"
# Poland, 30 March 2025: at 02:00 CET the clocks go on to 03:00 CEST.
SPRING = "2025-03-30"


def walls(*clocks: str, day: str = AUTUMN) -> pl.Series:
    texts = [f"{day} {clock}" if clock else "" for clock in clocks]
    times = parse_times(pl.Series(texts), "iso")
    assert times.wall is not None
    return times.wall


def minutes(*values: float | None) -> pl.Series:
    given_ms = [None if value is None else round(value * 60_000) for value in values]
    return pl.Series(given_ms, dtype=pl.Int64)


def clocks(placed: pl.Series) -> list[str | None]:
    return pl.from_epoch(placed, time_unit="ms").dt.strftime("%H:%M").to_list()


def starts(clock: WallClock, *written: str, day: str = AUTUMN) -> list[str | None]:
    nothing = minutes(*[None] * len(written))
    placed = clock.place({"started_at": walls(*written, day=day)}, nothing, nothing)
    return clocks(placed["started_at"])


def test_ordinary_day():
    """Winter and summer time have their offsets."""
    clock = WallClock("Europe/Warsaw")
    assert starts(clock, "12:00", day="2025-01-15") == ["11:00"]
    assert starts(clock, "12:00", day="2025-07-15") == ["10:00"]


def test_repeated_hour_in_file_order():
    """Where the file jumps back, the later reading begins."""
    found = starts(
        WallClock("Europe/Warsaw"), "01:50", "02:10", "02:55", "02:05", "02:50", "03:01"
    )
    assert found == ["23:50", "00:10", "00:55", "01:05", "01:50", "02:01"]


def test_repeated_hour_without_a_jump_is_the_earlier():
    """Nothing in the file says otherwise."""
    assert starts(WallClock("Europe/Warsaw"), "02:10", "02:40", "03:01") == [
        "00:10",
        "00:40",
        "02:01",
    ]


def test_jump_is_remembered_between_blocks():
    """The second block goes on where the first saw the clocks go back."""
    clock = WallClock("Europe/Warsaw")
    assert starts(clock, "02:10", "02:55", "02:05") == ["00:10", "00:55", "01:05"]
    assert starts(clock, "02:06", "02:50") == ["01:06", "01:50"]


def test_jump_between_blocks():
    """The jump may lie exactly between two blocks."""
    clock = WallClock("Europe/Warsaw")
    assert starts(clock, "02:10", "02:55") == ["00:10", "00:55"]
    assert starts(clock, "02:05", "02:50") == ["01:05", "01:50"]


def test_unordered_file_proves_nothing():
    """A file that jumps about gets the earlier reading throughout."""
    found = starts(
        WallClock("Europe/Warsaw"), "05:00", "01:00", "04:00", "01:10", "04:10",
        "01:20", "04:20", "00:30", "02:50", "02:10",
    )  # fmt: skip
    assert found[-2:] == ["00:50", "00:10"]
    found = starts(WallClock("Europe/Warsaw"), "02:50", "02:10", "02:50", "02:10")
    assert found == ["00:50", "00:10", "00:50", "00:10"]


def test_calls_across_the_change():
    """Start and answer follow from the release and how long the call held."""
    placed = WallClock("Europe/Warsaw").place(
        {
            "started_at": walls("02:50", "02:10", "02:30"),
            "answered_at": walls("02:51", "02:11", ""),
            "released_at": walls("02:57", "02:20", "02:31"),
        },
        talked_ms=minutes(6, 69, 0),
        held_ms=minutes(7, 70, 1),
    )
    assert clocks(placed["released_at"]) == ["00:57", "01:20", "01:31"]
    assert clocks(placed["started_at"]) == ["00:50", "00:10", "01:30"]
    assert clocks(placed["answered_at"]) == ["00:51", "00:11", None]


def test_calls_across_the_change_by_what_was_billed():
    """Without the time held, the conversation must fit before the release."""
    placed = WallClock("Europe/Warsaw").place(
        {
            "started_at": walls("02:40", "02:15"),
            "released_at": walls("02:50", "02:20"),
        },
        talked_ms=minutes(9, 64),
        held_ms=minutes(None, None),
    )
    assert clocks(placed["started_at"]) == ["00:40", "00:15"]


def test_answer_follows_start_where_no_release_is_known():
    """The answer is the first moment after the start that its clock can mean."""
    placed = WallClock("Europe/Warsaw").place(
        {"started_at": walls("02:10", "02:59"), "answered_at": walls("02:11", "02:00")},
        talked_ms=minutes(1, 1),
        held_ms=minutes(None, None),
    )
    assert clocks(placed["started_at"]) == ["00:10", "00:59"]
    assert clocks(placed["answered_at"]) == ["00:11", "01:00"]


def test_skipped_hour_is_shifted():
    """A time that never was is read as if the clocks had not gone on yet."""
    found = starts(WallClock("Europe/Warsaw"), "01:59", "02:30", "03:00", day=SPRING)
    assert found == ["00:59", "01:30", "01:00"]


def test_fixed_offset():
    """A zone may be an offset, which never changes."""
    assert starts(WallClock("+03:00"), "02:30") == ["23:30"]
    assert starts(WallClock("-03:30"), "02:30") == ["06:00"]


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 24 * 60 - 1), st.sampled_from([AUTUMN, SPRING, "2025-06-01"]))
def test_every_reading_shows_its_wall_clock(minute, day):
    """What a reading gives back on the wall is what was written, unless skipped."""
    written = f"{minute // 60:02}:{minute % 60:02}"
    wall = walls(written, day=day)
    both = readings(wall, "Europe/Warsaw")
    for moment in (both.earlier, both.later):
        local = pl.from_epoch(moment, time_unit="ms").dt.replace_time_zone("UTC")
        shown = local.dt.convert_time_zone("Europe/Warsaw").dt.strftime("%H:%M")[0]
        skipped = day == SPRING and written.startswith("02")
        assert shown == (written.replace("02:", "03:") if skipped else written)
    assert (both.later - both.earlier)[0] in {0, 3_600_000}


def test_plain_table_of_a_night(tmp_path):
    """A plain table without offsets, read over the night the clocks go back."""
    rows = [
        f"D{n},1,2,{AUTUMN} {clock}:00,,,0,,,,,,"
        for n, clock in enumerate(["02:50", "02:58", "02:01", "02:59"])
    ]
    found = read(saved(tmp_path, plain_with(*rows)), zone="Europe/Warsaw")
    assert found.times("started_at") == [
        "2025-10-26 00:50:00",
        "2025-10-26 00:58:00",
        "2025-10-26 01:01:00",
        "2025-10-26 01:59:00",
    ]
