"""`tally proof`: two sides, each with its own key and folder, and a stranger."""

import contextlib
import os
import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import] (the program itself)
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tallystick.cli import make_app
from tallystick.model import TallystickError
from tallystick.proof import Statement, parse_verifying_key, sign_statement
from tallystick.proof.signing import signing_fingerprint

from .logs import NOW_S

ROOT = Path(__file__).parents[2]
SAID = Statement(
    channel="5b" * 32,
    by="BY",
    at_ms=NOW_S * 1000,
    about="case/3f2a",
    kind="asked",
    body={"deadline": "2026-11-29"},
)


def tally(*words: object) -> str:
    """Run a command; return what it prints."""
    found = CliRunner().invoke(make_app(), [str(word) for word in words])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.stdout


@contextlib.contextmanager
def running(*words: object) -> Generator[str]:
    """Run a serving command in a process of its own; return its URL."""
    with subprocess.Popen(
        (sys.executable, "-m", "tallystick", *map(str, words)),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@pytest.fixture
def parties(tmp_path: Path) -> Path:
    """Return a folder with both parties' keys."""
    for party in ("by", "ru"):
        tally("keys", "new", "--party", party.upper(), "--out", tmp_path / f"{party}.k")
        line = tally("node", "signing-key", tmp_path / f"{party}.k")
        (tmp_path / f"{party}.v").write_text(line)
    return tmp_path


def test_from_a_statement_to_what_a_stranger_sees(parties):
    """Logged, cosigned by the peer over HTTP, audited by URL, shown, verified."""
    from tallystick.blinding.keyfile import read_private_key
    from tallystick.proof import signing_key

    own, log, peer = parties / "by.k", parties / "log", parties / "ru.v"
    asked = sign_statement(SAID, signing_key(read_private_key(own)))
    (parties / "asked.note").write_bytes(asked.note)
    (parties / "counts.json").write_text('{"route":"7","calls":5120}')
    tally("proof", "log", "init", log, "--own", own)
    told = tally(
        *("proof", "log", "append", log, parties / "asked.note"),
        *("--own", own, "--kind", "case"),
    )
    assert told.split()[0] == "0"
    tally(
        *("proof", "log", "append", log, parties / "counts.json"),
        *("--own", own, "--kind", "counts"),
    )
    keys = ("--log", parties / "by.v", "--listen", "127.0.0.1:0")
    with running(
        "proof", "witness", parties / "seen", "--own", parties / "ru.k", *keys
    ) as url:
        told = tally(
            *("proof", "log", "cosign", log, "--own", own),
            *("--witness", url, "--key", peer),
        )
    assert "RU saw this state of it by 2" in told
    with running("proof", "serve", log, "--listen", "127.0.0.1:0") as url:
        told = tally(
            "proof", "audit", url, "--witness", peer, "--key", parties / "by.v"
        )
    assert "2 entries and 1 tiles of hashes were read" in told
    assert "the one you gave" in told
    assert "RU saw" in tally("proof", "audit", log, "--witness", peer)
    told = tally("proof", "log", "show", log, "--own", own, "--key", peer)
    assert "RU saw" in told
    assert "tallystick/statement/1" in told
    out = parties / "case.json"
    tally(
        *("proof", "bundle", log, "--own", own, "--key", peer),
        *("--entry", 0, "--out", out),
    )
    told = as_stranger(out)
    assert "Signed by BY" in told
    assert "case/3f2a asked" in told
    assert "RU saw this state" in told
    assert told.count("not compared") == 2
    fingerprint = signing_fingerprint(
        parse_verifying_key((parties / "by.v").read_text())
    )
    for key in (fingerprint, (parties / "by.v").read_text().strip(), parties / "by.v"):
        assert "the one you gave" in tally("proof", "verify", out, "--key", key)
    forged = fingerprint[:-1] + str((int(fingerprint[-1]) + 1) % 10)
    with pytest.raises(TallystickError, match="not among those that signed"):
        tally("proof", "verify", out, "--key", forged)


def as_stranger(bundle: Path) -> str:
    """Verify as another account, in an empty folder, with nothing but the bundle."""
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "src")!r})
import asyncio, contextlib, io, datetime, tallystick.cli
sys.argv = ["tally", "proof", "verify", "/dev/null"]
with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
    tallystick.cli.main()
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
sys.argv = ["tally", "proof", "verify", "/dev/stdin"]
tallystick.cli.main()
"""
    # -I: nothing that this account has set counts. The program is read in before the
    # account changes, since it may lie where others must not look.
    with bundle.open("rb") as file:
        found = subprocess.run(
            (sys.executable, "-I", "-c", code),
            stdin=file,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
            cwd="/",
            env={},
        )
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout


def test_an_address_is_understood_or_refused(parties):
    """Not a traceback."""
    tally("proof", "log", "init", parties / "log", "--own", parties / "by.k")
    for wrong in ("8090", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:http"):
        with pytest.raises(TallystickError, match="HOST:PORT"):
            tally("proof", "serve", parties / "log", "--listen", wrong)


def test_nothing_that_a_bundle_holds_does_anything_to_a_terminal(parties):
    """Control characters are shown as what they are: none."""
    (parties / "x.json").write_text('{"x":"\u001b[31m\u202e"}')
    own, log = parties / "by.k", parties / "log"
    tally("proof", "log", "init", log, "--own", own)
    tally(
        *("proof", "log", "append", log, parties / "x.json"),
        *("--own", own, "--kind", "case"),
    )
    out = parties / "b.json"
    tally("proof", "bundle", log, "--own", own, "--entry", 0, "--out", out)
    for told in (
        tally("proof", "verify", out),
        tally("proof", "log", "show", log, "--own", own),
    ):
        assert not {"\u001b", "\u202e"} & set(told)
        assert "No witness" in told or "case" in told
