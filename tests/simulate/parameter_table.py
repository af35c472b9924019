"""The table of parameters in the reference page, from the dataclass itself.

Run as a script to write it: `python tests/simulate/parameter_table.py`.
"""

import ast
import inspect
from pathlib import Path

from tallystick.simulate.calls import parameters

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "simulator.md"
BEGIN, END = "<!-- parameters begin -->\n", "<!-- parameters end -->\n"


def table() -> str:
    """Return one row for each field: name, default, meaning and source."""
    tree = ast.parse(inspect.getsource(parameters))
    (cls,) = (
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Parameters"
    )
    lines = ["| parameter | default | meaning and source |", "|---|---|---|"]
    for field, text in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(text.value, ast.Constant)
            meaning = " ".join(str(text.value.value).split()).replace("|", r"\|")
            assert isinstance(field.target, ast.Name)
            name = field.target.id
            lines.append(f"| `{name}` | {_default(name)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(name: str) -> str:
    """Write a field's default as TOML has it."""
    return f"`{_toml(getattr(parameters.Parameters(), name))}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        items = (f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, parameters.Outage):
        fields = (value.side, value.start_h, value.minutes)
        return "{{side = {!r}, start_h = {:g}, minutes = {:g}}}".format(*fields)
    return f"{value:g}"


if __name__ == "__main__":
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + table() + END + after, encoding="utf-8")
