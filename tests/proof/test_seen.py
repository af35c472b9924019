"""A witness on disk: it never forgets, and notices what a log must not do."""

import shutil

import pytest

from tallystick.model import TallystickError
from tallystick.proof import (
    Checkpoint,
    encode_request,
    hashes_of,
    obtain,
    sign_checkpoint,
)
from tallystick.store.log import WitnessFolder, create_log, open_log

from .faults import Failing, PowerCutError, Powerless, openings
from .logs import BY, NOW_S, RU, Kept, entries
from .test_witness import ask

ORIGIN = "tallystick/log/BY/test"
LOGS = {ORIGIN: BY.public()}


@pytest.fixture
def log(tmp_path):
    """Return the folder of a log with nothing in it."""
    create_log(tmp_path / "log", BY, origin=ORIGIN)
    return tmp_path / "log"


def witnessed(folder, witness: WitnessFolder, known: int | None = None) -> dict:
    """Let a log ask its witness; return who saw the checkpoint when."""

    def send(body: bytes) -> tuple[int, bytes]:
        return witness.answer(body, now_s=NOW_S)[:2]

    with open_log(folder, BY) as log:
        before = log.cosigned([RU.public()])
        if known is None:
            known = before.checkpoint.size if before else 0
        read = hashes_of(log.size, log.fetch)
        signed = obtain(send, log.signed, read, RU.public(), known)
        log.keep_cosigned(signed)
        return dict(signed.seen)


def grow(folder, count: int, first: int = 0) -> None:
    """Append entries."""
    with open_log(folder, BY) as log:
        log.append(openings(first, count))


def test_a_witness_follows_a_log_over_restarts(log, tmp_path):
    """Each time with a proof from what it saw last, and again without growth."""
    for count in (0, 3, 300, 0, 1):
        grow(log, count)
        witness = WitnessFolder(tmp_path / "seen", RU, LOGS)
        assert witnessed(log, witness) == {"RU": NOW_S}
    assert witness.seen(ORIGIN).size == 304


def test_a_log_that_lost_its_disk_or_was_rolled_back_is_told_so(log, tmp_path):
    """From an older copy, and from nothing: it must not go on."""
    witness = WitnessFolder(tmp_path / "seen", RU, LOGS)
    grow(log, 5)
    older = shutil.copytree(log, tmp_path / "older")
    grow(log, 5, 5)
    witnessed(log, witness)
    with pytest.raises(TallystickError, match="has seen 10 entries of this log, which"):
        witnessed(older, witness)
    create_log(tmp_path / "new", BY, origin=ORIGIN)
    with pytest.raises(TallystickError, match="an old copy, or has lost its disk"):
        witnessed(tmp_path / "new", witness)


def test_a_fork_is_refused_and_its_evidence_kept(log, tmp_path):
    """Two copies that went on apart: of the same size, and of a larger one."""
    witness = WitnessFolder(tmp_path / "seen", RU, LOGS)
    grow(log, 5)
    fork = shutil.copytree(log, tmp_path / "fork")
    grow(log, 5, 5)
    witnessed(log, witness)
    grow(fork, 5, 7)
    with pytest.raises(TallystickError, match=r"another history.*compare"):
        witnessed(fork, witness)
    grow(fork, 5, 12)
    with pytest.raises(TallystickError, match=r"status 422"):
        witnessed(fork, witness)
    assert witness.seen(ORIGIN).size == 10
    kept = sorted(
        path.read_bytes().split(b"\n")[1]
        for path in (tmp_path / "seen" / "evidence").rglob("*")
        if path.is_file()
    )
    assert kept == [b"10", b"10", b"10", b"15"]
    status, said, _ = witness.answer(encode(fork_of(10)), now_s=NOW_S)
    assert status == 409
    assert b"was forked" in said


def fork_of(size: int) -> Kept:
    """Return a log of BY with another history."""
    return Kept(entries(size, 9))


def encode(log: Kept) -> bytes:
    """Return what it asks."""
    return encode_request(ask(log, len(log.entries)))


def test_an_old_checkpoint_that_somebody_sends_is_no_accusation(tmp_path):
    """Anybody can send one: it is refused, and nothing is kept against the party."""
    witness = WitnessFolder(tmp_path / "seen", RU, LOGS)
    first = Kept(entries(3))
    later = Kept(entries(9))
    for one, old in ((first, 0), (later, 3)):
        assert witness.answer(encode_request(ask(one, old)), now_s=NOW_S)[0] == 200
    status, said, kind = witness.answer(encode_request(ask(first, 3)), now_s=NOW_S)
    assert (status, said, kind) == (409, b"9\n", "text/x.tlog.size")
    assert not (tmp_path / "seen" / "evidence").exists()


def test_a_witness_that_lost_its_disk_is_told_so(log, tmp_path):
    """The log knows what was cosigned, and does not let it be forgotten."""
    grow(log, 5)
    witnessed(log, WitnessFolder(tmp_path / "seen", RU, LOGS))
    grow(log, 5, 5)
    with pytest.raises(TallystickError, match="has lost what it had seen"):
        witnessed(log, WitnessFolder(tmp_path / "anew", RU, LOGS))


@pytest.mark.parametrize(
    ("logs", "key", "said"),
    [
        ({}, RU, "status 404"),
        ({ORIGIN: RU.public()}, RU, "status 403"),
        (LOGS, BY, "no cosignature of RU"),
    ],
)
def test_a_witness_of_other_logs_or_keys_does_not_count(log, tmp_path, logs, key, said):
    """It refuses, or what it says is nothing."""
    grow(log, 2)
    with pytest.raises(TallystickError, match=said):
        witnessed(log, WitnessFolder(tmp_path / "seen", key, logs))


@pytest.mark.parametrize("how", ["nothing", "half", "stored", "power"])
def test_what_was_cosigned_is_remembered_whatever_fails(tmp_path, how):
    """No cosignature leaves before it is on disk; every step, each way to fail."""
    at = 0
    small, large = Kept(entries(3)), Kept(entries(9))
    while True:
        folder = tmp_path / f"{at}"
        WitnessFolder(folder, RU, LOGS).cosign(
            encode_request(ask(small, 0)), now_s=NOW_S
        )
        disk = Powerless(at) if how == "power" else Failing(at, how)
        witness = WitnessFolder(folder, RU, LOGS, disk)
        answered = False
        try:
            witness.cosign(encode_request(ask(large, 3)), now_s=NOW_S)
            answered = True
        except PowerCutError:
            disk.lose()
        except OSError:
            pass
        known = WitnessFolder(folder, RU, LOGS).seen(ORIGIN).size
        assert known == 9 if answered else known in {3, 9}
        if answered and disk.done <= at:
            break
        at += 1
    assert at >= (1 if how == "half" else 3)


def test_a_memory_that_was_changed_is_refused(log, tmp_path):
    """What a witness remembers is signed by the log's party."""
    grow(log, 2)
    witness = WitnessFolder(tmp_path / "seen", RU, LOGS)
    witnessed(log, witness)
    (kept,) = (path for path in (tmp_path / "seen").iterdir() if path.name != "lock")
    forged = Checkpoint(origin=ORIGIN, size=0, root=b"\xe3" * 32)
    kept.write_bytes(sign_checkpoint(forged, RU))
    with pytest.raises(TallystickError, match="status 503"):
        witnessed(log, witness, known=2)
    with pytest.raises(TallystickError, match="remembers of this log is damaged"):
        witness.seen(ORIGIN)
