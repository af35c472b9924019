"""From the text of an agreement to its value, with every mistake explained.

Source: spec/agreement.md, "The text".
"""

import hashlib
import re
import tomllib
from typing import Any, Final

from tallystick.agreement.text.fields import AGREEMENT
from tallystick.agreement.text.kinds import Mistake
from tallystick.agreement.text.value import AgreementText
from tallystick.model import ConfigError, Sentence

TEXT_LIMIT: Final = 262_144  # characters
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_text(text: str) -> tuple[AgreementText | None, tuple[Mistake, ...]]:
    """Read an agreement's text and note every mistake.

    Args:
        text: The file's text.

    Returns:
        The agreement and no mistake, or None and at least one.
    """
    if len(text) > TEXT_LIMIT:
        long = Sentence("is longer than {limit:,} characters.", {"limit": TEXT_LIMIT})
        return None, (Mistake("$", long),)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of a number too long for one
        return None, (Mistake("$", _not_toml(str(error))),)
    mistakes: list[Mistake] = []
    value = AGREEMENT.read(content, "$", mistakes)
    return value if isinstance(value, AgreementText) else None, tuple(mistakes)


def parse_text(text: str, *, origin: str = "The agreement") -> AgreementText:
    """Read an agreement's text.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    Raises:
        ConfigError: "agreement-text", with the first mistake.
    """
    value, mistakes = read_text(text)
    if value is None:
        more = f" There are {len(mistakes) - 1} more." if len(mistakes) > 1 else ""
        raise ConfigError(
            "agreement-text",
            f"{origin} cannot be used: {mistakes[0]}{more}",
            advice="`tally agreement check` explains every mistake.",
        )
    return value


def _not_toml(said: str) -> Sentence:
    """Return where a text is no TOML, as the parser says it."""
    found = _PLACE.search(said)
    if found is not None:
        place = {"line": int(found[1]), "column": int(found[2])}
        return Sentence("is not TOML at line {line}, column {column}.", place)
    if "(at end of document)" in said:
        return Sentence("is not TOML at end of document.")
    return Sentence("is not TOML.")


def digest_of(text: str) -> str:
    """Return the 64 hexadecimal digits that name a text, to the byte."""
    return hashlib.sha256(text.encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """Return what a text may hold as JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tallystick-agreement/1",
        **AGREEMENT.schema(),
    }
