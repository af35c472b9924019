"""The guide to new domains works as it is written."""

import re

import pytest

from tallystick.testing.laws import LAWS

from .places import DOCS

GUIDE = (DOCS / "how-to" / "add-a-domain.md").read_text(encoding="utf-8")


@pytest.mark.property
def test_the_code_of_the_guide_runs(capsys):
    """Its blocks, one after another, are a program that does what the text says."""
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    exec(compile("\n".join(blocks), "add-a-domain.md", "exec"), {})  # ruff: ignore[exec-builtin]
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "row Int64"
    assert told[-1] == "['unproven', 'unproven']"


def test_the_guide_names_every_law():
    """The table of laws lists those that are checked, in their order."""
    table = GUIDE.split("| law |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == [x.name for x in LAWS]
