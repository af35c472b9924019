"""Agreements in the console: reading, proposing, consulting, signing, stopping."""

import re

import pytest

from tallystick.agreement.text import digest_of
from tallystick.console.desk import words
from tallystick.office.agreeing import say as say_from
from tallystick.proof import signing_fingerprint
from tallystick.store import Ask
from tallystick.store.audit import AUDIT_LOG

from .planted import CALLING
from .test_say_cases import hidden, typed

T = words("en")
NAME = "by-ru-calls"
PATH = f"/agreement/{NAME}"
UNFIT = [
    ("commented", {"rule": "*", "text": ""}, "no_text"),
    ("commented", {"rule": "*", "text": f"call {CALLING}"}, "number_in_text"),
    ("commented", {"rule": "*", "text": "x", "from": CALLING}, "number_in_text"),
    ("commented", {"rule": "*", "text": "x", "from": "x" * 201}, "long_text"),
    ("objected", {"rule": "*", "text": "x"}, "not_offered"),
    ("objected", {"rule": "nonsense", "text": "x"}, "not_offered"),
    ("answered", {"to": "0" * 64, "text": "x"}, "not_offered"),
    ("suspended", {"rule": "missing", "why": "x"}, "out_of_place"),
    ("resumed", {"rule": "missing"}, "not_offered"),
    ("withdrawn", {"digest": "*", "why": " "}, "no_text"),
]


@pytest.fixture
def olga(speaking):
    """Return an officer of BY."""
    return speaking.visitor("olga", "officer")


@pytest.fixture
def proposed(speaking, two):
    """Return the digest of a text that RU has proposed."""
    return propose(two, speaking.clock.ms)


def propose(two, now_ms, **changes):
    """Let RU propose a text; both have it."""
    text = two.text(**changes)
    body = {"text": text, "digest": digest_of(text)}
    versions = two.ru.life(NAME).versions
    if versions:
        body["follows"] = versions[-1].digest
    say_from(two.ru, NAME, "amended" if versions else "proposed", body, now_ms=now_ms)
    two.carry(now_ms)
    return digest_of(text)


def theirs(two, kind, now_ms, **body):
    """Let RU say something, after it has all that BY said."""
    two.carry(now_ms)
    say_from(two.ru, NAME, kind, body, now_ms=now_ms)
    two.carry(now_ms)


def offered(guest, path=PATH):
    """Return what the page offers to say."""
    text = guest.get(path).text
    return re.findall(r'name="kind" value="(\w+)"', text)


def say(guest, kind, **fields):
    """Say something by both pages; return the fields of the second form."""
    guest.get(PATH)
    answer = guest.post(f"{PATH}/prepare", {"kind": kind, **fields})
    assert answer.status_code == 200, answer.text
    confirmed = hidden(answer.text)
    answer = guest.post(f"{PATH}/say", confirmed)
    assert answer.status_code == 303, answer.text
    return confirmed


def stop(guest, **fields):
    """Suspend: one press."""
    guest.get(PATH)
    seen = re.search(r'name="seen" value="(\w+)"', guest.page.text)[1]
    return guest.post(f"{PATH}/say", {"kind": "suspended", "seen": seen, **fields})


def test_a_text_is_pasted_shown_and_proposed(speaking, two, olga):
    """To the byte, whatever line ends the browser sends; then the next one differs."""
    text = two.text()
    olga.get("/agreement")
    assert T.say("agreement.none", peer="RU") in olga.page.text
    shown = olga.post("/agreement", {"text": text.replace("\n", "\r\n")})
    assert digest_of(text) in shown.text
    for key in two.by.keys:
        assert signing_fingerprint(key) in shown.text
    given = {**hidden(shown.text), "text": "\r\n" + text.replace("\n", "\r\n")}
    assert olga.post(f"{PATH}/say", given).status_code == 303
    two.carry(speaking.clock.ms)
    assert two.ru.life(NAME).versions[0].text == text

    speaking.clock.pass_s(1)
    changed = text.replace('action = "mask"', 'action = "label"')
    olga.get("/agreement")
    shown = olga.post("/agreement", {"text": changed})
    assert "rules.missing.action" in shown.text
    assert re.search(r"<del>mask</del>.*<ins>label</ins>", shown.text)
    given = {**hidden(shown.text), "text": changed}
    assert olga.post(f"{PATH}/say", {**given, "digest": "0" * 64}).status_code == 422
    olga.get(PATH)
    assert olga.post(f"{PATH}/say", {**given, "text": text}).status_code == 422
    olga.get(PATH)
    assert olga.post(f"{PATH}/say", given).status_code == 303
    olga.get(PATH)
    assert olga.post(f"{PATH}/say", given).status_code == 422
    assert len(two.by.life(NAME).versions) == 2


def test_a_file_is_taken_as_well(two, olga):
    """As a browser sends it, and nothing that is no text."""
    olga.get("/agreement")
    token, origin = olga.token(), {"origin": olga.world.address}

    def send(content):
        files = {"file": ("draft.toml", content, "application/toml")}
        said = {"token": token, "text": ""}
        return olga.http.post("/agreement", data=said, files=files, headers=origin)

    assert digest_of(two.text()) in send(two.text().encode()).text
    assert send(b"\xff\xfe").status_code == 400
    assert send(b"x" * 1_200_000).status_code == 413


def test_mistakes_are_explained_with_their_place(two, olga):
    """And the text is still there to be mended."""
    for text, place in (
        ("this is not TOML", "$"),
        (two.text().replace('action = "mask"', 'action = "jail"'), "$.rules[1].action"),
        (two.text().replace(two.by.identifier, "0" * 64), "$"),
    ):
        olga.get("/agreement")
        answer = olga.post("/agreement", {"text": text})
        assert answer.status_code == 422
        assert f"<code>{place}</code>" in answer.text
    assert two.by.agreements() == ()


def test_a_text_is_read_discussed_signed_and_stopped(speaking, two, olga, proposed):
    """By both sides, each step by the pages; what holds is a table to be read."""
    assert offered(olga) == ["signed", "commented", "objected", "withdrawn"]
    listing = olga.get("/agreement").text
    assert T.say("agreement.nothing_in_force") in listing
    text = olga.get(f"{PATH}/{proposed}").text
    assert "missing" in text
    assert "does not hold" in text
    say(
        olga,
        "objected",
        digest=proposed,
        rule="missing",
        text="Roamers?",
        **{"from": "Association of operators"},
    )
    page = olga.get(PATH).text
    assert "Association of operators" in page
    assert T.say("agreement.unanswered") in page
    assert "signed" not in offered(olga)
    remark = two.by.life(NAME).remarks[0].id
    theirs(
        two, "answered", speaking.clock.ms + 1, to=remark, text="Their half is kept."
    )
    speaking.clock.pass_s(1)
    assert "Their half is kept." in olga.get(PATH).text
    say(olga, "answered", to=remark, text="Thank you.")

    speaking.clock.pass_s(1)
    olga.get(PATH)
    shown = olga.post(f"{PATH}/prepare", {"kind": "signed", "digest": proposed})
    assert proposed in shown.text
    for key in two.by.keys:
        assert signing_fingerprint(key) in shown.text
    assert olga.post(f"{PATH}/say", hidden(shown.text)).status_code == 303
    assert two.by.life(NAME).in_force(speaking.clock.ms) is None
    signed_ms = speaking.clock.ms + 2
    theirs(two, "signed", signed_ms, digest=proposed)
    speaking.clock.pass_s(1)
    page = olga.get(PATH).text
    assert "is in force since" in page
    assert 'label="Then"><b>mask the calling number' in page

    assert stop(olga, rule="missing", why="Too many").status_code == 303
    two.carry(speaking.clock.ms)
    assert two.ru.life(NAME).in_force(speaking.clock.ms).suspended == {"missing"}
    page = olga.get(PATH).text
    assert "Too many" in page
    assert T.say("mode.suspended") in page
    speaking.clock.pass_s(1)
    say(olga, "resumed", rule="missing")
    theirs(
        two,
        "resumed",
        speaking.clock.ms + 1,
        lifts=[one.id for one in two.ru.life(NAME).suspensions],
    )
    speaking.clock.pass_s(1)
    assert two.by.life(NAME).in_force(speaking.clock.ms).suspended == set()
    say(olga, "withdrawn", digest="*", why="Replaced")
    assert T.say("agreement.nothing_in_force") in olga.get(PATH).text
    rows = AUDIT_LOG.find(speaking.store, Ask(sort="at_ms", size=500)).rows
    did = [one["action"] for one in rows if one["page"] == "agreement"]
    assert did == [
        "objected",
        "answered",
        "signed",
        "suspended",
        "resumed",
        "withdrawn",
    ]


def test_what_was_in_force_at_a_moment(speaking, two, proposed):
    """Asked by date and time; before anything was signed, nothing."""
    for side in (two.by, two.ru):
        say_from(side, NAME, "signed", {"digest": proposed}, now_ms=speaking.clock.ms)
        two.carry(speaking.clock.ms)
    speaking.clock.pass_s(3600)
    anna = speaking.visitor("anna", "auditor")
    text = anna.get(f"{PATH}?at=2026-09-21T13:00").text
    assert "2026" in text
    assert T.say("agreement.nothing_in_force") in text
    assert "is in force since" in anna.get(f"{PATH}?at=2030-01-01T00:00").text
    assert "is in force since" in anna.get(f"{PATH}?at=nonsense").text


def test_texts_and_statements_leave_to_the_byte(speaking, two, proposed):
    """Every role may have them; nothing else is given."""
    anna = speaking.visitor("anna", "auditor")
    text = anna.get(PATH).text
    tomls = re.findall(r'href="([^"]+\.toml)"', text)
    assert anna.get(tomls[0]).text == two.text()
    notes = re.findall(r'href="([^"]+\.note)"', text)
    kept = two.by.statements.about(f"agreement/{NAME}")
    assert anna.get(notes[0]).content == kept[0].note
    for path in (f"{PATH}/{'0' * 64}", f"{PATH}/said/{'0' * 64}.note", "/agreement/x"):
        assert anna.get(path).status_code == 404
    assert anna.get(f"{PATH}/{proposed}/text.toml").status_code == 200


def test_what_cannot_be_said_is_refused_in_a_sentence(two, olga, proposed):
    """And nothing is signed."""
    for kind, fields, problem in UNFIT:
        olga.get(PATH)
        said = {"kind": kind, "digest": proposed, **fields}
        answer = olga.post(f"{PATH}/prepare", said)
        assert answer.status_code == 422, (kind, problem)
        assert T.say(f"problem.{problem}") in answer.text, (kind, problem)
        if kind == "commented":
            assert typed(answer.text, kind) == fields["text"]
    assert len(two.by.statements.about(f"agreement/{NAME}")) == 1


def test_a_signature_before_its_time_is_not_offered(speaking, two, olga):
    """Nor taken, if it is forged."""
    digest = propose(two, speaking.clock.ms, days=30)
    assert "signed" not in offered(olga)
    olga.get(PATH)
    said = {"kind": "signed", "digest": digest}
    assert olga.post(f"{PATH}/prepare", said).status_code == 422
    speaking.clock.pass_s(31 * 86_400)
    assert "signed" in offered(speaking.visitor("oleg", "officer"))


@pytest.mark.usefixtures("proposed")
def test_pressing_twice_says_once(two, olga):
    """Also of what would count a second time, and of one press."""
    digest = two.by.life(NAME).versions[0].digest
    confirmed = say(olga, "commented", digest=digest, rule="*", text="Good.")
    olga.get(PATH)
    answer = olga.post(f"{PATH}/say", confirmed)
    assert answer.status_code == 422
    assert T.say("problem.moved") in answer.text
    assert len(two.by.life(NAME).remarks) == 1


def test_who_may_say_what(speaking, two, proposed):
    """An administrator signs and stops as well; the others read."""
    for role in ("analyst", "operator", "auditor", "administrator"):
        only_reads(speaking.visitor(role, role), role, proposed)
    assert len(two.by.statements.about(f"agreement/{NAME}")) == 1


def only_reads(guest, role, proposed):
    """Try to say what the role may not."""
    may = ["signed", "withdrawn"] if role == "administrator" else []
    assert offered(guest) == may
    assert 'name="file"' not in guest.get("/agreement").text
    guest.get("/account")
    token = guest.token()
    assert guest.post("/agreement", {"text": "x"}, token=token).status_code == 403
    said = {"kind": "commented", "digest": proposed, "rule": "*", "text": "x"}
    for path in ("prepare", "say"):
        answer = guest.post(f"{PATH}/{path}", {**said, "seen": ""}, token=token)
        assert answer.status_code in ({403, 422} if may else {403})


def test_a_console_without_a_side_says_so(world):
    """It has no key, and pretends nothing."""
    guest = world.visitor("olga", "officer")
    said = T.say("agreement.no_side").partition("'")[0]
    assert said in guest.get("/agreement").text
    assert guest.get(PATH).status_code == 404
    assert said in guest.get("/log").text
    guest.get("/account")
    assert guest.post("/agreement", {"text": "x"}).status_code == 404
