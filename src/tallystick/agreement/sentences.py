"""One sentence for each code of a verdict, in the reader's language.

The three languages are equals: the key is a code, not an English text.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from tallystick.agreement.verdict import Verdict

Language = Literal["en", "ru", "be"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ru", "be")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every sentence, by code and language; read once per process."""
    source = files("tallystick.agreement") / "sentences.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def sentence(code: str, language: Language) -> str:
    """Return the sentence of a code; the code itself where there is none."""
    return catalogue().get(code, {}).get(language, code)


def explain(verdict: Verdict, language: Language) -> str:
    """Return why a verdict is what it is, what weighs most first."""
    return " ".join(sentence(code, language) for code in verdict.reasons)
