"""An office keeps what both parties agreed to keep, and no longer.

Once an hour it looks what is too old, and lets go of it piece by piece, a piece with
each turn, so that pages and commands go on meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from tallystick.agreement.life import Life, bound_by, holding_of
from tallystick.cases.course import AgreedTerms, Terms, agreed_terms
from tallystick.cases.over import horizons
from tallystick.node.kept.steady import Steady
from tallystick.office.side import Side
from tallystick.store.expiry import Expiry, Gone, Old

AGAIN_MS: Final = 3_600_000


def expiry_of(side: Side, *, now_ms: int) -> Expiry | None:
    """Return what lets go of what is too old; None: nothing was ever agreed.

    Args:
        side: A party's side of a channel.
        now_ms: The present time.
    """
    lives = [side.life(name) for name in side.agreements()]
    text = bound_by(lives, now_ms)
    if text is None:
        return None
    # Thousands of cases may have to be read: the agreements are read once.
    terms = AgreedTerms(partial(_terms, lives, side.days))
    desk = replace(side.cases(), terms=terms)
    old = Old(desk=desk, horizons=horizons(text, now_ms=now_ms), now_ms=now_ms)
    return Expiry(old=old, log=None if side.log is None else (side.log, side.key))


def _terms(lives: list[Life], days: Terms, at_ms: int) -> Terms:
    holding = holding_of(lives, at_ms)
    return days if holding is None else agreed_terms(holding.version.value.deadlines)


@dataclass(slots=True, kw_only=True)
class Retention:
    """Lets go of what is too old, an hour after the office began, and once an hour.

    Attributes:
        side: What both parties have said, and all that is kept.
        now_ms: Tells the time.
    """

    side: Side
    now_ms: Callable[[], int]
    _steady: Steady = field(default_factory=Steady)
    _looked_ms: int | None = None
    _steps: Iterator[Gone] | None = None

    def look(self) -> Gone:
        """Do the next piece, if it is time; return what it came to.

        What cannot be done is refused as in `Expiry.steps`, and tried again an hour
        later.
        """
        now_ms = self.now_ms()
        if not self._steady.believes(now_ms):
            self._steps = None
        elif self._steps is None and self._is_due(now_ms):
            self._looked_ms = now_ms
            found = expiry_of(self.side, now_ms=now_ms)
            self._steps = None if found is None else found.steps()
        steps, self._steps = self._steps, None
        if steps is None:
            return {}
        for gone in steps:
            self._steps = steps
            return gone
        return {}

    def _is_due(self, now_ms: int) -> bool:
        return self._looked_ms is None or abs(now_ms - self._looked_ms) >= AGAIN_MS
