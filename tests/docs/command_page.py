"""The page of commands, made from the commands themselves."""

import enum
import re
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import typer.main

from tallystick.cli import make_app

HEAD = """# Commands

For whoever uses `tally` and looks for a command or an option.
This page is made from the program: `tests/docs/refresh.py` writes it.

Results go to standard output, progress and errors to standard error.

| exit status | meaning |
|---|---|
| 0 | done; nothing was found, or nothing was looked for |
| 1 | `tally pair`: there are accusing findings |
| 2 | could not run; a sentence says why and what to do ([all of them](errors.md)) |
"""
WORDS = {
    Path: "path",
    str: "text",
    int: "integer",
    float: "number",
    bool: "",
    datetime: "time",
}


def command_page() -> str:
    """Return the whole page."""
    app = typer.main.get_command(make_app())
    return "\n".join([HEAD, *_sections(app, "tally")])


def command_names(command: Any = None, name: str = "tally") -> Iterator[str]:
    """Yield every command, as it is typed.

    Yields:
        Names such as `tally pair calls`.
    """
    command = command or typer.main.get_command(make_app())
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name
        return
    for word, one in inner.items():
        yield from command_names(one, f"{name} {word}")


def _sections(command: Any, name: str) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield _section(command, name)
        return
    for word, one in inner.items():
        yield from _sections(one, f"{name} {word}")


def _section(command: Any, name: str) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    shown = " ".join(p.name.upper() + ("…" if p.nargs == -1 else "") for p in arguments)
    needed = " ".join(
        f"{p.opts[0]} {_value(p).replace(', ', '|').upper()}"
        for p in command.params
        if p.required and p not in arguments
    )
    usage = " ".join(filter(None, [name, shown, needed, "[OPTIONS]"]))
    if not command.params:
        usage = name
    parts = [f"## {name}\n", f"```text\n{usage}\n```\n", _told(command.help or "")]
    if command.params:
        rows = [_row(p, p in arguments) for p in command.params if not p.hidden]
        parts += ["| | value | unless given | meaning |\n|---|---|---|---|", *rows, ""]
    return "\n".join(parts)


def _told(text: str) -> str:
    """Return the help as paragraphs, an example as a block."""
    parts = []
    for paragraph in text.split("\n\n"):
        line = re.sub(r"\s+", " ", paragraph).strip()
        example = line.removeprefix("Example: ")
        parts.append(f"```sh\n{example}\n```" if example != line else line)
    return "\n\n".join(parts) + "\n"


def _row(param: Any, argument: bool) -> str:
    name = param.name.upper() if argument else ", ".join(param.opts)
    default = "needed" if param.required else _default(param.default)
    cells = (f"`{name}`", _value(param), default, param.help or "")
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _default(value: Any) -> str:
    if value is None or value is False or value == []:
        return ""
    return f"`{value.value if isinstance(value, enum.Enum) else value}`"


def _value(param: Any) -> str:
    return _word(param.type_descriptor.annotation)


def _word(kind: Any) -> str:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_word(one) for one in args if one is not type(None))
    if origin in {list, tuple}:
        return f"{_word(args[0])} …"
    if origin is typing.Literal:
        return ", ".join(args)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ", ".join(str(one.value) for one in kind)
    return WORDS[kind]
