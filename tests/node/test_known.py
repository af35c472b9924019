"""Files of numbers and lists: what they make of a call, and what a change does."""

import asyncio
import io
import os
from pathlib import Path

import pytest

from tallystick.domains.calls.lists import NAMES_LIMIT, parse_names
from tallystick.domains.calls.live import LiveCall
from tallystick.model import ConfigError
from tallystick.node.config.known import KnownFiles
from tallystick.node.service import Node, now_ms
from tallystick.node.watch.logs import Log

from .pair import agreed, node_of

PEERS, THIRD, CALLED = "+375291234567", "+4915112345678", "+74951234567"
LISTS = """
[[lists]]
name = "direct"
meaning = "trusted"
of = "trunks"
file = "direct.txt"
[[lists]]
name = "boxes"
meaning = "suspect"
file = "boxes.txt"
[[lists]]
name = "resellers"
meaning = "suspect"
of = "carriers"
file = "resellers.txt"
"""
FILES = {
    "dno.txt": "# hot lines\n+375 29 123 4567\n",
    "nobody.txt": "3754412345*\n",
    "services.txt": "375291111000-375291111999\n",
    "direct.txt": "direct-1 # by contract\n\ndirect-2\n",
    "boxes.txt": "37529777*\n",
    "resellers.txt": "Cheap & Sons\n",
}
NUMBERS = """do_not_originate = "dno.txt"
unallocated = "nobody.txt"
special = "services.txt"
emergency = ["1177"]
"""


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Return a node that is told of all lists; it is not started."""
    agreed(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    # What follows [numbers] comes first, as the helper writes that table last.
    return node_of(tmp_path, "RU", peer=None, more=NUMBERS + LISTS)


def evidence(node: Node, calling: str = THIRD, **more: str):
    said = []
    call = LiveCall(
        call_id=f"{len(node.arrivals._asked)}",  # ruff: ignore[private-member-access]  -- a number of its own
        at_ms=now_ms(),
        calling_number=calling,
        **{"called_number": CALLED, "priority": "1", **more},
    )
    node.arrivals.ask(call, said.append, now_ms=now_ms())
    return said[0].evidence


CALLS = [
    ({"calling": PEERS}, "number", "do_not_originate"),
    ({"calling": "+375291234568"}, "number", "ordinary"),
    ({"calling": "+375441234599"}, "number", "unallocated"),
    ({"calling": "+375291111500"}, "number", "special"),
    ({"calling": THIRD}, "number", "ordinary"),
    ({"called_number": "1177"}, "emergency", True),
    ({"called_number": "1178"}, "emergency", False),
    ({"called_number": "112"}, "emergency", True),
    ({"trunk": "direct-1"}, "listed", "trusted"),
    ({"trunk": "direct-3"}, "listed", "none"),
    ({}, "listed", "none"),
    ({"calling": ""}, "listed", "none"),
    ({"calling": "+375297770000"}, "listed", "suspect"),
    ({"calling": "+375297770000", "trunk": "direct-2"}, "listed", "trusted"),
    ({"carrier": "Cheap & Sons"}, "listed", "suspect"),
    ({"carrier": "direct-1"}, "listed", "none"),
]


@pytest.mark.parametrize(("call", "fact", "word"), CALLS)
def test_what_files_say_is_evidence(node, call, fact, word):
    """Each file makes its word; of lists the first that names the call counts."""
    assert getattr(evidence(node, **call), fact) == word


def look(node: Node, times: int = 2) -> None:
    (files,) = [one for one in node.helpers if isinstance(one, KnownFiles)]

    async def run() -> None:
        for _ in range(times):
            await files.look()

    asyncio.run(run())


def rewrite(path: Path, text: str) -> None:
    """Write a file anew, as an editor does."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def test_a_changed_file_is_read_again(node, tmp_path):
    """Once it is not being written any more."""
    rewrite(tmp_path / "dno.txt", "375291234568\n")
    rewrite(tmp_path / "boxes.txt", "49151*\n")
    look(node, 1)
    assert evidence(node, PEERS).number == "do_not_originate"
    look(node, 1)
    assert evidence(node, PEERS).number == "ordinary"
    assert evidence(node, "+375291234568").number == "do_not_originate"
    assert evidence(node, THIRD).listed == "suspect"


def broken(path: Path) -> None:
    path.write_text("375291234567 and so on", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [broken, Path.unlink, lambda path: path.write_bytes(b"\xff\xfe")],
    ids=["broken", "gone", "binary"],
)
def test_a_file_that_cannot_be_used_leaves_the_old_in_force(node, tmp_path, change):
    """It is noted once, without the number; when it is well again, it is read."""
    heard = io.StringIO()
    node.log._log = Log(heard)._log  # ruff: ignore[private-member-access]  -- the log's place
    change(tmp_path / "dno.txt")
    look(node, 5)
    assert evidence(node, PEERS).number == "do_not_originate"
    (line,) = heard.getvalue().splitlines()
    assert "list-refused" in line
    assert "dno.txt" in line
    assert "3752" not in line
    rewrite(tmp_path / "dno.txt", "375291234568\n")
    look(node)
    assert evidence(node, PEERS).number == "ordinary"
    assert len(heard.getvalue().splitlines()) == 1


def test_an_unchanged_file_is_left_alone(node, tmp_path):
    """Same time, size and place: nothing is read."""
    path = tmp_path / "dno.txt"
    before = path.stat()
    text = path.read_text().replace("4567", "4568")
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    look(node, 3)
    assert evidence(node, PEERS).number == "do_not_originate"


def test_a_running_node_looks_by_itself(tmp_path, monkeypatch, node):
    """Beside the calls, all the time."""
    monkeypatch.setattr("tallystick.node.config.known.LOOK_S", 0.01)

    async def run() -> None:
        await node.start()
        try:
            rewrite(tmp_path / "dno.txt", "")
            async with asyncio.timeout(5):
                while evidence(node, PEERS).number != "ordinary":  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.01)
        finally:
            await node.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("dno.txt", "x", "ranges"),
        ("services.txt", None, "node-numbers"),
        ("boxes.txt", "x", "ranges"),
        ("direct.txt", "x" * 129, "names"),
        ("resellers.txt", None, "node-numbers"),
    ],
)
def test_a_node_does_not_start_with_files_it_cannot_use(
    node, tmp_path, name, text, code
):
    """A sentence names the file."""
    del node
    path = tmp_path / name
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=name) as caught:
        node_of(tmp_path, "RU", peer=None, more=NUMBERS + LISTS)
    assert caught.value.code == code


def test_lists_of_names_are_bounded():
    """A list that is too long is refused, not cut."""
    names = "\n".join(map(str, range(NAMES_LIMIT)))
    assert len(parse_names(names)) == NAMES_LIMIT
    with pytest.raises(ConfigError, match="too many"):
        parse_names(f"{names}\none more")
