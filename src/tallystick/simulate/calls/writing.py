"""The keepers' files: numbers as each trunk writes them, times, numbering.toml."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tallystick.simulate.calls.draw import I64, Bool, hashed
from tallystick.simulate.calls.keeping import Records
from tallystick.simulate.calls.network import Keeper, Network
from tallystick.simulate.calls.plan import Plan, plan_of

DIRECTIONS: Final = {
    "departures": "international_out",
    "arrivals": "international_in",
    "domestic": "domestic",
}
INTERNATIONAL: Final = {"plus": "+", "bare": "", "00": "00", "810": "810"}
"""What stands before the country code in each international form."""


def record_frame(network: Network, keeper: Keeper, records: Records) -> pl.DataFrame:
    """Return the rows of a keeper's file, without those that were lost.

    Shape: the columns of the plain call-record table; times as UTC milliseconds.
    """
    held = np.flatnonzero(records.lost == 0)
    half = records.half.take(held)
    plan = plan_of(keeper.country)
    form = pl.Series(keeper.calling_format).gather(half.trunk)
    called_form = pl.Series(keeper.called_format).gather(half.trunk)
    nothing = pl.Series(keeper.nothing).gather(half.trunk)
    calling = number_texts(half.calling, form, plan)
    calling = nothing.zip_with(pl.Series(half.calling == 0), calling)
    bare = short_texts(half.calling, plan_of(network.departures.country))
    shows = keeper.presentation[half.trunk]
    moment = pl.Datetime("ms", "UTC")
    frame = pl.DataFrame(
        {
            "record_id": records.record_id.gather(held),
            "calling_number": calling.zip_with(pl.Series(~half.national_form), bare),
            "called_number": number_texts(half.called, called_form, plan),
            "started_at": _times(records.started_ms[held], None).cast(moment),
            "answered_at": _times(
                records.answered_ms[held], records.has_answer_time[held]
            ).cast(moment),
            "released_at": _times(
                records.released_ms[held], records.has_release_time[held]
            ).cast(moment),
            "duration_s": records.duration_ms[held] / 1000,
            "direction": pl.repeat(DIRECTIONS[keeper.side], len(held), eager=True),
            "trunk": pl.Series(keeper.trunks, dtype=pl.String).gather(half.trunk),
            "carrier": pl.Series(keeper.carriers, dtype=pl.String).gather(
                keeper.carrier[half.trunk]
            ),
            "presentation": pl.Series(("allowed", "restricted", None)).gather(
                np.where(shows, half.restricted.astype(np.int64), 2)
            ),
            "redirecting_number": number_texts(half.redirecting, form, plan),
            "release_cause": _maybe(half.cause, records.last[held]).cast(pl.Int16),
        }
    )
    if keeper.side != "domestic":
        return frame
    return frame.with_columns(
        imei_texts(half.handset).alias("calling_imei"),
        cell_texts(half.cell, plan).alias("calling_cell"),
    )


def number_texts(numbers: I64, form: pl.Series, plan: Plan) -> pl.Series:
    """Write numbers in the form of their trunk.

    Numbers of another country than the plan's cannot be written nationally and get a
    plus there; 0 becomes empty.
    """
    digits = pl.Series(numbers).cast(pl.String)
    own = numbers // 10**plan.digits == plan.code
    national = digits.str.slice(len(str(plan.code)))
    prefixes = {
        **INTERNATIONAL,
        "national": plan.trunk_prefix,
        "national_bare": "",
    }
    short = form.is_in(["national", "national_bare"]) & pl.Series(own)
    prefix = form.replace_strict(prefixes, return_dtype=pl.String)
    foreign = form.is_in(["national", "national_bare"]) & pl.Series(~own)
    prefix = pl.repeat("+", len(form), eager=True).zip_with(foreign, prefix)
    text = prefix + national.zip_with(short, digits)
    return pl.repeat("", len(form), eager=True).zip_with(pl.Series(numbers == 0), text)


def short_texts(numbers: I64, plan: Plan) -> pl.Series:
    """Write numbers without country code, as the country's own people do."""
    digits = pl.Series(numbers).cast(pl.String)
    prefixed = hashed(0, numbers, numbers) < 0.5
    prefix = pl.Series((plan.trunk_prefix, "")).gather(prefixed.astype(np.int64))
    return prefix + digits.str.slice(len(str(plan.code)))


def _times(moments: I64, present: Bool | None) -> pl.Series:
    return pl.Series(moments) if present is None else _maybe(moments, present)


def _maybe(values: I64, present: Bool) -> pl.Series:
    return pl.Series(values).zip_with(
        pl.Series(present), pl.repeat(None, len(values), dtype=pl.Int64, eager=True)
    )


def imei_texts(handset: I64) -> pl.Series:
    """Write 15-digit equipment identities with their check digit; -1 becomes empty."""
    serial = (hashed(1, handset, handset) * 1e6).astype(np.int64)
    body = 35_000_000_000_000 + (handset % 50_000) * 1_000_000 + serial
    check = np.zeros(len(handset), dtype=np.int64)
    rest = body.copy()
    for place in range(14):
        # Luhn: from the right, every second digit counts twice.
        digit = rest % 10 * (2 if place % 2 == 0 else 1)
        check += digit // 10 + digit % 10
        rest //= 10
    text = pl.Series(body * 10 + (-check) % 10).cast(pl.String)
    return text.zip_with(
        pl.Series(handset >= 0), pl.repeat("", len(handset), eager=True)
    )


def cell_texts(cell: I64, plan: Plan) -> pl.Series:
    """Write cells as country, network, area and cell; -1 becomes empty."""
    area = pl.Series(7000 + cell // 64).cast(pl.String)
    number = pl.Series(10_000 + cell).cast(pl.String)
    text = pl.repeat(f"{plan.mnc}-", len(cell), eager=True) + area + "-" + number
    return text.zip_with(pl.Series(cell >= 0), pl.repeat("", len(cell), eager=True))


def write_records(
    frame: pl.DataFrame, folder: Path, name: str, *, form: str, offset_h: float
) -> Path:
    """Write one keeper's file.

    Args:
        frame: What `record_frame` returned.
        folder: Where to.
        name: Without suffix.
        form: `csv` or `parquet`.
        offset_h: Hours from UTC in which the keeper writes times, in CSV.
    """
    path = folder / f"{name}.{form}"
    if form == "parquet":
        frame.write_parquet(path)
        return path
    minutes = round(offset_h * 60)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "Z"
    shifted = frame.with_columns(
        pl.col("started_at", "answered_at", "released_at").dt.replace_time_zone(None)
        + pl.duration(minutes=minutes),
        pl.col(pl.String).replace("", None),  # an empty field, not a quoted one
    )
    shifted.write_csv(path, datetime_format=f"%Y-%m-%dT%H:%M:%S%.3f{zone}")
    return path


def numbering_toml(network: Network) -> str:
    """Return numbering.toml: how each side and trunk writes numbers."""
    lines: list[str] = []
    for keeper in (network.departures, network.arrivals, network.domestic):
        lines += [f"[{keeper.side}]", f'country = "{keeper.country}"', ""]
        for trunk, calling, called in zip(
            keeper.trunks, keeper.calling_format, keeper.called_format, strict=True
        ):
            if not trunk:
                continue
            lines += [
                f'[{keeper.side}.trunks."{trunk}"]',
                f'calling = "{_meaning(calling, keeper.country)}"',
                f'called = "{_meaning(called, keeper.country)}"',
                "",
            ]
    return "\n".join(lines)


def _meaning(form: str, country: str) -> str:
    return "international" if form in INTERNATIONAL else f"national:{country}"
