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
from tallystick.model import ConfigError

TEXT_LIMIT: Final = 262_144  # characters
_PLACE: Final = re.compile(r"\(at (line \d+, column \d+|end of document)\)")


def read_text(text: str) -> tuple[AgreementText | None, tuple[Mistake, ...]]:
    """Read an agreement's text and note every mistake.

    Args:
        text: The file's text.

    Returns:
        The agreement and no mistake, or None and at least one.
    """
    if len(text) > TEXT_LIMIT:
        return None, (Mistake("$", f"is longer than {TEXT_LIMIT:,} characters."),)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of a number too long for one
        found = _PLACE.search(str(error))
        where = f" at {found[1]}" if found else ""
        return None, (Mistake("$", f"is not TOML{where}."),)
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
