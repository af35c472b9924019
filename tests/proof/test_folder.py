"""A log on disk: whole after whatever ends the program, never with two histories."""

import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import] (processes to be killed)
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.model import RefusedError, TallystickError, UnavailableError
from tallystick.proof import (
    EMPTY_ROOT,
    Checkpoint,
    Opening,
    audit,
    commit,
    consistency_proof,
    cosign,
    hashes_of,
    leaf_hash,
    make_bundle,
    origin_of,
    read_checkpoint,
    tiles_at,
    tree_root,
    verify_bundle,
    verify_consistency,
)
from tallystick.store.log import LogFolder, create_log, open_log, read_file

from .faults import (
    BEFORE,
    MORE,
    Failing,
    PowerCutError,
    Powerless,
    append,
    openings,
    start,
)
from .logs import BY, NOW_S, RU

ROOT = Path(__file__).parents[2]


def check(folder: Path, sizes: set[int], old: Checkpoint | None = None) -> int:
    """Check everything about a log, as it lies there; return its size.

    It opens; all that is served fits the checkpoint; each entry has its opening; it
    holds all that it held before; and it can be appended to.
    """
    with open_log(folder, BY) as log:
        size = log.size
        assert size in sizes
        signed = log.signed
        opened = list(log.openings(0, size))
    public = folder / "public"
    note = read_file(public / "checkpoint")
    fetch = tiles_at(lambda path: read_file(public / path))
    found = audit(note, BY.public(), [], fetch)
    assert found.signed.checkpoint == signed.checkpoint
    read = hashes_of(size, fetch)
    assert [leaf_hash(commit(one)) for one in opened] == [
        read(0, at) for at in range(size)
    ]
    if old is not None:
        proof = consistency_proof(old.size, size, read)
        new = signed.checkpoint
        verify_consistency(old.size, old.root, new.size, new.root, proof)
    return size


def fails(log: LogFolder, several: list[Opening]) -> bool:
    """Append, and tell whether the log says that it does not know."""
    try:
        log.append(several)
    except UnavailableError as error:
        return error.code == "log-unsure"
    return False


def go_on(folder: Path, size: int) -> None:
    """Append what is missing, and check again."""
    with open_log(folder, BY) as log:
        log.append(openings(size, BEFORE + MORE + 10 - size))
    check(folder, {BEFORE + MORE + 10})
    with open_log(folder, BY) as log:
        assert list(log.openings(0, log.size)) == openings(0, BEFORE + MORE + 10)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the log that all begin with."""
    folder = tmp_path_factory.mktemp("begun") / "log"
    start(folder)
    return folder


def checkpoint_of(folder: Path) -> Checkpoint:
    """Return what a log says of itself."""
    note = read_file(folder / "public" / "checkpoint")
    return read_checkpoint(note, BY.public()).checkpoint


@pytest.fixture
def copy(begun: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return shutil.copytree(begun, tmp_path / "log")


def test_killed_between_any_two_writes_and_in_their_middle(tmp_path):
    """Each copy is whole, with all or nothing of the append, and goes on."""
    subprocess.run(
        (sys.executable, "-m", "tests.proof.faults", tmp_path),
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    old = checkpoint_of(tmp_path / "start")
    sizes: dict[str, int] = {}
    for folder in tmp_path.iterdir():
        sizes[folder.name] = check(folder, {BEFORE, BEFORE + MORE}, old)
    assert set(sizes.values()) == {BEFORE, BEFORE + MORE}
    assert sum(name.startswith("before") for name in sizes) > 25
    assert sum(name.startswith("middle") for name in sizes) > 8
    for name in sorted(sizes)[::7]:
        go_on(tmp_path / name, sizes[name])


@pytest.mark.parametrize("how", ["nothing", "half", "stored"])
def test_every_write_failed_and_failed_but_stored(begun, tmp_path, how):
    """The log says that it does not know, takes nothing more, and is whole again."""
    old = checkpoint_of(begun)
    at, failed, seen = 0, 0, set()
    while True:
        folder = shutil.copytree(begun, tmp_path / f"{at}")
        disk = Failing(at, how)
        with open_log(folder, BY, disk=disk) as log:
            if not fails(log, openings(BEFORE, MORE)):
                if disk.done <= at:
                    break
            else:
                failed += 1
                assert fails(log, openings(0, 1))
        size = check(folder, {BEFORE, BEFORE + MORE}, old)
        seen.add(size)
        if not at % 9:
            go_on(folder, size)
        shutil.rmtree(folder)
        at += 1
    assert failed > (8 if how == "half" else 25)
    assert seen == {BEFORE, BEFORE + MORE} or how == "half"


def test_a_power_cut_loses_no_name_that_counts(begun, tmp_path):
    """Whatever was not synced is as it was before, and the log is whole."""
    old = checkpoint_of(begun)
    at = 0
    while True:
        folder = shutil.copytree(begun, tmp_path / f"{at}")
        disk = Powerless(at)
        try:
            append(folder, disk)
            break
        except PowerCutError:
            disk.lose()
        check(folder, {BEFORE, BEFORE + MORE}, old)
        at += 1
    assert at > 25


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_a_log_is_the_same_however_it_was_appended_to(tmp_path_factory, steps):
    """In one step or in many: the same root, openings and tiles that are served."""
    folder = tmp_path_factory.mktemp("steps") / "log"
    create_log(folder, BY)
    size = 0
    for step in steps:
        with open_log(folder, BY) as log:
            places = log.append(iter(openings(size, step)))
            assert places == range(size, size + step)
        size += step
    check(folder, {size})
    hashes = [leaf_hash(commit(one)) for one in openings(0, size)]
    root = tree_root(
        size,
        lambda level, index: _whole(hashes[index << level : (index + 1) << level]),
    )
    assert checkpoint_of(folder).root == (root if size else EMPTY_ROOT)


def _whole(hashes: list[bytes]) -> bytes:
    from tallystick.proof.tiles import fold

    return fold(hashes)


def test_parts_of_full_tiles_are_taken_away(copy):
    """What a full tile holds is not kept twice."""
    with open_log(copy, BY) as log:
        log.append(openings(BEFORE, MORE))
    parts = {str(one.relative_to(copy / "public")) for one in copy.rglob("*.p/*")}
    assert parts == {"tile/0/001.p/14", "tile/1/000.p/1", "tile/entries/001.p/14"}


def rolled_back(copy: Path, how: str) -> None:
    """Let files be older, or lost, or changed."""
    newer = copy.with_name("newer")
    shutil.copytree(copy, newer)
    with open_log(newer, BY) as log:
        log.append(openings(BEFORE, MORE))
    if how == "private":
        shutil.rmtree(copy / "public")
        shutil.copytree(newer / "public", copy / "public")
    elif how == "tiles":
        shutil.copytree(newer / "private", copy / "private", dirs_exist_ok=True)
    elif how == "lost":
        shutil.rmtree(copy / "public" / "tile")
    elif how == "openings":
        shutil.rmtree(copy / "private" / "openings")
    elif how == "changed":
        tile = copy / "public" / "tile" / "0" / "000.p" / "250"
        tile.write_bytes(bytes(len(tile.read_bytes())))


@pytest.mark.parametrize("how", ["private", "tiles", "lost", "openings", "changed"])
def test_a_log_notices_its_own_rollback(copy, how):
    """It refuses to go on, in a sentence, and changes nothing."""
    rolled_back(copy, how)
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(TallystickError) as caught, open_log(copy, BY):
        pass
    assert caught.value.code == "log-own-rollback"
    assert "Restore the newest copy" in str(caught.value)
    after = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert {**before, copy / "private" / "lock": b""} == after


def test_a_log_is_begun_once_and_by_its_own_key(copy, tmp_path):
    """Neither anew, nor with another's key, nor where there is none, nor by two."""
    with pytest.raises(RefusedError, match="already"):
        create_log(copy, BY)
    with pytest.raises(TallystickError, match="not signed by RU"), open_log(copy, RU):
        pass
    with (
        pytest.raises(UnavailableError, match="no log"),
        open_log(tmp_path / "none", BY),
    ):
        pass
    with (
        open_log(copy, BY),
        pytest.raises(UnavailableError, match="Another"),
        open_log(copy, BY),
    ):
        pass
    create_log(tmp_path / "own", BY)
    assert checkpoint_of(tmp_path / "own").origin == origin_of(BY.public())


def test_a_bundle_is_made_under_the_newest_cosigned_checkpoint(copy):
    """Also when the log has grown since; what came later stands unwitnessed."""
    with open_log(copy, BY) as log:
        note = log.signed.note
        lines = cosign(log.signed.checkpoint.text, RU, at_s=NOW_S).line().encode()
        signed = read_checkpoint(note + lines, BY.public(), [RU.public()])
        log.keep_cosigned(signed)
        assert (copy / "public" / "checkpoint").read_bytes() == note + lines
        log.append(openings(BEFORE, MORE))
        witnessed = log.part([3, 249], [RU.public()])
        later = log.part([3, 260], [RU.public()])
        plain = log.part([3], [])
        with pytest.raises(RefusedError, match="entries 0 to 269"):
            log.part([270], [])
    bundle = make_bundle([BY.public(), RU.public()], [witnessed])
    (proven,) = verify_bundle(bundle).logs
    assert proven.signed.checkpoint.size == BEFORE
    assert dict(proven.signed.seen) == {"RU": NOW_S}
    assert [one.opening for one in proven.entries] == [
        *openings(3, 1),
        *openings(249, 1),
    ]
    for part in (later, plain):
        (proven,) = verify_bundle(make_bundle([BY.public()], [part])).logs
        assert proven.signed.checkpoint.size == BEFORE + MORE
        assert not proven.signed.seen


def test_only_commitments_are_served(copy):
    """No content and no salt in any public file; openings are closed to others."""
    secret = Opening(kind="case", salt=b"salt" * 8, content="375291234567 Aleksandr")
    with open_log(copy, BY) as log:
        log.append([secret])
    for path in (copy / "public").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"37529" not in data
            assert b"Aleks" not in data
            assert b"saltsalt" not in data
    assert (copy / "private").stat().st_mode & 0o077 == 0
