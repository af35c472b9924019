"""For a caller who was stopped: object by the reference, and see where it stands.

Nobody signs in here. No number is asked for, and no address is kept. Who has the
reference sees where its objection stands, and nothing of the call.
"""

import contextlib
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.cases.reference import read_reference
from tallystick.cases.state import State
from tallystick.console.pages.sign_in import TOO_MANY, UNFIT
from tallystick.console.saying.words import words_of
from tallystick.console.security.limits import network_of
from tallystick.console.visit import Handler, Visit, go
from tallystick.model import MalformedError, RefusedError
from tallystick.office import Side
from tallystick.proof import Signed, in_order
from tallystick.store.cases import ObjectionRow
from tallystick.store.cases.objections import GIVEN

TEXT_LENGTH: Final = 2_000
UNKNOWN: Final = 404


def _read(visit: Visit) -> Response:
    _side(visit)
    return _form(visit, visit.query.get("reference", ""))


def _one(visit: Visit) -> Response:
    """Show where an objection stands, or the form where there is none yet."""
    typed = visit.place["reference"]
    found = _found(visit, typed)
    if not isinstance(found, ObjectionRow):
        return found
    if found.state == GIVEN:
        return _form(visit, found.reference)
    return _standing(visit, found)


def _object(visit: Visit) -> Response:
    """Say for the party that a caller objects.

    One that was received already stays as it is.
    """
    typed = visit.form.get("reference", "")
    found = _found(visit, typed)
    if not isinstance(found, ObjectionRow):
        return found
    if not visit.desk.references.take(found.reference, now_ms=visit.now_ms):
        return _form(visit, typed, problem="too_many", status=TOO_MANY)
    if found.state == GIVEN:
        try:
            text = words_of(visit.form, "text", most=TEXT_LENGTH)
        except RefusedError as error:
            return _form(visit, typed, problem=error.why, status=UNFIT)
        _receive(visit, found, text)
    return go(f"/objection/{found.reference}")


def _receive(visit: Visit, found: ObjectionRow, text: str) -> None:
    body = {
        "domain": "calls",
        "action": found.action,
        "rule": found.rule,
        "text": text,
    }
    side = _side(visit)
    about = f"objection/{found.reference}"
    # Where somebody with the same reference was faster, it is received already.
    with contextlib.suppress(RefusedError):
        side.cases().say(about, "received", body, key=side.key, now_ms=visit.now_ms)


def _found(visit: Visit, typed: str) -> ObjectionRow | Response:
    """Return what a reference stands for, or what is said instead.

    What is said of an unknown one is the same whatever it might have been.
    """
    side = _side(visit)
    if not visit.desk.callers.take(network_of(visit.address), now_ms=visit.now_ms):
        return _form(visit, typed, problem="too_many", status=TOO_MANY)
    try:
        reference = read_reference(typed)
    except MalformedError:
        return _form(visit, typed, problem="no_reference", status=UNFIT)
    found = side.cases().objections.find(reference)
    if found is None:
        return _form(visit, typed, problem="unknown", status=UNKNOWN)
    return found


def _form(
    visit: Visit, typed: str, *, problem: str = "", status: int = 200
) -> Response:
    return visit.page(
        "objection/form.html.j2",
        status,
        typed=typed[:32],
        text=visit.form.get("text", "")[:TEXT_LENGTH],
        text_length=TEXT_LENGTH,
        problem=problem,
    )


def _standing(visit: Visit, found: ObjectionRow) -> Response:
    about = f"objection/{found.reference}"
    said, state = _side(visit).cases().read(about, now_ms=visit.now_ms)
    return visit.page(
        "objection/standing.html.j2",
        reference=found.reference,
        state=state,
        told=_told(said, state),
    )


def _told(said: list[Signed], state: State) -> str:
    """Return what the caller is told in the deciding party's own words."""
    for one in in_order(said):
        if one.id in state.steps and one.statement.kind == "told":
            return str(one.statement.body.get("text", ""))
    return ""


def _side(visit: Visit) -> Side:
    """Return what the party speaks from.

    Raises:
        HTTPException: 404; the console only shows.
    """
    if visit.desk.settings.side is None:
        raise HTTPException(UNKNOWN)
    return visit.desk.settings.side


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "one": _one, "object": _object}
