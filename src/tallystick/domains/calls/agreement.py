"""What two sides declare to each other for one pairing: gaps in their records.

The signed agreement of a channel grows out of this file; see spec/files.md,
"The agreement file".
"""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tallystick.model import ConfigError
from tallystick.pairing.spec import Gap

_SIDES: Final = ("departures", "arrivals")
_ADVICE: Final = "See spec/files.md, The agreement file. Nothing was paired."
_KEYS: Final = {"side", "from", "to", "trunk"}


def load_gaps(path: Path) -> tuple[Gap, ...]:
    """Read the declared gaps of an agreement file.

    Raises:
        ConfigError: "agreement": not TOML, an unknown key or a wrong value; the
            sentence names the path of the key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            "agreement", _said(path, f"it is not TOML: {error}"), advice=_ADVICE
        ) from error
    unknown = set(content) - {"gaps"}
    if unknown:
        raise ConfigError(
            "agreement",
            _said(path, f"$.{min(unknown)} is not known here; only [[gaps]] is"),
            advice=_ADVICE,
        )
    gaps = content.get("gaps", [])
    if not isinstance(gaps, list):
        raise ConfigError(
            "agreement",
            _said(path, "$.gaps must be a list of tables, written [[gaps]]"),
            advice=_ADVICE,
        )
    return tuple(_gap(path, f"$.gaps[{i}]", one) for i, one in enumerate(gaps))


def _gap(path: Path, where: str, one: dict[str, Any]) -> Gap:
    unknown = set(one) - _KEYS
    if unknown:
        raise ConfigError(
            "agreement",
            _said(path, f"{where}.{min(unknown)} is not known"),
            advice=_ADVICE,
        )
    if one.get("side") not in _SIDES:
        raise ConfigError(
            "agreement",
            _said(path, f"{where}.side must be departures or arrivals"),
            advice=_ADVICE,
        )
    low = _moment(path, f"{where}.from", one.get("from"))
    high = _moment(path, f"{where}.to", one.get("to"))
    if high <= low:
        raise ConfigError(
            "agreement",
            _said(path, f"{where}.to does not lie after {where}.from"),
            advice=_ADVICE,
        )
    return Gap(
        side=one["side"],
        from_ms=low,
        to_ms=high,
        point=one.get("trunk"),
        why="declared",
    )


def _moment(path: Path, where: str, value: object) -> int:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ConfigError(
            "agreement",
            _said(path, f"{where} must be a time with its zone, 2026-03-10T11:15:00Z"),
            advice=_ADVICE,
        )
    return round(value.timestamp() * 1000)


def _said(path: Path, what: str) -> str:
    return f"The agreement file {path.name} cannot be used: {what}."
