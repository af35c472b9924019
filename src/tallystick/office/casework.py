"""What statements about a case hold, made of what a store keeps of it.

Whoever says something of a case, at a terminal or in a console, makes it here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tallystick.cases.state import State
from tallystick.domains.calls.cases import RULES
from tallystick.model import RefusedError
from tallystick.store.cases import CaseDesk, CaseRow, Crossing

Half = Mapping[str, Any]


def raised_body(row: CaseRow) -> dict[str, Any]:
    """Return what is said of a case when it is raised."""
    names = ("domain", "kind", "departure", "arrival", "actor", "object", "crossings")
    more = ("ms", "first_ms", "last_ms", "confidence_ppm")
    return {name: getattr(row, name) for name in (*names, *more)}


def questions_of(kind: str) -> list[tuple[str, str]]:
    """Return what may be asked about a kind of case: of whom, and the question."""
    return [one for rule in RULES if rule.kind == kind for one in rule.asks]


def own_half(crossing: Crossing, side: str) -> Half:
    """Return one half of a crossing as it is opened to the peer.

    Args:
        crossing: As it is kept here.
        side: `departure` or `arrival`: which half is the party's own.
    """
    return {
        "record": getattr(crossing, f"{side}_id"),
        "at_ms": crossing.at_ms,
        "trunk": getattr(crossing, f"{side}_point"),
        "calling": getattr(crossing, f"{side}_calling"),
        "called": getattr(crossing, f"{side}_called"),
    }


def own_halves(
    desk: CaseDesk, name: str, party: str, handles: Sequence[str]
) -> dict[str, Half]:
    """Return a party's own halves of some crossings, by their handles.

    Args:
        desk: Where the case is kept; one that is not is refused as in `CaseBook.case`.
        name: Of the case.
        party: Whose halves.
        handles: Of the crossings; those of which no half is held are left out.
    """
    row = desk.cases.case(name)
    side = "departure" if row.departure == party else "arrival"
    kept = (one for one in desk.cases.named(handles) if one.case_id == name)
    return {
        one.handle: own_half(one, side)
        for one in kept
        if getattr(one, f"{side}_id") is not None
    }


def halves_to_open(
    desk: CaseDesk, name: str, party: str, state: State
) -> dict[str, Half]:
    """Return the halves that a party was asked for, holds, and has not opened yet.

    Args:
        desk: Where the case is kept.
        name: Of the case.
        party: Whose halves.
        state: Where the case stands.

    Raises:
        RefusedError: "case-halves" where there is none.
    """
    named = {one for asked in state.asked for one in asked.crossings}
    closed = sorted(named - state.opened.get(party, {}).keys())
    halves = own_halves(desk, name, party, closed)
    if not halves:
        raise RefusedError(
            "case-halves",
            "There is no half of yours to open among the crossings asked about.",
            advice="Import the result that holds them; what is missing is an "
            "answer, too: no-evidence.",
        )
    return halves
