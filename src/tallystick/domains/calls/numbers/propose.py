"""A numbering file proposed from the records, with how much each line rests on.

Source: spec/numbers.md, "The numbering file".
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Final

import polars as pl

from tallystick.domains.calls.numbers.form import Written
from tallystick.domains.calls.numbers.learn import (
    ABSENT,
    UNCLEAR,
    UNREADABLE,
    Learned,
    learn,
)
from tallystick.domains.calls.numbers.plan import plan
from tallystick.domains.calls.numbers.side import SIDES
from tallystick.model.errors import ConfigError

FEWEST: Final = 10  # distinct numbers; fewer show nothing
MOSTLY: Final = 0.9  # share of the clear numbers one form must have to be proposed
_WORDS: Final = {
    Written.PLUS: "with +",
    Written.PREFIX: "after an international prefix",
    Written.INTERNATIONAL: "without +",
    Written.PREFIXED: "with trunk prefix",
    Written.BARE: "without trunk prefix",
}


def propose_numbering(
    records: pl.DataFrame,
    *,
    side: str = "departures",
    departure_country: str | None = None,
    arrival_country: str | None = None,
) -> str:
    """Propose the part of a numbering file that the records of one side show.

    Args:
        records: Frame with calling_number, called_number, trunk.
        side: "departures", "arrivals" or "domestic".
        departure_country: ISO 3166 code, where it is known.
        arrival_country: The same.

    Returns:
        TOML with a comment on each line saying on how many distinct numbers of a
        sample it rests; it holds no number.

    Raises:
        ConfigError: "numbering-side": no such side.
    """
    known = next((s for s in SIDES if s == side), None)
    if known is None:
        raise ConfigError(
            "numbering-side",
            "There is no such side of a border crossing.",
            advice=f"Give one of: {', '.join(SIDES)}.",
        )
    learned = learn(
        [records],
        known,
        departure_country=departure_country,
        arrival_country=arrival_country,
    )
    return "\n".join(_lines(learned, records.height)) + "\n"


def _lines(learned: Learned, rows: int) -> Iterator[str]:
    yield f"# Proposed from {rows} records; check each line before you use it."
    yield f"[{learned.side}]"
    yield _country_line(learned)
    trunks = sorted({trunk for trunk, _ in learned.counts})
    for trunk in trunks:
        if trunk:
            yield ""
            yield f"[{learned.side}.trunks.{_quoted(trunk)}]"
        for column in ("calling", "called"):
            yield _form_line(column, learned.counts.get((trunk, column), {}))


def _country_line(learned: Learned) -> str:
    column = "calling" if learned.side == "departures" else "called"
    country = learned.departure if learned.side == "departures" else learned.arrival
    counted = learned.code_counts[column]
    if country is None:
        return '# country = ""  # not clear from the records: name it'
    held = counted.get(plan(country).code, 0)
    return (
        f'country = "{country}"  # {held} of {sum(counted.values())} distinct '
        f"international {column} numbers have its country code"
    )


def _form_line(column: str, counts: Mapping[str, int]) -> str:
    """Return one line, or a comment where no form stands out."""
    seen = sum(counts.values()) - counts.get(ABSENT, 0)
    forms: Counter[str] = Counter()
    ways: dict[str, list[str]] = {}
    for name, number in sorted(counts.items()):
        written, _, country = name.partition(":")
        if written in _WORDS:
            form = f"national:{country}" if country else "international"
            forms[form] += number
            ways.setdefault(form, []).append(f"{number} {_WORDS[Written(written)]}")
    form, held = max(forms.items(), key=itemgetter(1, 0), default=("", 0))
    unread = counts.get(UNCLEAR, 0) + counts.get(UNREADABLE, 0)
    if held < FEWEST or held < MOSTLY * sum(forms.values()):
        return (
            f"# {column}: not clear from {seen} distinct numbers, {unread} of them "
            "with no reading or several"
        )
    return f'{column} = "{form}"  # {held} of {seen} distinct numbers: ' + ", ".join(
        ways[form]
    )


def _quoted(name: str) -> str:
    """Return a TOML key in quotes."""
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007F")
