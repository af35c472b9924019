"""A day of calls both ways, paired by both sides without showing each other a record.

What each side does is what docs/how-to/pair-without-showing-records.md tells it to do,
once for the calls that leave it and once for those that arrive: it blinds its own
records at home, hands two files over, and pairs at home.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from tallystick.blinding import read_private_key
from tallystick.cli.case_desk import take_result
from tallystick.domains.calls.numbers import Numbering
from tallystick.engines.home import Home
from tallystick.engines.rounds import blind_first, blind_second, pair_blinded
from tallystick.node.rehearsal.course import Told
from tallystick.office import Side
from tallystick.simulate.calls import Parameters, Plant, simulate

_PLANTS: Final = {
    "BY": (
        Plant(kind="stretched", share=0.008, concentration=0.5),
        Plant(kind="domestic_arrival", share=0.008, carriers=2),
        Plant(kind="domestic_arrival", how="mimicry", share=0.006, concentration=0.3),
        Plant(kind="no_departure", share=0.006, hours=((9, 13), (15, 19))),
    ),
    "RU": (
        Plant(kind="loop", how="both", share=0.0015, carriers=2),
        Plant(kind="calling_number_altered", how="third_country", share=0.006),
        Plant(kind="no_departure", share=0.006, hours=((18, 23),)),
        Plant(kind="no_arrival", how="irsf", share=0.01),
    ),
}
"""What is dishonest about the calls that leave a side: each way something else."""
_SEEDS: Final = {"BY": 1, "RU": 3}
_KEPT: Final = {
    "departures": ("departures", "numbering"),
    "arrivals": ("arrivals", "domestic", "numbering"),
}
"""What each side of a call writes down, or knows."""
_RATES: Final = """prefix,rate,currency
+7,0.0215,EUR
+7495,0.0150,EUR
+375,0.0310,EUR
"""
_STEPS: Final = 7


def find(
    folder: Path, sides: Mapping[str, Side], told: Told, *, calls: int, now_ms: int
) -> dict[str, frozenset[str]]:
    """Simulate yesterday, let both sides pair it, and take in what each has found.

    Args:
        folder: Of both sides.
        sides: Their stores.
        told: Hears how far it is.
        calls: Of the day, each way.
        now_ms: The present time.

    Returns:
        The names of the cases that each side found.
    """
    day = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(1)
    (folder / "post").mkdir()
    for party in sides:
        (folder / party / "rates.csv").write_text(_RATES, encoding="ascii")
    found = dict.fromkeys(sides, frozenset[str]())
    for leaves in sides:
        _keep_records(folder, sides[leaves], day.isoformat(), calls)
        for party, names in _find_one_way(
            folder, sides, sides[leaves], day.isoformat(), told
        ).items():
            found[party] |= names
    return found


def _find_one_way(
    folder: Path, sides: Mapping[str, Side], left: Side, day: str, told: Told
) -> dict[str, frozenset[str]]:
    """Let both sides pair the calls that left one of them."""
    steps = count()

    def next_one() -> None:
        told(f"both pair the calls from {left.party}", next(steps), _STEPS)

    out = _home(folder, left, left, day)
    into = _home(folder, sides[left.peer], left, day)
    homes = {left.party: out, left.peer: into}
    post = folder / "post" / _way(left)

    def letter(party: str, number: int) -> Path:
        return post.with_name(f"{post.name}-{party}-{number}.tally")

    for party, home in homes.items():
        next_one()
        blind_first(home, letter(party, 1))
    next_one()
    blind_second(out, letter(left.party, 2), peer=letter(left.peer, 1))
    next_one()
    blind_second(
        into,
        letter(left.peer, 2),
        peer=letter(left.party, 1),
        peer_2=letter(left.party, 2),
    )
    found = {}
    for party, home in homes.items():
        next_one()
        side = sides[party]
        result = _place(folder, party, left) / "result"
        pair_blinded(
            home,
            result,
            peer=letter(side.peer, 1),
            peer_2=letter(side.peer, 2),
            show_numbers=True,
        )
        rates = folder / party / "rates.csv"
        taken = take_result(side.cases(), result, departure=left.party, rates=rates)
        found[party] = frozenset(taken.opened)
    return found


def _keep_records(folder: Path, left: Side, day: str, calls: int) -> None:
    """Let calls leave a side for a day, and each side keep its own records of them."""
    happened = simulate(
        calls=calls,
        seed=_SEEDS[left.party],
        plant=_PLANTS[left.party],
        out=folder / "day" / _way(left),
        departure_country=left.party,
        arrival_country=left.peer,
        parameters=Parameters(start=day),
    )
    for party, side in ((left.party, "departures"), (left.peer, "arrivals")):
        own = _place(folder, party, left)
        own.mkdir()
        for name, path in happened.files.items():
            if name.partition(".")[0] in _KEPT[side]:
                (own / path.name).write_bytes(path.read_bytes())


def _home(folder: Path, side: Side, left: Side, day: str) -> Home:
    """Return what a side has at home of the calls that left one of them."""
    own, leaves = _place(folder, side.party, left), side.party == left.party
    return Home(
        side="departures" if leaves else "arrivals",
        records=(own / ("departures.csv" if leaves else "arrivals.csv"),),
        domestic=() if leaves else (own / "domestic.csv",),
        own=read_private_key(folder / side.party / f"{side.party}.key"),
        channel=side.channel,
        # A label for these records and no others.
        epoch=f"{day}.{_way(left)}",
        numbering=Numbering.load(own / "numbering.toml"),
        departure_country=left.party,
        arrival_country=left.peer,
    )


def _way(left: Side) -> str:
    return f"{left.party}-{left.peer}".lower()


def _place(folder: Path, party: str, left: Side) -> Path:
    return folder / party / _way(left)
