"""One's own account: password, recovery codes, signing out everywhere."""

from typing import Final

from starlette.responses import Response

from tallystick.console.pages.sign_in import TOO_MANY, UNFIT
from tallystick.console.people.entry import Refusal
from tallystick.console.people.passwords import SHORTEST
from tallystick.console.visit import Handler, Visit, go


def _read(visit: Visit) -> Response:
    return _shown(visit, None)


def _password(visit: Visit) -> Response:
    refusal = visit.desk.entry.change_password(
        visit.here,
        visit.who,
        old=visit.form.get("old", ""),
        password=visit.form.get("password", ""),
        again=visit.form.get("again", ""),
        address=visit.address,
        now_ms=visit.now_ms,
    )
    if refusal is not None:
        visit.note("refused", why=refusal.why)
        return _shown(visit, refusal, "password")
    visit.note("password")
    return go("/account", done="password")


def _recovery(visit: Visit) -> Response:
    refusal = visit.desk.entry.confirm(
        visit.who,
        visit.form.get("old", ""),
        address=visit.address,
        now_ms=visit.now_ms,
    )
    if refusal is not None:
        visit.note("refused", why=refusal.why)
        return _shown(visit, refusal, "recovery")
    codes = visit.desk.entry.renew_codes(visit.who)
    visit.note("recovery")
    return visit.page("sign_in/enrolled.html.j2", codes=codes)


def _everywhere(visit: Visit) -> Response:
    visit.desk.entry.sessions.end_all(visit.who.id)
    visit.note("everywhere")
    return go("/sign-in", done="everywhere")


def _shown(visit: Visit, refusal: Refusal | None, form: str = "") -> Response:
    status = 200
    if refusal is not None:
        status = TOO_MANY if refusal.until_ms is not None else UNFIT
    return visit.page(
        "account/account.html.j2",
        status,
        refusal=refusal,
        refused_form=form,
        shortest=SHORTEST,
        codes_left=visit.desk.entry.people.codes_left(visit.who.id),
        sessions=visit.desk.entry.sessions.count(visit.who.id),
    )


HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "password": _password,
    "recovery": _recovery,
    "everywhere": _everywhere,
}
