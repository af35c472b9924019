"""Saying something about an agreement from a party's side of its channel."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallystick.agreement import life
from tallystick.office.side import AGREEMENTS, Side
from tallystick.proof import Signed, kept_statement


def said_of(side: Side, name: str) -> Sequence[Signed]:
    """Return all that was said about an agreement, in the order in which it came."""
    kept = side.statements.about(f"{AGREEMENTS}{name}")
    return [kept_statement(one.note) for one in kept]


def try_to_say(
    side: Side,
    said: Sequence[Signed],
    name: str,
    kind: str,
    body: Mapping[str, Any],
    *,
    now_ms: int,
) -> Signed:
    """Sign a statement, and keep it nowhere; refused as in `life.say`.

    Args:
        side: Who says it.
        said: All that was said about the agreement.
        name: Of the agreement.
        kind: What is said.
        body: What else.
        now_ms: The present time.
    """
    return life.say(
        said,
        kind,
        body,
        name=name,
        channel=side.identifier,
        keys=side.keys,
        key=side.key,
        at_ms=now_ms,
    )


def say(
    side: Side, name: str, kind: str, body: Mapping[str, Any], *, now_ms: int
) -> Signed:
    """Say something, if it counts: it is kept, and goes to the peer with the rest.

    Args:
        side: Who says it.
        name: Of the agreement.
        kind: What is said.
        body: What else. What would not count is refused as in `life.say`.
        now_ms: The present time.
    """
    signed = try_to_say(side, said_of(side, name), name, kind, body, now_ms=now_ms)
    side.statements.keep(signed, now_ms=now_ms)
    return signed
