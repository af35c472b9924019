"""Write several fields as one string of bytes that can be read in one way only.

Source: spec/tokens.md, "Conventions".
"""

import re
from typing import Final

from tallystick.model import ConfigError

PROTOCOL: Final = "tallystick/tokens/1"
"""Name and version of the construction; part of everything that is derived."""

_NAMES: Final = {
    "party": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}"),
    "domain": re.compile(r"[a-z][a-z0-9-]{0,15}"),
    "purpose": re.compile(r"[a-z][a-z0-9-]{0,15}"),
    "epoch": re.compile(r"[a-z0-9][a-z0-9.-]{0,31}"),
}
_RULES: Final = {
    "party": "1 to 32 of the Latin letters, digits, '.', '_' and '-', for example BY",
    "domain": "1 to 16 small Latin letters, digits and '-', for example calls",
    "purpose": "1 to 16 small Latin letters, digits and '-', for example pair",
    "epoch": "1 to 32 small Latin letters, digits, '.' and '-', for example 2026-11-21",
}
ROUNDS: Final = (1, 2)


def encode_fields(*fields: bytes) -> bytes:
    """Return every field after its length as two bytes, highest first.

    Args:
        fields: The fields, each shorter than 65,536 bytes.
    """
    return b"".join(len(field).to_bytes(2, "big") + field for field in fields)


def check_name(what: str, name: str) -> str:
    """Return `name` if it may stand for a party, domain, purpose or epoch.

    Args:
        what: "party", "domain", "purpose" or "epoch".
        name: The name to look at.

    Raises:
        ConfigError: "name-party", "name-domain", "name-purpose" or "name-epoch".
    """
    if _NAMES[what].fullmatch(name):
        return name
    raise ConfigError(
        f"name-{what}",
        f"The name of the {what} cannot be used.",
        advice=f"Give {_RULES[what]}.",
    )


def check_round(number: int) -> int:
    """Return `number` if there is such a round.

    Raises:
        ConfigError: "round".
    """
    if number in ROUNDS and not isinstance(number, bool):
        return number
    raise ConfigError("round", "There is no such round.", advice="Give 1 or 2.")
