"""Every English template of which pages may say a sentence, read off the source.

What is raised where a page's work may be refused, the mistakes of an agreement's text,
and what the guard signs when it stops a rule.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import tallystick
from tallystick.agreement.guard import SENTENCES
from tallystick.agreement.text import AGREEMENT
from tallystick.agreement.text.kinds import Facts, Kind, Listed, Number, Table
from tallystick.model import Said, Sentence

SOURCE = Path(tallystick.__file__).parent
ROOMS = (
    "agreement/rule.py",
    "agreement/text",
    "engines/newest.py",
    "harm/shape.py",
    "office/evidence.py",
    "proof",
    "store/cases/book.py",
    "store/log",
    "store/logged.py",
)
COMMANDS_ONLY = {
    "proof/audit.py": "checks another party's log",
    "agreement/text/draft.py": "begins a text",
    "agreement-text": "names the first of many mistakes",
    "rule-unknown": "puts a rule into another mode",
}
"""Files and codes in these rooms that no page reaches, and what they are for."""
MAKERS = {
    *("TallystickError", "ConfigError", "MalformedError", "VerificationError"),
    *("RefusedError", "UnavailableError", "Sentence", "Mistake", "_refuse"),
}


def templates() -> dict[str, str]:
    """Return every template, and where it stands."""
    found = dict.fromkeys(SENTENCES.values(), "agreement/guard.py")
    found |= dict.fromkeys(_of_kind(AGREEMENT), "agreement/text/fields.py")
    for room in ROOMS:
        path = SOURCE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            where = str(file.relative_to(SOURCE))
            if where not in COMMANDS_ONLY:
                found |= dict.fromkeys(_of_file(file), where)
    return found


def _of_kind(kind: Kind) -> Iterator[str]:
    """Yield what is said of what must stand somewhere."""
    yield from _of_said(kind.told)
    if isinstance(kind, Number) and kind.unit:
        yield kind.unit
    if isinstance(kind, Facts):
        yield from _of_kind(kind.listed(min(kind.facts)))
    if isinstance(kind, Listed):
        yield from _of_kind(kind.of)
    if isinstance(kind, Table):
        for one in kind.fields:
            yield from _of_kind(one.kind)


def _of_said(said: Said) -> Iterator[str]:
    if isinstance(said, Sentence):
        yield said.template
    elif not said.startswith('"'):  # words of the file, in quotation marks
        yield said


def _of_file(file: Path) -> Iterator[str]:
    """Yield what a module raises or notes; it must not put sentences together."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
            if {getattr(one, "value", "") for one in node.args} & set(COMMANDS_ONLY):
                continue
            _check_values(node)
            said = [one.value for one in node.keywords if one.arg == "advice"]
            for one in (*node.args, *said):
                yield from _constants(one)
        elif isinstance(node, ast.Call | ast.arguments):
            yield from _origins(node)


def _check_values(node: ast.Call) -> None:
    """Refuse an error that is not given all that its sentence and advice ask for."""
    given = {one.arg for one in node.keywords}
    if None in given or getattr(node.func, "id", "") in {"Sentence", "Mistake"}:
        return
    for one in (*node.args, *(word.value for word in node.keywords)):
        for text in _constants(one):
            asked = {name for _, name, _, _ in Formatter().parse(text) if name}
            assert asked <= given - {"why", "advice"}, text


def _origins(node: ast.Call | ast.arguments) -> Iterator[str]:
    """Yield how a thing is named in errors where nobody says otherwise."""
    named = (
        [(one.arg, one.value) for one in node.keywords]
        if isinstance(node, ast.Call)
        else [
            (one.arg, value)
            for one, value in zip(node.kwonlyargs, node.kw_defaults, strict=True)
        ]
    )
    for name, value in named:
        if name == "origin" and value is not None:
            yield from _constants(value)


def _constants(value: ast.expr | None) -> Iterator[str]:
    """Yield a sentence or a part of one: a text with a space in it."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        if " " in value.value:
            yield value.value
    elif isinstance(value, ast.JoinedStr):
        words = [one.value for one in value.values if isinstance(one, ast.Constant)]
        assert not any(" " in str(one) for one in words), ast.unparse(value)
