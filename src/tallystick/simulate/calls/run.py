"""Simulate: build the world, let it happen, let both sides keep their records."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.attempts import build_attempts
from tallystick.simulate.calls.course import build_crossings
from tallystick.simulate.calls.crossings import Crossings
from tallystick.simulate.calls.domestic import build_domestic, landed
from tallystick.simulate.calls.honest import pass_transit
from tallystick.simulate.calls.keeping import Halves, Records, keep
from tallystick.simulate.calls.network import Network, build_network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import build_people
from tallystick.simulate.calls.plan import plan_of
from tallystick.simulate.calls.plant import Plant, completed, load_plants
from tallystick.simulate.calls.schemes import World, plant_all
from tallystick.simulate.calls.truth import truth_frame
from tallystick.simulate.calls.writing import (
    numbering_toml,
    record_frame,
    write_records,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What was written.

    Attributes:
        files: Every file, by name.
        rows: Records held in each keeper's file.
        kinds: Crossings of each kind.
    """

    files: dict[str, Path]
    rows: dict[str, int]
    kinds: dict[str, int]


def simulate(
    *,
    calls: int,
    seed: int,
    plant: str | Path | tuple[Plant, ...],
    out: Path,
    form: str = "csv",
    departure_country: str = "BY",
    arrival_country: str = "RU",
    parameters: Parameters | None = None,
) -> Simulated:
    """Simulate two sides' records and write them with their truth.

    Args:
        calls: Genuine attempts, redials included; schemes change and add some.
        seed: Same seed, same arguments: same bytes.
        plant: A plant file, the name of a shipped one, or plants.
        out: Folder to write into; made if it is not there.
        form: `csv` or `parquet`.
        departure_country: ISO 3166 code of where the calls leave from.
        arrival_country: Where they arrive.
        parameters: The world; the default one if not given.

    Bounds: about 1.2 kB of memory for each call.
    """
    parameters = parameters or Parameters()
    plants = completed(plant) if isinstance(plant, tuple) else load_plants(plant)
    _check_countries(departure_country, arrival_country)
    network = build_network(
        parameters,
        seed=seed,
        departure_country=departure_country,
        arrival_country=arrival_country,
    )
    crossings, domestic = _happen(parameters, network, plants, calls=calls, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    rows: dict[str, int] = {}
    kept: list[Records] = []
    for keeper, halves in (
        (network.departures, departing(crossings)),
        (network.arrivals, arriving(crossings)),
        (network.domestic, domestic),
    ):
        records = keep(parameters, keeper, halves, seed=seed)
        frame = record_frame(network, keeper, records)
        offset = (
            parameters.utc_offset_h if keeper.side in parameters.local_time else 0.0
        )
        files[keeper.side] = write_records(
            frame, out, keeper.side, form=form, offset_h=offset
        )
        rows[keeper.side] = len(frame)
        kept.append(records)
    truth = truth_frame(
        parameters, network, crossings, (kept[0], kept[1], kept[2]), plants
    )
    files |= _write_rest(out, network, truth)
    kinds = dict(truth["kind"].value_counts().sort("kind").iter_rows())
    story = {
        "format": "tallystick-truth/1",
        "calls": calls,
        "seed": seed,
        "departure_country": departure_country,
        "arrival_country": arrival_country,
        "rows": rows,
        "kinds": kinds,
        "plants": [dataclasses.asdict(p) for p in plants],
        "outages": [dataclasses.asdict(o) for o in parameters.outages],
        "parameters": dataclasses.asdict(parameters),
    }
    files["truth.json"] = out / "truth.json"
    files["truth.json"].write_text(json.dumps(story, indent=1) + "\n", encoding="utf-8")
    return Simulated(files=files, rows=rows, kinds=kinds)


def _happen(
    parameters: Parameters,
    network: Network,
    plants: tuple[Plant, ...],
    *,
    calls: int,
    seed: int,
) -> tuple[Crossings, Halves]:
    """Let everything happen: return all crossings and domestic halves."""
    people = build_people(
        parameters,
        calls=calls,
        seed=seed,
        departure_country=network.departures.country,
        arrival_country=network.arrivals.country,
    )
    attempts = build_attempts(parameters, people, calls=calls, seed=seed)
    crossings = build_crossings(parameters, people, network, attempts, seed=seed)
    crossings = pass_transit(parameters, network, crossings, seed=seed)
    world = World(
        parameters=parameters,
        people=people,
        network=network,
        calls=calls,
        crossings=crossings,
    )
    crossings = plant_all(world, plants, seed=seed)
    plan = plan_of(network.arrivals.country)
    own = build_domestic(parameters, people, plan, calls=calls, seed=seed)
    return crossings, Halves.join((own, *world.domestic, landed(crossings)))


def _check_countries(departure: str, arrival: str) -> None:
    """Refuse countries without plan, and twice the same.

    Raises:
        ConfigError: "country-unknown" or "country-same".
    """
    if plan_of(departure) is plan_of(arrival):
        raise ConfigError(
            "country-same", "calls must leave one country and arrive in another one."
        )


def departing(crossings: Crossings) -> Halves:
    """Return what the departure switch saw."""
    rows = np.flatnonzero(crossings.departs)
    none = np.full(len(rows), -1)
    return Halves(
        crossing=rows,
        calling=crossings.calling[rows],
        called=crossings.called[rows],
        redirecting=crossings.redirecting[rows],
        start=crossings.dep_start[rows],
        answer=crossings.dep_answer[rows],
        release=crossings.dep_release[rows],
        restricted=crossings.restricted[rows],
        national_form=none > 0,
        trunk=crossings.dep_trunk[rows],
        cause=crossings.cause[rows],
        handset=none,
        cell=none,
    )


def arriving(crossings: Crossings) -> Halves:
    """Return what the arriving switch saw."""
    rows = np.flatnonzero(crossings.arrives)
    none = np.full(len(rows), -1)
    return Halves(
        crossing=rows,
        calling=crossings.arr_calling[rows],
        called=crossings.arr_called[rows],
        redirecting=crossings.arr_redirecting[rows],
        start=crossings.arr_start[rows],
        answer=crossings.arr_answer[rows],
        release=crossings.arr_release[rows],
        restricted=crossings.arr_restricted[rows],
        national_form=crossings.national_form[rows],
        trunk=crossings.arr_trunk[rows],
        cause=crossings.cause[rows],
        handset=none,
        cell=none,
    )


def _write_rest(out: Path, network: Network, truth: pl.DataFrame) -> dict[str, Path]:
    """Write the numbering file and the truth."""
    numbering = out / "numbering.toml"
    numbering.write_text(numbering_toml(network), encoding="utf-8")
    truth.write_parquet(out / "truth.parquet")
    return {"numbering.toml": numbering, "truth.parquet": out / "truth.parquet"}
