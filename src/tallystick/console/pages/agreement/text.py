"""One text of an agreement: its rules, its difference to another, and as a file."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.agreement.life import Life, Version
from tallystick.agreement.text import differences
from tallystick.console.pages.agreement import views
from tallystick.console.visit import Handler, Visit
from tallystick.proof import signing_fingerprint


def _text(visit: Visit) -> Response:
    matter = views.matter_of(visit)
    version, now_ms = views.version_of(matter, visit), visit.now_ms
    holding = matter.life.in_force(now_ms)
    other = _other(visit, matter.life, version)
    return visit.page(
        "agreement/text.html.j2",
        matter=matter,
        life=matter.life,
        version=version,
        phase=matter.life.phase(version, now_ms),
        rows=views.rule_rows(visit, matter.life, version, holding),
        other=other,
        differences=differences(other.text, version.text) if other else (),
        remarks=[one for one in matter.life.remarks if one.digest == version.digest],
        keys=[(key.party, signing_fingerprint(key)) for key in version.value.keys],
    )


def _other(visit: Visit, life: Life, version: Version) -> Version | None:
    """Return the text to compare with: as asked, else in force, else before it."""
    holding = life.in_force(visit.now_ms)
    asked = (
        visit.query.get("with", ""),
        holding.version.digest if holding is not None else "",
        version.follows,
    )
    found = (life.version(one) for one in asked if one != version.digest)
    return next((one for one in found if one is not None), None)


def _toml(visit: Visit) -> Response:
    version = views.version_of(views.matter_of(visit), visit)
    name = f"{version.value.name}-{version.digest[:12]}.toml"
    return _file(version.text.encode(), "application/toml", name)


def _note(visit: Visit) -> Response:
    """Give a statement as it was signed.

    Raises:
        HTTPException: 404; nobody said it.
    """
    matter, ident = views.matter_of(visit), visit.place["id"]
    found = next((one for one in matter.said if one.id == ident), None)
    if found is None:
        raise HTTPException(404)
    return _file(found.note, "text/plain; charset=utf-8", f"{ident[:12]}.note")


def _file(content: bytes, media: str, name: str) -> Response:
    kept = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=kept)


HANDLERS: Final[dict[str, Handler]] = {"text": _text, "toml": _toml, "note": _note}
