"""A case on paper: the letter that asks, and all that is held of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tallystick.cases.letter import Language, Letter, Subject, write_letter
from tallystick.cases.state import State
from tallystick.model import RefusedError
from tallystick.report.cases import (
    Dossier,
    dossier_json,
    dossier_xlsx,
    letter_docx,
    letter_pdf,
)
from tallystick.store.cases import CaseDesk

CROSSINGS_MOST: Final = 100_000
"""At most so many crossings of a case are exported, as a workbook can show."""
_SOME: Final = 500


class LetterForm(NamedTuple):
    """How a letter is written.

    Attributes:
        media: Its media type.
        write: Writes it, in a language and at a time.
    """

    media: str
    write: Callable[[Letter, Language, int], bytes]


class DossierForm(NamedTuple):
    """How all that is held of a case is written.

    Attributes:
        media: Its media type.
        write: Writes it, at a time.
    """

    media: str
    write: Callable[[Dossier, int], bytes]


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
LETTERS: Final[Mapping[str, LetterForm]] = MappingProxyType(
    {
        "txt": LetterForm(
            "text/plain; charset=utf-8", lambda letter, _, __: letter.text.encode()
        ),
        "docx": LetterForm(
            f"{_OFFICE}.wordprocessingml.document",
            lambda letter, language, at_ms: letter_docx(
                letter, language=language, at_ms=at_ms
            ),
        ),
        "pdf": LetterForm(
            "application/pdf",
            lambda letter, language, _: letter_pdf(letter, language=language),
        ),
    }
)
"""What a letter may be, by the end of the file's name."""

DOSSIERS: Final[Mapping[str, DossierForm]] = MappingProxyType(
    {
        "json": DossierForm(
            "application/json", lambda dossier, _: dossier_json(dossier).encode()
        ),
        "xlsx": DossierForm(
            f"{_OFFICE}.spreadsheetml.sheet",
            lambda dossier, at_ms: dossier_xlsx(dossier, at_ms=at_ms),
        ),
    }
)
"""What an export may be, by the end of the file's name."""


def letter_of(desk: CaseDesk, name: str, state: State, language: Language) -> Letter:
    """Return the request that was last asked as a letter.

    Args:
        desk: Where the case is kept; one that is not is refused as in `CaseBook.case`.
        name: Of the case.
        state: Where it stands.
        language: Of the letter.

    Raises:
        RefusedError: "case-unasked".
    """
    if not state.asked:
        raise RefusedError(
            "case-unasked",
            "Nobody was asked about this case yet.",
            advice="`tally cases ask` asks; the letter repeats it.",
        )
    row, asked = desk.cases.case(name), state.asked[-1]
    fields = [one for one in Subject.__slots__ if one != "case"]
    return write_letter(
        Subject(case=name, **{one: getattr(row, one) for one in fields}),
        language=language,
        sender=asked.by,
        whom=asked.operator or asked.whom,
        question=asked.question,
        handles=asked.crossings,
        due_ms=state.due_ms if state.state == "asked" else None,
    )


def dossier_of(desk: CaseDesk, name: str, state: State) -> Dossier:
    """Return all that is held of a case; numbers as they are kept.

    Args:
        desk: Where the case is kept; one that is not is refused as in `CaseBook.case`.
        name: Of the case.
        state: Where it stands.
    """
    return Dossier(
        case=asdict(desk.cases.case(name)),
        state=asdict(state),
        days=[asdict(day) for day in desk.cases.trend(name)],
        crossings=[asdict(one) for one in _crossings(desk, name)],
        statements=[one.note.decode() for one in desk.said(state.about)],
    )


def _crossings(desk: CaseDesk, name: str) -> Sequence[Any]:
    every: list[Any] = []
    after = None
    while len(every) < CROSSINGS_MOST:
        some = desk.cases.crossings(name, after=after, size=_SOME)
        every += some
        if len(some) < _SOME:
            break
        after = (some[-1].at_ms, some[-1].handle)
    return every
