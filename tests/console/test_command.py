"""`tally console`, as somebody types it, in a process of its own."""

import re
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import] (the command itself)
import sys
import time

import httpx2
import pytest

from cli import told


def tally(*words):
    """Run a command."""
    return subprocess.run(
        [sys.executable, "-m", "tallystick", "console", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_accounts_are_made_listed_changed_and_locked(tmp_path):
    """And the password is printed once."""
    store = ("--store", f"sqlite:///{tmp_path / 'c.db'}")

    def account(*words):
        return told.tally("console", "account", *words, *store, folder=tmp_path)

    made = account("add", "anna", "--role", "administrator")
    assert re.fullmatch(r"[\w-]{16}\n", made.out)
    assert account("add", "olga", "--role", "operator", "--trunks", "T1,T2").out
    assert account("role", "olga", "--role", "auditor").status == 0
    assert account("lock", "olga").status == 0
    listed = account("list").out.splitlines()
    assert [line.split()[:2] for line in listed] == [
        ["anna", "administrator"],
        ["olga", "auditor"],
    ]
    assert "locked" in listed[1]
    assert account("lock", "olga", "--undo").status == 0
    assert account("reset", "olga").out != made.out
    for words, says in (
        (("lock", "anna"), "last administrator"),
        (("add", "anna", "--role", "analyst"), "already"),
        (("add", "N N", "--role", "analyst"), "no name"),
        (("add", "x1", "--role", "king"), "no such role"),
        (("add", "x1", "--role", "operator"), "needs the trunks"),
        (("reset", "nobody"), "no account of that name"),
    ):
        refused = account(*words)
        assert refused.status == 2
        assert says in refused.err
        assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--listen", "127.0.0.1:8443"), "in the clear"),
        (("--listen", "192.0.2.1:8443", "--insecure-http"), "in the clear"),
        (("--listen", "192.0.2.1:8443", "--address", "https://x.example"), "in the"),
        (("--listen", "8443"), "HOST:PORT"),
        (("--cert", "x.pem"), "go together"),
        (("--address", "https://x.example/path"), "address is none"),
    ],
)
def test_what_would_be_unsafe_is_not_started(tmp_path, words, says):
    """With a sentence."""
    said = tally("run", "--store", f"sqlite:///{tmp_path / 'c.db'}", *words)
    assert said.returncode == 2
    assert says in said.stderr


def test_it_runs_and_stops(tmp_path, certificate):
    """By HTTPS; SIGTERM ends it within seconds."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cert, key = certificate
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "tallystick", "console", "run"),
            *("--store", f"sqlite:///{tmp_path / 'c.db'}"),
            *("--listen", f"127.0.0.1:{port}", "--cert", cert, "--key", key),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = running.stdout.readline().strip()
        assert address == f"https://127.0.0.1:{port}"
        until_s = time.monotonic() + 20
        while True:
            try:
                answer = httpx2.get(f"{address}/sign-in", verify=False)
                break
            except httpx2.ConnectError:
                assert time.monotonic() < until_s
                time.sleep(0.1)
        assert answer.status_code == 200
        running.terminate()
        _, said = running.communicate(timeout=15)
        assert said == ""
    finally:
        running.kill()
        running.wait(10)
