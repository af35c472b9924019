"""Two offices keep logs that the other watches, and show a third party their cases.

Each office and each witness is a process of its own; the bundle is looked at as another
account that has nothing but the file.
"""

import json
import re
import signal
from collections import Counter

import pytest

from cli.told import tally
from proof.test_program import as_stranger
from store.simulated import day
from tallystick.model import TallystickError
from tallystick.proof import signing_fingerprint, signing_key, verify_bundle
from tallystick.store import open_store
from tallystick.store.log import open_log, ref_of
from tallystick.store.logged import LoggedBook, LogStanding

from .test_two_offices import both, draft
from .two import Party, two, until


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory):
    with two(tmp_path_factory.mktemp("offices"), logs=True) as pair:
        yield pair


def standing(one: Party) -> LogStanding:
    """Return how a party's log stands, as its console would read it."""
    store = open_store(one.url)
    try:
        book = LoggedBook(store, _channel(one))
        found = book.standing() or LogStanding()
        assert not found.stopped, found
        if book.count_unlogged(found.log):
            return LogStanding(log=found.log, waiting=1)
        return found
    finally:
        store.close()


def _channel(one: Party) -> str:
    from tallystick.blinding.channel import channel_between

    return channel_between(one.key.public(), one.peer.key.public()).identifier


def settled(*parties: Party) -> None:
    """Wait until everything is logged and cosigned."""
    for one in parties:
        until(
            lambda one=one: standing(one),
            lambda found: 0 < found.size == found.cosigned and not found.waiting,
        )


def bundled(one: Party, name: str, *more: str):
    """Ask for the bundle of a case; return how the command ended."""
    given = ("--store", one.url, "--channel", "channel.toml", "--key", "own.key")
    given += ("--peer-key", one.peer.line, "--log", "log", "--out", f"{name}.json")
    return tally("cases", "bundle", name, *given, *more, folder=one.folder)


@pytest.fixture(scope="module")
def case(offices, tmp_path_factory) -> str:
    """Return the name of a case that both carried to its end, under an agreement."""
    by, ru = offices
    draft(by, ru)
    by.agrees("propose", "draft.toml")
    until(ru.agreement, lambda said: "to-sign" in said)
    by.agrees("sign")
    until(ru.agreement, lambda said: "waits: the signature of RU" in said)
    ru.agrees("sign")
    both(offices, "missing                  mask    live")
    result = day(tmp_path_factory.mktemp("day")) / "result"
    for one in offices:
        one.cases("import", str(result), "--departure", "BY")
    listed = json.loads(by.cases("list", "--kind", "stretched-trunk", "--json"))
    name = listed["cases"][0]["id"]
    by.cases("ask", name, "--question", "as-answered", "--crossings", "3")
    until(lambda: ru.case(name), lambda said: "turn of RU until" in said)
    by.cases("open", name)
    until(lambda: ru.case(name), lambda said: "opened by BY: 3" in said)
    # The keeper is killed while more is said; it goes on where it was ended.
    assert by.end(signal.SIGKILL) == -signal.SIGKILL
    ru.cases("open", name)
    ru.cases("answer", name, "confirmed", "--text", "Ring +7 495 123-45-67 for more.")
    by.open()
    until(lambda: by.case(name), lambda said: "state: answered" in said)
    by.cases("decide", name, "confirmed")
    until(lambda: ru.case(name), lambda said: "outcome: confirmed" in said)
    ru.cases("close", name)
    until(lambda: by.case(name), lambda said: "state: done" in said)
    settled(by, ru)
    return name


def test_both_show_the_same_case_to_a_stranger(offices, case):
    """The whole story in order, the rule in force with its law, numbers hidden."""
    stories = []
    for one in offices:
        done = bundled(one, case)
        assert done.status == 0, done.err
        told = as_stranger(one.folder / f"{case}.json")
        story, _, rest = told.partition("Log tallystick/log/")
        stories.append(story.partition("\n\n")[2])
        assert f"{one.peer.party} saw this state of it by 2" in rest
        for party in offices:
            assert signing_fingerprint(signing_key(party.key).public()) in rest
        assert rest.count("not compared") == 2
    said = stories[0]
    assert stories == [said, said]
    steps = ["BY raised it", "BY asked RU: as-answered, of 3", "BY opened its halves"]
    steps += ["RU opened its halves of 3", "RU answered: confirmed.", "BY decided"]
    steps += ["RU said that it is closed"]
    places = [said.index(one) for one in steps]
    assert places == sorted(places)
    assert said.count("departure of BY: record") == 3
    assert said.count("arrival of RU: record") == 3
    assert "It stands: done, outcome confirmed." in said
    assert re.search(r"In force at .*: by-ru-calls, version 1, signed by BY on", said)
    assert re.search(r"    missing +mask +live  \S+", said)
    assert "+74951****67" in said
    assert not re.search(r"(calling|called) \+?\d{7}", said)


def test_numbers_are_shown_to_whoever_asks(offices, case):
    """They are in the bundle because both opened them."""
    by, _ = offices
    assert bundled(by, case).status == 0
    path = str(by.folder / f"{case}.json")
    told = by.does("proof", "verify", path, "--show-numbers")
    assert "+7 495 123-45-67" in told
    assert "+74951****67" not in told


def test_a_changed_byte_is_refused(offices, case):
    """Wherever it lies."""
    by, _ = offices
    assert bundled(by, case).status == 0
    path = by.folder / f"{case}.json"
    whole = path.read_bytes()
    for at in range(100, len(whole), len(whole) // 60):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1
        with pytest.raises(TallystickError):
            verify_bundle(bytes(spoilt))
    path.write_bytes(bytes(spoilt))
    done = tally("proof", "verify", str(path), folder=by.folder)
    assert done.status != 0
    assert "Traceback" not in done.err


def test_every_statement_is_in_both_logs_once(offices, case):
    """After a kill; and what is served holds nothing of it."""
    for one in offices:
        store = open_store(one.url)
        statements = {
            kept.id
            for room in ("agreement/", "case/", "objection/")
            for about in _book(one, store).in_room(room)
            for kept in _book(one, store).about(about)
        }
        store.close()
        with open_log(one.folder / "log", signing_key(one.key)) as log:
            openings = list(log.openings(0, log.size))
        assert Counter(map(ref_of, openings)) == Counter(statements)
        secrets = [case.encode(), b"4951234567", b"123-45-67", _channel(one).encode()]
        secrets += [opening.salt for opening in openings]
        for path in (one.folder / "log/public").rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            assert not [secret for secret in secrets if secret in data], path
        told = one.does("proof", "log", "show", "log", "--own", "own.key")
        kinds = Counter(opening.kind for opening in openings)
        for kind in ("agreement", "case"):
            assert re.search(rf"  +{kinds[kind]}  {kind} ", told)


def _book(one: Party, store):
    from tallystick.store import StatementBook

    return StatementBook(store, _channel(one))


def test_what_is_not_cosigned_yet_is_said(offices, case):
    """No half bundle, unless it is asked for; then it says what it does not prove."""
    by, ru = offices
    ru.sleeps()
    listed = json.loads(by.cases("list", "--kind", "phantom-route", "--json"))
    name = listed["cases"][0]["id"]
    assert name != case
    done = bundled(by, name)
    assert "Nothing was said about a case" in done.err
    by.cases("ask", name, "--question", "any-arrival", "--crossings", "3")
    until(lambda: standing(by), lambda found: found.size and not found.waiting)
    done = bundled(by, name)
    assert done.status != 0
    assert "RU has cosigned" in done.err
    assert not (by.folder / f"{name}.json").exists()
    done = bundled(by, name, "--without-cosignature")
    assert done.status == 0, done.err
    assert "No witness has cosigned" in as_stranger(by.folder / f"{name}.json")
    ru.watches()
    settled(by)
    assert bundled(by, name).status == 0


def test_a_log_that_the_peer_saw_otherwise_stops(offices, case, tmp_path):
    """Last of all: somebody writes with a copied folder, and the office stops."""
    by, _ = offices
    del case
    import shutil

    settled(by)
    shutil.copytree(by.folder / "log", tmp_path / "copy")
    (tmp_path / "x.json").write_text("{}")
    key = ("--own", str(by.folder / "own.key"))
    copy = str(tmp_path / "copy")
    by.does(
        "proof", "log", "append", copy, str(tmp_path / "x.json"), *key, "--kind", "case"
    )
    peer = ("--witness", f"http://127.0.0.1:{by.peer.watch_port}")
    by.does("proof", "log", "cosign", copy, *key, *peer, "--key", by.peer.line)
    listed = json.loads(by.cases("list", "--kind", "phantom-route", "--json"))
    by.cases("ask", listed["cases"][1]["id"], "--question", "any-arrival")
    shown = ("proof", "log", "show", "log", "--own", "own.key")
    until(lambda: by.does(*shown), lambda said: "It has stopped:" in said)
    assert "another history" in by.does(*shown)
    before = (by.folder / "log/public/checkpoint").read_bytes()
    done = tally(
        *("proof", "log", "append", "log", str(tmp_path / "x.json")),
        *("--own", "own.key", "--kind", "case"),
        folder=by.folder,
    )
    assert "Nothing is appended to this log any more" in done.err
    assert (by.folder / "log/public/checkpoint").read_bytes() == before
    # People let it go on without putting anything right: it stops again.
    told = by.does("proof", "log", "resume", "log", "--own", "own.key")
    assert "It had stopped: RU has seen another history" in told
    until(lambda: by.does(*shown), lambda said: "It has stopped:" in said)
    assert (by.folder / "log/public/checkpoint").read_bytes() == before
