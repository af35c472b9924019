"""Sign in: password, then code; who is new chooses a password and an authenticator."""

import hashlib
from dataclasses import replace
from typing import Final

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tallystick.console.people.codes import address_of, drawing_of
from tallystick.console.people.entry import Entered, Refusal, session_hash
from tallystick.console.people.passwords import SHORTEST
from tallystick.console.provider.guests import account_of, has_second
from tallystick.console.provider.talking import Asked, Provider, ProviderError
from tallystick.console.visit import SEE_OTHER, Handler, Visit, go
from tallystick.store import SignIn

UNFIT: Final = 422
TOO_MANY: Final = 429
AWAY: Final = 502
_NEXT: Final = {"code": "/sign-in/code", "enrol": "/sign-in/enrol", "in": "/"}


def _read(visit: Visit) -> Response:
    if visit.session is not None:
        return go(_NEXT[visit.session.stage])
    return visit.page("sign_in/password.html.j2", refusal=None, **_provided(visit))


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
        return _again(visit, "sign_in/password.html.j2", result, **_provided(visit))
    return _further(visit, result)


def _provider(visit: Visit) -> Response:
    """Send somebody to the identity provider."""
    provider, asked = _the_provider(visit), Asked.new()
    try:
        url = provider.address(asked)
    except ProviderError as error:
        return _not_provided(visit, error.why)
    sent = SignIn(
        state=_state_hash(asked.state),
        visitor=session_hash(visit.ident),
        nonce=asked.nonce,
        verifier=asked.verifier,
        made_ms=visit.now_ms,
    )
    since_ms = visit.now_ms - visit.desk.settings.entering_ms
    visit.desk.sign_ins.begin(sent, since_ms=since_ms)
    return RedirectResponse(url, SEE_OTHER)


def _back(visit: Visit) -> Response:
    """Take somebody whom the identity provider sends back."""
    provider, desk, state = (
        _the_provider(visit),
        visit.desk,
        visit.query.get("state", ""),
    )
    if visit.session is not None:
        return go(_NEXT[visit.session.stage])
    sent = desk.sign_ins.take(_state_hash(state))
    # Of another browser, or too late: whoever sends a link does not sign others in.
    late_ms = visit.now_ms - desk.settings.entering_ms
    if (
        sent is None
        or sent.visitor != session_hash(visit.ident)
        or sent.made_ms < late_ms
    ):
        return _not_provided(visit, "provider_state")
    asked = Asked(state=state, nonce=sent.nonce, verifier=sent.verifier)
    try:
        claims = provider.claims(visit.query, asked)
        account = account_of(
            claims,
            provider.told,
            desk.store,
            now_ms=visit.now_ms,
            address=visit.address,
        )
    except ProviderError as error:
        return _not_provided(visit, error.why)
    entered = desk.entry.arrive(
        account, second=has_second(claims, provider.told), now_ms=visit.now_ms
    )
    if entered.session.stage == "in":
        replace(visit, account=account).note("in")
    return _further(visit, entered)


def _not_provided(visit: Visit, why: str) -> Response:
    visit.note("refused", why=why)
    # Without what stood behind the address: no link of the page repeats it.
    bare = replace(visit, path="/sign-in", query={})
    status = AWAY if why == "provider_away" else UNFIT
    return bare.page(
        "sign_in/password.html.j2", status, refusal=Refusal(why), **_provided(visit)
    )


def _the_provider(visit: Visit) -> Provider:
    if visit.desk.provider is None:
        raise HTTPException(404)
    return visit.desk.provider


def _provided(visit: Visit) -> dict[str, object]:
    told = visit.desk.settings.provider
    return {"provider": told.name if told else ""}


def _state_hash(state: str) -> str:
    return hashlib.sha256(f"tally sign-in\n{state}".encode()).hexdigest()


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
    "provider": _provider,
    "back": _back,
    "ask_code": _ask_code,
    "code": _code,
    "ask_enrol": _ask_enrol,
    "enrol": _enrol,
    "sign_out": _sign_out,
}
