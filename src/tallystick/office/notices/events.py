"""What happened, read off what a store holds; nothing is remembered here.

The same state gives the same events with the same keys, so that nobody is told twice,
however often it is looked at.

Source: spec/notices.md.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from tallystick.store import Kept

DAY_MS: Final = 86_400_000
SILENT_MS: Final = DAY_MS
"""So long a statement waits for the peer before somebody is told."""

_SAID: Final = MappingProxyType(
    {
        ("case", "raised"): "case.opened",
        ("case", "asked"): "case.asked",
        ("case", "answered"): "case.answered",
        ("case", "decided"): "case.decided",
        ("case", "appealed"): "case.appealed",
        ("objection", "received"): "objection.received",
        ("objection", "decided"): "objection.decided",
        ("agreement", "proposed"): "agreement.proposed",
        ("agreement", "amended"): "agreement.proposed",
        ("agreement", "signed"): "agreement.signed",
        ("agreement", "suspended"): "rule.suspended",
    }
)
"""Which statements are told, by what they are about and what they say."""

_PAGES: Final = MappingProxyType(
    {
        "case": "/cases/{}",
        "agreement": "/agreement/{}",
        # The reference of an objection is its caller's, and is not passed on.
        "objection": "/objections",
    }
)
"""Where the console shows what a statement is about."""

OVERDUE: Final = "case.overdue"
SILENT: Final = "peer.silent"
TROUBLE: Final = "log.trouble"
LOST: Final = "notice.lost"
EVENTS: Final = tuple(dict.fromkeys((*_SAID.values(), OVERDUE, SILENT, TROUBLE, LOST)))
"""The names of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        key: Of this event and no other.
        name: One of `EVENTS`.
        at_ms: When.
        by: The party that did it; empty: nobody did.
        case: Its name; empty: it is about none.
        page: Where a console shows it.
        more: What else is told of it: words and counts of ours.
    """

    key: str
    name: str
    at_ms: int
    by: str = ""
    case: str = ""
    page: str = "/"
    more: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNow:
    """Where a case stands.

    Attributes:
        id: Its name.
        kind: Of the case.
        state: As read from its statements.
        crossings: How many.
        due_ms: Until when somebody has to do something.
    """

    id: str
    kind: str
    state: str
    crossings: int
    due_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a store holds, and how the office does, at one moment.

    Attributes:
        statements: Those kept since it was last looked.
        cases: Those that the statements are about, and those due since then.
        waiting: The oldest statement that the peer has not taken; None: it has all.
        trouble: The code of what is wrong with book or log; empty: nothing is.
    """

    statements: Sequence[Kept]
    cases: Sequence[CaseNow]
    waiting: Kept | None
    trouble: str


def events(seen: Seen, *, since_ms: int, now_ms: int) -> Iterator[Event]:
    """Read off what happened.

    Args:
        seen: What there is.
        since_ms: What was before is not told.
        now_ms: The present time.

    Yields:
        Each event, once for each time the function is called.
    """
    cases = {one.id: one for one in seen.cases}
    spoken = {one.about.partition("/")[2] for one in seen.statements}
    for one in seen.statements:
        room, _, name = one.about.partition("/")
        told = _SAID.get((room, one.kind))
        if told is None or one.taken_ms < since_ms:
            continue
        case = name if room == "case" else ""
        yield Event(
            key=f"said/{one.id}",
            name=told,
            at_ms=one.taken_ms,
            by=one.by,
            case=case,
            page=_page(room, name),
            more=_of(cases.get(case)),
        )
    for case_now in seen.cases:
        due_ms = case_now.due_ms
        # A statement that was long on its way can make a case overdue at once.
        new = due_ms is not None and (due_ms >= since_ms or case_now.id in spoken)
        if due_ms is not None and new and due_ms < now_ms:
            yield Event(
                key=f"overdue/{case_now.id}/{due_ms}",
                name=OVERDUE,
                at_ms=due_ms,
                case=case_now.id,
                page=_page("case", case_now.id),
                more=_of(case_now),
            )
    waiting = seen.waiting
    if waiting is not None and now_ms - waiting.taken_ms >= SILENT_MS:
        yield Event(
            key=f"silent/{waiting.id}", name=SILENT, at_ms=waiting.taken_ms + SILENT_MS
        )
    if seen.trouble:
        day = now_ms // DAY_MS
        yield Event(
            key=f"trouble/{seen.trouble}/{day}",
            name=TROUBLE,
            at_ms=now_ms,
            page="/log",
            more=(("code", seen.trouble),),
        )


def notice_id(key: str, recipient: str) -> str:
    """Return the id of what one recipient is told of one event."""
    return hashlib.sha256(f"tally notice\n{key}\n{recipient}".encode()).hexdigest()


def _page(room: str, name: str) -> str:
    return _PAGES[room].format(quote(name, safe=""))


def _of(case: CaseNow | None) -> tuple[tuple[str, str | int], ...]:
    if case is None:
        return ()
    return (
        ("kind", case.kind),
        ("state", case.state),
        ("crossings", case.crossings),
    )
