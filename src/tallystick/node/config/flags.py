"""Settings on the command line, and settings written out again.

`--set listen.http=127.0.0.1:0` says the same as `http = "127.0.0.1:0"` in the table
`[listen]` of the file.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from tallystick.model import ConfigError
from tallystick.node.config.settings import Loaded, meanings

_ADVICE: Final = (
    "Write --set NAME=VALUE with a name of `tally node config show`, such as"
    " --set listen.http=127.0.0.1:8080; nothing behind the = unsets it."
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEPT_BACK: Final = "(kept back)"


def parse_flags(said: Iterable[str]) -> dict[str, Any]:
    """Return what `--set` said, nested as in the settings file.

    Args:
        said: `NAME=VALUE` each; a value is read as TOML if it is that, else it is
            the text itself. Of several for one name the last counts.

    Raises:
        ConfigError: "node-settings": one has no name or no value.
    """
    flags: dict[str, Any] = {}
    for one in said:
        name, sign, value = one.partition("=")
        *above, last = parts = name.strip().split(".")
        if not sign or not all(parts):
            raise ConfigError(
                "node-settings", "--set has no NAME=VALUE behind it.", advice=_ADVICE
            )
        table = flags
        for part in above:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(
                    "node-settings",
                    f"--set gives {part} both a value and values of its own.",
                    advice=_ADVICE,
                )
        table[last] = _value(value.strip())
    return flags


def shown(loaded: Loaded) -> Iterator[str]:
    """Yield each value in force as a line of TOML, with its origin and meaning.

    Yields:
        Lines which, taken together, are a settings file that says the same.
    """
    means = meanings()
    for name, value in _values(loaded):
        line = f"{name} = {_toml(value)}" if value is not None else f"# {name} ="
        yield f"{line:46}  # {loaded.origins[name]}: {means.get(name, '')}".rstrip()


def told(loaded: Loaded) -> dict[str, dict[str, object]]:
    """Return each value in force with its origin and meaning, for a program."""
    means = meanings()
    return {
        name: {
            "value": _plain(value),
            "origin": loaded.origins[name],
            "meaning": means.get(name, ""),
        }
        for name, value in _values(loaded)
    }


def _value(text: str) -> object:
    if not text:
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _values(loaded: Loaded) -> Iterator[tuple[str, object]]:
    for name in loaded.origins:
        value: object = loaded.settings
        for part in name.split("."):
            value = getattr(value, part)
        yield name, value


def _plain(value: object) -> object:
    """Return a value as JSON has it; paths from the root, secrets kept back."""
    match value:
        case SecretStr():
            return _KEPT_BACK
        case Path():
            return str(value.absolute())
        case BaseModel():
            return {
                name: _plain(getattr(value, name)) for name in type(value).model_fields
            }
        case tuple() | list():
            return [_plain(one) for one in value]
    return value


def _toml(value: object) -> str:
    """Return a value as TOML; what is not set in a table is left out of it."""
    plain = _plain(value)
    if isinstance(plain, dict):
        held = (f"{_key(k)} = {_toml(v)}" for k, v in plain.items() if v is not None)
        return "{" + ", ".join(held) + "}"
    if isinstance(plain, list):
        return "[" + ", ".join(map(_toml, plain)) + "]"
    # Of texts, numbers and truth values JSON is TOML too.
    return json.dumps(plain, ensure_ascii=False)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
