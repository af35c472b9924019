"""A case on paper: the request as a letter, and all that is held of it as a file."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.console.pages.cases.listing import case_of
from tallystick.console.pages.cases.one import BUNDLE, FORMS, look, shown
from tallystick.console.saying.words import reason_of
from tallystick.console.security.cookies import known_language
from tallystick.console.visit import Handler, Visit
from tallystick.model import RefusedError
from tallystick.office.evidence import case_bundle
from tallystick.office.papers import DOSSIERS, LETTERS, dossier_of, letter_of


def _letter(visit: Visit) -> Response:
    """Give the request that was last asked as a letter; it names no number.

    Raises:
        HTTPException: 404; there is no such form or language.
    """
    case, form = case_of(visit), LETTERS.get(visit.place["form"])
    language = known_language(visit.query.get("in", visit.t.language))
    if form is None or language is None:
        raise HTTPException(404)
    found = look(visit, case)
    try:
        letter = letter_of(found.desk, found.name, found.state, language)
    except RefusedError:
        return shown(visit, case, problem="unasked")
    content = form.write(letter, language, visit.now_ms)
    name = f"{found.name}-{language}.{visit.place['form']}"
    return _file(content, form.media, name)


def _dossier(visit: Visit) -> Response:
    """Give all that is held of a case, numbers as they are kept, once it is noted.

    A bundle holds what proves it to a third party; where the log does not have all of
    it yet, it is refused as in `case_bundle`.

    Raises:
        HTTPException: 404; there is no such form.
    """
    case, form = case_of(visit), visit.form.get("form", "json")
    if form not in FORMS:
        raise HTTPException(404)
    try:
        why = reason_of(visit.form)
    except RefusedError as error:
        return shown(visit, case, problem=error.why)
    found = look(visit, case)
    if form == BUNDLE and found.side is None:
        raise HTTPException(404)
    visit.note("dossier", record=f"{found.name}/{form}", why=why)
    if form == BUNDLE and found.side is not None:
        content = case_bundle(found.side, found.state.about)
        return _file(content, "application/json", f"{found.name}.bundle.json")
    dossier = dossier_of(found.desk, found.name, found.state)
    content = DOSSIERS[form].write(dossier, visit.now_ms)
    return _file(content, DOSSIERS[form].media, f"{found.name}.{form}")


def _file(content: bytes, media: str, name: str) -> Response:
    kept = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=kept)


HANDLERS: Final[dict[str, Handler]] = {"letter": _letter, "dossier": _dossier}
