"""The log: what it holds, who has seen it, and whether it is whole."""

from collections import Counter
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.visit import Handler, Visit
from tallystick.model import Said, TallystickError
from tallystick.office import Side
from tallystick.proof import (
    KINDS,
    Checkpoint,
    Opening,
    kept_statement,
    origin_of,
    signing_fingerprint,
)
from tallystick.store.log import (
    Forgotten,
    LogLook,
    WitnessFolder,
    look_at_log,
    stopped_by,
)

SHOWN: Final = 50
"""So many entries are shown at once."""
COUNTED: Final = 4_096
"""So many are read for a page: among them kinds are counted, openings checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the log, as its keeper sees it; what it was made of stays private.

    Attributes:
        index: Its place.
        kind: What was logged.
        by: Who signed it, where it is a statement.
        did: What the statement does.
        about: What it is about.
        at_ms: When it was made, as its maker says; None: it is no statement.
    """

    index: int
    kind: str
    by: str = ""
    did: str = ""
    about: str = ""
    at_ms: int | None = None

    @property
    def href(self) -> str:
        """Where one reads about it; empty: nowhere."""
        room, _, name = self.about.partition("/")
        return {"case": f"/cases/{name}", "agreement": f"/agreement/{name}"}.get(
            room, ""
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """The peer's log, as our witness saw it last.

    Attributes:
        checkpoint: What it said of itself.
        at_ms: When our witness wrote it down.
    """

    checkpoint: Checkpoint
    at_ms: int


def _read(visit: Visit) -> Response:
    return _shown(visit)


def _check(visit: Visit) -> Response:
    """Check the log, and say what was checked.

    Raises:
        HTTPException: 404; there is no log.
    """
    side = visit.desk.settings.side
    if side is None or side.log is None:
        raise HTTPException(404)
    try:
        checked = _look(side, side.log).check(COUNTED)
    except TallystickError as error:
        return _shown(visit, problem=error.said)
    return _shown(visit, checked=checked)


def _shown(
    visit: Visit, *, checked: range | None = None, problem: Said = ""
) -> Response:
    side, settings = visit.desk.settings.side, visit.desk.settings
    found: LogLook | None = None
    read: list[Entry] = []
    places = range(0)
    stopped = ""
    if side is not None and side.log is not None:
        try:
            found = _look(side, side.log)
            places = found.window(COUNTED, _before(visit))
            read = list(starmap(_entry, found.entries(places)))
            stopped = stopped_by(side.log)
        except TallystickError as error:
            problem = problem or error.said
    wanted = visit.query.get("kind", "")
    counts = Counter(one.kind for one in read)
    fit = [one for one in read if wanted in {"", one.kind}]
    shown = fit[: -SHOWN - 1 : -1]
    seen, trouble = _seen(visit, side)
    wrong = problem or trouble
    return visit.page(
        "log/log.html.j2",
        UNFIT if problem else 200,
        side=side,
        look=found,
        entries=shown,
        older=shown[-1].index if len(fit) > SHOWN else places.start,
        counts=[(kind, counts[kind]) for kind in KINDS if counts.get(kind)],
        places=places,
        seen=seen,
        keys=[(key.party, signing_fingerprint(key)) for key in side.keys]
        if side
        else [],
        served=settings.log_at,
        checked=checked,
        problem=visit.told(wrong) if wrong else "",
        stopped=visit.told(stopped) if stopped else "",
    )


def _before(visit: Visit) -> int | None:
    """Return up to which entry is asked for; None: the newest."""
    text = visit.query.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _look(side: Side, folder: Path) -> LogLook:
    return look_at_log(folder, side.key.public(), [side.peer_key])


def _entry(index: int, opening: Opening | Forgotten) -> Entry:
    if isinstance(opening, Forgotten) or not opening.is_statement:
        return Entry(index=index, kind=opening.kind)
    said = kept_statement(opening.content.encode()).statement
    return Entry(
        index=index,
        kind=opening.kind,
        by=said.by,
        did=said.kind,
        about=said.about,
        at_ms=said.at_ms,
    )


def _seen(visit: Visit, side: Side | None) -> tuple[Seen | None, Said]:
    """Return what our witness saw of the peer's log, or what is wrong there."""
    folder = visit.desk.settings.witness
    if side is None or folder is None or not folder.is_dir():
        return None, ""
    origin = visit.desk.settings.peer_log or origin_of(side.peer_key)
    witness = WitnessFolder(folder, side.key, {origin: side.peer_key})
    try:
        checkpoint, at_ms = witness.seen(origin), witness.seen_ms(origin)
    except TallystickError as error:
        return None, error.said
    return (None if checkpoint is None else Seen(checkpoint, at_ms)), ""


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "check": _check}
