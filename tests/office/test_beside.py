"""A node opens the office and the console of its settings file, and ends them."""

import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx2
import pytest

from office.two import MOST_S
from tallystick.model import UnavailableError
from tallystick.node.config.settings import load_settings
from tallystick.node.rehearsal.parties import Post, prepare
from tallystick.office import office_settings, open_office
from tallystick.proof import signing_key
from tallystick.store.log import create_log, stop_log
from tallystick.testing.programs import free_port

ADDED = """
[office]
store = "sqlite:///store.db"
listen = "127.0.0.1:{office}"

[console]
listen = "127.0.0.1:{console}"
insecure_http = true
"""


@pytest.fixture
def node(tmp_path) -> Generator[tuple[subprocess.Popen[bytes], str, str]]:
    posts = {
        party: Post(
            **{door: f"127.0.0.1:{free_port()}" for door in ("http", "sip", "channel")}
        )
        for party in ("BY", "RU")
    }
    settings = prepare(tmp_path, posts)["BY"]
    office, console = free_port(), free_port()
    with settings.open("a") as file:
        file.write(ADDED.format(office=office, console=console))
    command = (sys.executable, "-m", "tallystick", "node", "run", "--config")
    process = subprocess.Popen((*command, str(settings)), stdout=subprocess.DEVNULL)
    try:
        yield (
            process,
            f"http://127.0.0.1:{office}/",
            f"http://127.0.0.1:{console}/sign-in",
        )
    finally:
        process.kill()
        process.wait(MOST_S)


def answers(url: str) -> bool:
    try:
        httpx2.get(url, timeout=MOST_S)
    except httpx2.TransportError:
        return False
    return True


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + MOST_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def of(node: subprocess.Popen[bytes], room: str) -> list[int]:
    """Return the processes beside a node."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            words = (one / "cmdline").read_bytes().split(b"\0")
            parent = int((one / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == node.pid and room.encode() in words:
            found.append(int(one.name))
    return found


def test_the_office_keeps_the_log_that_the_node_serves(tmp_path):
    """By its settings file: folder, witness, and where verdicts are kept."""
    posts = {
        party: Post(**dict.fromkeys(("http", "sip", "channel"), "127.0.0.1:1"))
        for party in ("BY", "RU")
    }
    settings = prepare(tmp_path, posts)["BY"]
    with settings.open("a") as file:
        file.write('[office]\nstore = "sqlite:///store.db"\n[proof]\nlog = "log"\n')
        file.write('listen = "127.0.0.1:0"\npeer_witness = "https://127.0.0.1:1"\n')
    loaded = load_settings(settings).settings
    told = office_settings(loaded)
    assert told.log == settings.parent / "log"
    assert told.witness == "https://127.0.0.1:1"
    assert told.verdicts == loaded.folder
    with pytest.raises(UnavailableError, match="log init"), open_office(told):
        pass
    create_log(told.log, signing_key(told.own))
    with open_office(told) as office:
        assert office.keeper is not None
        assert office.hours is not None
        assert "has not cosigned yet" in office.kept()
        stop_log(told.log, "It was forked.")
        said = "Nothing is logged until people have looked. It was forked."
        assert office.kept() == said


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_office_and_console_live_and_end_with_the_node(node, how):
    """One that is killed comes back; all end, however the node does."""
    process, office, console = node
    until(lambda: answers(office) and answers(console))
    if how == signal.SIGTERM:
        (first,) = of(process, "office")
        subprocess.run(("kill", "-9", str(first)), check=True)
        until(lambda: of(process, "office") not in ([], [first]) and answers(office))
    process.send_signal(how)
    assert process.wait(MOST_S) == (0 if how == signal.SIGTERM else -how)
    until(lambda: not answers(office) and not answers(console))
