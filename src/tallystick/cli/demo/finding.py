"""A day of calls, paired by both sides without showing each other a record.

What each side does is what docs/how-to/pair-without-showing-records.md tells it to do:
it blinds its own records at home, hands two files over, and pairs at home.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tallystick.blinding import read_private_key
from tallystick.cli.case_desk import take_result
from tallystick.domains.calls.numbers import Numbering
from tallystick.engines.home import Home
from tallystick.engines.rounds import blind_first, blind_second, pair_blinded
from tallystick.node.rehearsal.course import Told
from tallystick.office import Side
from tallystick.simulate.calls import Parameters, simulate

SEED: Final = 1
_KEEPERS: Final = {
    "BY": ("departures", "numbering"),
    "RU": ("arrivals", "domestic", "numbering"),
}
_RATES: Final = "prefix,rate,currency\n+7,0.0215,EUR\n+7495,0.0150,EUR\n"
_STEPS: Final = 7


def find(
    folder: Path, sides: Mapping[str, Side], told: Told, *, calls: int, now_ms: int
) -> dict[str, frozenset[str]]:
    """Simulate yesterday, let both sides pair it, and take in what each has found.

    Args:
        folder: Of both sides.
        sides: Their stores.
        told: Hears how far it is.
        calls: Of the day.
        now_ms: The present time.

    Returns:
        The names of the cases that each side found.
    """
    day = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(1)
    steps = iter(range(_STEPS))

    def next_one() -> None:
        told("two sides pair their day", next(steps), _STEPS)

    next_one()
    _keep_records(folder, day.isoformat(), calls)
    homes = {
        party: _home(folder, side, day.isoformat()) for party, side in sides.items()
    }
    by, ru = homes["BY"], homes["RU"]
    post = folder / "post"
    post.mkdir()
    for party, home in homes.items():
        next_one()
        blind_first(home, post / f"{party}-1.tally")
    next_one()
    blind_second(by, post / "BY-2.tally", peer=post / "RU-1.tally")
    next_one()
    blind_second(
        ru,
        post / "RU-2.tally",
        peer=post / "BY-1.tally",
        peer_2=post / "BY-2.tally",
    )
    found = {}
    for party, home in homes.items():
        next_one()
        side = sides[party]
        result = folder / party / "result"
        pair_blinded(
            home,
            result,
            peer=post / f"{side.peer}-1.tally",
            peer_2=post / f"{side.peer}-2.tally",
            show_numbers=True,
        )
        rates = folder / party / "rates.csv"
        rates.write_text(_RATES, encoding="ascii")
        taken = take_result(side.cases(), result, departure="BY", rates=rates)
        found[party] = frozenset(taken.opened)
    return found


def _keep_records(folder: Path, day: str, calls: int) -> None:
    """Let a day happen, and each side keep its own records of it."""
    happened = simulate(
        calls=calls,
        seed=SEED,
        plant="medium",
        out=folder / "day",
        parameters=Parameters(start=day),
    )
    for party, names in _KEEPERS.items():
        for name, path in happened.files.items():
            if name.partition(".")[0] in names:
                (folder / party / path.name).write_bytes(path.read_bytes())


def _home(folder: Path, side: Side, epoch: str) -> Home:
    """Return what a side has at home."""
    own = folder / side.party
    return Home(
        side="departures" if side.party == "BY" else "arrivals",
        records=(own / ("departures.csv" if side.party == "BY" else "arrivals.csv"),),
        domestic=() if side.party == "BY" else (own / "domestic.csv",),
        own=read_private_key(own / f"{side.party}.key"),
        channel=side.channel,
        epoch=epoch,
        numbering=Numbering.load(own / "numbering.toml"),
        departure_country="BY",
        arrival_country="RU",
    )
