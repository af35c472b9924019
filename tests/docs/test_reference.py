"""Reference pages list what there is: commands, error codes, words, kinds."""

import re

from tallystick.domains.calls.schema import KINDS

from .agreement_page import agreement_page
from .api_page import api_page
from .command_page import command_names, command_page
from .error_codes import all_codes
from .metrics_page import metrics_page
from .places import AGREEMENT, COMMANDS, DOCS, INTERFACE, METRICS, RIGHTS
from .rights_page import rights_page

ERRORS = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
VOCABULARY = (DOCS / "reference" / "vocabulary.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def test_page_of_commands_is_current() -> None:
    """If not: python tests/docs/refresh.py."""
    assert COMMANDS.read_text(encoding="utf-8") == command_page()


def test_page_of_agreements_is_current() -> None:
    """If not: python tests/docs/refresh.py."""
    assert AGREEMENT.read_text(encoding="utf-8") == agreement_page()


def test_page_of_http_doors_is_current() -> None:
    """If not: python tests/docs/refresh.py."""
    assert INTERFACE.read_text(encoding="utf-8") == api_page()


def test_page_of_metrics_is_current() -> None:
    """If not: python tests/docs/refresh.py."""
    assert METRICS.read_text(encoding="utf-8") == metrics_page()


def test_page_of_roles_is_current() -> None:
    """If not: python tests/docs/refresh.py."""
    assert RIGHTS.read_text(encoding="utf-8") == rights_page()


def test_every_command_has_an_example_and_no_developers_words() -> None:
    """A page of help speaks to its reader."""
    page = command_page()
    parts = page.split("\n## ")[1:]
    without = [part.splitlines()[0] for part in parts if "```sh\ntally " not in part]
    assert [name for name in without if name != "tally version"] == []
    assert "Raises:" not in page
    assert len(parts) == len(list(command_names()))


def test_every_error_code_is_explained() -> None:
    """The source and the page have the same codes, each once."""
    listed = [row[0] for row in ROW.findall(ERRORS)]
    assert sorted(set(listed) ^ all_codes()) == []
    assert len(listed) == len(set(listed))


def test_every_kind_is_explained() -> None:
    """The vocabulary has a line for every kind, in the order of the contract."""
    kinds = re.findall(r"^\| `([a-z_]+)` \|", VOCABULARY, re.MULTILINE)
    assert tuple(kinds) == KINDS
