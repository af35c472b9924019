"""Record frames in, columns of numbers out.

Source: spec/numbers.md, "Reading a column".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.domains.calls.numbers.column import (
    ContextOf,
    read_column,
    second_column,
)
from tallystick.domains.calls.numbers.context import Context, make_context
from tallystick.domains.calls.numbers.learn import Learned
from tallystick.domains.calls.numbers.numbering import Numbering
from tallystick.domains.calls.numbers.side import COLUMNS, Column, Side

_TEXT_OF: Final[dict[Column, str]] = {
    "calling": "calling_number",
    "called": "called_number",
    "redirecting": "redirecting_number",
}
_Reader = Callable[[pl.Series, pl.Series, ContextOf], pl.Series]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contexts:
    """Where the contexts of one side come from."""

    side: Side
    numbering: Numbering
    learned: Learned | None

    def of(self, column: Column) -> ContextOf:
        """Return the contexts of a column, each made once."""
        made: dict[str, Context] = {}

        def context_of(trunk: str) -> Context:
            if trunk not in made:
                made[trunk] = self._make(trunk, column)
            return made[trunk]

        return context_of

    def _make(self, trunk: str, column: Column) -> Context:
        said = self.numbering.side(self.side)
        learned = self.learned
        counted = "called" if column == "called" else "calling"
        near = self._near(column)
        return make_context(
            near=near,
            country=said.country,
            declared=said.form(trunk, column),
            missing_plus=said.missing_plus(trunk),
            counts=learned.counts.get((trunk, counted), {}) if learned else {},
            side_counts=learned.side_counts[counted] if learned else {},
            code_counts=learned.code_counts[counted] if learned else {},
            countries=tuple(sorted({*near, *self.numbering.countries()})),
        )

    def _near(self, column: Column) -> tuple[str, ...]:
        """Put the country first whose numbers this column is likelier to hold."""
        learned, given = self.learned, self.numbering
        left = given.departures.country or (learned and learned.departure)
        reached = (
            given.arrivals.country
            or given.domestic.country
            or (learned and learned.arrival)
        )
        away = self.side != "domestic" and column != "called"
        order = (left, reached) if away else (reached, left)
        return tuple(dict.fromkeys(c for c in order if c))


def normalise(
    records: pl.DataFrame,
    *,
    side: Side,
    numbering: Numbering | None,
    learned: Learned | None,
) -> pl.DataFrame:
    """Add what the numbers of the records are, each as one integer.

    Args:
        records: Frame with calling_number and called_number, and where known
            redirecting_number and trunk.
        side: Whose records.
        numbering: What is declared.
        learned: What the records showed.

    Returns:
        The records with Int64 columns calling, called, redirecting: the E.164
        digits; 0 where no number is given; negative where it cannot be read, the
        same for the same text on every side.

    Units: numbers as `int("375291234567")`, without +.
    Bounds: several million numbers a second; distinct texts that are not plain
        digits cost some ten microseconds each.
    """
    return _with_columns(records, side, numbering, learned, read_column, "{}")


def second_readings(
    records: pl.DataFrame,
    *,
    side: Side,
    numbering: Numbering | None,
    learned: Learned | None,
) -> pl.DataFrame:
    """Add the second likeliest number of texts that have several valid readings.

    Meant for the few records left unpaired: before an altered number is claimed,
    the two texts should share no reading at all.

    Args:
        records: As for `normalise`.
        side: Whose records.
        numbering: What is declared.
        learned: What the records showed.

    Returns:
        The records with Int64 columns calling_second, called_second and
        redirecting_second; 0 where there is no other reading.

    Bounds: some ten microseconds for each distinct text.
    """
    return _with_columns(records, side, numbering, learned, second_column, "{}_second")


def _with_columns(
    records: pl.DataFrame,
    side: Side,
    numbering: Numbering | None,
    learned: Learned | None,
    reader: _Reader,
    name: str,
) -> pl.DataFrame:
    contexts = _Contexts(side=side, numbering=numbering or Numbering(), learned=learned)
    trunks = _column(records, "trunk").fill_null("")
    columns = [
        reader(
            _column(records, _TEXT_OF[column]),
            trunks,
            contexts.of(column),
        ).alias(name.format(column))
        for column in COLUMNS
    ]
    return records.with_columns(columns)


def _column(records: pl.DataFrame, name: str) -> pl.Series:
    if name in records:
        return records[name]
    return pl.repeat("", records.height, dtype=pl.String, eager=True)
