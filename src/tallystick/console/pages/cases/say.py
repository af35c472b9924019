"""Saying something of a case: first what would be signed is shown, then it is."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.cases.letter import word
from tallystick.console.numbers import WHY_LENGTH, hidden
from tallystick.console.pages.cases.listing import case_of
from tallystick.console.pages.cases.one import Look, look, shown
from tallystick.console.saying.cases import SAYINGS, Matter
from tallystick.console.saying.words import reason_of, refuse, seen_of
from tallystick.console.visit import Handler, Visit, go
from tallystick.model import RefusedError

_NOT_PASSED_ON: Final = frozenset({"token", "seen", "why", "act"})
"""Fields of a form that the next one has of its own."""


def _prepare(visit: Visit) -> Response:
    """Show what would be signed."""
    case = case_of(visit)
    found = look(visit, case)
    try:
        matter = _matter(visit, found)
        body = SAYINGS[matter.option.kind].body(matter, visit.form)
        why = reason_of(visit.form) if visit.form.get("act") == "show" else ""
    except RefusedError as error:
        return shown(visit, case, problem=error.why)
    if why:
        _note_halves(visit, "open", found, body, why)
    return _confirm(visit, found, matter, body, why=why)


def _say(visit: Visit) -> Response:
    """Sign and keep what was shown, unless something was said since."""
    case = case_of(visit)
    with visit.desk.saying:
        found = look(visit, case)
        if visit.form.get("seen", "") != seen_of(found.said):
            return shown(visit, case, problem="moved")
        try:
            matter = _matter(visit, found)
            kind = matter.option.kind
            body = SAYINGS[kind].body(matter, visit.form)
            why = reason_of(visit.form) if kind == "opened" else ""
        except RefusedError as error:
            return shown(visit, case, problem=error.why)
        # The audit log comes first: nobody says what nobody can be asked about.
        if kind == "opened":
            _note_halves(visit, kind, found, body, why)
        else:
            visit.note(kind, record=found.name)
        about, key = found.state.about, matter.side.key
        try:
            found.desk.say(about, kind, body, key=key, now_ms=visit.now_ms)
        except RefusedError:
            return shown(visit, case, problem="out_of_place")
    return go(f"/cases/{found.name}", done="said")


def _matter(visit: Visit, found: Look) -> Matter:
    """Return what somebody wants to say.

    Raises:
        HTTPException: 404 or 403; there is no such thing to say, or not for them.
        RefusedError: "console-form"; "out_of_place".
    """
    kind = visit.form.get("kind", "")
    if kind not in SAYINGS or found.side is None:
        raise HTTPException(404)
    visit.require("cases", kind)
    matter = found.matters.get(kind)
    if matter is None:
        refuse("out_of_place")
    return matter


def _note_halves(
    visit: Visit, action: str, found: Look, body: Mapping[str, Any], why: str
) -> None:
    """Write down every record that is looked at, or opened."""
    for handle in body.get("halves", {}):
        visit.note(action, record=f"{found.name}/{handle}", why=why)


def _confirm(
    visit: Visit, found: Look, matter: Matter, body: Mapping[str, Any], *, why: str
) -> Response:
    halves = body.get("halves", {})
    return visit.page(
        "cases/confirm.html.j2",
        case=found.case,
        kind=matter.option.kind,
        sentence=_sentence(visit, matter, body),
        body=body,
        plain=json.dumps(body, ensure_ascii=False, indent=1) if not halves else "",
        halves=[
            {
                **half,
                "handle": handle,
                "calling": half["calling"] if why else hidden(half["calling"]),
                "called": half["called"] if why else hidden(half["called"]),
            }
            for handle, half in halves.items()
        ],
        fields={
            name: value
            for name, value in visit.form.items()
            if name not in _NOT_PASSED_ON
        },
        seen=seen_of(found.said),
        why=why,
        why_length=WHY_LENGTH,
    )


def _sentence(visit: Visit, matter: Matter, body: Mapping[str, Any]) -> str:
    """Return what would be signed, as a sentence."""
    t = visit.t
    what = {
        "asked": lambda: word(f"question_{body['question']}", t.language),
        "answered": lambda: t.named("answer", body["answer"]),
        "decided": lambda: t.named("decision", body["decision"]),
    }.get(matter.option.kind, str)()
    return t.say(
        f"sentence.{matter.option.kind}",
        party=matter.side.party,
        peer=body.get("whom", matter.side.peer),
        case=matter.name,
        what=what,
    )


HANDLERS: Final[dict[str, Handler]] = {"prepare": _prepare, "say": _say}
