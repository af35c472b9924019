"""The log's page: what it holds, who saw it, and that a spoilt one is noticed."""

import re
from html import unescape

import pytest

from tallystick.console.desk import words
from tallystick.console.pages.log import COUNTED
from tallystick.model import TallystickError
from tallystick.proof import (
    Opening,
    hashes_of,
    obtain,
    origin_of,
    verify_bundle,
)
from tallystick.store.log import WitnessFolder, look_at_log, open_log

from .sides import case_of
from .test_say_agreement import NAME, propose
from .test_say_cases import say
from .world import running

T = words("en")


def fill(two, now_ms):
    """Log what RU proposed and some counts in BY's log; return how many."""
    propose(two, now_ms)
    kept = two.by.statements.about(f"agreement/{NAME}")
    with open_log(two.by.log, two.by.key) as log:
        log.append(
            Opening(kind="counts", salt=bytes([n]) * 32, content=f'{{"n": {n}}}')
            for n in range(60)
        )
        log.append(
            Opening(kind="agreement", salt=bytes(32), content=one.note.decode())
            for one in kept
        )
        return log.size


def witnessed(log, witness, origin, peer):
    """Let a witness cosign a log."""
    signed = obtain(
        lambda body: witness.answer(body, now_s=1_790_000_000)[:2],
        log.signed,
        hashes_of(log.size, log.fetch),
        peer,
        0,
    )
    log.keep_cosigned(signed)
    assert witness.seen(origin).size == log.size


@pytest.fixture
def shown(two, certificate):
    """Return BY's console with a log, and a witness's memory of RU's."""
    witness = two.folder / "witness"
    told = {"party": "BY", "side": two.by, "witness": witness, "log_at": "127.0.0.1:9"}
    with running(two.by.store, *certificate, **told) as world:
        yield world


def test_what_the_log_holds_and_who_saw_it(two, shown):
    """Sizes, kinds that lead to their entries, statements that lead to their page."""
    vera = shown.visitor("vera")
    assert T.say("log.never") in vera.get("/log").text
    size = fill(two, shown.clock.ms)
    origin = origin_of(two.by.key.public())
    theirs = WitnessFolder(
        two.folder / "theirs", two.ru.key, {origin: two.by.key.public()}
    )
    with open_log(two.by.log, two.by.key) as log:
        witnessed(log, theirs, origin, two.by.peer_key)
    ru_origin = origin_of(two.by.peer_key)
    ours = WitnessFolder(
        two.folder / "witness", two.by.key, {ru_origin: two.by.peer_key}
    )
    with open_log(two.ru.log, two.ru.key) as log:
        log.append([Opening(kind="harm", salt=bytes(32), content="{}")])
        witnessed(log, ours, ru_origin, two.by.key.public())
    text = vera.get("/log").text
    figures = re.findall(r'class="figure">([\d,]+)<', text)
    assert figures == [str(size), str(size), "1"]
    assert ru_origin in text
    assert "127.0.0.1:9" in text
    counts = re.findall(r'href="(/log\?kind=\w+)#entries">[^:]+: (\d+)<', text)
    assert counts == [("/log?kind=agreement", "1"), ("/log?kind=counts", "60")]
    for path, n in counts:
        rows = vera.get(path).text.count('<th scope="row" class="n">')
        assert rows == min(50, int(n))
    assert f'href="/agreement/{NAME}"' in vera.get("/log?kind=agreement").text
    assert '"n": 3' not in vera.get("/log?kind=counts").text


def test_one_goes_back_to_the_first_entry(two, shown, monkeypatch):
    """Page by page; of each page no more is read than was said."""
    monkeypatch.setattr("tallystick.console.pages.log.COUNTED", 16)
    monkeypatch.setattr("tallystick.console.pages.log.SHOWN", 10)
    size = fill(two, shown.clock.ms)
    vera = shown.visitor("vera")

    def walk(path):
        while path:
            text = vera.get(path).text
            first, last = map(int, re.search(r"entries (\d+) to (\d+)", text).groups())
            assert last - first < 16
            yield from map(int, re.findall(r'class="n">(\d+)</th>', text))
            older = re.search(r'href="([^"]+)" rel="next"', text)
            path = older and unescape(older[1])

    assert list(walk("/log")) == list(reversed(range(size)))
    assert list(walk("/log?kind=counts")) == list(reversed(range(60)))
    assert list(walk("/log?kind=agreement")) == [size - 1]
    assert 'href="/log?kind=counts&amp;before=20#' in vera.get("/log?before=20").text
    for strange in ("-1", "x", "9" * 20, "\u0661", "99999"):
        assert f"to {size - 1}." in vera.get(f"/log?before={strange}").text
    assert T.say("table.none") in vera.get("/log?before=0").text


def test_a_log_is_checked_and_a_spoilt_one_noticed(two, shown):
    """Nothing is written, and nobody who writes is kept out."""
    size = fill(two, shown.clock.ms)
    anna = shown.visitor("anna", "auditor")
    with open_log(two.by.log, two.by.key):
        anna.get("/log")
        answer = anna.post("/log/check")
    assert T.say("log.checked", n=str(size)) in answer.text
    opening = next((two.by.log / "private" / "openings").rglob("000*"))
    opening.write_bytes(opening.read_bytes().replace(b'{\\"n\\": 7}', b'{\\"n\\": 8}'))
    answer = anna.post("/log/check")
    assert answer.status_code == 422
    assert "Entry 7 is not what it was made of" in answer.text
    tile = next((two.by.log / "public" / "tile" / "0").rglob("*"))
    while tile.is_dir():
        tile = next(tile.iterdir())
    tile.write_bytes(bytes(len(tile.read_bytes())))
    assert anna.post("/log/check").status_code == 422
    (two.by.log / "private" / "signed").write_bytes(b"damaged")
    answer = anna.get("/log")
    assert answer.status_code == 422
    assert "damaged" in answer.text


def test_a_look_at_a_log_that_was_rolled_back(two):
    """What a witness has cosigned is no longer there."""
    origin = origin_of(two.by.key.public())
    theirs = WitnessFolder(
        two.folder / "theirs", two.ru.key, {origin: two.by.key.public()}
    )
    before = (two.by.log / "private" / "signed").read_bytes()
    with open_log(two.by.log, two.by.key) as log:
        log.append([Opening(kind="harm", salt=bytes(32), content="{}")])
        witnessed(log, theirs, origin, two.by.peer_key)
    (two.by.log / "private" / "signed").write_bytes(before)
    look = look_at_log(two.by.log, two.by.key.public(), [two.by.peer_key])
    assert look.size == 0
    with pytest.raises(TallystickError):
        look.check(COUNTED)


def test_the_evidence_of_a_case_is_taken_from_its_page(two, speaking):
    """For a reason, once the log has it and the other side has cosigned it."""
    olga = speaking.visitor("olga", "officer")
    case = case_of(two.by, "Elm")
    say(olga, case, "raised")
    origin = origin_of(two.by.key.public())
    theirs = WitnessFolder(
        two.folder / "theirs", two.ru.key, {origin: two.by.key.public()}
    )
    with open_log(two.by.log, two.by.key) as log:
        log.append(
            Opening(kind="case", salt=bytes(32), content=one.note.decode())
            for one in two.by.statements.about(f"case/{case}")
        )
        witnessed(log, theirs, origin, two.by.peer_key)
    olga.get(f"/cases/{case}")
    form = {"form": "bundle", "why": "for the court"}
    answer = olga.post(f"/cases/{case}/dossier", form)
    assert answer.status_code == 200
    proven = verify_bundle(answer.content)
    said = [one.statement.statement for one in proven.logs[0].entries]
    assert [(one.by, one.kind) for one in said] == [("BY", "raised")]
