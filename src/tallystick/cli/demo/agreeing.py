"""An agreement that was proposed, discussed and signed, and is in force.

Every step is the statement that a party would have made on that day, under its key;
whether it counts is read by the same fold that reads any other.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tallystick.agreement.text import (
    digest_of,
    draft_text,
    parse_text,
    starting_rules,
)
from tallystick.node.kept.book import keep, say, start_book
from tallystick.office import Side

NAME: Final = "by-ru-calls"
DAY_MS: Final = 86_400_000
FIRST_DAY: Final = -14
_CHANGES: Final = (
    ('action = "mask"\nmode = "dry-run"', 'action = "reject"\nmode = "live"'),
    # Hardly any real hour is as dishonest as one that is to be looked at.
    ("share = 0.01", "share = 0.5"),
    # The first caller who was refused by mistake is one too many.
    ("redress = 10.0", "redress = 0.0"),
    ('"The lead body of BY"', '"The telecommunications inspectorate of Belarus"'),
    ('"The lead body of RU"', '"The communications authority of Russia"'),
)
"""What the two made of the draft that they started from."""

_REMARK: Final = (
    "A subscriber of ours who roams in Belarus and calls home must not be refused: "
    "such a call has no departure of ours."
)
_ANSWER: Final = (
    "It has one of ours: the visited network's. The rule is about calls of which the "
    "other side, its record being complete, holds no departure at all."
)


def agree(folder: Path, sides: Mapping[str, Side], *, now_ms: int) -> None:
    """Let both sides have agreed, a fortnight ago, on what holds today.

    Args:
        folder: Of both sides.
        sides: Their stores.
        now_ms: The present time.
    """
    text = _text(sides["BY"], now_ms)
    digest, value = digest_of(text), parse_text(text)
    book = start_book(folder / "BY" / "book", value)
    doubt = {"digest": digest, "rule": "missing", "text": _REMARK}
    doubt["from"] = "The association of operators"
    told: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
        ("BY", -60, "proposed", {"digest": digest, "text": text}),
        ("RU", -52, "objected", doubt),
        ("BY", -47, "answered", {"text": _ANSWER}),
        ("BY", -25, "signed", {"digest": digest}),
        ("RU", -23, "signed", {"digest": digest}),
    )
    for party, day, kind, body in told:
        if kind == "answered":
            body["to"] = book.life().remarks[0].id
        own = folder / party / f"{party}.key"
        book = say(book, own, kind, body, now_ms + day * DAY_MS)
    start_book(folder / "RU" / "book", value)
    for one in book.statements:
        keep(folder / "RU" / "book", one)
        for side in sides.values():
            # Neither has anything to send: the other one has it.
            side.statements.keep(one, now_ms=now_ms, from_peer=True)


def _text(side: Side, now_ms: int) -> str:
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    text = draft_text(
        name=NAME,
        keys=side.keys,
        channel=side.identifier,
        first_day=today + timedelta(FIRST_DAY),
        rules=starting_rules("bilateral"),
    )
    for before, after in _CHANGES:
        text = text.replace(before, after)
    return text
