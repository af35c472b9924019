"""Where a side's record is not complete, nothing is called missing."""

import numpy as np

from tallystick.pairing.spec import Gap

from .day import LOST, Day

MINUTE_S = 60.0


def missing_wave(day, calls, *, side, hours, seed=9, **changes):
    """Add calls that the other side never had, all through the day."""
    rng = np.random.default_rng(seed)
    ids = {}
    for at_s in np.sort(rng.uniform(0, hours * 3600, calls)):
        d, a = day.call(
            float(at_s),
            talk_s=float(rng.integers(20, 300)),
            calling=f"+37533{rng.integers(2_000_000, 9_999_999)}",
            called=f"+7495{rng.integers(2_000_000, 9_999_999)}",
            **{("arrival" if side == "departures" else "departure"): LOST},
            **changes,
        )
        ids[d if side == "departures" else a] = float(at_s)
    return ids


def silence(day, side, low_s, high_s):
    """Drop what a side recorded in a stretch of time; return the lost ids."""
    edge = [day.start.timestamp() + s for s in (low_s, high_s)]
    lost, kept = [], []
    for row in getattr(day, side):
        at = np.datetime64(row["started_at"].split("+")[0], "ms").astype(int) / 1000
        (lost if edge[0] <= at < edge[1] else kept).append(row)
    setattr(day, side, kept)
    return [row["record_id"] for row in lost]


def test_an_outage_of_twenty_minutes_accuses_nobody(tmp_path):
    """Inside an outage nothing is accused, though a carrier cheats all day."""
    day = Day()
    calls = day.background(1500, hours=6)
    wave = missing_wave(day, 250, side="departures", hours=6, out="MSQ-3")
    low, high = 2.5 * 3600, 2.5 * 3600 + 20 * MINUTE_S
    lost = set(silence(day, "arrivals", low, high))
    said = day.say(tmp_path)
    inside = {d for d, a in calls if a in lost}
    inside |= {d for d, at_s in wave.items() if low <= at_s < high}
    assert {said.kind(d) for d in inside} == {"unproven"}
    assert any(
        g["side"] == "arrivals" and g["why"] == "silence" for g in said.summary["gaps"]
    )
    named = {d for d in wave if said.kind(d) == "no_arrival"}
    assert len(named) >= 0.9 * (len(wave) - len(inside & set(wave)))
    assert {d for _, d, _ in said.accused} <= set(wave)


def test_a_declared_gap_is_believed(tmp_path):
    """In a gap the keeper declares, however short, nothing is called missing."""
    day = Day()
    day.background(600)
    wave = missing_wave(day, 200, side="departures", hours=4, out="MSQ-3")
    low, high = 7200.0, 7200.0 + 5 * MINUTE_S
    start_ms = int(day.start.timestamp() * 1000)
    gap = Gap(
        side="arrivals",
        from_ms=start_ms + int(low * 1000),
        to_ms=start_ms + int(high * 1000),
        point=None,
        why="declared",
    )
    said = day.say(tmp_path, gaps=[gap])
    inside = [d for d, at_s in wave.items() if low <= at_s <= high]
    assert inside
    assert {said.kind(d) for d in inside} == {"unproven"}
    assert sum(said.kind(d) == "no_arrival" for d in wave) > 150


def test_a_declared_gap_is_told_by_the_keepers_own_clock(tmp_path):
    """A keeper whose clock is an hour fast declares the gap by that clock."""
    from .day import IN, Clock

    day = Day(clocks={trunk: Clock(fast_s=3600) for trunk in IN})
    day.background(600)
    wave = missing_wave(day, 200, side="departures", hours=4, out="MSQ-3")
    low, high = 7200.0, 7200.0 + 10 * MINUTE_S
    start_ms = int((day.start.timestamp() + 3600) * 1000)
    gap = Gap(
        side="arrivals",
        from_ms=start_ms + int(low * 1000),
        to_ms=start_ms + int(high * 1000),
        point=None,
        why="declared",
    )
    said = day.say(tmp_path, gaps=[gap])
    inside = [d for d, at_s in wave.items() if low <= at_s <= high]
    assert {said.kind(d) for d in inside} == {"unproven"}


def test_before_and_after_the_peers_record_nothing_is_missing(tmp_path):
    """Calls before the other file begins or after it ends are unproven: its edge."""
    day = Day()
    calls = day.background(900, hours=6)
    wave = missing_wave(day, 200, side="departures", hours=6, out="MSQ-3")
    lost = set(silence(day, "arrivals", -1, 3600))
    lost |= set(silence(day, "arrivals", 5 * 3600, 7 * 3600))
    said = day.say(tmp_path)
    outside = {d for d, a in calls if a in lost}
    outside |= {d for d, at_s in wave.items() if not 3600 <= at_s < 5 * 3600}
    assert {said.kind(d) for d in outside} == {"unproven"}
    reasons = said.findings.filter(kind="unproven")["reasons"]
    assert reasons.str.contains("edge").any()


def test_arrivals_nobody_sent(tmp_path):
    """A carrier whose calls nobody sent is named; ordinary losses are not."""
    day = Day()
    day.background(900, hours=6)
    wave = missing_wave(day, 200, side="arrivals", hours=6, into="LED-1")
    said = day.say(tmp_path)
    assert sum(said.kind(a) == "no_departure" for a in wave) >= 180
    assert {a for _, _, a in said.accused} <= set(wave)


def test_scattered_losses_accuse_nobody(tmp_path):
    """Half a per cent of records lost on either side are losses, not frauds."""
    day = Day()
    day.background(1500, hours=6)
    rng = np.random.default_rng(5)
    for side in ("departures", "arrivals"):
        rows = getattr(day, side)
        setattr(day, side, [r for r in rows if rng.random() >= 0.005])
    said = day.say(tmp_path)
    assert said.accused == []
