"""A caller objects without an account, and officers of both sides answer."""

import re

import pytest

from stores import new_store
from tallystick.console.desk import words
from tallystick.console.people.rights import RIGHTS
from tallystick.report.texts import LANGUAGES
from tallystick.store import StatementBook

from .redress import carry, give, sides
from .world import SESSION, running

EN = words("en")
SAID = "I called my mother on 2026-11-22 at 15:30 and was refused."


@pytest.fixture
def both(store, tmp_path):
    """Return the sides of BY and RU."""
    other = new_store(tmp_path / "peer.db")
    yield sides(store, other)
    other.close()


@pytest.fixture
def world(store, certificate, both):
    """Return BY's console, which can say something."""
    with running(store, *certificate, party="BY", side=both[0]) as world:
        yield world


def test_a_caller_objects_and_both_sides_carry_it_to_its_end(world, both, certificate):
    """Received, asked, answered, decided, told: each page says the same."""
    by, ru = both
    reference = give(by, "call-1")
    caller = world.guest()
    page = caller.get(f"/objection/{reference}")
    assert reference in page.text
    assert EN.say("objection.send") in page.text
    form = {"reference": reference.lower().replace("-", " "), "text": SAID}
    caller.post("/objection", form)
    assert caller.page.headers["location"] == f"/objection/{reference}"
    assert EN.say("objection.under_way") in caller.get(f"/objection/{reference}").text
    assert SAID not in caller.page.text
    carry(by, ru, now_ms=world.clock.ms)

    officer = world.visitor("olga", "officer")
    assert reference in officer.get("/objections").text
    page = officer.get(f"/objections/{reference}").text
    assert SAID in page
    assert "call-1" not in page
    officer.post(f"/objections/{reference}/say", {"kind": "asked", "text": "Look."})
    assert officer.page.status_code == 303, officer.page.text
    carry(by, ru, now_ms=world.clock.ms)
    told = {"party": "RU", "side": ru, "now_ms": world.clock}
    with running(ru.store, *certificate, **told) as theirs:
        other = theirs.visitor("oleg", "officer")
        page = other.get(f"/objections/{reference}").text
        assert EN.say("objections.theirs") in page
        other.post(
            f"/objections/{reference}/say",
            {"kind": "answered", "choice": "explained", "text": "It left here."},
        )
        assert other.page.status_code == 303, other.page.text
    carry(ru, by, now_ms=world.clock.ms)

    officer.get(f"/objections/{reference}")
    say = f"/objections/{reference}/say"
    refused = officer.post(say, {"kind": "decided", "choice": "dismissed"})
    assert refused.status_code == 422  # an explanation is for the caller
    officer.post(say, {"kind": "decided", "choice": "upheld", "text": "Ours."})
    assert officer.page.status_code == 303, officer.page.text
    page = caller.get(f"/objection/{reference}").text
    assert EN.say("objection.outcome_upheld") in page
    assert "Ours." not in page
    officer.get(f"/objections/{reference}")
    officer.post(say, {"kind": "told", "text": "We are sorry."})
    assert "We are sorry." in caller.get(f"/objection/{reference}").text
    carry(by, ru, now_ms=world.clock.ms)
    states = [
        one.cases().state(f"objection/{reference}", now_ms=world.clock.ms)
        for one in both
    ]
    assert states[0] == states[1]
    assert (states[0].state, states[0].outcome) == ("told", "upheld")
    (upheld,) = by.cases().objections.upheld(since_ms=0)
    assert (upheld.rule, upheld.at_ms) == ("no-initiation", world.clock.ms)
    assert ru.cases().objections.upheld(since_ms=0) == []  # not of a rule of RU's node


def test_a_page_shows_one_moment(world, both, monkeypatch):
    """Also where the other side speaks while it is made: never words without forms."""
    by, ru = both
    reference = give(by, "call-1")
    caller = world.guest()
    caller.get(f"/objection/{reference}")
    caller.post("/objection", {"reference": reference, "text": SAID})
    about, key = f"objection/{reference}", ru.key
    carry(by, ru, now_ms=world.clock.ms)
    officer = world.visitor("olga", "officer")
    officer.get(f"/objections/{reference}")
    officer.post(f"/objections/{reference}/say", {"kind": "asked", "text": "Look."})
    carry(by, ru, now_ms=world.clock.ms)
    answer = {"answer": "explained", "text": "She roams."}
    ru.cases().say(about, "answered", answer, key=key, now_ms=world.clock.ms)
    read = StatementBook.about

    def late(book, asked):
        found = read(book, asked)
        monkeypatch.undo()
        carry(ru, by, now_ms=world.clock.ms)
        return found

    monkeypatch.setattr(StatementBook, "about", late)
    page = officer.get(f"/objections/{reference}").text
    assert ("She roams." in page) == ('value="decided"' in page)
    page = officer.get(f"/objections/{reference}").text
    assert "She roams." in page
    assert 'value="decided"' in page


def test_which_call_it_was_is_shown_for_a_reason_and_noted(world, both):
    """The call's id leads to numbers in the switch's own records."""
    reference = give(both[0], "7f3a@sbc-1")
    world.guest().post("/objection", {"reference": reference}, token="")
    officer = world.visitor("olga", "officer")
    path = f"/objections/{reference}"
    assert "7f3a@sbc-1" not in officer.get(path).text
    assert officer.post(f"{path}/open", {"why": ""}).status_code == 422
    called = {"why": "caller is +375 29 123-45-67"}
    assert officer.post(f"{path}/open", called).status_code == 422
    officer.get(path)
    opened = officer.post(f"{path}/open", {"why": "asked by the caller's operator"})
    assert "7f3a@sbc-1" in opened.text
    audit = world.visitor("arta", "auditor").get("/audit").text
    assert reference in audit
    assert "asked by the caller&#39;s operator" in audit


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_works_without_a_session_and_leaves_none(world, both, language):
    """No cookie but that of a language somebody chose, and no number asked for."""
    reference = give(both[0], "call-1")
    t = words(language)
    guest = world.guest(**{"accept-language": language})
    for path in ("/objection", f"/objection?reference={reference}"):
        page = guest.get(path)
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert t.say("objection.no_number") in page.text
        assert re.findall(r'<(?:input|textarea)[^>]* name="(\w+)"', page.text) == [
            "reference",
            "text",
        ]
    assert f'value="{reference}"' in page.text
    done = guest.post("/objection", {"reference": reference})
    assert "set-cookie" not in done.headers
    assert t.say("objection.under_way") in guest.get(f"/objection/{reference}").text


def test_a_text_with_a_number_is_refused_and_a_date_is_none(world, both):
    """And what was written stands there still."""
    reference = give(both[0], "call-1")
    guest = world.guest()
    for number in ("+375 29 123-45-67", "80291234567", "8 (017) 222 33 44"):
        form = {"reference": reference, "text": f"I am {number} and angry"}
        page = guest.post("/objection", form, token="")
        assert page.status_code == 422
        assert EN.say("problem.number_in_text") in page.text
        assert "and angry" in page.text
    form = {"reference": reference, "text": "22.11.2026 15:30:00, again 16:05"}
    assert guest.post("/objection", form, token="").status_code == 303


def test_an_objection_is_received_once(world, both):
    """Whoever sends it again sees where it stands; the first words stay."""
    reference = give(both[0], "call-1")
    for text in ("first", "second"):
        form = {"reference": reference, "text": text}
        assert world.guest().post("/objection", form, token="").status_code == 303
    said = both[0].cases().said(f"objection/{reference}")
    assert [one.statement.body["text"] for one in said] == ["first"]


def test_a_peer_may_speak_of_what_is_no_reference(world, both):
    """It is kept, and stands in no list; nothing breaks."""
    by, ru = both
    body = {"domain": "calls", "action": "reject", "text": ""}
    name = "objection/" + "x" * 128
    ru.cases().say(name, "received", body, key=ru.key, now_ms=world.clock.ms)
    carry(ru, by, now_ms=world.clock.ms)
    assert by.cases().objections.every() == []
    assert world.visitor("olga", "officer").get("/objections").status_code == 200


def test_a_console_that_cannot_speak_takes_no_objections(store, certificate):
    """It has no key to sign with: there is no such page."""
    with running(store, *certificate, party="BY") as world:
        assert world.guest().get("/objection").status_code == 404


@pytest.mark.parametrize("serves", ["inside", "public"])
def test_pages_for_callers_and_for_people_can_be_apart(
    store, certificate, both, serves
):
    """One address has only the ones, the other only the others."""
    told = {"party": "BY", "side": both[0], "serves": serves}
    with running(store, *certificate, **told) as world:
        person = world.visitor("anna", "administrator")
        for right in RIGHTS:
            if not right.method:
                continue
            path = right.path.replace("{id}", "0" * 32)
            path = path.replace("{reference}", give(both[0], "call-1"))
            if (right.page, right.action) == ("today", "live"):
                continue
            request = {"data": {}} if right.method == "POST" else {}
            person.page = person.http.request(right.method, path, **request)
            is_there = person.page.status_code != 404
            absent = right.path.startswith("/objections/")
            absent |= "{id}" in right.path or "{name}" in right.path
            absent |= right.action in {"provider", "back"}
            if absent and serves == "inside":
                continue  # there is no such record, and no identity provider
            public = right.stage == "public"
            assert is_there == (public == (serves == "public")), right
            if serves == "public":
                assert SESSION not in person.page.headers.get("set-cookie", "")
