"""`tally node`, as two switch engineers use it: keys, terms, check, run, why."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
import time
from pathlib import Path

import pytest

A, B = "+375291234567", "+74951234567"


def tally(folder: Path, *options: str, good: bool = True) -> str:
    """Run a command in a folder and return what it printed."""
    done = subprocess.run(
        (sys.executable, "-m", "tallystick", *options),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode == 0) is good, done.stderr + done.stdout
    return done.stdout + done.stderr


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """Return a folder with both parties' keys and terms that both signed."""
    signing = {}
    for party in ("BY", "RU"):
        tally(tmp_path, "keys", "new", "--party", party, "--out", f"{party}.key")
        public = tally(tmp_path, "keys", "public", f"{party}.key")
        (tmp_path / f"{party}.pub").write_text(public, encoding="utf-8")
        signing[party] = tally(tmp_path, "node", "signing-key", f"{party}.key").strip()
    terms = ("--out", "terms.toml")
    peer = ("--peer", "RU.pub", "--peer-signing", signing["RU"])
    begins = ("--from", "2026-01-01T00:00:00", "--days", "3650")
    tally(tmp_path, "node", "terms", "--own", "BY.key", *terms, *peer, *begins)
    tally(tmp_path, "node", "terms", "--own", "RU.key", *terms)
    return tmp_path


def settings(folder: Path, party: str, other: str, peer: str = "") -> str:
    """Write a settings file and return its name."""
    name = f"{party}.toml"
    (folder / name).write_text(
        f'party = "{party}"\nfolder = "{party}"\n'
        f'[keys]\nown = "{party}.key"\nterms = "terms.toml"\n'
        '[listen]\nhttp = "127.0.0.1:0"\nchannel = "127.0.0.1:0"\n'
        f'[numbers]\nown = "{party}"\npeer = "{other}"\n'
        + (f'[peer]\naddress = "{peer}"\n' if peer else ""),
        encoding="utf-8",
    )
    return name


def start(folder: Path, name: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start a node; return it and where it listens."""
    node = subprocess.Popen(
        (sys.executable, "-m", "tallystick", "node", "run", "--config", name),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert node.stdout is not None
    listens: dict[str, str] = {}
    while "http" not in listens or "channel" not in listens:
        line = node.stdout.readline()
        assert line, node.stderr.read() if node.stderr else ""
        if found := re.match(r"(http|channel)\s+(\S+)", line):
            listens[found[1]] = found[2]
    return node, listens


def ask(address: str, path: str, body: object) -> dict[str, object]:
    """Post to a node."""
    line = http.client.HTTPConnection(address, timeout=5)
    line.request("POST", path, json.dumps(body))
    try:
        return dict(json.load(line.getresponse()))
    finally:
        line.close()


def test_two_engineers_set_up_a_channel_and_ask_why(channel: Path):
    """From keys to a verdict and its reason, by commands alone."""
    by, by_at = start(channel, settings(channel, "BY", "RU"))
    ru = None
    try:
        name = settings(channel, "RU", "BY", by_at["channel"])
        said = tally(channel, "node", "check", "--config", name)
        assert "NO" not in said
        assert "is BY" in said
        ru, ru_at = start(channel, name)
        deadline = time.monotonic() + 10
        outcome = None
        number = 0
        while outcome != "paired" and time.monotonic() < deadline:
            number += 1
            call = {"calling_number": A, "called_number": B}
            ask(by_at["http"], "/v1/departures", call | {"call_id": f"b{number}"})
            said_of = ask(
                ru_at["http"], "/v1/arrivals", call | {"call_id": f"r{number}"}
            )
            outcome = said_of["outcome"]
        assert outcome == "paired"
    finally:
        for node in filter(None, (by, ru)):
            node.send_signal(signal.SIGTERM)
            _, errors = node.communicate(timeout=15)
            assert node.returncode == 0, errors
            events = [json.loads(line)["event"] for line in errors.splitlines()]
            assert (events[0], events[-1]) == ("started", "stopped")
            assert A[1:] not in errors
    said = tally(channel, "node", "why", f"r{number}", "--config", name)
    assert said.startswith("paired, pass")
    russian = tally(
        channel, "node", "why", f"r{number}", "--config", name, "--language", "ru"
    )
    assert any("\u0430" <= letter <= "\u044f" for letter in russian)


def test_a_wrong_setting_stops_the_node_with_a_sentence(channel: Path):
    """Nothing is guessed: the mistake is named, and there is no traceback."""
    name = settings(channel, "BY", "RU")
    path = channel / name
    path.write_text(path.read_text(encoding="utf-8").replace("[listen]", "[lsten]"))
    said = tally(channel, "node", "run", "--config", name, good=False)
    assert "lsten" in said
    assert "Traceback" not in said


def test_terms_that_are_there_are_not_written_over(channel: Path):
    """Signed terms outlive a command given twice, and each refusal says what to do."""
    terms = channel / "terms.toml"
    before = terms.read_bytes()
    line = tally(channel, "node", "signing-key", "RU.key").strip()
    peer = ("--peer", "RU.pub", "--peer-signing", line)
    write = ("node", "terms", "--own", "BY.key", "--out", "terms.toml")
    for options, advice in (
        (peer, "another file"),
        (peer[:2], "--peer-signing"),
        ((), "Sign once"),
        ((*peer, "--days", "0"), "greater than or equal to 1"),
        ((*peer, "--days", "99999999999"), "fewer --days"),
        ((*peer, "--from", "9999-12-31"), "earlier --from"),
    ):
        said = tally(channel, *write, *options, good=False)
        assert advice in said
        assert "Traceback" not in said
    assert terms.read_bytes() == before


def test_an_address_that_is_taken_is_named_with_its_setting(channel: Path):
    """Both `check` and `run` say which setting it is, and `check` makes no folder."""
    name = settings(channel, "BY", "RU")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        path = channel / name
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace('http = "127.0.0.1:0"', f'http = "{address}"'),
            encoding="utf-8",
        )
        for command in ("check", "run"):
            said = tally(channel, "node", command, "--config", name, good=False)
            assert f"`listen.http`: {address} cannot be listened on" in said
            assert "Traceback" not in said
    assert not (channel / "BY").exists()


def test_config_show_says_where_each_value_came_from(channel: Path):
    """Each value in force has an origin and a meaning."""
    said = tally(
        channel, "node", "config", "show", "--config", settings(channel, "BY", "RU")
    )
    assert re.search(r'listen\.http = "127\.0\.0\.1:0" +# file', said)
    assert re.search(r"limits\.deadline_ms = 450 +# default", said)
