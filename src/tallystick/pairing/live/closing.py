"""Compare how a crossing went on at its two ends, once both have let go of it.

A false answer, a call kept up after its end and a call stopped short show here
within a minute of both releases. One such crossing is a sign and no proof: what is
usual on a road is for the batch engine to say.

Source: spec/verdict.md, "Closing halves"; the figures are those of spec/pairing.md.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from tallystick.pairing.live.half import Ident

LEAST_MS: Final = 2_000
"""By how much answer or duration must differ to be a sign."""

MAILBOX_MS: Final = 1_500
"""A mailbox of the departure side answers after the arrival's attempt has ended."""

LIFE_MS: Final = 7_200_000
"""How long a crossing without both ends is waited for: longer calls are rare."""

CAPACITY: Final = 400_000
"""Crossings waited for: 4,000 calls a second of 100 s each."""

COURSES_KEPT: Final = 65_536

Sign = Literal["agrees", "false_answer", "stretched", "short_stop"]


class ClosingHalf(NamedTuple):
    """How a half ended.

    Attributes:
        id: Handle of the half: the departure's, or the own arrival's.
        answered: Whether it was answered.
        answer_ms: Seizure to answer; None: not answered, or not known.
        duration_ms: Conversation; 0 if not answered.
        cause: ITU-T Q.850 cause; None: not known.
        held_ms: Seizure to release; None: not known.
    """

    id: Ident
    answered: bool
    answer_ms: int | None = None
    duration_ms: int = 0
    cause: int | None = None
    held_ms: int | None = None


class Course(NamedTuple):
    """What the two ends of one crossing say together.

    Attributes:
        sign: `agrees`, `false_answer`, `stretched` or `short_stop`.
        departure: Handle of the departure.
        arrival: Handle of the arrival; None for `short_stop`.
        by_ms: By how much they differ.
    """

    sign: Sign
    departure: Ident
    arrival: Ident | None
    by_ms: int = 0


@dataclass(slots=True)
class _Open:
    """A crossing of which an end is missing."""

    since_ms: int
    arrival: Ident | None = None
    left: bool = False  # its departure was let go without an arrival
    departure_end: ClosingHalf | None = None
    arrival_end: ClosingHalf | None = None


class ClosingMatcher:
    """Crossings that wait for their ends.

    Bounds: CAPACITY crossings, some 600 bytes each; the oldest go first.
    """

    __slots__ = ("_by_arrival", "_capacity", "_courses", "_open", "_since_ms")

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        """Start empty."""
        self._open: OrderedDict[Ident, _Open] = OrderedDict()
        self._by_arrival: dict[Ident, Ident] = {}
        self._courses: deque[Course] = deque(maxlen=COURSES_KEPT)
        self._capacity = capacity
        self._since_ms: int | None = None

    def __len__(self) -> int:
        return len(self._open)

    def watch_since(self, since_ms: int) -> None:
        """Say that every own arrival since then was told to the matcher.

        Until this is said nothing is called stopped short: it rests on absence.
        """
        self._since_ms = since_ms

    def pair(self, departure: Ident, arrival: Ident, *, now_ms: int) -> None:
        """Say which arrival a departure has."""
        one = self._get(departure, now_ms)
        if one.arrival is not None and one.arrival != arrival:
            # A peer that began to count anew: the older crossing is another one.
            self._forget(departure)
            one = self._get(departure, now_ms)
        one.arrival, one.left = arrival, False
        self._by_arrival[arrival] = departure
        if one.departure_end is not None:
            self._conclude(departure, one)

    def leave(self, departure: Ident, *, at_ms: int) -> None:
        """Say that a departure found no arrival while it was held."""
        if self._since_ms is None or at_ms < self._since_ms:
            self._forget(departure)
            return
        one = self._get(departure, at_ms)
        one.left = True
        self._conclude(departure, one)

    def close_departure(self, closing: ClosingHalf, *, now_ms: int) -> None:
        """Take the end of a departure."""
        one = self._get(closing.id, now_ms)
        one.departure_end = closing
        self._conclude(closing.id, one)

    def close_arrival(self, closing: ClosingHalf, *, now_ms: int) -> None:
        """Take the end of an own arrival; of one without partner it says nothing."""
        departure = self._by_arrival.get(closing.id)
        if departure is None:
            return
        one = self._get(departure, now_ms)
        one.arrival_end = closing
        self._conclude(departure, one)

    def next_course(self) -> Course | None:
        """Return the oldest crossing that was compared; None: no more."""
        return self._courses.popleft() if self._courses else None

    def expire(self, now_ms: int) -> None:
        """Let go of crossings whose ends never came."""
        while self._open:
            departure, one = next(iter(self._open.items()))
            if one.since_ms > now_ms - LIFE_MS:
                return
            self._forget(departure)

    def _get(self, departure: Ident, now_ms: int) -> _Open:
        one = self._open.get(departure)
        if one is None:
            if len(self._open) >= self._capacity:
                self._forget(next(iter(self._open)))
            one = self._open[departure] = _Open(now_ms)
        return one

    def _forget(self, departure: Ident) -> None:
        one = self._open.pop(departure, None)
        if one is not None and one.arrival is not None:
            self._by_arrival.pop(one.arrival, None)

    def _conclude(self, departure: Ident, one: _Open) -> None:
        """Compare as soon as all that is needed is there."""
        left = one.departure_end
        if left is None:
            return
        if one.arrival is None:
            if not one.left:
                return
            if left.answered:
                course = Course("short_stop", departure, None, left.duration_ms)
                self._courses.append(course)
        elif one.arrival_end is None:
            return
        else:
            sign, by_ms = compare_ends(left, one.arrival_end)
            self._courses.append(Course(sign, departure, one.arrival, by_ms))
        self._forget(departure)


def compare_ends(departure: ClosingHalf, arrival: ClosingHalf) -> tuple[Sign, int]:
    """Return what two ends of one crossing say together, and by how much they differ.

    Units: milliseconds, departure beyond arrival.
    """
    if departure.answered and not arrival.answered:
        ended, answered = arrival.held_ms, departure.answer_ms
        if ended is None or answered is None or answered <= ended - MAILBOX_MS:
            return "false_answer", departure.duration_ms
        return "agrees", 0
    early = _beyond(arrival.answer_ms, departure.answer_ms)
    longer = departure.duration_ms - arrival.duration_ms
    if early >= LEAST_MS and longer >= LEAST_MS:
        return "false_answer", min(early, longer)
    if longer >= LEAST_MS:
        return "stretched", longer
    return "agrees", longer


def _beyond(later_ms: int | None, earlier_ms: int | None) -> int:
    return 0 if later_ms is None or earlier_ms is None else later_ms - earlier_ms
