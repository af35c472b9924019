"""Request letters: the same question to a body or an operator, in three languages.

A letter names no number: crossings are named by their handles, which whoever holds the
other half can look up.

Source: spec/cases.md, "Letters".
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from babel.dates import format_date
from babel.numbers import format_decimal

Language = Literal["be", "ru", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("be", "ru", "en")
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a letter is about.

    Attributes:
        case: The case's name.
        kind: Of the case.
        departure: The party on whose side the crossings leave.
        arrival: The other one.
        actor: Whose crossings.
        object: Such as a trunk or a range; "" for all of the actor's.
        crossings: How many.
        stake_ms: How much was paid for in vain.
        money: That in hundredths of the currency's unit.
        currency: "" where no rates are known.
        first_ms: When the first began.
        last_ms: When the last began.
    """

    case: str
    kind: str
    departure: str
    arrival: str
    actor: str
    object: str
    crossings: int
    stake_ms: int
    money: int
    currency: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter in one language.

    Attributes:
        title: One line.
        paragraphs: Whole sentences.
        handles: Of the crossings that are asked about, as a list of their own.
        close: The last paragraph.
    """

    title: str
    paragraphs: Sequence[str]
    handles: Sequence[str]
    close: str

    @property
    def text(self) -> str:
        """The letter as plain text."""
        listed = "\n".join(f"  {handle}" for handle in self.handles)
        parts = [self.title, *self.paragraphs, listed, self.close]
        return "\n\n".join(part for part in parts if part) + "\n"


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence, by code and language; read once per process."""
    source = files("tallystick.cases") / "letters.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def word(code: str, language: Language) -> str:
    """Return the sentence of a code; the code itself where there is none."""
    return words().get(code, {}).get(language, code)


def write_letter(
    subject: Subject,
    *,
    language: Language,
    sender: str,
    whom: str,
    question: str,
    handles: Sequence[str],
    due_ms: int | None,
) -> Letter:
    """Write the letter that asks about a case.

    Args:
        subject: The case.
        language: Of the letter.
        sender: Who asks.
        whom: Who is asked: a party or an operator.
        question: Its code.
        handles: Of the crossings that are asked about.
        due_ms: Until when an answer is due; None: no term.
    """

    def say(code: str, **values: object) -> str:
        return word(code, language).format(**values)

    def day(at_ms: int) -> str:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).date()
        return format_date(moment, "long", locale=language)

    def number(value: float) -> str:
        return format_decimal(value, locale=language)

    about = f", {subject.object}" if subject.object else ""
    paragraphs = [
        say("letter_to", whom=whom, sender=sender),
        say(
            "letter_seen",
            kind=word(f"kind_{subject.kind}", language),
            actor=f"{subject.actor}{about}",
            departure=subject.departure,
            arrival=subject.arrival,
            first=day(subject.first_ms),
            last=day(subject.last_ms),
            crossings=number(subject.crossings),
            minutes=number(round(subject.stake_ms / MINUTE_MS, 1)),
        ),
    ]
    if subject.currency:
        sum_ = f"{number(subject.money / 100)} {subject.currency}"
        paragraphs.append(say("letter_money", money=sum_))
    paragraphs.append(say(f"question_{question}"))
    if due_ms is not None:
        paragraphs.append(say("letter_due", day=day(due_ms)))
    if handles:
        paragraphs.append(say("letter_handles", count=number(len(handles))))
    return Letter(
        title=say("letter_title", case=subject.case),
        paragraphs=paragraphs,
        handles=list(handles),
        close=say("letter_close", sender=sender),
    )
