"""The audit log: who did what, when, to which record, and why."""

from typing import Final

from starlette.responses import Response

from tallystick.console.people.rights import RIGHTS, ROLES
from tallystick.console.tables.export import export
from tallystick.console.tables.table import Column, Table, show
from tallystick.console.visit import Handler, Visit
from tallystick.store import AUDIT_LOG

TABLE: Final = Table(
    "audit",
    AUDIT_LOG,
    (
        Column("at_ms", "time"),
        Column("who"),
        Column("role", "choice", choices=ROLES, words="role"),
        Column(
            "page",
            "choice",
            choices=tuple(dict.fromkeys(one.page for one in RIGHTS)),
            words="page",
        ),
        Column("action", words="did"),
        Column("record"),
        Column("why", words="why"),
        Column("address"),
    ),
    sort="at_ms",
    down=True,
)


def _read(visit: Visit) -> Response:
    return visit.page("audit/audit.html.j2", table=show(visit, TABLE))


def _export(visit: Visit) -> Response:
    return export(visit, TABLE)


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "export": _export}
