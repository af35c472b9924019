"""Saying things about a case from the console: who may, what, and only once."""

import io
import itertools
import json
import re
import zipfile
from dataclasses import replace
from html import unescape

import pytest

from tallystick.console.desk import words
from tallystick.console.saying.words import seen_of
from tallystick.office.casework import halves_to_open
from tallystick.proof import sign_statement
from tallystick.store import Ask
from tallystick.store.audit import AUDIT_LOG

from .planted import CALLED, CALLING, DAY_MS
from .planted import plant as plant_elsewhere
from .sides import case_of
from .world import STARTS_MS

T = words("en")
MASKED = "+37529*****67"
UNFIT = [
    ({"question": "nonsense", "whom": "RU"}, "not_offered"),
    ({"question": "as-answered", "whom": "KZ"}, "not_offered"),
    ({"question": "as-answered", "whom": "RU", "most": "1001"}, "no_count"),
    ({"question": "as-answered", "whom": "RU", "most": "-1"}, "no_count"),
    ({"question": "as-answered", "whom": "RU", "handles": "0" * 24}, "no_handle"),
    ({"question": "as-answered", "whom": "RU", "handles": "../x"}, "no_handle"),
    ({"question": "as-answered", "whom": "RU", "text": CALLING}, "number_in_text"),
    (
        {"question": "as-answered", "whom": "RU", "operator": CALLING},
        "number_in_text",
    ),
    ({"question": "as-answered", "whom": "RU", "text": "x" * 4001}, "long_text"),
    ({"question": "as-answered", "whom": "RU", "operator": "x" * 65}, "long_text"),
]


@pytest.fixture
def case(speaking, two):
    """Return the name of the case about Elm, which the console has."""
    del speaking
    return case_of(two.by, "Elm")


@pytest.fixture
def olga(speaking):
    """Return an officer of BY."""
    return speaking.visitor("olga", "officer")


def typed(text, kind):
    """Return the words that a form of a page is filled with; it is open."""
    form = next(
        one
        for one in text.split("<details")[1:]
        if f'name="kind" value="{kind}"' in one
    )
    assert form.split(">")[0].endswith(" open")
    (words_,) = re.findall(
        r'<textarea[^>]* name="text".*?>\n(.*?)</textarea>', form, re.DOTALL
    )
    return unescape(words_)


def hidden(text):
    """Return the hidden fields of the page's last form."""
    form = text.rpartition("<form")[2]
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in found if name != "token"}


def say(guest, case, kind, **fields):
    """Say something by both pages; return the fields of the second form."""
    guest.get(f"/cases/{case}")
    answer = guest.post(f"/cases/{case}/prepare", {"kind": kind, **fields})
    assert answer.status_code == 200, answer.text
    confirmed = hidden(answer.text)
    if kind == "opened":
        confirmed["why"] = "their question"
    answer = guest.post(f"/cases/{case}/say", confirmed)
    assert answer.status_code == 303, answer.text
    return confirmed


def state(two, case, side="by", now_ms=STARTS_MS):
    """Return where a case stands with a party."""
    return getattr(two, side).cases().state(f"case/{case}", now_ms=now_ms)


def offered(guest, case):
    """Return what the case's page offers to say."""
    text = guest.get(f"/cases/{case}").text
    return re.findall(r'name="kind" value="(\w+)"', text)


def audited(world, *actions):
    """Return what the audit log has, oldest first."""
    rows = AUDIT_LOG.find(world.store, Ask(sort="at_ms", size=500)).rows
    return [
        (one["who"], one["role"], one["action"], one["record"])
        for one in rows
        if one["action"] in actions
    ]


def theirs(two, case, kind, body, now_ms):
    """Let RU say something, and bring it over."""
    two.carry(now_ms)
    desk = two.ru.cases()
    desk.say(f"case/{case}", kind, body, key=two.ru.key, now_ms=now_ms)
    two.carry(now_ms)


def test_a_case_from_raised_to_closed_by_its_pages(speaking, two, case, olga):
    """Each step is offered when it would count, shown before it is signed, audited."""
    assert offered(olga, case) == ["raised"]
    say(olga, case, "raised")
    assert offered(olga, case) == ["asked", "closed"]
    olga.get(f"/cases/{case}")
    fields = {"question": "as-answered", "whom": "RU", "most": "2", "text": "Soon."}
    shown = olga.post(f"/cases/{case}/prepare", {"kind": "asked", **fields})
    assert f"BY asks RU about case {case}" in shown.text
    assert "Soon." in shown.text
    assert state(two, case).state == "open"
    assert olga.post(f"/cases/{case}/say", hidden(shown.text)).status_code == 303
    assert len(state(two, case).asked[0].crossings) == 2

    theirs(two, case, "answered", {"answer": "confirmed"}, speaking.clock.ms + 1)
    speaking.clock.pass_s(1)
    assert set(offered(olga, case)) >= {"opened", "decided", "closed"}
    say(olga, case, "decided", decision="confirmed", covers="both", until="")
    assert state(two, case, now_ms=speaking.clock.ms).outcome == "confirmed"
    speaking.clock.pass_s(40 * 86_400)
    olga = speaking.visitor("oleg", "officer")
    say(olga, case, "closed", text="Paid back.")
    two.carry(speaking.clock.ms)
    for side in ("by", "ru"):
        assert state(two, case, side, speaking.clock.ms).state == "done"
    assert offered(olga, case) == []
    kinds = ("raised", "asked", "decided", "closed")
    wrote = audited(speaking, *kinds)
    assert [one[1:] for one in wrote] == [("officer", one, case) for one in kinds]
    assert [one[0] for one in wrote] == ["olga", "olga", "olga", "oleg"]


def test_pressing_twice_signs_once(two, case, olga):
    """The second form says that something was said meanwhile."""
    confirmed = say(olga, case, "raised")
    olga.get(f"/cases/{case}")
    answer = olga.post(f"/cases/{case}/say", confirmed)
    assert answer.status_code == 422
    assert T.say("problem.moved") in answer.text
    assert len(two.by.cases().said(f"case/{case}")) == 1


def test_what_was_shown_is_not_signed_after_the_other_side_spoke(
    speaking, two, case, olga
):
    """What somebody agreed to is what they saw."""
    say(olga, case, "raised")
    fields = {"kind": "closed", "text": "Never mind."}
    olga.get(f"/cases/{case}")
    confirmed = hidden(olga.post(f"/cases/{case}/prepare", fields).text)
    asked = {"whom": "BY", "question": "as-answered", "crossings": []}
    theirs(two, case, "asked", asked, speaking.clock.ms + 1)
    speaking.clock.pass_s(1)
    assert olga.post(f"/cases/{case}/say", confirmed).status_code == 422
    assert state(two, case, now_ms=speaking.clock.ms).state == "asked"


def test_records_are_opened_only_by_consent_and_a_reason(speaking, two, case, olga):
    """Masked until a reason is given; each of them stands in the audit log."""
    say(olga, case, "raised")
    fields = {"question": "as-answered", "whom": "RU", "most": "3"}
    say(olga, case, "asked", **fields)
    handles = state(two, case).asked[0].crossings
    path = f"/cases/{case}/prepare"
    olga.get(f"/cases/{case}")
    opening = {"kind": "opened", "handles": "\n".join(handles[:2])}
    shown = olga.post(path, opening)
    assert shown.text.count(MASKED) == 2
    assert CALLING not in shown.text
    confirmed = hidden(shown.text)
    for why, problem in (("", "no_reason"), (f"ask {CALLING}", "number_in_reason")):
        answer = olga.post(f"/cases/{case}/say", {**confirmed, "why": why})
        assert T.say(f"problem.{problem}") in answer.text
    assert audited(speaking, "open", "opened") == []
    shown = olga.post(path, {**confirmed, "act": "show", "why": "to be sure"})
    assert shown.text.count(CALLING) == 2
    looked = [("olga", "officer", "open", f"{case}/{one}") for one in handles[:2]]
    assert sorted(audited(speaking, "open")) == sorted(looked)
    confirmed = {**hidden(shown.text), "why": "their letter"}
    assert olga.post(f"/cases/{case}/say", confirmed).status_code == 303
    assert len(audited(speaking, "opened")) == 2
    assert set(state(two, case).opened["BY"]) == set(handles[:2])
    text = olga.get(f"/cases/{case}").text
    assert T.say("case_page.opened_by", party="BY") in text
    assert CALLING not in text


def test_what_the_other_side_opened_is_shown_beside_ours(speaking, two, case, olga):
    """Masked; in the clear for a reason, also of a call that is not kept here."""
    say(olga, case, "raised")
    strange = "5c" * 12
    asked = {"whom": "BY", "question": "as-answered", "crossings": [strange]}
    theirs(two, case, "asked", asked, speaking.clock.ms + 1)
    half = {"calling": CALLED, "called": "+375291112233", "at_ms": 5, "trunk": "R-7"}
    theirs(two, case, "opened", {"halves": {strange: half}}, speaking.clock.ms + 2)
    speaking.clock.pass_s(1)
    text = olga.get(f"/cases/{case}").text
    assert T.say("case_page.opened_by", party="RU") in text
    assert "R-7" in text
    assert CALLED not in text
    path = f"/cases/{case}/open"
    assert CALLED in olga.post(path, {"handle": strange, "why": "to compare"}).text
    assert audited(speaking, "open") == [
        ("olga", "officer", "open", f"{case}/{strange}")
    ]
    auditor = speaking.visitor("anna", "auditor").get(f"/cases/{case}").text
    assert "R-7" not in auditor


def test_what_cannot_be_said_is_refused_in_a_sentence(two, case, olga):
    """On both pages, and nothing is signed."""
    say(olga, case, "raised")
    for fields, problem in UNFIT:
        for path in ("prepare", "say"):
            olga.get(f"/cases/{case}")
            said = two.by.cases().said(f"case/{case}")
            form = {"kind": "asked", "seen": seen_of(said), **fields}
            answer = olga.post(f"/cases/{case}/{path}", form)
            assert answer.status_code == 422, (path, problem)
            assert T.say(f"problem.{problem}") in answer.text, (path, problem)
            assert typed(answer.text, "asked") == fields.get("text", "")
    assert state(two, case).state == "open"


def test_a_forged_second_form_is_weighed_as_the_first(two, case, olga):
    """Handles of another case, and decisions that are not offered, are refused."""
    say(olga, case, "raised")
    other = case_of(two.by, "Oak")
    foreign = two.by.cases().cases.surest(other, most=1)[0]
    asked = {"question": "as-answered", "whom": "RU", "most": "1"}
    olga.get(f"/cases/{case}")
    shown = olga.post(f"/cases/{case}/prepare", {"kind": "asked", **asked})
    forged = {**hidden(shown.text), "handles": foreign}
    assert olga.post(f"/cases/{case}/say", forged).status_code == 422
    forged = {**hidden(shown.text), "kind": "decided", "decision": "confirmed"}
    assert olga.post(f"/cases/{case}/say", forged).status_code == 422
    forged = {**hidden(shown.text), "kind": "nonsense"}
    assert olga.post(f"/cases/{case}/say", forged).status_code == 404
    assert state(two, case).state == "open"


def test_only_an_officer_speaks_but_an_analyst_may_raise(speaking, two, case):
    """The form is not offered, and refused if it is sent all the same."""
    for role in ("analyst", "operator", "auditor", "administrator"):
        guest = speaking.visitor(role, role)
        assert offered(guest, case) == (["raised"] if role == "analyst" else [])
        wanted = {"raised": {200, 422}} if role == "analyst" else {}
        seen = seen_of(())
        for kind, path in itertools.product(("raised", "asked"), ("prepare", "say")):
            guest.get("/account")
            form = {"kind": kind, "seen": "" if kind == "raised" else seen}
            status = guest.post(f"/cases/{case}/{path}", form).status_code
            assert status in wanted.get(kind, {403}), (role, kind, path)
    assert state(two, case).state == "none"


def test_a_case_of_another_channel_is_only_shown(speaking, olga):
    """This side's key does not speak there."""
    foreign = plant_elsewhere(speaking.store)
    assert offered(olga, foreign) == []
    assert T.say("case_page.only_shows") in olga.page.text
    for path in ("prepare", "say"):
        olga.get("/account")
        said = {"kind": "closed", "text": ""}
        assert olga.post(f"/cases/{foreign}/{path}", said).status_code in {404, 422}


def test_the_page_hears_of_what_is_new(speaking, two, case, olga):
    """Nothing while nothing is; then the part that changed."""
    say(olga, case, "raised")
    text = olga.get(f"/cases/{case}").text
    live = unescape(re.search(r'hx-get="(/cases/[^"]+)"', text)[1])
    assert olga.get(live).status_code == 204
    asked = {"whom": "BY", "question": "as-answered", "crossings": []}
    theirs(two, case, "asked", asked, speaking.clock.ms + 1)
    speaking.clock.pass_s(1)
    part = olga.get(live)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "<form" not in part.text
    assert T.say("case_page.moved") in part.text
    live = unescape(re.search(r'hx-get="(/cases/[^"]+)"', part.text)[1])
    assert olga.get(live).status_code == 204
    speaking.clock.pass_s(31 * DAY_MS // 1000)
    olga = speaking.visitor("olga2", "officer")
    assert T.say("case_page.late", who="BY", until="")[:12] in olga.get(live).text


def test_the_page_hears_of_what_a_clock_that_is_ahead_has_dated(
    speaking, two, case, olga
):
    """When it is there, and again when it counts."""
    say(olga, case, "raised")
    asked = {"whom": "BY", "question": "as-answered", "crossings": []}
    theirs(two, case, "asked", asked, speaking.clock.ms + 5_000)
    text = olga.get(f"/cases/{case}").text
    assert T.say("state.asked").capitalize() not in text
    live = unescape(re.search(r'hx-get="(/cases/[^"]+)"', text)[1])
    assert olga.get(live).status_code == 204
    speaking.clock.pass_s(5)
    assert T.say("state.asked").capitalize() in olga.get(live).text


def test_letters_and_files_of_a_case(speaking, case, olga):
    """Letters in three languages without numbers; all of it for a reason, noted."""
    assert olga.get(f"/cases/{case}/letter.txt").status_code == 422
    say(olga, case, "raised")
    say(olga, case, "asked", question="as-answered", whom="RU", most="2")
    text = olga.get(f"/cases/{case}").text
    letters = re.findall(r'href="(/cases/\w+/letter\.\w+\?in=\w+)"', text)
    assert len(letters) == 9
    starts = {"txt": b"", "docx": b"PK", "pdf": b"%PDF"}
    for path in letters:
        answer = olga.get(path)
        form = re.search(r"letter\.(\w+)", path)[1]
        assert answer.content.startswith(starts[form])
        assert CALLING.encode() not in answer.content
        if form == "docx":
            assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    for path in ("letter.exe?in=en", "letter.pdf?in=xx"):
        assert olga.get(f"/cases/{case}/{path}").status_code == 404
    path = f"/cases/{case}/dossier"
    olga.get(f"/cases/{case}")
    assert olga.post(path, {"form": "json", "why": ""}).status_code == 422
    answer = olga.post(path, {"form": "json", "why": "for the ministry"})
    assert json.loads(answer.content)["case"]["id"] == case
    assert audited(speaking, "dossier") == [
        ("olga", "officer", "dossier", f"{case}/json")
    ]
    # No office has logged anything here, and that is said.
    olga.get(f"/cases/{case}")
    answer = olga.post(path, {"form": "bundle", "why": "for the court"})
    assert answer.status_code == 400
    assert "not in the log yet" in answer.text
    assert speaking.visitor("anna", "auditor").get(letters[0]).status_code == 200


def test_a_statement_of_somebody_else_offers_nothing(two, case, olga):
    """What the fold passes over is in the history, and changes no offer."""
    say(olga, case, "raised")
    said = two.by.cases().said(f"case/{case}")[0].statement
    forged = replace(said, by="RU", kind="decided", body={"decision": "confirmed"})
    signed = sign_statement(forged, two.ru.key)
    two.by.statements.keep(signed, now_ms=STARTS_MS, from_peer=True)
    assert offered(olga, case) == ["asked", "closed"]
    assert "passed over" in olga.page.text


def test_who_holds_no_record_is_not_offered_to_open(two, case):
    """RU has no findings here."""
    desk = two.ru.cases()
    with pytest.raises(Exception, match="no case"):
        halves_to_open(desk, case, "RU", desk.state(f"case/{case}", now_ms=STARTS_MS))
