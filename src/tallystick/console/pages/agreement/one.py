"""All agreements of the channel; and one: what holds, who is waited for, its talk."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tallystick.agreement.life import Holding, Life, Wait
from tallystick.console.pages.agreement import views
from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.saying.words import seen_of
from tallystick.console.visit import Handler, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An agreement in the list.

    Attributes:
        name: Of it.
        title: Of its newest text; empty where none counts.
        life: Its state.
        holding: What of it is in force; None: nothing.
        waits: What it waits for.
    """

    name: str
    title: str
    life: Life
    holding: Holding | None
    waits: list[Wait]


def _read(visit: Visit) -> Response:
    return listed(visit)


def listed(
    visit: Visit, *, text: str = "", mistakes: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Show all agreements.

    Args:
        visit: Who looks.
        text: One that was to be proposed.
        mistakes: In it, each with its place.
    """
    side, now_ms = visit.desk.settings.side, visit.now_ms
    lines = []
    for name in side.agreements() if side else ():
        life = side.life(name) if side else None
        if life is not None:
            lines.append(_line(name, life, now_ms))
    return visit.page(
        "agreement/agreements.html.j2",
        UNFIT if mistakes else 200,
        side=side,
        lines=lines,
        text=text,
        mistakes=mistakes,
    )


def _line(name: str, life: Life, now_ms: int) -> Line:
    newest = life.versions[-1].value.title if life.versions else ""
    return Line(
        name=name,
        title=newest,
        life=life,
        holding=life.in_force(now_ms),
        waits=list(life.waits(now_ms)),
    )


def _one(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, *, problem: str = "") -> Response:
    """Show an agreement.

    Args:
        visit: Who looks; `at` in the address asks what held at a moment.
        problem: Code of what could not be done.
    """
    matter, at_ms = views.matter_of(visit), views.moment_of(visit)
    asked_ms = visit.now_ms if at_ms is None else at_ms
    holding = matter.life.in_force(asked_ms)
    rows = None
    if holding is not None:
        rows = views.rule_rows(visit, matter.life, holding.version, holding)
    over = {one.id: one for one in matter.life.passed_over}
    return visit.page(
        "agreement/agreement.html.j2",
        UNFIT if problem else 200,
        matter=matter,
        life=matter.life,
        side=matter.side,
        holding=holding,
        rows=rows,
        at_ms=at_ms,
        suspensions=[
            one
            for one in matter.life.suspensions
            if one.at_ms <= asked_ms and one.holds(asked_ms)
        ],
        waits=list(matter.life.waits(visit.now_ms)),
        over=over,
        offers=views.offers_of(visit, matter),
        seen=seen_of(matter.said),
        problem=problem,
    )


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "one": _one}
