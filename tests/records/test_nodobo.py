"""Handset logs: both halves of a call in one file."""

from .files import read, sample, saved

HANDSETS = sample("handsets.csv")


def test_handset_log(tmp_path):
    """What a handset sent is a departure, what it received or missed an arrival."""
    found = read(saved(tmp_path, HANDSETS))
    assert found.batches[0].format == "nodobo"
    rows = found.records.select(
        "calling_number", "called_number", "direction", "trunk", "duration_ms"
    ).rows()
    one, two = "07000000001", "07000000002"
    assert rows == [
        (one, two, "international_out", one, 60_000),
        (one, two, "international_in", two, 61_000),
        (one, two, "international_out", one, 0),
        (one, two, "international_in", two, 0),
        (two, "07000000003", "international_out", two, 5000),
    ]
    assert found.times("started_at")[0] == "2010-09-15 18:17:44"
    assert [line for line, _, _ in found.reasons] == [6]


def test_one_file_is_both_sides(tmp_path):
    """The same file gives departures on one side and arrivals on the other."""
    path = saved(tmp_path, HANDSETS)
    assert read(path, side="departures").column("line") == [2, 4, 7]
    assert read(path, side="arrivals").column("line") == [3, 5]


def test_a_row_without_direction_is_on_no_side(tmp_path):
    """Who called whom is not known, so it is half of nothing."""
    path = saved(tmp_path, HANDSETS.replace("Outgoing,0", ",0"))
    found = read(path, side="departures")
    assert found.column("line") == [2, 7]
    assert (4, "direction") in [reason[:2] for reason in found.reasons]
    assert read(path, side="arrivals").column("line") == [3, 5]


def test_the_real_log(shared_data):
    """The release of the study: every row is a record but the empty ones."""
    path = shared_data / "telephony" / "nodobo-calls" / "calls.csv"
    departures = read(path, side="departures")
    arrivals = read(path, side="arrivals")
    assert departures.records.height == 8039
    assert arrivals.records.height == 3166 + 1824
    assert len(departures.reasons) == 2
    assert departures.records["trunk"].n_unique() == 27
    assert (departures.records["started_at_ms"] < 400_000_000_000).sum() > 0
