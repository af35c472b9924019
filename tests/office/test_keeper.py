"""What must be logged is logged, once, whatever ends the keeper; forks stop it."""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proof.faults import Killed
from stores import new_store
from tallystick.model import RefusedError
from tallystick.proof import SALT_BYTES, Opening
from tallystick.store import open_store
from tallystick.store.log import create_log, open_log, stop_log

from .keeping import BY, CHANNEL, NOW_MS, ORIGIN, RU, EndError, Keeping

ROOMS = {
    "agreement/by-ru": "agreement",
    "case/3F2A": "case",
    "objection/K7QF2M9XT4C3": "case",
    "harm/2026-10": "harm",
    "channel/5b5b5b5b5b5b5b5b": "",
}


@pytest.fixture
def kept(tmp_path: Path):
    store = new_store(tmp_path / "store.db")
    yield Keeping(tmp_path, store)
    store.close()


def test_everything_that_is_said_is_logged_and_cosigned(kept):
    """Of both parties, in every room; what only serves the delivery is not."""
    for number, (about, kind) in enumerate(ROOMS.items()):
        kept.hear(about, kind, key=(BY, RU)[number % 2])
    kept.lay("watermark", "watermark:1")
    keeper = kept.keeper()
    standing = keeper.turn()
    assert kept.logged() == kept.wanted
    assert (standing.size, standing.cosigned, standing.waiting) == (5, 5, 0)
    assert (standing.stopped, standing.trouble) == ("", "")
    assert (standing.log, standing.appended_ms) == (ORIGIN, NOW_MS)
    assert keeper.book.standing() == standing
    assert keeper.book.counts(ORIGIN) == {
        "agreement": 1,
        "case": 2,
        "harm": 1,
        "watermark": 1,
    }
    assert keeper.turn() == standing
    assert not list((kept.folder / "private/waiting").iterdir())


def test_nothing_that_is_said_shows_in_what_is_served(kept):
    """No number, name, salt, identifier of a statement or of the channel."""
    kept.hear("case/3F2A", "case")
    kept.lay("counts", "Aleksandr")
    kept.keeper().turn()
    (said, *_) = kept.statements.about("case/3F2A")
    with open_log(kept.folder, BY) as log:
        salts = [one.salt for one in log.openings(0, log.size)]
    secrets = [b"37529", b"Aleks", b"3F2A", CHANNEL.encode(), said.id.encode(), *salts]
    for path in (kept.folder / "public").rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not [one for one in secrets if one in data], path


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with its tables, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    open_store(f"sqlite:///{path}").close()
    return path


said = st.tuples(st.sampled_from(sorted(ROOMS)), st.sampled_from([BY, RU]))
runs = st.tuples(
    st.lists(said, max_size=3),
    st.lists(st.integers(0, 3), max_size=2),  # what is laid in, some of it twice
    st.integers(0, 40),  # steps until the program ends
    st.sampled_from(["there", "away", "none"]),  # the witness
)


@pytest.mark.property
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(done=st.lists(runs, min_size=2, max_size=4))
def test_everything_is_logged_once_whatever_ends_the_keeper(empty_store, done):
    """Also where the witness is away for a while, and things are laid in twice."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty_store, folder)
        store = open_store(f"sqlite:///{folder}/store.db")
        kept = Keeping(Path(folder), store)
        for abouts, laid, steps, witness in done:
            for about, key in abouts:
                kept.hear(about, ROOMS[about], key=key)
            for number in laid:
                kept.lay("counts", f"counts:{number}")
            kept.away = witness == "away"
            with contextlib.suppress(EndError):
                kept.keeper(steps, is_watched=witness != "none").turn()
        kept.away = False
        standing = kept.keeper().turn()
        store.close()
        assert kept.logged() == kept.wanted
        assert (standing.stopped, standing.trouble) == ("", "")
        assert standing.size == standing.cosigned == kept.wanted.total()


def test_a_keeper_that_is_killed_at_any_step_loses_and_repeats_nothing(tmp_path):
    """By SIGKILL, before each step and in its middle; the next one goes on."""
    start = tmp_path / "start"
    start.mkdir()
    store = open_store(f"sqlite:///{start}/store.db")
    kept = Keeping(start, store)
    for number in range(3):
        kept.hear(f"case/{number}", "case")
    kept.lay("round", "round:1")
    wanted = kept.wanted
    store.close()
    ended = 0
    for middle in (False, True):
        for at in range(0, 24, 2):
            copy = tmp_path / f"{middle}-{at}"
            shutil.copytree(start, copy)
            ended += _killed(copy, Killed(at, middle=middle))
            again = open_store(f"sqlite:///{copy}/store.db")
            there = _at(copy, again)
            there.keeper(is_watched=False).turn()
            assert there.logged() == wanted
            again.close()
    assert ended >= 12


def _at(folder: Path, store) -> Keeping:
    """Return what lies in a folder, without making a log there."""
    found = Keeping.__new__(Keeping)
    found.__dict__ |= {"folder": folder / "log", "store": store, "away": True}
    return found


def _killed(folder: Path, disk) -> bool:
    child = os.fork()
    if not child:
        store = open_store(f"sqlite:///{folder}/store.db")
        keeper = _at(folder, store).keeper(is_watched=False)
        keeper.disk = disk
        keeper.turn()
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_a_log_that_was_rolled_back_stops_before_anything_is_appended(kept):
    """The store knows of more; and so does the witness, where the store is old, too."""
    old = kept.folder.parent / "old"
    kept.hear("case/1", "case")
    kept.keeper().turn()
    shutil.copytree(kept.folder, old)
    kept.hear("case/2", "case")
    kept.keeper().turn()
    shutil.rmtree(kept.folder)
    shutil.copytree(old, kept.folder)
    kept.hear("case/3", "case")
    before = (kept.folder / "public/checkpoint").read_bytes()
    kept.away = True
    standing = kept.keeper().turn()
    assert "an older copy" in standing.stopped
    assert standing.waiting >= 1
    assert (kept.folder / "public/checkpoint").read_bytes() == before
    # Not even after a start, not by hand, and not because the witness is back.
    kept.away = False
    assert "an older copy" in kept.keeper().turn().stopped
    with (
        open_log(kept.folder, BY) as log,
        pytest.raises(RefusedError, match="any more"),
    ):
        log.append([Opening(kind="case", salt=bytes(SALT_BYTES), content="{}")])
    # The store, too, is of the day before: only the witness knows.
    shutil.rmtree(kept.folder)
    shutil.copytree(old, kept.folder)
    store = new_store(kept.folder.parent / "other.db")
    other = _at(kept.folder.parent, store)
    other.seen, other.away = kept.seen, False
    standing = other.keeper().turn()
    assert "RU has seen 2 entries of this log, which has 1" in standing.stopped
    assert (kept.folder / "public/checkpoint").read_bytes() == before
    store.close()


def test_a_forked_log_stops_until_people_have_looked(kept):
    """Somebody wrote with a copied folder, and the peer saw that one."""
    kept.hear("case/1", "case")
    kept.keeper().turn()
    copy = kept.folder.parent / "copy"
    shutil.copytree(kept.folder, copy)
    kept.hear("case/2", "case")
    first = kept.keeper()
    kept.away = True
    first.turn()
    # The other history is shown first.
    stranger = _at(kept.folder.parent, open_store("sqlite://"))
    stranger.folder, stranger.seen, stranger.away = copy, kept.seen, False
    with open_log(copy, BY) as log:
        log.append([Opening(kind="case", salt=bytes(SALT_BYTES), content="{}")])
    assert stranger.keeper().turn().cosigned == 2
    stranger.store.close()
    kept.away = False
    standing = [first.turn() for _ in range(4)][-1]
    assert "another history" in standing.stopped
    assert (standing.size, standing.cosigned) == (2, 1)
    size = standing.size
    kept.hear("case/3", "case")
    standing = first.turn()
    assert (standing.size, standing.waiting) == (size, 1)
    # People let it go on, and it stops again: the peer still saw another history.
    stop_log(kept.folder, "")
    standing = first.turn()
    assert "another history" in standing.stopped
    assert standing.size == size
    assert list((kept.folder.parent / "seen/evidence").rglob("*-shown"))


def test_a_witness_that_is_away_is_asked_again_and_nothing_waits_for_it(kept):
    """What is said is logged meanwhile; the trouble is said, and goes away."""
    kept.away = True
    kept.hear("case/1", "case")
    keeper = kept.keeper()
    standing = keeper.turn()
    assert (standing.size, standing.cosigned) == (1, 0)
    assert "has not cosigned yet" in standing.trouble
    kept.away = False
    for _ in range(3):
        standing = keeper.turn()
    assert (standing.cosigned, standing.trouble) == (1, "")


def test_a_log_that_was_begun_anew_is_noticed_by_the_witness(kept):
    """A lost disk is no reason to forget."""
    kept.hear("case/1", "case")
    kept.keeper().turn()
    shutil.rmtree(kept.folder)
    create_log(kept.folder, BY, origin=ORIGIN)
    store = new_store(kept.folder.parent / "new.db")
    new = _at(kept.folder.parent, store)
    new.seen, new.away = kept.seen, False
    assert "it is an old copy, or has lost its disk" in new.keeper().turn().stopped
    store.close()


def test_what_cannot_be_logged_is_put_aside(kept):
    """It does not keep the others from being logged."""
    kept.lay("round", "round:1")
    waiting = kept.folder / "private/waiting"
    (waiting / "round-x.json").write_bytes(b"\xff")
    (waiting / "gossip-x.json").write_text("{}")
    kept.keeper().turn()
    assert kept.logged() == kept.wanted
    left = sorted(path.name for path in waiting.iterdir())
    assert left == ["gossip-x.json", "round-x.refused"]
