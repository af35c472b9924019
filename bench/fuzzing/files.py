"""Targets in files that an operator or a peer may write: settings, rules."""

import atexit
import shutil
import tempfile
from pathlib import Path

from fuzzing.spoil import spoiler
from fuzzing.target import Target
from tallystick.agreement import parse_rules
from tallystick.model import TallystickError
from tallystick.node.config.settings import load_settings

SETTINGS = b"""\
party = "BY"
folder = "node"
[keys]
own = "BY.key"
terms = "terms.toml"
[listen]
http = "127.0.0.1:8080"
sip = "[::1]:5060"
channel = "192.0.2.1:8443"
[peer]
address = "peer.example:8443"
tls = true
[numbers]
own = "BY"
peer = "RU"
[[switches]]
name = "gateway"
networks = ["192.0.2.0/28"]
side = "arrivals"
dialect = "redirect"
[[trust]]
country = "BY"
file = "by.pem"
codes = ["375"]
[[certificates]]
url = "https://cert.example.org/a.pem"
file = "a.pem"
[limits]
deadline_ms = 450
departures = 2000000
verdicts_mb = 512
"""
RULES = b"""\
format = "tallystick-rules/1"
name = "test"
version = 1
[[rules]]
id = "missing"
when = { half = ["no_departure"], number = ["special"] }
unless = { identity = ["valid"] }
action = "reject"
mode = "live"
"""
SLOW_MS = 500  # keys of thousands of parts, which nobody but an operator can write
TOML = (
    *(b"[[", b"]]", b"[", b"]", b"{", b"}", b" = ", b'"""', b"'''", b"\n", b"inf"),
    *(b"nan", b"true", b"1979-05-27T07:32:00Z", b"0x1", b"[" * 3_000, b"a." * 2_000),
    *(b"a = {b = " * 500, b'"\\ud800"', b'"\\U0010ffff"', b"\xef\xbb\xbf", b"#"),
)


def rules() -> Target:
    """Decision tables."""

    def take(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        if parse_rules(text) != parse_rules(text):
            raise AssertionError("read alike twice")

    words = (*TOML, *(line + b"\n" for line in RULES.splitlines()))
    return Target((RULES,), spoiler(words), take, (TallystickError,), SLOW_MS)


def settings() -> Target:
    """Settings of a node."""
    folder = Path(tempfile.mkdtemp(prefix="tally-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "node.toml"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        load_settings(path)

    words = (*TOML, *(line + b"\n" for line in SETTINGS.splitlines()))
    return Target((SETTINGS,), spoiler(words), take, (TallystickError,), SLOW_MS)
