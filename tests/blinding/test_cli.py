"""`tally keys`, as a person types it and as the how-to page shows it."""

import ast
import json
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from tallystick.blinding import (
    read_channel,
    read_private_key,
    read_public_key,
    write_private_key,
)
from tallystick.cli import keys, options
from tallystick.model import RefusedError, TallystickError, VerificationError

from .make_vectors import FOLDER
from .parties import BY, RU

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "exchange-keys.md"


def run(*words: str) -> Result:
    """Run `tally keys` with these words."""
    return CliRunner().invoke(keys.app, list(words))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder to work in, with the peer's public key."""
    monkeypatch.chdir(tmp_path)
    write_private_key(tmp_path / "ru.key", RU)
    (tmp_path / "ru.pub").write_text(run("public", "ru.key").stdout)
    return tmp_path


def commands(page: Path) -> list[list[str]]:
    """Return the words of the `tally keys` lines of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        shlex.split(line)
        for line in re.findall(r"^\$ tally keys (.+)$", text, re.MULTILINE)
    ]


def test_the_how_to_page_works(folder: Path) -> None:
    """Every command of the page runs, in its order, and makes what it says."""
    lines = commands(PAGE)
    assert {words[0] for words in lines} == {"new", "public", "agree"}
    for words in lines:
        typed, _, target = " ".join(words).partition(" > ")
        result = run(*typed.split())
        assert result.exit_code == 0, result.exception
        if target:
            (folder / target).write_text(result.stdout)
    own = read_private_key(folder / "by.key").public()
    assert read_public_key(folder / "by.pub") == own
    assert read_channel(folder / "channel.toml").peer_of(own) == RU.public()


def test_both_sides_see_the_same(folder: Path) -> None:
    """The fingerprints of an agreement are the same lines on both sides."""
    write_private_key(folder / "by.key", BY)
    (folder / "by.pub").write_text(run("public", "by.key").stdout)
    here = run("agree", "--own", "by.key", "--peer", "ru.pub", "--out", "1.toml")
    there = run("agree", "--own", "ru.key", "--peer", "by.pub", "--out", "2.toml")
    assert here.stdout.splitlines()[:2] == there.stdout.splitlines()[:2]
    assert re.fullmatch(r"(BY|RU)(  \d{5})( \d{5}){5}", here.stdout.splitlines()[0])
    assert (folder / "1.toml").read_bytes() == (folder / "2.toml").read_bytes()


def test_new_keys_differ_and_are_not_shown(folder: Path) -> None:
    """Two new keys are two, and their secrets are not on the screen."""
    outs = [run("new", "--party", "BY", "--out", f"{i}.key").stdout for i in range(2)]
    one, two = (read_private_key(folder / f"{i}.key") for i in range(2))
    assert one != two
    assert "private-key" not in "".join(outs)
    assert outs[0] == run("public", "0.key").stdout


REFUSED: list[tuple[list[str], type[TallystickError], str]] = [
    (["new", "--party", "RU", "--out", "ru.key"], RefusedError, "key-exists"),
    (["public", "ru.pub"], VerificationError, "key-kind"),
    (
        ["agree", "--own", "ru.key", "--peer", "ru.pub"],
        VerificationError,
        "agreement-self",
    ),
    (["agree", "--own", "ru.key", "--peer", "ru.key"], VerificationError, "key-kind"),
    (["new", "--party", "B Y", "--out", "x.key"], TallystickError, "name-party"),
    (["public", "none.key"], TallystickError, "key-file"),
]


@pytest.mark.parametrize(("words", "error", "code"), REFUSED)
@pytest.mark.usefixtures("folder")
def test_mistakes(words: list[str], error: type[TallystickError], code: str) -> None:
    """A mistake is one of our errors, for the command line to print."""
    raised = run(*words).exception
    assert isinstance(raised, error)
    assert raised.code == code


def test_a_refused_name_leaves_no_file(folder: Path) -> None:
    """A party name that cannot be used is refused before a file is made."""
    run("new", "--party", "B Y", "--out", "x.key")
    assert not (folder / "x.key").exists()


def test_importing_the_command_is_cheap() -> None:
    """The module's own imports are light, so that the help stays quick."""
    names = imported(keys) | imported(options)
    assert names == {"os", "pathlib", "tallystick.cli.options", "typing", "typer"}


def imported(module: ModuleType) -> set[str | None]:
    """Return what a module imports when it is imported itself."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    return {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def test_the_fingerprints_of_the_page_are_those_of_the_vectors() -> None:
    """The page shows what the parties of the vectors would see."""
    vectors = json.loads((FOLDER / "good.json").read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    for party in vectors["parties"]:
        assert f"{party['party']}  {party['fingerprint']}\n" in page
