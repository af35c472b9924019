"""When nothing more can come of a case or an objection, and how long it is kept then.

Source: spec/cases.md, "What is let go of".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tallystick.agreement.text import AgreementText
from tallystick.cases.course import DAY_MS
from tallystick.cases.state import State

COUNTED_DAYS: Final = 62
"""An objection is still counted so long: by a rule's guard for 30 days, by the harm
report of its month, which is made in the month after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizons:
    """What was over, or happened, before these moments is let go of; UTC milliseconds.

    Attributes:
        verdicts_ms: Verdicts, and references by which nobody objected.
        cases_ms: Cases with their findings, findings of no case, results, and what
            was explained until then.
        objections_ms: Objections; the guard and the harm report count them.
        statements_ms: What both said of a case or an objection.
    """

    verdicts_ms: int
    cases_ms: int
    objections_ms: int
    statements_ms: int


def horizons(text: AgreementText, *, now_ms: int) -> Horizons:
    """Return what is too old by an agreement.

    A case cannot be read without what was said of it, and goes with that at the
    latest.

    Args:
        text: What both parties signed.
        now_ms: The present time.
    """
    kept = text.retention
    cases_days = min(kept.cases_days, kept.statements_days)
    told_days = text.publication.days if text.publication else 0
    counted_days = COUNTED_DAYS + told_days
    return Horizons(
        verdicts_ms=now_ms - kept.verdicts_days * DAY_MS,
        cases_ms=now_ms - cases_days * DAY_MS,
        objections_ms=now_ms - max(cases_days, counted_days) * DAY_MS,
        statements_ms=now_ms - kept.statements_days * DAY_MS,
    )


def over_since(state: State, *, heard_ms: Iterable[int], all_taken: bool) -> int | None:
    """Return since when a case or an objection is over; None: it is not.

    Its last step counts, or the moment when its last statement came here, whichever
    is later: a party that dates its statements back takes nothing from the other.

    Args:
        state: As read from its statements.
        heard_ms: When each of them was kept here.
        all_taken: Whether the peer has all of them; before that it may stand
            otherwise there.
    """
    if not (state.has_ended and all_taken):
        return None
    return max([state.at_ms, *heard_ms])
