"""Every error code that the source can raise, found by reading it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .places import SOURCE

ERRORS = {
    "TallystickError",
    "ConfigError",
    "MalformedError",
    "VerificationError",
    "RefusedError",
    "UnavailableError",
}
CODE = re.compile(r"[a-z]+(-[a-z]+)*")
# Codes that are put together: by which words.
WORDS = {
    "what": ("party", "domain", "purpose", "epoch"),
    "folder": ("plants", "parameters"),
    "topic": ("plants", "parameters"),
}
PASSED_ON = re.compile(r"\w+\.code")  # an error raised again with more words


def codes_of(path: Path) -> Iterator[str]:
    """Yield the codes that a module raises.

    Yields:
        Codes; "?" and the expression where one cannot be told.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in ERRORS and node.args:
            yield from _codes(node.args[0], tree)
        elif isinstance(node, ast.Call):
            # A code handed to what raises the error elsewhere.
            yield from (
                str(one.value.value)
                for one in node.keywords
                if one.arg == "code"
                and isinstance(one.value, ast.Constant)
                and CODE.fullmatch(str(one.value.value))
            )


def all_codes() -> set[str]:
    """Return the codes of the whole source."""
    return {code for path in SOURCE.rglob("*.py") for code in codes_of(path)}


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _codes(value: ast.expr, tree: ast.Module) -> Iterator[str]:
    text = ast.unparse(value)
    if isinstance(value, ast.Constant):
        yield str(value.value)
    elif isinstance(value, ast.IfExp):
        yield from _codes(value.body, tree)
        yield from _codes(value.orelse, tree)
    elif isinstance(value, ast.JoinedStr):
        yield from _joined(value)
    elif text == "code":
        yield from _named_code(tree)
    elif not PASSED_ON.fullmatch(text):
        yield f"? {text}"


def _joined(value: ast.JoinedStr) -> Iterator[str]:
    names = [
        ast.unparse(part.value)
        for part in value.values
        if isinstance(part, ast.FormattedValue)
    ]
    if len(names) != 1 or names[0] not in WORDS:
        yield f"? {ast.unparse(value)}"
        return
    pattern = "".join(
        part.value if isinstance(part, ast.Constant) else "{}" for part in value.values
    )
    yield from (pattern.format(word) for word in WORDS[names[0]])


def _named_code(tree: ast.Module) -> Iterator[str]:
    """Yield what a module passes as `code`, or keeps first in a row of a table."""
    for node in ast.walk(tree):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.keyword) and node.arg == "code":
            values = [node.value]
        elif isinstance(node, ast.arguments):
            values = [
                default
                for name, default in zip(node.kwonlyargs, node.kw_defaults, strict=True)
                if name.arg == "code"
            ]
        elif isinstance(node, ast.Tuple) and any(map(_is_sentence, node.elts[1:])):
            values = [node.elts[0]]
        found = [value.value for value in values if isinstance(value, ast.Constant)]
        yield from (one for one in map(str, found) if CODE.fullmatch(one))


def _is_sentence(value: ast.expr) -> bool:
    text = getattr(value, "value", None)
    return isinstance(text, str) and " " in text
