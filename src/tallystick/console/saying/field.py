"""A field of a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form; its label is the message `say.NAME`.

    Attributes:
        name: Of the field.
        kind: `choice` has choices, `area` takes words, `line` a name, `count` a number,
            `day` a date, `handles` names of crossings.
        needed: Whether it must be filled in.
        choices: Those that there are, each with the code of its words, or its words.
        value: What it is filled with.
    """

    name: str
    kind: Literal["choice", "area", "line", "count", "day", "handles"]
    needed: bool = False
    choices: Sequence[tuple[str, str]] = ()
    value: str = ""
