"""What the statements about a case say, by kind.

A body may hold more than is known here, so that a newer program can say more; what is
known must be of its type.

Source: spec/cases.md, "Statements".
"""

from types import MappingProxyType
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from tallystick.cases.course import CROSSINGS_MOST

Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,31}$")]
Name = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=4000)]
Handle = Annotated[str, Meta(pattern="^[0-9a-f]{24}$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class LawfulBody(Struct, frozen=True):
    """What does not come back, and from when until when (null: for good).

    `covers` is `actor`, `object`, or `both`: this object only of this actor. `object`
    may be narrower than the case's.
    """

    covers: Literal["both", "actor", "object"] = "both"
    object: Name = ""
    from_ms: Count = 0
    until_ms: Count | None = None


class RaisedBody(Struct, frozen=True):
    """What a case is about. `actor` and `object` are those of its key."""

    domain: Word
    kind: Word
    departure: Name
    arrival: Name
    actor: Name = ""
    object: Name = ""
    crossings: Count = 0
    ms: Count = 0
    first_ms: Count = 0
    last_ms: Count = 0
    confidence_ppm: Count = 0
    text: Text = ""


class ReceivedBody(Struct, frozen=True):
    """An objection: what was done to the call, by which rule; never who called."""

    domain: Word
    action: Word
    rule: Name = ""
    kind: Word = "objection"
    text: Text = ""


class AskedBody(Struct, frozen=True):
    """A question to a party, or through it to one of its operators."""

    whom: Name
    question: Word
    crossings: Annotated[list[Handle], Meta(max_length=CROSSINGS_MOST)] = []
    operator: Name = ""
    text: Text = ""


class AnsweredBody(Struct, frozen=True):
    """The answer to the last question. `lawful` is what does not come back."""

    answer: Literal["confirmed", "explained", "contested", "no-evidence"]
    text: Text = ""
    lawful: LawfulBody | None = None


class OpenedBody(Struct, frozen=True):
    """The party's own halves of crossings that a question named, by their handles."""

    halves: Annotated[
        dict[Handle, dict[str, str | int | float | bool | None]],
        Meta(min_length=1, max_length=CROSSINGS_MOST),
    ]


class DecidedBody(Struct, frozen=True):
    """The decision, what is done about it, and what does not come back."""

    decision: Word
    text: Text = ""
    lawful: LawfulBody | None = None


class SaidBody(Struct, frozen=True):
    """Words only."""

    text: Text = ""


BODIES: Final = MappingProxyType(
    {
        "raised": RaisedBody,
        "received": ReceivedBody,
        "asked": AskedBody,
        "answered": AnsweredBody,
        "opened": OpenedBody,
        "decided": DecidedBody,
        "appealed": SaidBody,
        "closed": SaidBody,
        "told": SaidBody,
    }
)
"""The body of each kind of statement."""
