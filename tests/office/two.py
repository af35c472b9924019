"""Two offices as two processes, each with its own store, key and folder."""

import contextlib
import ipaddress
import os
import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from cli.told import tally
from tallystick.blinding import new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.blinding.keyfile import write_channel, write_private_key
from tallystick.proof import encode_verifying_key, signing_key
from tallystick.testing.programs import free_port

MOST_S = 60


def certify(folder: Path) -> None:
    """Make a certificate for this machine that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
    now = datetime.fromtimestamp(time.time_ns() // 1_000_000_000, UTC)
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    (folder / "tls.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )


class Party:
    """One party: a folder with its key, its store, its book; and its office."""

    def __init__(self, folder: Path, party: str) -> None:
        self.party, self.folder, self.port = party, folder / party, free_port()
        self.folder.mkdir()
        self.key = new_private_key(party, draw=os.urandom)
        write_private_key(self.folder / "own.key", self.key)
        self.line = encode_verifying_key(signing_key(self.key).public())
        certify(self.folder)
        self.url = f"sqlite:///{self.folder / 'store.db'}"
        self.office: subprocess.Popen[bytes] | None = None
        self.watch: subprocess.Popen[bytes] | None = None
        self.watch_port = free_port()

    def meet(self, peer: "Party") -> None:
        """Learn the peer's keys, as by telephone, and where its office is."""
        self.peer = peer
        channel = channel_between(self.key.public(), peer.key.public())
        write_channel(self.folder / "channel.toml", channel)

    def open(self) -> None:
        """Start the office, and wait until it answers."""
        words = ("office", "run", "--store", self.url, "--key", "own.key")
        words += ("--channel", "channel.toml", "--peer-key", self.peer.line)
        words += ("--peer", f"https://127.0.0.1:{self.peer.port}", "--book", "book")
        words += ("--cert", "tls.pem", "--cert-key", "tls.key")
        words += ("--authorities", str(self.peer.folder / "tls.pem"))
        words += ("--listen", f"127.0.0.1:{self.port}")
        if (self.folder / "log").exists():
            words += ("--log", "log")
            words += ("--witness", f"http://127.0.0.1:{self.peer.watch_port}")
        self.office = self.starts(*words, says=b"answers")

    def starts(self, *words: str, says: bytes) -> subprocess.Popen[bytes]:
        """Start a command that goes on, and wait until it says that it is there."""
        process = subprocess.Popen(
            (sys.executable, "-m", "tallystick", *words),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        assert says in process.stdout.readline()
        return process

    def logs(self) -> None:
        """Have a log, and watch the peer's."""
        self.does("proof", "log", "init", "log", "--own", "own.key")
        self.watches()

    def watches(self) -> None:
        """Start the witness of the peer's log."""
        words = ("seen", "--own", "own.key", "--log", self.peer.line)
        words += ("--listen", f"127.0.0.1:{self.watch_port}")
        self.watch = self.starts("proof", "witness", *words, says=b"http://")

    def sleeps(self) -> None:
        """End the witness."""
        watch, self.watch = self.watch, None
        _ended(watch, signal.SIGTERM)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the office and return its status."""
        office, self.office = self.office, None
        return _ended(office, how)

    def does(self, *words: str) -> str:
        """Run a command that must succeed, where this party works."""
        done = tally(*words, folder=self.folder)
        assert done.status == 0, done.err
        return done.out

    def agrees(self, *words: str) -> str:
        """Say something about the agreement."""
        return self.does("agreement", *words, "--own", "own.key")

    def agreement(self) -> str:
        """Return where the agreement stands; empty where nothing is known of it."""
        done = tally("agreement", "show", folder=self.folder)
        return "\n".join(done.out.splitlines()[1:]) if done.status == 0 else ""

    def case(self, name: str) -> str:
        """Return where a case or an objection stands; empty where it is not known."""
        given = ("--store", self.url, "--channel", "channel.toml", "--key", "own.key")
        return tally("cases", "show", name, *given, folder=self.folder).out

    def cases(self, command: str, *words: str) -> str:
        """Do something at the desk of cases."""
        given = ["--store", self.url, "--channel", "channel.toml"]
        given += [] if command == "list" else ["--key", "own.key"]
        return self.does("cases", command, *words, *given)


def _ended(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> int:
    if process is None:
        return 0
    process.send_signal(how)
    status = process.wait(MOST_S)
    assert process.stdout is not None
    process.stdout.close()
    return status


@contextlib.contextmanager
def two(folder: Path, *, logs: bool = False) -> Generator[tuple[Party, Party]]:
    """Run both offices, and witnesses if they keep logs; whatever happens they end."""
    by, ru = Party(folder, "BY"), Party(folder, "RU")
    by.meet(ru)
    ru.meet(by)
    try:
        for one in (by, ru) if logs else ():
            one.logs()
        by.open()
        ru.open()
        yield by, ru
    finally:
        for one in (by, ru):
            one.end()
            one.sleeps()


def until(read: Callable[[], object], true: Callable[[object], bool]) -> None:
    """Wait until what is read is as expected."""
    ends = time.monotonic() + MOST_S
    while not true(said := read()):
        assert time.monotonic() < ends, said
        time.sleep(0.1)
