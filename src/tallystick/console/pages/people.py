"""The people who may sign in, and what an administrator does for them."""

from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.people.accounts import GIVEN_MS, Accounts
from tallystick.console.people.rights import ROLES
from tallystick.console.tables.export import export
from tallystick.console.tables.table import Column, Table, show
from tallystick.console.visit import Handler, Visit, go
from tallystick.model import TallystickError
from tallystick.store import PEOPLE, Account

Change = Callable[[Accounts, Account], None]

TABLE: Final = Table(
    "people",
    PEOPLE,
    (
        Column("name", link=lambda row: f"/people/{row['id']}"),
        Column("role", "choice", choices=ROLES, words="role"),
        Column("trunks"),
        Column("seen_ms", "time"),
        Column("locked_ms", "time", filters=False),
        Column("made_ms", "time", filters=False),
    ),
    sort="name",
)


def _read(visit: Visit) -> Response:
    return _shown(visit)


def _export(visit: Visit) -> Response:
    return export(visit, TABLE)


def _add(visit: Visit) -> Response:
    accounts = _accounts(visit)
    name, role = visit.form.get("name", "").strip(), visit.form.get("role", "")
    try:
        ident, password = accounts.add(
            name, role, _trunks(visit), issuer=_issuer(visit)
        )
    except TallystickError as error:
        return _shown(visit, problem=error.code)
    return _given(visit, ident, password) if password else go(f"/people/{ident}")


def _one(visit: Visit) -> Response:
    return _person(visit, _account(visit))


def _role(visit: Visit) -> Response:
    role = visit.form.get("role", "")
    return _changed(visit, lambda a, one: a.set_role(one, role, _trunks(visit)), "role")


def _lock(visit: Visit) -> Response:
    return _changed(visit, Accounts.lock, "lock")


def _unlock(visit: Visit) -> Response:
    return _changed(visit, Accounts.unlock, "unlock")


def _reset(visit: Visit) -> Response:
    one = _account(visit)
    try:
        password = _accounts(visit).reset(one)
    except TallystickError as error:
        return _person(visit, one, problem=error.code)
    if not password:
        return go(f"/people/{one.id}", done="reset")
    return _given(visit, one.id, password)


def _given(visit: Visit, ident: str, password: str) -> Response:
    one, until_ms = visit.desk.entry.people.by_id(ident), visit.now_ms + GIVEN_MS
    return visit.page(
        "people/given.html.j2", one=one, password=password, until_ms=until_ms
    )


def _changed(visit: Visit, change: Change, done: str) -> Response:
    one = _account(visit)
    try:
        change(_accounts(visit), one)
    except TallystickError as error:
        return _person(visit, one, problem=error.code)
    return go(f"/people/{one.id}", done=done)


def _account(visit: Visit) -> Account:
    found = visit.desk.entry.people.by_id(visit.place["id"])
    if found is None:
        raise HTTPException(404)
    return found


def _accounts(visit: Visit) -> Accounts:
    return Accounts(visit.desk.store, visit.actor, lambda: visit.now_ms)


def _trunks(visit: Visit) -> list[str]:
    return visit.form.get("trunks", "").split(",")


def _issuer(visit: Visit) -> str:
    told = visit.desk.settings.provider
    return told.issuer if told and visit.form.get("provider") else ""


def _shown(visit: Visit, *, problem: str = "") -> Response:
    return visit.page(
        "people/people.html.j2",
        UNFIT if problem else 200,
        table=show(visit, TABLE),
        roles=ROLES,
        one=None,
        provider=visit.desk.settings.provider,
        problem=problem,
    )


def _person(visit: Visit, one: Account, *, problem: str = "") -> Response:
    return visit.page(
        "people/person.html.j2",
        UNFIT if problem else 200,
        one=one,
        roles=ROLES,
        sessions=visit.desk.entry.sessions.count(one.id),
        problem=problem,
    )


HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "export": _export,
    "add": _add,
    "one": _one,
    "role": _role,
    "lock": _lock,
    "unlock": _unlock,
    "reset": _reset,
}
