"""All that a party holds of a case, as one value, and as JSON.

Source: spec/cases.md, "Export".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

FORMAT: Final = "tallystick-case/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A case to be handed on.

    Attributes:
        case: Its row, as plain values.
        state: Where it stands, as plain values.
        days: Its crossings by day.
        crossings: Those it gathered, numbers as they were shown.
        statements: Everything said about it, as signed: each a text.
    """

    case: Mapping[str, Any]
    state: Mapping[str, Any]
    days: Sequence[Mapping[str, Any]]
    crossings: Sequence[Mapping[str, Any]]
    statements: Sequence[str]


def dossier_json(dossier: Dossier) -> str:
    """Return a case as JSON."""
    told = {
        "format": FORMAT,
        "case": dossier.case,
        "state": dossier.state,
        "days": list(dossier.days),
        "crossings": list(dossier.crossings),
        "statements": list(dossier.statements),
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=_plain) + "\n"


def _plain(value: object) -> object:
    """Return a mapping that is no dict as one.

    Raises:
        TypeError: It is no mapping.
    """
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)
