"""The live matcher and the batch engine say the same of the same records.

They may differ in what spec/verdict.md lists under "Live and batch"; this test holds
the list to be complete on a simulated day with every scheme planted.
"""

from collections import Counter

import polars as pl
import pytest

from tallystick.blinding import TokenKey
from tallystick.domains.calls.live import LiveCall, LiveKeys, NumberReader, live_half
from tallystick.domains.calls.numbers import Numbering
from tallystick.engines.batch import PairJob, pair_calls
from tallystick.pairing.live import LiveMatcher, LiveWindow
from tallystick.simulate.calls import Parameters, simulate

STREAM_MS = 50
ASKED_MS = 160  # by then the watermark covers an arrival

# Nodes stamp every half themselves, so clocks are right; and a half they were told
# of is not lost. All else is as rough as by default.
LIVE = {
    "clock_sd_s": 0.0,
    "clock_constant_share": 0.0,
    "clock_hour_share": 0.0,
    "clock_drift_s_per_day": 0.0,
    "whole_second_share": 0.0,
    "loss_share": 0.0,
    "outages": (),
    "edge_cut": False,
    "partial_share": 0.0,  # nobody asks twice for one call that goes on
}

# outcome of the live matcher -> what batch may say of the same arrival instead
DIFFERENCES = {
    "paired": {"loop"},  # laps of one call, which batch folds into one
    "altered": {"paired"},  # batch sees how usual such a difference is on that road
    "no_departure": {"unproven", "loop"},  # batch weighs loss, and sees laps later
    "repeated": {"loop", "unproven", "aside"},
    # Batch needs no promise and weighs what live leaves alone.
    "unproven": {"paired", "aside", "calling_number_altered", "no_departure"},
}
SAME = {
    "altered": {
        "calling_number_altered",
        "calling_number_removed",
        "called_number_altered",
    },
    "no_departure": {"no_departure"},
    "repeated": {"loop"},
    "unproven": {"unproven"},
}


class Day:
    """One simulated day, paired in batch and live."""

    def __init__(self, folder):
        simulate(
            calls=8_000,
            seed=3,
            plant="medium",
            out=folder,
            form="parquet",
            parameters=Parameters(**LIVE),
        )
        numbering = Numbering.load(folder / "numbering.toml")
        sides = {s: folder / f"{s}.parquet" for s in ("departures", "arrivals")}
        pair_calls(
            PairJob(
                departures=(sides["departures"],),
                arrivals=(sides["arrivals"],),
                out=folder / "result",
                numbering=numbering,
                threads=1,
            )
        )
        pairs = pl.read_parquet(folder / "result" / "pairs.parquet")
        self.batch = dict(pairs.select("arrival_id", "departure_id").iter_rows())
        findings = pl.read_parquet(folder / "result" / "findings.parquet")
        self.kinds = dict(findings.select("arrival_id", "kind").iter_rows())
        self.halves = {s: blinded(path, s, numbering) for s, path in sides.items()}
        self.live = matched(self.halves)

    def said(self, arrival):
        """Return what batch says of an arrival: a kind, `paired` or `aside`."""
        whole = {"false_answer", "stretched"}  # pairs that end differently
        kind = self.kinds.get(arrival)
        if kind is None or kind in whole:
            return "paired" if arrival in self.batch else kind or "aside"
        return kind


def blinded(path, side, numbering):
    """Return the halves of a side under tokens, by record."""
    reader, keys = NumberReader(numbering, side=side), LiveKeys(**token_keys())
    records = pl.read_parquet(path).unique("record_id", keep="first")
    halves = {}
    for row in records.iter_rows(named=True):
        call = LiveCall(
            call_id=row["record_id"],
            at_ms=round(row["started_at"].timestamp() * 1000),
            calling_number=row["calling_number"] or "",
            called_number=row["called_number"] or "",
            trunk=row["trunk"] or "",
            redirecting_number=row["redirecting_number"] or "",
            presentation=row["presentation"] or "",
        )
        ident = call.call_id.encode()
        half = live_half(
            call, reader.read(call), keys, ident=ident, arrives=side == "arrivals"
        )
        halves[row["record_id"]] = half
    return halves


def token_keys():
    return {
        purpose: TokenKey(
            domain="calls", epoch="day", round_number=1, purpose=purpose, text="5a" * 32
        )
        for purpose in ("pair", "called", "calling")
    }


def matched(halves):
    """Feed both sides in order of time; return the last word on each arrival."""
    steps = [(h.at_ms + STREAM_MS, 0, h) for h in halves["departures"].values()]
    steps += [(h.at_ms + ASKED_MS, 1, h) for h in halves["arrivals"].values()]
    matcher, said = LiveMatcher(LiveWindow()), {}
    since_ms = min(step[0] for step in steps) - 60_000
    for now, arrives, half in sorted(steps):
        if arrives:
            matcher.promise(now - STREAM_MS, since_ms=since_ms)
            said[half.id.decode()] = matcher.match(half, now_ms=now)
        else:
            matcher.add(half, now_ms=now)
        while (event := matcher.next_event()) is not None:
            said[event.arrival.decode()] = event.match
    return said


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return Day(tmp_path_factory.mktemp("day"))


def test_ordinary_pairs_are_the_same(day):
    """What both pair, they pair alike, but for attempts that failed on the way and
    were made again at once: batch tells them apart by how they ended."""
    departures, again = day.halves["departures"], 0
    for arrival, match in day.live.items():
        if match.outcome == "paired" and arrival in day.batch:
            mine = departures[match.partner.decode()]
            theirs = departures[day.batch[arrival]]
            assert mine.pair == theirs.pair
            assert abs(mine.at_ms - theirs.at_ms) <= LiveWindow().usual_ms
            again += mine.at_ms != theirs.at_ms
    paired = sum(match.outcome == "paired" for match in day.live.values())
    assert paired > 0.9 * len(day.live)
    assert again <= 0.01 * paired


def test_every_difference_is_listed(day):
    """Where the two say different things, the table of the spec has a row for it."""
    met = Counter(
        (match.outcome, day.said(arrival)) for arrival, match in day.live.items()
    )
    strange = {
        pair: count
        for pair, count in met.items()
        if pair[0] != pair[1]
        and pair[1] not in SAME.get(pair[0], set()) | DIFFERENCES[pair[0]]
    }
    assert sum(strange.values()) <= 0.001 * len(day.live), strange
    assert met["altered", "calling_number_altered"] > 20
    assert met["no_departure", "no_departure"] > 20


def test_no_honest_call_is_called_missing(day):
    """What batch pairs, live never calls missing."""
    wrong = [
        arrival
        for arrival, match in day.live.items()
        if match.outcome == "no_departure" and day.said(arrival) == "paired"
    ]
    assert wrong == []
