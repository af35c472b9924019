"""The console put together: who may do what, then the page that does it."""

import contextlib
import sys
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from tallystick.console.desk import Desk, desk_of, words
from tallystick.console.files import FILES
from tallystick.console.pages.catalogue import HANDLERS
from tallystick.console.people.passwords import nobody
from tallystick.console.people.rights import RIGHTS, Right
from tallystick.console.security.cookies import known_language, preferred_language
from tallystick.console.security.forgery import is_near, is_own
from tallystick.console.security.headers import Guarded
from tallystick.console.security.limits import Buckets
from tallystick.console.settings import ConsoleSettings
from tallystick.console.visit import Handler, Visit, go
from tallystick.model import TallystickError
from tallystick.report.texts import Language
from tallystick.store import Store

FIELDS_LIMIT: Final = 64
TOUCH_MS: Final = 10_000
"""A session's use is written down at most so often."""
_FORM: Final = "application/x-www-form-urlencoded"
_FILE: Final = "multipart/form-data"


def app(store: Store, settings: ConsoleSettings) -> ASGIApp:
    """Return the console of a store, to be served by any ASGI server.

    Args:
        store: What is kept.
        settings: What it is told.
    """
    nobody()  # made now, so that the first wrong name takes no longer than the others
    desk = desk_of(store, settings)
    buckets = Buckets()

    def route(right: Right) -> Route:
        endpoint = _endpoint(desk, right, HANDLERS[right.page, right.action], buckets)
        return Route(right.path, endpoint, methods=[right.method])

    async def amiss(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return await run_in_threadpool(_amiss, desk, request, status)

    routes = [route(one) for one in RIGHTS if one.method and _served(one, settings)]
    inner = Starlette(
        routes=[*routes, Mount("/static", FILES)],
        exception_handlers={HTTPException: amiss},
    )
    inner.router.redirect_slashes = False
    return Guarded(inner, settings)


def _served(right: Right, settings: ConsoleSettings) -> bool:
    room = "public" if right.stage == "public" else "inside"
    return settings.serves in {"all", room}


def _endpoint(
    desk: Desk, right: Right, handler: Handler, buckets: Buckets
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        address = request.client.host if request.client else ""
        if not buckets.take(address, now_ms=desk.settings.now_ms()):
            return _briefly(desk, request, 429, {"retry-after": "5"})
        form = await _form(request, right.most) if right.method == "POST" else {}
        try:
            return await run_in_threadpool(_answer, desk, right, handler, request, form)
        except Exception as error:  # ruff: ignore[blind-except] (a line, not a traceback)
            _log(right, error)
            return _briefly(desk, request, 503)

    return answer


def _briefly(
    desk: Desk, request: Request, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer in a line; nothing is looked up for it."""
    said = words(_language(desk, request)).say(f"sorry.{status}")
    return PlainTextResponse(f"{said}\n", status, headers)


def _language(desk: Desk, request: Request) -> Language:
    """Return the language asked for, else that of the last time, else the browser's."""
    return (
        known_language(request.query_params.get("language", ""))
        or desk.cookies.language_of(request.cookies)
        or preferred_language(request.headers.get("accept-language", ""))
    )


async def _form(request: Request, most: int) -> Mapping[str, str]:
    """Return the fields of a form; of a file its text.

    Raises:
        HTTPException: 413, 415 or 400; it is too large, or none.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind not in {_FORM, _FILE}:
        raise HTTPException(415)
    try:
        if kind == _FILE:
            return await _parts(request, bytes(body), most)
        fields = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_LIMIT,
        )
    except (ValueError, MultiPartException):
        raise HTTPException(400) from None
    return dict(fields)


async def _parts(request: Request, body: bytes, most: int) -> dict[str, str]:
    """Return the fields of a form with a file, as text."""

    async def stream() -> AsyncGenerator[bytes]:  # ruff: ignore[unused-async] (the parser wants it so)
        yield body

    parser = MultiPartParser(
        request.headers,
        stream(),
        max_files=1,
        max_fields=FIELDS_LIMIT,
        max_part_size=most,
    )
    async with contextlib.AsyncExitStack() as stack:
        form = await parser.parse()
        stack.push_async_callback(form.close)
        return {
            name: value if isinstance(value, str) else (await value.read()).decode()
            for name, value in form.multi_items()
        }


def _answer(
    desk: Desk,
    right: Right,
    handler: Handler,
    request: Request,
    form: Mapping[str, str],
) -> Response:
    """Look who it is, whether they may, and whether it was they who asked."""
    visit = _visit(desk, right, request, form)
    response = _refused(visit, right, request) or _handled(visit, handler)
    if right.stage != "public":
        _give_session(visit, request, response)
    if known_language(request.query_params.get("language", "")) is not None:
        desk.cookies.set_language(response, visit.t.language)
    return response


def _give_session(visit: Visit, request: Request, response: Response) -> None:
    """Let a browser have the session's id, where it has another or none."""
    cookies = visit.desk.cookies
    given = response.headers.getlist("set-cookie")
    entered = any(one.startswith(f"{cookies.session}=") for one in given)
    if not entered and request.cookies.get(cookies.session) != visit.ident:
        cookies.set_session(response, visit.ident)


def _handled(visit: Visit, handler: Handler) -> Response:
    try:
        return handler(visit)
    except HTTPException as error:
        return _sorry(visit, error.status_code)
    except TallystickError as error:
        return visit.page(
            "sorry.html.j2", 400, status_code=400, said=visit.told(error.said)
        )
    except Exception as error:  # ruff: ignore[blind-except] (a page, not a traceback)
        _log(visit.right, error)
        return _sorry(visit, 500)


def _log(right: Right | None, error: Exception) -> None:
    """Say where something went wrong, and nothing of what was worked on."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    page = right.page if right else ""
    place = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    sys.stderr.write(f"console: {page}: {type(error).__name__} at {place}\n")


def _refused(visit: Visit, right: Right, request: Request) -> Response | None:
    """Return what is said to somebody who may not; None: they may."""
    address = visit.desk.settings.address
    if right.stage == "public":
        if right.method == "GET" or is_near(request.headers, address=address):
            return None
        return _sorry(visit, 403, why="forgery")
    stage = visit.session.stage if visit.session else "out"
    if right.method == "POST" and not is_own(
        request.headers,
        address=address,
        token=visit.form.get("token", ""),
        ident=visit.ident,
    ):
        return _sorry(visit, 403, why="forgery")
    if right.stage == "out":
        return None
    if right.stage != stage:
        return _elsewhere(request, stage)
    if stage == "in" and visit.who.role not in right.roles:
        visit.note("refused", record=visit.path)
        return _sorry(visit, 403, why="role")
    return None


_NEXT: Final = {
    "out": "/sign-in",
    "code": "/sign-in/code",
    "enrol": "/sign-in/enrol",
    "in": "/",
}


def _elsewhere(request: Request, stage: str) -> Response:
    """Send somebody to where they must go first."""
    path = _NEXT[stage]
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": path})
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=401)
    return go(path)


def _visit(
    desk: Desk, right: Right | None, request: Request, form: Mapping[str, str]
) -> Visit:
    now_ms = desk.settings.now_ms()
    ident = desk.cookies.ident(request.cookies)
    session, account = None, None
    if desk.settings.serves != "public" and (right is None or right.stage != "public"):
        session, account = desk.entry.present(ident, now_ms=now_ms) or (None, None)
    live = right is not None and right.action == "live"
    if session is not None and not live and now_ms - session.seen_ms >= TOUCH_MS:
        desk.entry.sessions.touch(session.hash, now_ms=now_ms)
    query = dict(request.query_params)
    query.pop("language", "")
    return Visit(
        desk=desk,
        right=right,
        t=words(_language(desk, request)),
        now_ms=now_ms,
        address=request.client.host if request.client else "",
        ident=ident,
        session=session,
        account=account,
        path=request.url.path,
        place=dict(request.path_params),
        query=query,
        form=form,
    )


def _amiss(desk: Desk, request: Request, status: int) -> Response:
    """Answer a request that no page took."""
    visit = _visit(desk, None, request, {})
    return _sorry(visit, status)


def _sorry(visit: Visit, status: int, *, why: str = "") -> Response:
    said = visit.t.say(f"sorry.{why}") if why else visit.t.named("sorry", str(status))
    return visit.page("sorry.html.j2", status, status_code=status, said=said)
