"""English sentences that know what they are made of.

Whoever wants text gets text. A page in another language looks the template up instead
and puts the same values in, so that no sentence has to be written twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from string import Formatter
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of English, or a part of one.

    Attributes:
        template: Its words, with a name in braces where each value stands. Where one
            is named `n`, a language may have a form for each kind of number.
        values: By name; one may be a sentence itself. Without any, the template is the
            text as it is.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the text."""
        return self.template.format(**self.values) if self.values else self.template


Said = str | Sentence
"""A sentence, or text of any origin."""

JOINED: Final = "{sentence} {advice}"
"""Puts what to do behind what is wrong."""


class ReadBack(NamedTuple):
    """What a text begins with.

    Attributes:
        sentence: The sentence, its numbers as numbers.
        rest: What follows it after a space; empty: nothing.
    """

    sentence: Sentence
    rest: str


def read_back(text: str, template: str) -> ReadBack | None:
    """Find a template at the beginning of a sentence that was kept as text.

    Args:
        text: What was kept.
        template: What it may have been made of.

    Returns:
        The sentence, and what is behind it; None: the text does not begin so.
    """
    found = _pattern(template).fullmatch(text)
    if found is None:
        return None
    *values, rest = found.groups()
    names = _names(template)
    read = zip(names, map(_value, values), strict=True)
    return ReadBack(Sentence(template, dict(read)), rest or "")


def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@cache
def _pattern(template: str) -> re.Pattern[str]:
    words = (
        re.escape(word) + ("(.+?)" if name else "")
        for word, name, _, _ in Formatter().parse(template)
    )
    return re.compile(f"{''.join(words)}(?: (.+))?")


def _value(text: str) -> int | float | str:
    """Return a number where it is one, written as Python writes it."""
    if re.fullmatch(r"0|[1-9][0-9]{0,17}", text):
        return int(text)
    if re.fullmatch(r"(0|[1-9][0-9]{0,8})\.[0-9]{1,9}", text):
        return float(text) if str(float(text)) == text else text
    return text
