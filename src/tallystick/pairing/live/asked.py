"""Arrivals of the last seconds: what was answered, and which are still open.

Two generations are kept and the older one is let go whole, so that forgetting costs
nothing. What is forgotten is at worst judged again.
"""

from tallystick.pairing.live.half import Ident, LiveHalf, Match, Token

OPEN_LIMIT = 64
"""Open arrivals remembered for one token; one caller redials less often."""


class Asked:
    """Answers by arrival, and open arrivals by pair token.

    Bounds: `capacity` arrivals in each of two generations, some 350 bytes each.
    """

    __slots__ = ("_answers", "_capacity", "_life_ms", "_old", "_open", "_turned_ms")

    def __init__(self, *, life_ms: int, capacity: int) -> None:
        """Remember every arrival for `life_ms` at least, if there is room."""
        self._answers: dict[Ident, Match] = {}
        self._open: dict[Token, list[LiveHalf]] = {}
        self._old: tuple[dict[Ident, Match], dict[Token, list[LiveHalf]]] = ({}, {})
        self._life_ms = life_ms
        self._capacity = capacity
        self._turned_ms: int | None = None

    def __len__(self) -> int:
        return len(self._answers) + len(self._old[0])

    def answer(self, arrival: Ident) -> Match | None:
        """Return what an arrival was answered; None if it was not, or long ago."""
        found = self._answers.get(arrival)
        return found if found is not None else self._old[0].get(arrival)

    def put(self, arrival: Ident, match: Match, *, now_ms: int) -> None:
        """Remember an answer."""
        if self._turned_ms is None:
            self._turned_ms = now_ms
        elif (
            # A clock that was set back must not let a generation grow for ever.
            abs(now_ms - self._turned_ms) >= self._life_ms
            or len(self._answers) >= self._capacity
        ):
            self._old = (self._answers, self._open)
            self._answers, self._open = {}, {}
            self._turned_ms = now_ms
        self._answers[arrival] = match

    def leave_open(self, arrival: LiveHalf) -> None:
        """Remember an arrival that may yet find its departure."""
        for token in (arrival.pair, arrival.alias):
            if token is not None:
                waiting = self._open.setdefault(token, [])
                if len(waiting) < OPEN_LIMIT:
                    waiting.append(arrival)

    def open_at(self, token: Token) -> list[LiveHalf]:
        """Return the arrivals of a pair token that found no departure so far."""
        waiting = self._old[1].get(token, []) + self._open.get(token, [])
        return [a for a in waiting if not self._is_paired(a.id)]

    def has_open(self, token: Token) -> bool:
        """Tell quickly whether there may be some."""
        return token in self._open or token in self._old[1]

    def _is_paired(self, arrival: Ident) -> bool:
        match = self.answer(arrival)
        return match is not None and match.outcome == "paired"
