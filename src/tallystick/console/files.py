"""What pages load: our own style sheet, and htmx out of its installed package."""

import hashlib
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

_HTMX: Final = files("django_htmx") / "static" / "django_htmx"
_OWN: Final = files("tallystick.console") / "static"
_REPORT: Final = files("tallystick.report") / "templates"
_KINDS: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_SERVED: Final = {
    "console.css": (_REPORT / "palette.css", _OWN / "console.css"),
    "mark.svg": (_OWN / "mark.svg",),
    "htmx.js": (_HTMX / "htmx-2.min.js",),
    "live.js": (_HTMX / "ext" / "hx-sse-2.min.js",),
}
CONTENTS: Final = {
    name: b"\n".join(part.read_bytes() for part in parts)
    for name, parts in _SERVED.items()
}
VERSION: Final = hashlib.sha256(b"".join(CONTENTS.values())).hexdigest()[:12]
"""Stands behind their addresses, so that browsers keep them until they change."""


def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in CONTENTS:
        raise HTTPException(404)
    kind = _KINDS[name.rpartition(".")[2]]
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(CONTENTS[name], media_type=kind, headers=kept)


FILES: Final = Router([Route("/{name}", _file, methods=["GET"])])
