"""Another implementation reads the log: Go's sumdb, from Debian's package."""

import base64
import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import] (Debian's programs)
from pathlib import Path

import pytest

from tallystick.proof import (
    COSIGNATURE,
    SigningKey,
    cosign,
    make_bundle,
    read_checkpoint,
    verifier_key,
)
from tallystick.store.log import create_log, open_log

from .faults import openings
from .logs import BY, NOW_S, RU

SOURCES = Path("/usr/share/gocode")
PROGRAM = Path(__file__).parent / "interop" / "main.go"


@pytest.fixture(scope="module")
def reader(debian_command, lacks, tmp_path_factory) -> Path:
    """Return the compiled program."""
    go = debian_command("go", package="golang-go")
    if not (SOURCES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        lacks("apt-get install golang-golang-x-mod-dev: its sources are not there")
    folder = tmp_path_factory.mktemp("go")
    subprocess.run(
        (go, "build", "-o", folder / "reader", PROGRAM),
        check=True,
        timeout=300,
        env={
            "GO111MODULE": "off",
            "GOPATH": str(SOURCES),
            "GOCACHE": str(folder / "cache"),
            "GOFLAGS": "-p=2",
            "CGO_ENABLED": "0",
            "PATH": "/usr/bin:/bin",
        },
    )
    return folder / "reader"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path, int, bytes]:
    """Return a log of two levels of tiles, a bundle, and an older checkpoint."""
    folder = tmp_path_factory.mktemp("made")
    create_log(folder / "log", BY)
    with open_log(folder / "log", BY) as log:
        log.append(openings(0, 300))
        old = log.signed.checkpoint
        log.append(openings(300, 700))
        text = log.signed.checkpoint.text
        line = cosign(text, RU, at_s=NOW_S).line().encode()
        log.keep_cosigned(
            read_checkpoint(log.signed.note + line, BY.public(), [RU.public()])
        )
        part = log.part([0, 255, 256, 999], [RU.public()])
    data = make_bundle([BY.public(), RU.public()], [part])
    (folder / "bundle.json").write_bytes(data)
    return folder / "log" / "public", folder / "bundle.json", old.size, old.root


def read(reader: Path, made, *, key=BY, size: int | None = None):
    """Let the other implementation read."""
    public, bundle, old, root = made
    return subprocess.run(
        (
            *(reader, public, bundle, verifier_key(key.public())),
            verifier_key(RU.public(), algorithm=COSIGNATURE),
            *(str(size or old), base64.b64encode(root).decode()),
        ),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.interop
def test_another_implementation_reads_tiles_and_checks_proofs(reader, made):
    """Checkpoint with both signatures, each entry, growth, and our own proofs."""
    found = read(reader, made)
    assert (found.stdout, found.stderr) == ("1000 2 1000 4\n", "")


@pytest.mark.interop
def test_it_refuses_what_does_not_hold(reader, made, tmp_path):
    """So that the above means something: another key, a wrong past, a changed tile."""
    other = SigningKey(party="BY", seed=b"o" * 32)
    assert read(reader, made, key=other).stdout.split()[1] == "1"  # the witness alone
    assert read(reader, made, size=299).returncode == 1
    public = shutil.copytree(made[0], tmp_path / "public")
    tile = public / "tile" / "0" / "001"
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(data)
    found = read(reader, (public, *made[1:]))
    assert found.returncode == 1
    assert "invalid transparency proof" in found.stderr
