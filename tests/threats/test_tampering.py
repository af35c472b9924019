"""Somebody who rewrites what was signed or logged: by the commands that people use."""

import shutil
from pathlib import Path

import pytest

from agreement.test_book import Side, carry, sides
from proof.test_program import running
from tallystick.node.kept.book import open_book

__all__ = ["sides"]

LATER_MS = 4_000_000_000_000


def does(side: Side, *words: object) -> str:
    """Run a command that must succeed."""
    done = side.run(*map(str, words))
    assert done.status == 0, done.err
    return done.out


def refused(side: Side, *words: object) -> str:
    """Run a command that must be refused, without a traceback; return the sentence."""
    done = side.run(*map(str, words))
    assert done.status == 2
    assert "Traceback" not in done.err
    return done.err


def kept(side: Side, kind: str) -> Path:
    """Return the file of the statement of a kind in a side's book."""
    (found,) = (side.folder / "book").glob(f"*-{kind}-*")
    return found


@pytest.fixture
def logged(sides) -> tuple[Side, Side]:
    """Return two parties, the first of which has logged a proposal."""
    by, ru = sides
    by.says("propose", "draft.toml")
    does(by, "proof", "log", "init", "log", "--own", "own.key")
    log(by, kept(by, "proposed"))
    for one in sides:
        (one.folder / "own.v").write_text(one.line, encoding="ascii")
    return by, ru


def log(side: Side, path: Path, folder: str = "log") -> None:
    """Log a statement."""
    own = ("--own", "own.key", "--kind", "agreement")
    does(side, "proof", "log", "append", folder, path, *own)


def test_a_changed_leaf_is_noticed(logged):
    """By one bit, whoever audits."""
    by, ru = logged
    log(by, kept(by, "proposed"))
    (tile,) = (by.folder / "log/public/tile/entries").glob("000.p/2")
    spoilt = bytearray(tile.read_bytes())
    spoilt[-1] ^= 1
    tile.write_bytes(spoilt)
    said = refused(ru, "proof", "audit", by.folder / "log")
    assert "whose hash is not that of the log: it was changed" in said


def test_a_forked_log_is_not_cosigned(logged):
    """Two histories under one name: the witness has seen the other, and keeps both."""
    by, ru = logged
    shutil.copytree(by.folder / "log", by.folder / "fork")
    by.says("comment", "One history.")
    by.says("suspend", "--why", "Another history.")
    log(by, kept(by, "commented"))
    log(by, kept(by, "suspended"), "fork")
    words = ("proof", "witness", ru.folder / "seen", "--own", ru.folder / "own.key")
    told = ("--log", by.folder / "own.v", "--listen", "127.0.0.1:0")
    with running(*words, *told) as url:
        to = ("--own", "own.key", "--witness", url, "--key", ru.folder / "own.v")
        does(by, "proof", "log", "cosign", "log", *to)
        said = refused(by, "proof", "log", "cosign", "fork", *to)
    assert "has seen another history of this log" in said
    evidence = (ru.folder / "seen" / "evidence").rglob("*-*")
    assert {one.name.rpartition("-")[2] for one in evidence} == {"seen", "shown"}


def test_a_replayed_signature_signs_nothing_else(sides):
    """That of one text under another; the same once more; that of another agreement."""
    by, ru = sides
    by.says("propose", "draft.toml")
    (first,) = digests(by)
    carry(by, ru)
    ru.says("sign")
    carry(ru, by)
    note = kept(by, "signed")
    # Laid into the book again under another name, it counts once.
    again = note.with_name(f"0{note.name}")
    shutil.copy(note, again)
    assert by.does("show").count("signed by RU") == 1
    again.unlink()
    # A changed draft is another text, which RU has not signed.
    draft = by.folder / "draft.toml"
    text = draft.read_text(encoding="utf-8")
    draft.write_text(text.replace("grace_ms = 250", "grace_ms = 200"), encoding="utf-8")
    by.says("propose", "draft.toml")
    assert by.does("show").count("signed by RU") == 1
    (second,) = set(digests(by)) - {first}
    moved = note.read_text("utf-8").replace(first, second)
    again.write_text(moved, encoding="utf-8")
    assert "changed after RU had signed it" in refused(by, "agreement", "show")


def digests(side: Side) -> list[str]:
    """Return the digests of all texts in a book."""
    return [one.digest for one in open_book(side.folder / "book").life().versions]


def test_a_rule_with_one_signature_does_nothing(sides):
    """However long one waits; a node that reads the book keeps to its default."""
    by, ru = sides
    by.says("propose", "draft.toml")
    by.says("sign")
    carry(by, ru)
    for side in sides:
        shown = side.does("show")
        assert "in force: nothing" in shown
        assert "waits: the signature of RU" in shown
        life = open_book(side.folder / "book").life()
        assert life.obeyed(LATER_MS) is None
    ru.says("sign")
    assert open_book(ru.folder / "book").life().obeyed(LATER_MS) is not None


def test_an_agreement_edited_after_signing_is_refused(sides):
    """Where it is kept, and where it is brought."""
    by, ru = sides
    by.says("propose", "draft.toml")
    by.says("sign")
    carry(by, ru)
    ru.says("sign")
    note = kept(ru, "proposed")
    whole = note.read_text("utf-8")
    edited = whole.replace("grace_ms = 250", "grace_ms = 900")
    assert edited != whole
    note.write_text(edited, encoding="utf-8")
    assert "changed after BY had signed it" in refused(ru, "agreement", "show")
    assert "changed after BY had signed it" in refused(by, "agreement", "import", note)


def test_a_bundle_with_one_byte_changed_is_refused(logged):
    """By a sentence, whoever reads it."""
    by, ru = logged
    own = ("--own", "own.key", "--entry", "0", "--out", "bundle.json")
    does(by, "proof", "bundle", "log", *own)
    bundle = by.folder / "bundle.json"
    assert "Signed by BY" in does(ru, "proof", "verify", bundle)
    whole = bundle.read_bytes()
    for at in range(7, len(whole), len(whole) // 40):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1
        bundle.write_bytes(spoilt)
        assert refused(ru, "proof", "verify", bundle).startswith("tally: ")
