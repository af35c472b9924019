"""What a statement about an agreement may hold, by its kind.

Source: spec/agreement.md, "Statements".
"""

from types import MappingProxyType
from typing import Final

from tallystick.agreement.text.kinds import NAME, Field, Listed, Table, Text
from tallystick.agreement.text.parse import TEXT_LIMIT

SAID_LIMIT: Final = 20_000
_ID: Final = Text(
    least=64, most=64, pattern="[0-9a-f]{64}", what="64 hexadecimal digits"
)


def _digest(says: str, *, needed: bool = True) -> Field:
    return Field(name="digest", kind=_ID, says=says, needed=needed)


def _rule(says: str, *, needed: bool) -> Field:
    return Field(name="rule", kind=NAME, says=says, needed=needed)


def _said(name: str, says: str) -> Field:
    return Field(name=name, kind=Text(most=SAID_LIMIT), says=says)


_FROM: Final = Field(
    name="from",
    kind=Text(),
    says="The registered body, association or operator that says so, if not the party.",
    needed=False,
)
_TEXT: Final = Field(
    name="text", kind=Text(most=TEXT_LIMIT), says="The whole text, to the byte."
)


def _body(title: str, *fields: Field) -> Table:
    return Table(title=title, make=dict, fields=fields)


BODIES: Final = MappingProxyType(
    {
        "proposed": _body(
            "A text is laid before the other side. Consultation begins.",
            _TEXT,
            _digest("SHA-256 of the text in UTF-8."),
        ),
        "amended": _body(
            "A text that follows another one. Consultation begins.",
            _TEXT,
            _digest("SHA-256 of the text in UTF-8."),
            Field(name="follows", kind=_ID, says="The digest of the text before it."),
        ),
        "commented": _body(
            "A remark that stops nothing.",
            _digest("The text."),
            _rule("The rule, if it is about one.", needed=False),
            _said("text", "The remark."),
            _FROM,
        ),
        "objected": _body(
            "An objection to a rule. Until it is answered nobody's signature counts.",
            _digest("The text."),
            _rule("The rule.", needed=True),
            _said("text", "Why."),
            _FROM,
        ),
        "answered": _body(
            "An answer to a remark or an objection.",
            Field(name="to", kind=_ID, says="The statement it answers."),
            _said("text", "The answer."),
        ),
        "signed": _body("The party agrees to a text.", _digest("The text.")),
        "suspended": _body(
            "At once: a rule, or every rule, acts on no call any more.",
            _rule("The rule; every rule where none is named.", needed=False),
            _said("why", "Why."),
        ),
        "resumed": _body(
            "The party lifts suspensions. It takes both parties.",
            Field(
                name="lifts",
                kind=Listed(
                    of=_ID, most=64, what="a list of {least} to {most} statements"
                ),
                says="Those that suspended.",
            ),
        ),
        "withdrawn": _body(
            "At once: a text, or the whole agreement, ends for good.",
            _digest("The text; the agreement where none is named.", needed=False),
            _said("why", "Why."),
        ),
    }
)
"""Each kind of statement and what its body holds."""

AT_ONCE: Final = frozenset({"suspended", "resumed", "withdrawn"})
"""Kinds that need not wait for what they follow."""
