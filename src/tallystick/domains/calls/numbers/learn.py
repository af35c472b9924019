"""What the records themselves show of how their numbers are written.

Each text of the sample is read by the plans of both countries. Only texts with one
reading count; what they show then decides texts that have several.

Source: spec/numbers.md, "What the records show".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from tallystick.domains.calls.numbers.form import Written
from tallystick.domains.calls.numbers.numbering import Numbering
from tallystick.domains.calls.numbers.plan import country_of, split_code
from tallystick.domains.calls.numbers.reading import Reading, Readings, read
from tallystick.domains.calls.numbers.sample import Sample, sample_numbers
from tallystick.domains.calls.numbers.side import Side

UNCLEAR: Final = "unclear"  # several valid readings
UNREADABLE: Final = "unreadable"
ABSENT: Final = "absent"
GUESS_NUMBERS: Final = 20  # fewer international numbers name no country
GUESS_SHARE: Final = 0.5  # of the numbers with + or an international prefix
GUESS_OF_ALL: Final = 0.1  # and of all numbers of the column
GUESS_BARE: Final = 0.9  # of all, counting those without +; national ones mislead
_INTERNATIONAL: Final = frozenset(
    {
        Written.PLUS,
        Written.PREFIX,
        Written.INTERNATIONAL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the records of one side show.

    Attributes:
        side: Which side.
        departure: The country the calls left; None: not known.
        arrival: The country they reached; None: not known.
        counts: By (trunk, column), how many distinct texts of the sample have
            which reading (`Reading.label`), or are unclear, unreadable, absent.
        side_counts: By column, the same over all trunks.
        code_counts: By column, international numbers by country code.
        sample: The texts it rests on, by (trunk, column).
    """

    side: Side
    departure: str | None
    arrival: str | None
    counts: Mapping[tuple[str, str], Mapping[str, int]]
    side_counts: Mapping[str, Mapping[str, int]]
    code_counts: Mapping[str, Mapping[int, int]]
    sample: Sample = field(repr=False)


def learn(
    batches: Iterable[pl.DataFrame],
    side: Side,
    *,
    numbering: Numbering | None = None,
    departure_country: str | None = None,
    arrival_country: str | None = None,
) -> Learned:
    """Learn from the records of one side how its trunks write numbers.

    Args:
        batches: Record frames, in any order.
        side: Whose records.
        numbering: What is declared; its countries are taken as given.
        departure_country: ISO 3166 code; guessed from the records when neither
            this nor the numbering names it.
        arrival_country: The same.

    Returns:
        What they show. Where a country was guessed, pass what all sides learned
        through `agree`, so that they read by the same plans.

    Bounds: one pass over the batches; then at most 100,000 texts are read.
    """
    sample = sample_numbers(batches)
    given = numbering or Numbering()
    return _count(
        side,
        departure_country or given.departures.country or _guess(sample, side, 0),
        arrival_country or given.arrivals.country or _guess(sample, side, 1),
        sample,
    )


def agree(learned: Iterable[Learned]) -> tuple[Learned, ...]:
    """Let all sides read by the same two countries.

    The departures know best where the calls left, the arrivals where they came to;
    what one side could not tell is taken from the others.

    Args:
        learned: What each side learned on its own, one for each side.

    Returns:
        The same, in the same order, counted anew where a country changed.
    """
    each = tuple(learned)
    by_side = {one.side: one for one in each}
    first = [by_side[s] for s in ("departures", "arrivals", "domestic") if s in by_side]
    last = [by_side[s] for s in ("arrivals", "domestic", "departures") if s in by_side]
    departure = next((one.departure for one in first if one.departure), None)
    arrival = next((one.arrival for one in last if one.arrival), None)
    return tuple(
        one
        if (one.departure, one.arrival) == (departure, arrival)
        else _count(one.side, departure, arrival, one.sample)
        for one in each
    )


def _count(
    side: Side, departure: str | None, arrival: str | None, sample: Sample
) -> Learned:
    countries = tuple(sorted({c for c in (departure, arrival) if c}))
    codes: dict[str, Counter[int]] = {"calling": Counter(), "called": Counter()}
    sums: dict[str, Counter[str]] = {"calling": Counter(), "called": Counter()}
    counts = {}
    for (trunk, column), texts in sample.items():
        readings = [read(text, countries) for text in texts]
        counts[trunk, column] = Counter(map(label, readings))
        sums[column].update(counts[trunk, column])
        codes[column].update(filter(None, map(_code, readings)))
    return Learned(
        side=side,
        departure=departure,
        arrival=arrival,
        counts=counts,
        side_counts=sums,
        code_counts=codes,
        sample=sample,
    )


def label(readings: Readings) -> str:
    """Return the one way a text is written, or why there is not one."""
    only = _only(readings)
    if only is not None:
        return only.label
    if readings.valid:
        return UNCLEAR
    return UNREADABLE if readings.text else ABSENT


def _only(readings: Readings) -> Reading | None:
    if readings.certain is not None:
        return readings.certain
    numbers = {reading.number for reading in readings.valid}
    return readings.valid[0] if len(numbers) == 1 else None


def _code(readings: Readings) -> int:
    """Return the country code of what can only be an international number."""
    only = _only(readings)
    if only is None or only.written not in _INTERNATIONAL:
        return 0
    split = split_code(str(only.number))
    return split[0] if split else 0


def _guess(sample: Sample, side: Side, place: int) -> str | None:
    """Name the country most international numbers belong to, if one stands out.

    Args:
        sample: The texts.
        side: Whose.
        place: 0 for the country the calls left, 1 for the one they reached.
    """
    if side == "domestic":
        columns = {"calling", "called"} if place else set()
    else:
        columns = {("calling", "called")[place]}
    texts = {
        t for (_, column), held in sample.items() if column in columns for t in held
    }
    found = [only for text in texts if (only := _only(read(text, ())))]
    certain = [only for only in found if only.written is not Written.INTERNATIONAL]
    least = max(GUESS_SHARE * len(certain), GUESS_OF_ALL * len(texts))
    return _commonest(certain, least) or _commonest(found, GUESS_BARE * len(texts))


def _commonest(found: list[Reading], least: float) -> str | None:
    by_country = Counter(filter(None, (country_of(one.number) for one in found)))
    if not by_country:
        return None
    country, numbers = min(by_country.items(), key=lambda item: (-item[1], item[0]))
    return country if numbers >= max(GUESS_NUMBERS, least) else None
