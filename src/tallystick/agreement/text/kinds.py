"""What may stand in a field of a text: each kind reads, explains and describes itself.

Reading never stops at the first mistake: each is noted with its place, so that whoever
wrote the file hears of all of them at once. A value is never repeated: it may be a
number that was pasted there.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from tallystick.model import Said, Sentence, TallystickError


class Mistake(NamedTuple):
    """What is wrong, and where.

    Attributes:
        where: The place, as `$.rules[3].harm.share`.
        sentence: What must stand there, for a person.
    """

    where: str
    sentence: Said

    def __str__(self) -> str:
        """Return place and sentence in one line."""
        return f"{self.where} {self.sentence}"


class Kind(Protocol):
    """What may stand in a field."""

    @property
    def told(self) -> Said:
        """What must stand there, as in "must be …"."""

    def read(self, value: object, where: str, mistakes: list[Mistake]) -> object:
        """Return the value as the program uses it; None after noting a mistake."""

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words of a person, or what a pattern allows.

    Attributes:
        least: Characters at least.
        most: Characters at most.
        pattern: What it must match as a whole.
        what: What matches, in words.
    """

    least: int = 1
    most: int = 200
    pattern: str = ""
    what: str = ""

    @property
    def told(self) -> Said:
        """What must stand there."""
        return self.what or Sentence(
            "a text of {least} to {most} characters",
            {"least": self.least, "most": self.most},
        )

    def read(self, value: object, where: str, mistakes: list[Mistake]) -> str | None:
        """Return the text."""
        if (
            isinstance(value, str)
            and self.least <= len(value.strip())
            and len(value) <= self.most
            and (not self.pattern or re.fullmatch(self.pattern, value))
        ):
            return value
        mistakes.append(_must(self, where))
        return None

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""
        bounds = {"minLength": self.least, "maxLength": self.most}
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {"type": "string", **bounds, **pattern}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number within bounds.

    Attributes:
        low: The least.
        high: The greatest.
        whole: Whether it has no fraction.
        unit: What is counted.
    """

    low: float
    high: float
    whole: bool = True
    unit: str = ""

    @property
    def told(self) -> Said:
        """What must stand there."""
        bounds = {"low": Decimal(f"{self.low}"), "high": Decimal(f"{self.high}")}
        if not self.whole:
            return Sentence("a number from {low:,} to {high:,}", bounds)
        if not self.unit:
            return Sentence("a whole number from {low:,} to {high:,}", bounds)
        return Sentence(
            "a whole number of {unit} from {low:,} to {high:,}",
            {"unit": self.unit, **bounds},
        )

    def read(self, value: object, where: str, mistakes: list[Mistake]) -> float | None:
        """Return the number."""
        kinds = (int,) if self.whole else (int, float)
        if (
            isinstance(value, kinds)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        ):
            return value
        mistakes.append(_must(self, where))
        return None

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""
        kind = "integer" if self.whole else "number"
        return {"type": kind, "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A calendar day, which begins at midnight UTC."""

    told: str = "a day, as 2027-01-31 without quotation marks"

    def read(self, value: object, where: str, mistakes: list[Mistake]) -> date | None:
        """Return the day."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        mistakes.append(_must(self, where))
        return None

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema, of the day as a text."""
        del self
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def told(self) -> Said:
        """What must stand there."""
        first, *others = (f'"{word}"' for word in self.words)
        told: Said = first
        for one in others:
            told = Sentence("{one} or {other}", {"one": told, "other": one})
        return told

    def read(self, value: object, where: str, mistakes: list[Mistake]) -> str | None:
        """Return the word."""
        if isinstance(value, str) and value in self.words:
            return value
        mistakes.append(_must(self, where))
        return None

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of one kind.

    Attributes:
        of: What each is.
        least: How many at least.
        most: How many at most.
        what: What must stand there, in words: how many of what.
    """

    of: Kind
    least: int = 1
    most: int
    what: str

    @property
    def told(self) -> Said:
        """What must stand there."""
        return Sentence(self.what, {"least": self.least, "most": self.most})

    def read(
        self, value: object, where: str, mistakes: list[Mistake]
    ) -> tuple[Any, ...] | None:
        """Return what is listed, None in place of each that has a mistake."""
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            mistakes.append(_must(self, where))
            return None
        return tuple(
            self.of.read(one, f"{where}[{i}]", mistakes) for i, one in enumerate(value)
        )

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""
        bounds = {"minItems": self.least, "maxItems": self.most}
        return {"type": "array", "items": self.of.schema(), **bounds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts and the words each may have, as a rule's `when`.

    Attributes:
        facts: Every fact and its words.
    """

    facts: Mapping[str, tuple[str, ...]]
    told: str = "a table of facts, each with a list of its words"

    def listed(self, fact: str) -> Listed:
        """Return the kind of what stands behind a fact."""
        what = "a list of {least} to {most} words"
        return Listed(of=Word(words=self.facts[fact]), most=16, what=what)

    def read(
        self, value: object, where: str, mistakes: list[Mistake]
    ) -> dict[str, frozenset[str]] | None:
        """Return the words by fact."""
        if not isinstance(value, dict):
            mistakes.append(_must(self, where))
            return None
        if set(value) - set(self.facts):
            mistakes.append(_unknown(where, self.facts))
        result = {}
        for fact in [one for one in self.facts if one in value]:
            place = f"{where}.{fact}"
            words = self.listed(fact).read(value[fact], place, mistakes)
            result[fact] = frozenset(words or ())
        return result

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""
        words = {fact: self.listed(fact).schema() for fact in self.facts}
        return {"type": "object", "properties": words, "additionalProperties": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One member of a table.

    Attributes:
        name: Its name in the file.
        kind: What may stand there.
        says: What it says, in a line.
        needed: Whether it must be there.
        default: What holds where it is not.
    """

    name: str
    kind: Kind
    says: str
    needed: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Members by name, and what is made of them.

    Attributes:
        fields: The members.
        make: Makes the value of what was read. What it refuses is a mistake, too.
        title: What such a table is, for the reference page.
        laws: What must hold between members: given those without a mistake (of a
            list, None in place of each item with one) and the place, yields mistakes.
    """

    fields: tuple[Field, ...]
    make: Callable[..., Any]
    title: str
    laws: Callable[[Mapping[str, Any], str], Iterator[Mistake]] = field(
        default=lambda values, where: iter(())  # ruff: ignore[unused-lambda-argument] (most tables have none)
    )
    told: str = "a table"

    def read(self, value: object, where: str, mistakes: list[Mistake]) -> object:
        """Return what `make` makes of the members."""
        if not isinstance(value, dict):
            mistakes.append(_must(self, where))
            return None
        before = len(mistakes)
        if set(value) - {one.name for one in self.fields}:
            mistakes.append(_unknown(where, [one.name for one in self.fields]))
        read = {}
        for one in self.fields:
            noted = len(mistakes)
            member = _member(one, value, where, mistakes)
            if len(mistakes) == noted or isinstance(member, tuple):
                read[one.name] = member
        mistakes.extend(self.laws(read, where))
        if len(mistakes) > before:
            return None
        try:
            return self.make(**read)
        except TallystickError as error:
            mistakes.append(
                Mistake(where, Sentence("cannot stand: {why}", {"why": error.sentence}))
            )
            return None

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema."""
        return {
            "type": "object",
            "description": self.title,
            "properties": {
                one.name: {**one.kind.schema(), "description": one.says}
                for one in self.fields
            },
            "required": [one.name for one in self.fields if one.needed],
            "additionalProperties": False,
        }


def _member(
    one: Field, table: Mapping[str, object], where: str, mistakes: list[Mistake]
) -> object:
    place = f"{where}.{one.name}"
    if one.name in table:
        return one.kind.read(table[one.name], place, mistakes)
    if one.needed:
        told = {"told": one.kind.told}
        mistakes.append(
            Mistake(place, Sentence("is missing: it must be {told}.", told))
        )
    return one.default


def _unknown(where: str, names: Iterable[str]) -> Mistake:
    told = ", ".join(names)
    return Mistake(
        where,
        Sentence("has a key that is not known; known are {known}.", {"known": told}),
    )


def _must(kind: Kind, where: str) -> Mistake:
    return Mistake(where, Sentence("must be {told}.", {"told": kind.told}))


NAME: Final = Text(
    most=64,
    pattern="[a-z][a-z0-9-]{0,63}",
    what="a name of 1 to 64 small Latin letters, digits and dashes, a letter first",
)
