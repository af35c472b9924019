"""Turn TOML into frozen dataclasses, and name what does not fit."""

import dataclasses
import tomllib
from importlib import resources
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from tallystick.model.errors import ConfigError

T = TypeVar("T")

_WORDS: Final = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list",
    dict: "a table",
}


def read_toml(source: str | Path, *, folder: str) -> dict[str, object]:
    """Read a TOML file, or one shipped in `presets/<folder>` by its name.

    Raises:
        ConfigError: "<folder>-file": there is no such file, or it is not TOML.
    """
    presets = resources.files(__package__) / "presets" / folder
    shipped = presets / f"{source}.toml"
    path = shipped if shipped.is_file() else Path(source)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        names = sorted(p.name.removesuffix(".toml") for p in presets.iterdir())
        raise ConfigError(
            f"{folder}-file",
            f"{source} cannot be read.",
            advice=f"Give a TOML file or one of: {', '.join(names)}.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{folder}-file", f"{source} is not TOML: {error}."
        ) from error


def build(cls: type[T], values: object, *, where: str, topic: str) -> T:
    """Build a dataclass from a table, checking names and types.

    Args:
        cls: The dataclass.
        values: What TOML had.
        where: What to call the table in an error.
        topic: First part of the error's code.

    Raises:
        ConfigError: "<topic>-field" or "<topic>-value".
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{topic}-value", f"{where} must be a table.")
    hints = {name: h for name, h in get_type_hints(cls).items() if name in _names(cls)}
    for name in values:
        if name not in hints:
            raise ConfigError(
                f"{topic}-field",
                f"{where} has no field {name!r}.",
                advice="docs/reference/simulator.md lists them all.",
            )
    checked: dict[str, Any] = {
        name: _fit(hints[name], value, where=f"{where}: {name}", topic=topic)
        for name, value in values.items()
    }
    try:
        return cls(**checked)
    except TypeError as error:  # a field without default is not there
        raise ConfigError(
            f"{topic}-field",
            f"{where} lacks a field.",
            advice=f"It needs {', '.join(_required(cls))}.",
        ) from error


def _fit(hint: Any, value: object, *, where: str, topic: str) -> object:  # ruff: ignore[any-type] (a type hint has no type)
    """Return `value` as the field holds it.

    Raises:
        ConfigError: "<topic>-value": it is of another type.
    """
    origin, args = get_origin(hint), get_args(hint)
    if isinstance(hint, UnionType):
        return _fit_any(args, value, where=where, topic=topic)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where=where, topic=topic)
    if origin is tuple and isinstance(value, list):
        each = [args[0]] * len(value) if args[-1] is Ellipsis else args
        if len(each) == len(value):
            return tuple(
                _fit(part, item, where=where, topic=topic)
                for part, item in zip(each, value, strict=True)
            )
        message = f"{where} must have {len(each)} values."
        raise ConfigError(f"{topic}-value", message)
    if origin is dict and isinstance(value, dict):
        return {
            key: _fit(args[1], item, where=f"{where}.{key}", topic=topic)
            for key, item in value.items()
        }
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is hint:
        return value
    word = _WORDS.get(origin or hint, "something else")
    raise ConfigError(f"{topic}-value", f"{where} must be {word}.")


def _fit_any(
    hints: tuple[Any, ...], value: object, *, where: str, topic: str
) -> object:
    """Return `value` as the first of several types that it fits."""
    problems = []
    for hint in hints:
        if hint is not NoneType:
            try:
                return _fit(hint, value, where=where, topic=topic)
            except ConfigError as error:
                problems.append(error)
    raise problems[-1]


def _names(cls: type) -> list[str]:
    return [field.name for field in dataclasses.fields(cls)]


def _required(cls: type) -> list[str]:
    missing = dataclasses.MISSING
    return [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is missing and field.default_factory is missing
    ]
