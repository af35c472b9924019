"""Every "cannot" of the threat model names tests, and no test of it is idle."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "threat-model.md").read_text("utf-8")
ROW = re.compile(r"^\| ([A-Z][0-9]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`([a-z_.]+)::(test_\w+)`")
CANNOT = {
    id_: (what.strip(), TEST.findall(tests)) for id_, what, tests in ROW.findall(PAGE)
}


def test_rows_are_found_and_numbered_without_a_hole():
    """Each attacker has rows, numbered from one."""
    by_attacker: dict[str, list[int]] = {}
    for id_, *_ in ROW.findall(PAGE):
        by_attacker.setdefault(id_[0], []).append(int(id_[1:]))
    assert list(by_attacker) == list("LPSCXOWFDT")
    for numbers in by_attacker.values():
        assert numbers == list(range(1, len(numbers) + 1))
    heads = PAGE.count("| id | cannot | shown by |")
    assert heads == len(by_attacker) == PAGE.count("| can | so |")


@pytest.mark.parametrize("id_", CANNOT)
def test_every_cannot_has_a_test(id_):
    """Each test named can be imported, and is a test."""
    what, tests = CANNOT[id_]
    assert what
    assert tests
    for module, name in tests:
        assert inspect.isfunction(getattr(importlib.import_module(module), name))


def test_every_test_of_threats_has_a_row():
    """What is tried here is said on the page."""
    named = {(module, name) for _, tests in CANNOT.values() for module, name in tests}
    for path in Path(__file__).parent.glob("test_*.py"):
        if path == Path(__file__):
            continue
        found = re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
        assert found
        for name in found:
            assert (f"threats.{path.stem}", name) in named
