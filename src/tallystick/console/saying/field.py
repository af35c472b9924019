"""A field of a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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


def as_typed(
    offers: Mapping[str, Sequence[Field]], typed: Mapping[str, str]
) -> dict[str, Sequence[Field]]:
    """Return the fields of forms, one of them filled with what somebody has typed.

    What was refused is not to be typed again (WCAG 2.2, 3.3.7).

    Args:
        offers: The fields of each form, by what it says.
        typed: What the refused form said; its `kind` is which one it was.
    """
    return {
        kind: [replace(one, value=typed.get(one.name, one.value)) for one in fields]
        if kind == typed.get("kind")
        else fields
        for kind, fields in offers.items()
    }
