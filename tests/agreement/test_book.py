"""Two people with memory sticks: an agreement from a draft to its end, by commands."""

import re
from pathlib import Path

import pytest

from cli.told import Told, tally


class Side:
    """One party at its own machine, with its own key and book."""

    def __init__(self, party: str, folder: Path) -> None:
        """Make its key."""
        self.party, self.folder = party, folder
        folder.mkdir()
        made = self.keys("new", "--party", party, "--out", "own.key")
        (folder / "own.pub").write_text(made.out, encoding="ascii")
        self.line = self.run("node", "signing-key", "own.key").out.strip()

    def run(self, *words: str) -> Told:
        """Run a command where this party works."""
        return tally(*words, folder=self.folder)

    def keys(self, *words: str) -> Told:
        """Run a command about keys."""
        return self.run("keys", *words)

    def does(self, *words: str) -> str:
        """Run a command about the agreement that must succeed."""
        done = self.run("agreement", *words)
        assert done.status == 0, done.err
        return done.out

    def says(self, *words: str) -> str:
        """Say something with this party's key."""
        return self.does(*words, "--own", "own.key")

    def may_not(self, *words: str) -> str:
        """Run a command that must be refused; return the sentence."""
        done = self.run("agreement", *words)
        assert done.status == 2
        return done.err


@pytest.fixture
def sides(tmp_path) -> tuple[Side, Side]:
    """Return two parties and a draft at the first one's."""
    by, ru = Side("BY", tmp_path / "by"), Side("RU", tmp_path / "ru")
    pub = (ru.folder / "own.pub").read_text(encoding="ascii")
    (by.folder / "ru.pub").write_text(pub, encoding="ascii")
    by.keys("agree", "--own", "own.key", "--peer", "ru.pub", "--out", "channel.toml")
    by.does(
        *("new", "--party", by.line, "--party", ru.line, "--from", "bilateral"),
        *("--channel", "channel.toml", "--first-day", "2026-01-01"),
        *("--out", "draft.toml"),
    )
    draft = by.folder / "draft.toml"
    made = draft.read_text(encoding="utf-8").replace('"dry-run"', '"live"')
    made = made.replace("consultation_days = 30", "consultation_days = 0")
    draft.write_text(made, encoding="utf-8")
    return by, ru


def carry(one: Side, other: Side) -> None:
    """Take a stick from one to the other."""
    stick = one.folder.parent / "stick"
    one.does("export", str(stick))
    other.does("import", str(stick))


def test_what_is_allowed_and_perhaps_not_meant_is_said(sides):
    """A text is good, but deletes what a report or a case needs."""
    by, _ = sides
    assert "think over" not in by.does("check", "draft.toml")
    draft = by.folder / "draft.toml"
    made = draft.read_text(encoding="utf-8")
    made = re.sub(r"verdicts_days = \d+", "verdicts_days = 37", made)
    made = re.sub(r"statements_days = \d+", "statements_days = 400", made)
    draft.write_text(made, encoding="utf-8")
    said = by.does("check", "draft.toml")
    assert "verdicts_days is 37" in said
    assert "; 38 keeps it." in said
    assert "before the 1825 days" in said


def test_an_agreement_lives_on_two_machines(sides):
    """Proposed, objected to, answered, signed, suspended, resumed, withdrawn."""
    by, ru = sides
    assert "12 rules" not in by.does("check", "draft.toml")
    assert "Compare by telephone" in by.says("propose", "draft.toml")
    by.says("object", "missing", "Roamers?", "--from", "Association of operators")
    refused = by.may_not("sign", "--own", "own.key")
    assert "signed while an objection had no answer" in refused
    carry(by, ru)
    shown = ru.does("show")
    ident = re.search(r"objection (\w+) to missing by Association", shown)[1]
    ru.says("answer", ident, "They keep their half.")
    ru.says("comment", "Thank you.", "--rule", "missing")
    ru.says("sign")
    carry(ru, by)
    assert "waits: the signature of BY" in by.does("show")
    assert "missing                  mask    live" in by.says("sign")
    carry(by, ru)
    assert ru.does("show").splitlines()[1:] == by.does("show").splitlines()[1:]
    assert "missing                  mask    suspended" in ru.says(
        "suspend", "--rule", "missing", "--why", "Too many"
    )
    carry(ru, by)
    assert "mask    suspended" in by.says("resume")
    carry(by, ru)
    assert "mask    live" in ru.says("resume", "--rule", "missing")
    assert "nothing" in ru.does("show", "--at", "2020-01-01")
    carry(ru, by)
    assert "in force: nothing" in by.says("withdraw", "--why", "Replaced")
    carry(by, ru)
    assert "withdrawn  the agreement, by BY: Replaced" in ru.does("show")


def test_a_changed_draft_follows_the_first(sides):
    """It is another text, with signatures of its own."""
    by, _ = sides
    first = re.search(r"text (\w+)", by.says("propose", "draft.toml"))[1]
    draft = by.folder / "draft.toml"
    made = draft.read_text(encoding="utf-8").replace("grace_ms = 250", "grace_ms = 200")
    draft.write_text(made, encoding="utf-8")
    assert by.says("propose", "draft.toml").startswith("amended")
    by.says("sign")
    by.says("sign", "--text", first)
    shown = by.does("show")
    assert shown.count("signed by BY") == 2
    by.says("withdraw", "--text", first, "--why", "Outdated")
    assert f"text {first}" in by.does("show")


def test_a_statement_that_was_changed_is_refused(sides):
    """By one letter, in the book or on the way."""
    by, ru = sides
    by.says("propose", "draft.toml")
    carry(by, ru)
    by.says("sign")
    note = next((by.folder / "book").glob("*-signed-*"))
    spoilt = note.read_bytes().replace(b"by BY", b"by RU")
    note.write_bytes(spoilt)
    assert "changed after BY had signed it" in by.may_not("show")
    assert "changed after BY had signed it" in ru.may_not("import", str(note))
    unsigned = spoilt.replace("— BY".encode(), "— KZ".encode())
    note.write_bytes(unsigned)
    assert "is not signed by RU" in ru.may_not("import", str(note))
    whole = spoilt.replace(b"by RU", b"by BY").replace(b'"digest":"', b'"digest":"0')
    note.write_bytes(whole)
    assert "changed after BY had signed it" in ru.may_not("import", str(note))


def test_what_would_not_count_is_not_said(sides):
    """The sentence says why, and the book stays as it was."""
    by, ru = sides
    by.says("propose", "draft.toml")
    stranger = Side("KZ", by.folder.parent / "kz")
    key = str(stranger.folder / "own.key")
    book = sorted((by.folder / "book").iterdir())
    assert "none of this agreement's" in by.may_not("sign", "--own", key)
    assert "had not been shown" in by.may_not(
        "object", "no-such-rule", "?", "--own", "own.key"
    )
    assert "Nothing of that is suspended" in by.may_not("resume", "--own", "own.key")
    assert "No remark" in by.may_not("answer", "00", "?", "--own", "own.key")
    assert "No text" in by.may_not("sign", "--text", "zz", "--own", "own.key")
    assert sorted((by.folder / "book").iterdir()) == book
    assert "is no book" in ru.may_not("show")
    assert "no book can begin" in ru.may_not("import", str(ru.folder))


def test_mistakes_are_findings(sides):
    """Exit status 1, a line each; a draft is never overwritten."""
    by, ru = sides
    draft = by.folder / "draft.toml"
    made = draft.read_text(encoding="utf-8")
    (by.folder / "bad.toml").write_text(
        made.replace("version = 1", "version = 0").replace('"mask"', '"msk"'),
        encoding="utf-8",
    )
    done = by.run("agreement", "check", "bad.toml")
    assert (done.status, done.out.count("\n")) == (1, 2)
    assert "There are 1 more" in by.may_not("propose", "bad.toml", "--own", "own.key")
    again = ("--party", by.line, "--channel", "5b" * 32, "--out", "draft.toml")
    assert "was left as it is" in by.may_not("new", "--party", ru.line, *again)
    assert "between two parties" in by.may_not("new", "--party", by.line, *again)
    assert draft.read_text(encoding="utf-8") == made


def test_a_book_takes_no_other_agreement(sides):
    """Each has its own folder."""
    by, _ = sides
    by.says("propose", "draft.toml")
    draft = by.folder / "draft.toml"
    made = draft.read_text(encoding="utf-8").replace("by-ru-calls", "another")
    draft.write_text(made, encoding="utf-8")
    refused = by.may_not("propose", "draft.toml", "--own", "own.key")
    assert "book of another agreement" in refused
    by.says("propose", "draft.toml", "--book", "second")
    note = next((by.folder / "second").glob("*.note"))
    assert "about something else" in by.may_not("import", str(note))
