"""Two offices as two processes, each with its own store, key and folder."""

import contextlib
import ipaddress
import os
import signal
import socket
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

MOST_S = 30


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


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
        self.office = subprocess.Popen(
            (sys.executable, "-m", "tallystick", *words),
            cwd=self.folder,
            stdout=subprocess.PIPE,
        )
        assert self.office.stdout is not None
        assert b"answers" in self.office.stdout.readline()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the office and return its status."""
        office, self.office = self.office, None
        if office is None:
            return 0
        office.send_signal(how)
        status = office.wait(MOST_S)
        assert office.stdout is not None
        office.stdout.close()
        return status

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


@contextlib.contextmanager
def two(folder: Path) -> Generator[tuple[Party, Party]]:
    """Run both offices; whatever happens they end."""
    by, ru = Party(folder, "BY"), Party(folder, "RU")
    by.meet(ru)
    ru.meet(by)
    try:
        by.open()
        ru.open()
        yield by, ru
    finally:
        by.end()
        ru.end()


def until(read: Callable[[], object], true: Callable[[object], bool]) -> None:
    """Wait until what is read is as expected."""
    ends = time.monotonic() + MOST_S
    while not true(said := read()):
        assert time.monotonic() < ends, said
        time.sleep(0.1)
