"""Commands beside a running node: `check`, `top`, a reload, and what the log says."""

import contextlib
import fcntl
import http.client
import json
import os
import pty
import signal
import struct
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import termios
import time
from pathlib import Path

from .pair import agreed
from .test_commands import settings, start, tally


def listening(folder: Path, party: str, other: str) -> tuple[str, str]:
    """Write settings with a fixed port for HTTP and return their name and the port."""
    import socket

    name = settings(folder, party, other)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = folder / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('http = "127.0.0.1:0"', f'http = "127.0.0.1:{port}"'))
    return name, f"127.0.0.1:{port}"


def metrics(address: str) -> str:
    line = http.client.HTTPConnection(address, timeout=5)
    line.request("GET", "/metrics")
    try:
        return line.getresponse().read().decode()
    finally:
        line.close()


def screen(folder: Path, *options: str) -> tuple[int, str]:
    """Run a command on a terminal of 80 columns and 24 lines; type q after a while."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = subprocess.Popen(
        (sys.executable, "-m", "tallystick", *options),
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    said = b""
    try:
        while b"memory" not in said:
            said += os.read(ours, 65_536)
        os.write(ours, b"q")
        with contextlib.suppress(OSError):  # so a terminal says that nobody is there
            while more := os.read(ours, 65_536):
                said += more
        return command.wait(timeout=10), said.decode("utf-8", "replace")
    finally:
        command.kill()
        os.close(ours)


def test_a_running_node_is_checked_watched_and_reloaded(tmp_path: Path):
    """Its own ports are no fault, one frame is printed, and SIGHUP reads anew."""
    agreed(tmp_path)
    name, address = listening(tmp_path, "BY", "RU")
    node, _ = start(tmp_path, name)
    try:
        said = tally(tmp_path, "node", "check", "--config", name)
        assert f"{address} is in use by this node" in said
        assert "NO" not in said
        assert "ok  room" in said
        said = tally(
            tmp_path,
            *("node", "top", "--config", name, "--once", "--interval", "0.2"),
        )
        assert said.startswith("BY with RU")
        assert "\x1b" not in said
        watch = ("node", "top", "--config", name, "--interval", "0.2")
        status, seen = screen(tmp_path, *watch)
        assert status == 0
        assert "\x1b[?1049h" in seen  # a screen of its own,
        assert seen.endswith("\x1b[?25h\x1b[?1049l")  # given back, with the cursor
        assert "watermark age" in seen
        node.send_signal(signal.SIGHUP)
        wanted = 'tally_reloads_total{result="taken"} 1.0'
        deadline = time.monotonic() + 10
        while wanted not in metrics(address) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert wanted in metrics(address)
    finally:
        node.send_signal(signal.SIGTERM)
        _, errors = node.communicate(timeout=15)
    assert node.returncode == 0, errors
    events = [json.loads(line)["event"] for line in errors.splitlines()]
    assert events == ["started", "reloaded", "stopped"]
    said = tally(tmp_path, "node", "top", "--url", f"http://{address}", good=False)
    assert "No node answers" in said
    assert "Traceback" not in said
