"""`tally cases`: two parties, two stores, one case from a result to its end."""

import json
import os

import pytest
from typer.testing import CliRunner

from tallystick.blinding import agree, new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.blinding.keyfile import write_channel, write_private_key
from tallystick.cases.course import Terms
from tallystick.cases.key import case_secret
from tallystick.cases.reference import make_reference
from tallystick.cli import make_app
from tallystick.model import TallystickError
from tallystick.proof import signing_key
from tallystick.store import StatementBook, open_store
from tallystick.store.cases import CaseDesk, ObjectionBook, ObjectionRow

from .simulated import day

RUN = CliRunner()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with a result, two keys and their channel."""
    folder = day(tmp_path_factory.mktemp("place"))
    keys = {party: new_private_key(party, draw=os.urandom) for party in ("BY", "RU")}
    for party, key in keys.items():
        write_private_key(folder / f"{party}.key", key)
    one, other = (key.public() for key in keys.values())
    write_channel(folder / "channel.toml", channel_between(one, other))
    return folder, keys


class Side:
    """One party at its terminal."""

    def __init__(self, folder, party, keys):
        self.folder, self.party, self.keys = folder, party, keys
        self.url = f"sqlite:///{folder}/{party}.db"
        (other,) = {"BY", "RU"} - {party}
        agreement = agree(keys[party], keys[other].public())
        self.channel, self.secret = agreement.identifier, case_secret(agreement)

    def tally(self, command, *more):
        """Run a command of `tally cases`; return what it says."""
        given = ["cases", command, *more, "--store", self.url]
        given += ["--channel", str(self.folder / "channel.toml")]
        if command != "list":
            given += ["--key", str(self.folder / f"{self.party}.key")]
        result = RUN.invoke(make_app(), given, catch_exceptions=True)
        if result.exception is not None:
            raise result.exception
        return result.output

    def hear(self, other):
        """Take what the other side has not sent yet."""
        theirs, own = open_store(other.url), open_store(self.url)
        desk = CaseDesk(
            store=own,
            channel=self.channel,
            parties=("BY", "RU"),
            secret=self.secret,
            terms=Terms(),
        )
        book = StatementBook(theirs, self.channel)
        keys = [signing_key(key).public() for key in self.keys.values()]
        for kept in book.unsent():
            desk.hear(kept.note, keys=keys, now_ms=kept.at_ms + 1)
            book.mark_sent(kept.id, now_ms=kept.at_ms + 1)
        theirs.close()
        own.close()


def test_a_case_from_the_result_to_its_end(place, tmp_path):
    """Import, ask, open, answer, decide, close: read the same on both sides."""
    folder, keys = place
    by, ru = (Side(folder, party, keys) for party in ("BY", "RU"))
    for side in (by, ru):
        told = side.tally("import", str(folder / "result"), "--departure", "BY")
        assert "nothing is claimed of them" in told
    again = by.tally("import", str(folder / "result"), "--departure", "BY")
    assert again.startswith("0 crossings taken in, ")
    listed = json.loads(by.tally("list", "--kind", "phantom-route", "--json"))
    name = listed["cases"][0]["id"]
    assert name in ru.tally("list", "--kind", "phantom-route")

    assert "may be asked of peer: any-arrival" in by.tally("show", name)
    by.tally("ask", name, "--question", "any-arrival", "--crossings", "3")
    ru.hear(by)
    assert "turn of RU until" in ru.tally("show", name)
    by.tally("open", name)
    ru.tally("answer", name, "confirmed", "--text", "Nothing arrived.")
    by.hear(ru)
    by.tally("decide", name, "confirmed")
    ru.hear(by)
    ru.tally("close", name, "--text", "The route is closed.")
    by.hear(ru)
    for side in (by, ru):
        shown = side.tally("show", name)
        assert "state: done" in shown
        assert "outcome: confirmed" in shown
        assert "opened by BY: 3" in shown
        assert "passed over" not in shown

    by.tally("export", name, "--out", str(tmp_path / "case.json"))
    dossier = json.loads((tmp_path / "case.json").read_text(encoding="utf-8"))
    assert dossier["format"] == "tallystick-case/1"
    assert len(dossier["statements"]) == len(dossier["state"]["steps"]) == 6
    assert len(dossier["crossings"]) == dossier["case"]["crossings"]
    for suffix in ("xlsx",):
        by.tally("export", name, "--out", str(tmp_path / f"case.{suffix}"))
    for suffix in ("txt", "docx", "pdf"):
        out = tmp_path / f"letter.{suffix}"
        by.tally("letter", name, "--language", "be", "--out", str(out))
        assert out.stat().st_size > 200


def test_an_objection_at_the_terminal(place):
    """By the reference the caller was given, typed as people type."""
    folder, keys = place
    ru = Side(folder, "RU", keys)
    reference = make_reference(ru.secret, "call-1")
    opened = open_store(ru.url)
    ObjectionBook(opened, ru.channel).give(
        ObjectionRow(
            reference=reference,
            verdict="call-1",
            action="mask",
            rule="missing",
            verdict_ms=1,
        )
    )
    opened.close()
    ru.tally("object", reference.lower())
    ru.tally("ask", reference, "--question", "was-sent")
    assert "state: asked" in ru.tally("show", reference)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["show", "0123456789ABCDEF"], "case-unknown"),
        (["show", "K7QF-2M9X-T4CW"], "reference"),
        (["answer", "0123456789ABCDEF", "confirmed"], "case-step"),
        (["explain", "--why", "x"], "case-lawful"),
        (["explain", "--why", "x", "--carrier", "Elm", "--until", "x"], "case-date"),
        (["show", "0123456789ABCDEF", "--days", "ask=x"], "case-days"),
        (["import", "/nowhere", "--departure", "BY"], "case-result"),
        (["import", "/nowhere", "--departure", "KZ"], "case-party"),
        (["letter", "0123456789ABCDEF", "--out", "x.odt"], "case-suffix"),
        (["export", "0123456789ABCDEF", "--out", "x.odt"], "case-suffix"),
    ],
)
def test_what_cannot_be_done_is_said(place, command, code):
    """With a code that the reference of errors explains."""
    with pytest.raises(TallystickError) as caught:
        Side(*place[:1], "BY", place[1]).tally(*command)
    assert caught.value.code == code
