"""Saying something about an agreement: only what will count is signed.

Source: spec/agreement.md, "Life".
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from tallystick.agreement.life.fold import fold
from tallystick.agreement.life.state import Life
from tallystick.agreement.text import digest_of
from tallystick.model import RefusedError
from tallystick.proof import (
    Signed,
    SigningKey,
    Statement,
    VerifyingKey,
    latest,
    sign_statement,
)

LIFTS_MOST: Final = 64
"""So many suspensions one statement may lift."""


def say(
    said: Collection[Signed],
    kind: str,
    body: Mapping[str, Any],
    *,
    name: str,
    channel: str,
    keys: Collection[VerifyingKey],
    key: SigningKey,
    at_ms: int,
) -> Signed:
    """Sign a statement, unless it would not count.

    Args:
        said: All that was said about the agreement so far.
        kind: What is said.
        body: What else; what is None is left out.
        name: Of the agreement.
        channel: 64 hexadecimal digits.
        keys: Of the two parties.
        key: Of who says it.
        at_ms: The present time.

    Raises:
        RefusedError: "agreement-not-counted", with the reason.
    """
    statement = Statement(
        channel=channel,
        by=key.party,
        at_ms=at_ms,
        about=f"agreement/{name}",
        kind=kind,
        after=latest(said),
        body={name: value for name, value in body.items() if value is not None},
    )
    signed = sign_statement(statement, key)
    for one in fold((*said, signed), name=name, keys=keys).passed_over:
        if one.id == signed.id:
            raise RefusedError(
                "agreement-not-counted",
                f"This would not count, and was not said. {one.sentence}",
                advice="`tally agreement show` tells what is waited for.",
                why=one.code,
            )
    return signed


def proposal(life: Life, text: str) -> tuple[str, dict[str, Any]]:
    """Return how a text is laid before the other side.

    Args:
        life: What was said before. A text that comes after others follows the last.
        text: To the byte.

    Returns:
        The kind of the statement, and its body.
    """
    body = {"text": text, "digest": digest_of(text)}
    if not life.versions:
        return "proposed", body
    return "amended", {**body, "follows": life.versions[-1].digest}


def lifts(life: Life, at_ms: int, rule: str | None = None) -> dict[str, Any]:
    """Return what lifts suspensions.

    Args:
        life: What was said before.
        at_ms: The present time.
        rule: Only what suspends this rule ("" is every rule); None: all.

    Raises:
        RefusedError: "agreement-not-counted" where nothing of that is suspended.
    """
    held = [
        one.id
        for one in life.suspensions
        if one.holds(at_ms) and rule in {None, one.rule}
    ]
    if not held:
        raise RefusedError(
            "agreement-not-counted",
            "Nothing of that is suspended.",
            advice="`tally agreement show` tells what is.",
            why="unsuspended",
        )
    return {"lifts": held[:LIFTS_MOST]}
