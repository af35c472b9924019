"""What a language says for the templates of English sentences."""

import re
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tallystick.model import JOINED, Said, Sentence, read_back
from tallystick.report.formats import Formats
from tallystick.report.texts import Language, texts_in

KEPT_MOST: Final = 1_000
"""A text of more characters is no sentence that was kept."""


class Sentences:
    """What one language says for templates."""

    def __init__(
        self, catalogue: GNUTranslations, templates: list[str], formats: Formats
    ) -> None:
        """Say `templates` with the words of `catalogue`, numbers as in `formats`."""
        self._catalogue = catalogue
        self._templates = frozenset((*templates, JOINED))
        # Only whole sentences are kept; the longest says most surely what it was.
        whole = filter(re.compile(r"[A-Z{`].*\.").fullmatch, templates)
        self._whole = sorted(whole, key=len, reverse=True)
        self._formats = formats

    def told(self, said: Said) -> str:
        """Return a sentence in this language; empty where it has no words for it.

        Args:
            said: A sentence; or text, which may have been one before it was kept.
        """
        if isinstance(said, str):
            kept = self._read_back(said)
            return "" if kept is None else self.told(kept)
        values = {name: self._value(one) for name, one in said.values.items()}
        inner = [values[k] for k, v in said.values.items() if isinstance(v, Sentence)]
        if said.template not in self._templates or not all(inner):
            return ""
        return self._words(said).format(**values)

    def _words(self, said: Sentence) -> str:
        template, count = said.template, said.values.get("n")
        if isinstance(count, int) and "{n}" in template:
            return self._catalogue.ngettext(template, template, count)
        return self._catalogue.gettext(template)

    def _value(self, value: object) -> str:
        if isinstance(value, int | float | Decimal):
            return self._formats.exact(value)
        if isinstance(value, Sentence):
            return self.told(value)
        # Some values are words of this program: "The checkpoint", "days".
        text = str(value)
        return self._catalogue.gettext(text) if text in self._templates else text

    def _read_back(self, text: str) -> Sentence | None:
        if text in self._templates:
            return Sentence(text)
        for template in self._whole if len(text) <= KEPT_MOST else ():
            found = read_back(text, template)
            rest = self._read_back(found.rest) if found and found.rest else None
            if found is not None and not found.rest:
                return found.sentence
            if found is not None and rest is not None:
                return Sentence(JOINED, {"sentence": found.sentence, "advice": rest})
        return None


@cache
def sentences_in(language: Language) -> Sentences | None:
    """Return what a language says; None: English is said as it is."""
    if language == "en":
        return None
    source = (files(__package__) / f"{language}.po").read_bytes()
    catalogue, compiled = read_po(BytesIO(source), locale=language), BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    templates = [
        one.id if isinstance(one.id, str) else one.id[0] for one in catalogue if one.id
    ]
    formats = texts_in(language).formats
    return Sentences(GNUTranslations(compiled), templates, formats)
