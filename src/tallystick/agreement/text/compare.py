"""What differs between two texts of an agreement, place by place.

Rules, parties and numbering are compared by their names, whatever their order.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_NAMES: Final = ("id", "name", "party", "role")
"""What names a table among others, the first that it has."""


class Difference(NamedTuple):
    """One place that differs.

    Attributes:
        place: Such as `rules.missing.action`; of a list of tables, their order.
        before: What stood there; None: nothing.
        after: What stands there now; None: nothing.
    """

    place: str
    before: str | None
    after: str | None


def differences(before: str, after: str) -> tuple[Difference, ...]:
    """Compare two texts that can be read.

    Args:
        before: The earlier one.
        after: The later one.

    Returns:
        What differs, first what both have in the order of the later one, then what
        only the earlier one has. Comments and spacing are no difference.
    """
    old = dict(_places(tomllib.loads(before)))
    new = dict(_places(tomllib.loads(after)))
    places = [*new, *(place for place in old if place not in new)]
    return tuple(
        Difference(place, old.get(place), new.get(place))
        for place in places
        if old.get(place) != new.get(place)
    )


def _places(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every place of a value and what stands there, in words.

    Yields:
        Place and words.
    """
    tables = _tables_of(value)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _places(inner, f"{place}.{name}" if place else name)
    elif tables:
        names = [_name_of(one, nth) for nth, one in enumerate(tables)]
        yield place, ", ".join(names)
        for name, inner in zip(names, tables, strict=True):
            yield from _places(inner, f"{place}.{name}")
    elif isinstance(value, list):
        yield place, ", ".join(str(one) for one in value)
    else:
        yield place, str(value).lower() if isinstance(value, bool) else str(value)


def _tables_of(value: object) -> list[Mapping[str, object]]:
    """Return the tables that a list holds; none where it holds anything else."""
    tables = value if isinstance(value, list) else []
    return tables if all(isinstance(one, Mapping) for one in tables) else []


def _name_of(table: Mapping[str, object], nth: int) -> str:
    return next((str(table[name]) for name in _NAMES if name in table), str(nth + 1))
