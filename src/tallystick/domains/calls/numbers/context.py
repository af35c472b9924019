"""Which of several valid readings is taken: the weights of one trunk and column.

A weight is a count of numbers: those a form is presumed to have beforehand, those
a declaration is worth, and those the records show. The heaviest reading wins.

Source: spec/numbers.md, "Choosing among valid readings".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.numbers.form import Form, Written
from tallystick.domains.calls.numbers.plan import plan, split_code
from tallystick.domains.calls.numbers.reading import (
    Reading,
    explicit,
    plausible,
    read,
    read_subscriber,
)
from tallystick.domains.calls.numbers.text import unreadable

Key = tuple[Written, str]

DECLARED: Final = 1000.0  # a form the numbering file gives to the trunk
OF_THE_SIDE: Final = 20.0  # national forms of the country of the side
DECLARED_FOREIGN: Final = 10.0  # third countries, where "international" is declared
# Presumed before a record is seen: transit carriers deliver 1 to 3 % of numbers in
# a national form, mostly the caller's own and with its trunk prefix.
PRESUMED_INTERNATIONAL: Final = 6.0
PRESUMED_NATIONAL: Final = (
    {Written.PREFIXED: 1.0, Written.BARE: 0.5},  # of the nearer country
    {Written.PREFIXED: 0.4, Written.BARE: 0.2},  # of the other
)
SHARE_HOME: Final = 98.0  # of a hundred presumed international numbers
SHARE_FOREIGN: Final = 0.01  # the same, for each third country


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of one column of one trunk.

    Attributes:
        countries: All countries whose plans are read by, sorted.
        near: The two countries of the border, the likelier one first.
        weights: Weight of each way of writing; what is not in it is not read.
        shares: Weight of each country code among international numbers.
        other_share: The same, for a code not listed.
        declared: What the numbering file says, if anything.
    """

    countries: tuple[str, ...]
    near: tuple[str, ...]
    weights: Mapping[Key, float]
    shares: Mapping[int, float]
    other_share: float
    declared: Form | None = None

    def weight(self, reading: Reading) -> float:
        """Return the weight of one valid reading; 0: not to be taken."""
        return self.weight_of(reading.written, reading.country, _code(reading))

    def weight_of(self, written: Written, country: str, code: int) -> float:
        """Return the weight of a way of writing.

        Args:
            written: The way.
            country: Whose plan; "" for international.
            code: Country code of the number, for international.
        """
        if written is Written.INTERNATIONAL:
            return self._international(self.shares.get(code, self.other_share))
        return self.weights.get((written, country), 0.0)

    def foreign_bound(self) -> float:
        """Return a weight that no number of a third country exceeds."""
        home = {plan(country).code for country in self.countries}
        foreign = (share for code, share in self.shares.items() if code not in home)
        share = max([self.other_share, *foreign])
        return self._international(share)

    def _international(self, share: float) -> float:
        weight = self.weights.get((Written.INTERNATIONAL, ""), 0.0)
        declared = self.declared is not None and self.declared.kind == "international"
        return weight and weight * share + (DECLARED_FOREIGN if declared else 0.0)

    def reads_international(self) -> bool:
        """Tell whether digits that can only be a home number are taken for it."""
        declared = self.declared
        apart = declared is not None and declared.kind == "subscriber"
        return not apart and (Written.INTERNATIONAL, "") in self.weights

    def reads_unheld_abroad(self) -> bool:
        """Tell whether a number nobody holds is read by its home code first."""
        national = self.declared is not None and self.declared.country
        return (
            not national
            and (Written.INTERNATIONAL, "") in self.weights
            and set(self.plans) == set(self.countries)
        )

    @property
    def plans(self) -> tuple[str, ...]:
        """The countries that matter here, the likelier ones first."""
        declared = self.declared.country if self.declared else ""
        return tuple(dict.fromkeys(filter(None, (*self.near, declared))))


def make_context(
    *,
    near: tuple[str, ...],
    country: str | None,
    declared: Form | None,
    missing_plus: bool,
    counts: Mapping[str, int],
    side_counts: Mapping[str, int],
    code_counts: Mapping[int, int],
    countries: tuple[str, ...],
) -> Context:
    """Put together what is presumed, declared and learned.

    Args:
        near: The countries of the border, the likelier one for this column first.
        country: The country of the side, if the numbering file names one.
        declared: The form it gives to the trunk and column.
        missing_plus: Whether digits alone may be an international number.
        counts: Numbers seen on this trunk with one valid reading, by its label.
        side_counts: The same, over all trunks of the side.
        code_counts: International numbers seen on the side, by country code.
        countries: All countries in question, sorted.

    Returns:
        The context.
    """
    weights = _presumed(near, country, missing_plus=missing_plus)
    weights = _adjusted(weights, side_counts)
    if declared is not None:
        for written in (Written.INTERNATIONAL, Written.PREFIXED, Written.BARE):
            key = (written, declared.country)
            possible = missing_plus or written is not Written.INTERNATIONAL
            if possible and declared.covers(*key):
                weights[key] = weights.get(key, 0.0) + DECLARED
    for key in weights:
        weights[key] += counts.get(_label(key), 0)
    shares, other = _shares(near, code_counts)
    return Context(countries, near, weights, shares, other, declared)


def _presumed(
    near: tuple[str, ...], country: str | None, *, missing_plus: bool
) -> dict[Key, float]:
    weights: dict[Key, float] = {}
    if missing_plus:
        weights[Written.INTERNATIONAL, ""] = PRESUMED_INTERNATIONAL
    for presumed, place in zip(PRESUMED_NATIONAL, near, strict=False):
        for written, weight in presumed.items():
            weights[written, place] = weight + OF_THE_SIDE * (place == country)
    return weights


def _adjusted(
    presumed: Mapping[Key, float], side_counts: Mapping[str, int]
) -> dict[Key, float]:
    """Presume what the whole side shows, without making the presumption heavier."""
    seen = {key: side_counts.get(_label(key), 0) for key in presumed}
    total = sum(presumed.values())
    scale = total / (total + sum(seen.values())) if presumed else 0.0
    return {key: (weight + seen[key]) * scale for key, weight in presumed.items()}


def _label(key: Key) -> str:
    return ":".join(filter(None, key))


def _shares(
    near: tuple[str, ...], code_counts: Mapping[int, int]
) -> tuple[dict[int, float], float]:
    home = {plan(country).code for country in near}
    total = sum(code_counts.values()) + SHARE_HOME + 2.0
    shares = {
        code: (
            code_counts.get(code, 0)
            + (SHARE_HOME / len(home) if code in home else SHARE_FOREIGN)
        )
        / total
        for code in sorted(home | code_counts.keys())
    }
    return shares, SHARE_FOREIGN / total


def _code(reading: Reading) -> int:
    if reading.written is not Written.INTERNATIONAL:
        return 0
    split = split_code(str(reading.number))
    return split[0] if split else 0


def ranked(raw: str, context: Context) -> list[int]:
    """Return every number a text can be on this trunk, the likeliest first.

    Returns:
        E.164 numbers; or a single 0, or a single negative number.
    """
    readings = read(raw, context.countries)
    if readings.certain is not None:
        return [readings.certain.number]
    weighed = [(context.weight(reading), reading) for reading in readings.valid]
    valid = [(DECLARED, reading) for reading in _subscriber(readings.text, context)]
    valid += [pair for pair in weighed if pair[0] > 0]
    if valid:
        valid.sort(key=lambda pair: -pair[0])
        return list(dict.fromkeys(reading.number for _, reading in valid))
    if not readings.text:
        return [0]
    return [_unallocated(readings.text, context) or unreadable(readings.text)]


def _subscriber(digits: str, context: Context) -> list[Reading]:
    declared = context.declared
    if declared is None or declared.kind != "subscriber":
        return []
    return list(read_subscriber(digits, declared.country, declared.area))


def choose(raw: str, context: Context) -> int:
    """Return the number a text is taken for on this trunk."""
    return explicit(raw) or ranked(raw, context)[0]


def _unallocated(digits: str, context: Context) -> int:
    found = [r for r in plausible(digits, context.plans) if _admits(context, r)]
    declared = context.declared
    for reading in found:
        if declared and declared.covers(reading.written, reading.country):
            return reading.number
    return found[0].number if found else 0


def _admits(context: Context, reading: Reading) -> bool:
    if reading.written is Written.PREFIX:
        return True
    needed = Written.INTERNATIONAL
    if reading.written in {Written.PREFIXED, Written.BARE}:
        needed = reading.written
    return (needed, reading.country) in context.weights
