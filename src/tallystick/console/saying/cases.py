"""What may be said of a case, as a table: the fields of each kind, and its body."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tallystick.cases.course import CROSSINGS_MOST
from tallystick.cases.options import Option
from tallystick.cases.state import State
from tallystick.console.saying.field import Field
from tallystick.console.saying.words import chosen, day_of, refuse, words_of
from tallystick.office import Side
from tallystick.office.casework import own_halves, questions_of, raised_body
from tallystick.store.cases import CaseDesk

NAMED: Final = 20
"""So many of the surest crossings are asked about where nobody says otherwise."""
COVERS: Final = ("both", "actor", "object")
_HANDLE: Final = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What somebody is about to speak of.

    Attributes:
        side: Who speaks.
        desk: Where the case is kept.
        name: Of the case.
        state: Where it stands.
        option: What of the kind would count.
    """

    side: Side
    desk: CaseDesk
    name: str
    state: State
    option: Option

    @property
    def kind(self) -> str:
        """Of the case."""
        return self.desk.cases.case(self.name).kind


@dataclass(frozen=True, slots=True)
class Saying:
    """A kind of statement as a page offers it.

    Attributes:
        fields: What is asked for.
        body: Reads what was typed; refuses by `refuse`.
    """

    fields: Callable[[Matter], Sequence[Field]]
    body: Callable[[Matter, Mapping[str, str]], dict[str, Any]]


def _text_only(needed: bool) -> Saying:
    return Saying(
        lambda _: (Field(name="text", kind="area", needed=needed),),
        lambda _, form: {"text": words_of(form, "text", needed=needed)},
    )


def _raise(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    body = raised_body(matter.desk.cases.case(matter.name))
    return {**body, "text": words_of(form, "text")}


def _question_fields(matter: Matter) -> Sequence[Field]:
    asks = questions_of(matter.kind)
    whom = matter.side.peer, matter.side.party
    return (
        Field(
            name="question",
            kind="choice",
            needed=True,
            choices=[(question, f"question.{who}") for who, question in asks],
        ),
        Field(name="whom", kind="choice", needed=True, choices=[(o, "") for o in whom]),
        Field(name="operator", kind="line"),
        Field(name="most", kind="count", value=str(NAMED)),
        Field(name="handles", kind="handles"),
        Field(name="text", kind="area"),
    )


def _ask(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    most = form.get("most", "") or str(NAMED)
    if not most.isdecimal() or int(most) > CROSSINGS_MOST:
        refuse("no_count")
    typed = handles_of(form)
    kept = {
        one.handle
        for one in matter.desk.cases.named(typed)
        if one.case_id == matter.name
    }
    if any(one not in kept for one in typed):
        refuse("no_handle")
    surest = matter.desk.cases.surest(matter.name, most=int(most))
    operator = words_of(form, "operator")
    if len(operator) > 64:
        refuse("long_text")
    return {
        "whom": chosen(form, "whom", (matter.side.peer, matter.side.party)),
        "question": chosen(
            form, "question", [one for _, one in questions_of(matter.kind)]
        ),
        "operator": operator,
        "crossings": typed or list(surest),
        "text": words_of(form, "text"),
    }


def _halves(matter: Matter, handles: Sequence[str]) -> dict[str, Any]:
    return own_halves(matter.desk, matter.name, matter.side.party, handles)


def _open_fields(matter: Matter) -> Sequence[Field]:
    """Return what may be opened; nothing where the party holds none of it."""
    held = _halves(matter, matter.option.choices)
    if not held:
        return ()
    value = "\n".join(sorted(held))
    return (Field(name="handles", kind="handles", needed=True, value=value),)


def _open(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    typed = handles_of(form)
    if not typed or not set(typed) <= set(matter.option.choices):
        refuse("no_handle")
    halves = _halves(matter, typed)
    if len(halves) < len(typed):
        refuse("no_half")
    return {"halves": halves}


def _answer_fields(matter: Matter) -> Sequence[Field]:
    choices = [(one, f"answer.{one}") for one in matter.option.choices]
    return (
        Field(name="answer", kind="choice", needed=True, choices=choices),
        Field(name="text", kind="area"),
    )


def _answer(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "answer": chosen(form, "answer", matter.option.choices),
        "text": words_of(form, "text"),
    }


def _decide_fields(matter: Matter) -> Sequence[Field]:
    choices = [(one, f"decision.{one}") for one in matter.option.choices]
    fields = (
        Field(name="decision", kind="choice", needed=True, choices=choices),
        Field(name="text", kind="area"),
    )
    if "lawful" not in matter.option.choices:
        return fields
    covers = [(one, f"covers.{one}") for one in COVERS]
    return (
        *fields,
        Field(name="covers", kind="choice", choices=covers),
        Field(name="until", kind="day"),
    )


def _decide(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    decision = chosen(form, "decision", matter.option.choices)
    body: dict[str, Any] = {"decision": decision, "text": words_of(form, "text")}
    if decision == "lawful":
        covers = chosen(form, "covers", COVERS)
        body["lawful"] = {"covers": covers, "until_ms": day_of(form, "until")}
    return body


def handles_of(form: Mapping[str, str]) -> list[str]:
    """Return the handles that were typed, each once.

    Raises:
        RefusedError: "console-form"; "no_handle" where something else was.
    """
    typed = list(dict.fromkeys(form.get("handles", "").split()))
    if len(typed) > CROSSINGS_MOST or not all(map(_HANDLE.fullmatch, typed)):
        refuse("no_handle")
    return typed


SAYINGS: Final[Mapping[str, Saying]] = MappingProxyType(
    {
        "raised": Saying(lambda _: (Field(name="text", kind="area"),), _raise),
        "asked": Saying(_question_fields, _ask),
        "opened": Saying(_open_fields, _open),
        "answered": Saying(_answer_fields, _answer),
        "decided": Saying(_decide_fields, _decide),
        "appealed": _text_only(needed=True),
        "closed": _text_only(needed=False),
    }
)
"""How each kind of statement about a case is said from a page."""
