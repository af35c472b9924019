"""What people type where the other side reads it."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, NoReturn

from tallystick.console.numbers import holds_number, reason_problem
from tallystick.model import RefusedError
from tallystick.proof import Signed

WORDS_MOST: Final = 4_000
"""Characters of a text; a case takes no more (spec/cases.md)."""


def refuse(why: str) -> NoReturn:
    """Refuse what was typed.

    Args:
        why: Code of a message `problem.CODE`.

    Raises:
        RefusedError: "console-form".
    """
    raise RefusedError("console-form", "What was typed cannot be said.", why=why)


def words_of(
    form: Mapping[str, str], name: str, *, needed: bool = False, most: int = WORDS_MOST
) -> str:
    """Return what was typed into a field, line ends as they are signed.

    Args:
        form: The fields.
        name: Of the field.
        needed: Whether it must say something.
        most: Characters that it may have.

    Raises:
        RefusedError: "console-form"; "no_text", "long_text" or "number_in_text".
    """
    text = form.get(name, "").replace("\r\n", "\n").strip()
    if needed and not text:
        refuse("no_text")
    if len(text) > most:
        refuse("long_text")
    if holds_number(text):
        refuse("number_in_text")
    return text


def reason_of(form: Mapping[str, str]) -> str:
    """Return why somebody wants to see or do something.

    Raises:
        RefusedError: "console-form"; "no_reason" or "number_in_reason".
    """
    why = form.get("why", "").strip()
    problem = reason_problem(why)
    if problem:
        refuse(problem)
    return why


def chosen(form: Mapping[str, str], name: str, choices: Collection[str]) -> str:
    """Return what was chosen.

    Raises:
        RefusedError: "console-form"; "not_offered".
    """
    value = form.get(name, "")
    if value not in choices:
        refuse("not_offered")
    return value


def day_of(form: Mapping[str, str], name: str) -> int | None:
    """Return when a day begins, UTC milliseconds; None where none was given.

    Raises:
        RefusedError: "console-form"; "no_day".
    """
    text = form.get(name, "")
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        refuse("no_day")
    return int(day.timestamp()) * 1000


def seen_of(said: Collection[Signed]) -> str:
    """Return what names all that somebody saw of a thing.

    A form carries it: pressed twice, or after the other side has said something, it
    does not fit any more.
    """
    names = "\n".join(sorted(one.id for one in said))
    return hashlib.sha256(names.encode()).hexdigest()[:32]
