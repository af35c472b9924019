"""Sign in: password, then code; who is new chooses a password and an authenticator."""

from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from tallystick.console.people.codes import address_of, drawing_of
from tallystick.console.people.entry import Entered, Refusal
from tallystick.console.people.passwords import SHORTEST
from tallystick.console.visit import Handler, Visit, go

UNFIT: Final = 422
TOO_MANY: Final = 429
_NEXT: Final = {"code": "/sign-in/code", "enrol": "/sign-in/enrol", "in": "/"}


def _read(visit: Visit) -> Response:
    if visit.session is not None:
        return go(_NEXT[visit.session.stage])
    return visit.page("sign_in/password.html.j2", refusal=None)


def _password(visit: Visit) -> Response:
    name = visit.form.get("name", "")
    result = visit.desk.entry.take_password(
        name,
        visit.form.get("password", ""),
        address=visit.address,
        now_ms=visit.now_ms,
    )
    if isinstance(result, Refusal):
        visit.note("refused", why=result.why)
        return _again(visit, "sign_in/password.html.j2", result)
    return _further(visit, result)


def _ask_code(visit: Visit) -> Response:
    return visit.page("sign_in/code.html.j2", refusal=None)


def _code(visit: Visit) -> Response:
    result = visit.desk.entry.take_code(
        visit.here,
        visit.who,
        visit.form.get("code", ""),
        address=visit.address,
        now_ms=visit.now_ms,
    )
    if isinstance(result, Refusal):
        visit.note("refused", why=result.why)
        return _again(visit, "sign_in/code.html.j2", result)
    visit.note("in")
    return _further(visit, result)


def _ask_enrol(visit: Visit) -> Response:
    return visit.page("sign_in/enrol.html.j2", refusal=None, **_offered(visit))


def _enrol(visit: Visit) -> Response:
    result = visit.desk.entry.enrol(
        visit.here,
        visit.who,
        password=visit.form.get("password", ""),
        again=visit.form.get("again", ""),
        code=visit.form.get("code", ""),
        address=visit.address,
        now_ms=visit.now_ms,
    )
    if isinstance(result, Refusal):
        return _again(visit, "sign_in/enrol.html.j2", result, **_offered(visit))
    entered, codes = result
    visit.note("enrolled")
    page = visit.page("sign_in/enrolled.html.j2", codes=codes)
    return visit.enter(entered, page)


def _sign_out(visit: Visit) -> Response:
    if visit.session is not None:
        visit.desk.entry.sessions.end(visit.session.hash)
        visit.note("out")
    return go("/sign-in", done="out")


def _further(visit: Visit, entered: Entered) -> Response:
    return visit.enter(entered, go(_NEXT[entered.session.stage]))


def _again(visit: Visit, template: str, refusal: Refusal, **more: object) -> Response:
    status = TOO_MANY if refusal.until_ms is not None else UNFIT
    return visit.page(template, status, refusal=refusal, **more)


def _offered(visit: Visit) -> dict[str, object]:
    secret = visit.desk.entry.offered(visit.here)
    issuer = f"Tallystick {visit.desk.settings.party}".strip()
    address = address_of(secret, visit.who.name, issuer)
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    # Made here of nothing but modules; no word of anybody is in it.
    drawing = Markup(drawing_of(address))  # ruff: ignore[unsafe-markup-use]
    return {"secret": grouped, "drawing": drawing, "shortest": SHORTEST}


HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "password": _password,
    "ask_code": _ask_code,
    "code": _code,
    "ask_enrol": _ask_enrol,
    "enrol": _enrol,
    "sign_out": _sign_out,
}
