"""Sentences in the reader's language, from gettext catalogues.

A message has an identifier, not an English text, as its key: the three languages
are equals, and a code that pairing writes finds its sentence by name.
"""

import gettext
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Final, Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tallystick.report.formats import UNITS, Formats

Language = Literal["en", "ru", "be"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ru", "be")
LANGUAGE_NAMES: Final[dict[Language, str]] = {
    "en": "English",
    "ru": "Русский",
    "be": "Беларуская",
}


class Texts:
    """The messages of one language.

    Attributes:
        language: Its code.
        formats: How that language writes numbers, dates and times.
    """

    def __init__(self, language: Language, catalogue: gettext.GNUTranslations) -> None:
        """Speak `language` with the messages of `catalogue`."""
        self.language: Language = language
        self._catalogue = catalogue
        self.formats = Formats(language, {u: self.say(f"unit.{u}") for u in UNITS})

    def has(self, key: str) -> bool:
        """Tell whether the catalogue knows the message `key`."""
        return self._catalogue.gettext(key) != key

    def say(self, key: str, /, **values: object) -> str:
        """Return the message `key` with `values` put in; unknown keys as they are."""
        text = self._catalogue.gettext(key)
        return text.format(**values) if text != key else key

    def count(self, key: str, number: int, /, **values: object) -> str:
        """Return the message `key` in the plural form that `number` asks for."""
        text = self._catalogue.ngettext(key, key, number)
        return text.format(n=self.formats.integer(number), **values)

    def named(self, prefix: str, code: str) -> str:
        """Return the message `prefix.code`, or the code itself where there is none."""
        key = f"{prefix}.{code}"
        return self.say(key) if self.has(key) else code


@cache
def texts_in(language: Language, *, over: str = "") -> Texts:
    """Return the messages of `language`; they are compiled once per process.

    Args:
        language: Its code.
        over: A package whose catalogues, in a folder `words`, go before the report's.
    """
    catalogue = _catalogue(files("tallystick.report") / "catalogues", language)
    if over:
        beneath, catalogue = catalogue, _catalogue(files(over) / "words", language)
        catalogue.add_fallback(beneath)
    return Texts(language, catalogue)


def _catalogue(folder: Traversable, language: Language) -> gettext.GNUTranslations:
    compiled = BytesIO()
    source = (folder / f"{language}.po").read_bytes()
    write_mo(compiled, read_po(BytesIO(source), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
