"""What is set, and where each value came from; nothing is changed here."""

from typing import Final

from starlette.responses import Response

from tallystick.console.visit import Handler, Visit
from tallystick.model import TallystickError
from tallystick.node.config.flags import told
from tallystick.node.config.settings import load_settings

_OWN: Final = ("address", "node", "node_settings", "idle_ms", "session_ms")


def _read(visit: Visit) -> Response:
    path, rows, problem = visit.desk.settings.node_settings, {}, ""
    if path is not None:
        try:
            rows = told(load_settings(path))
        except TallystickError as error:
            problem = visit.told(error.said)
    own = {name: getattr(visit.desk.settings, name) for name in _OWN}
    return visit.page(
        "settings/settings.html.j2", own=own, path=path, rows=rows, problem=problem
    )


HANDLERS: Final[dict[str, Handler]] = {"read": _read}
