"""What a page refuses or finds wrong, it says in the reader's language."""

import html
import re
import shutil

import pytest

from tallystick.agreement.guard import Trip
from tallystick.console.desk import words
from tallystick.model import TallystickError
from tallystick.office.agreeing import say as say_from
from tallystick.proof import Opening, hashes_of, obtain, origin_of
from tallystick.store.audit import AuditBook
from tallystick.store.log import WitnessFolder, open_log, stop_log

from .sides import case_of, plant
from .test_log import fill, witnessed
from .test_say_agreement import NAME, propose
from .test_say_cases import hidden, say
from .test_sentences import MISTAKEN, english
from .world import running

OTHERS = ("be", "ru")


@pytest.fixture
def shown(two, certificate):
    """Return BY's console with a log, a witness's memory and planted cases."""
    told = {"party": "BY", "side": two.by, "witness": two.folder / "witness"}
    with running(two.by.store, *certificate, **told) as world:
        plant(two.by)
        yield world


def in_language(guest, language):
    """Let somebody's browser ask for a language."""
    guest.http.headers["accept-language"] = language
    return guest


def told(answer, status):
    """Return what a page says went wrong, as text; it must hold no English."""
    assert answer.status_code == status, answer.text
    pattern = r'<(p|div) class="(?:alert|lead)"[^>]*>(.*?)</\1>'
    found = [text for _, text in re.findall(pattern, answer.text, re.DOTALL)]
    assert found
    assert 'lang="en">' not in "".join(found)
    said = html.unescape(re.sub(r"<code>.*?</code>|<[^>]+>", " ", " ".join(found)))
    assert not english(said), said
    return said


@pytest.mark.parametrize("language", OTHERS)
def test_mistakes_of_a_text(shown, language):
    """Every one of them, each with its place and its values."""
    olga = in_language(shown.visitor("olga", "officer"), language)
    olga.get("/agreement")
    answer = olga.post("/agreement", {"text": MISTAKEN})
    said = told(answer, 422)
    assert len(re.findall(r"<li><code>\$", answer.text)) > 10
    assert {"be": "тут павінна стаяць", "ru": "здесь должно стоять"}[language] in said
    assert "$.completeness.share" in answer.text
    olga.get("/agreement")
    assert "TOML" in told(olga.post("/agreement", {"text": "= 1"}), 422)


def test_a_log_that_was_forked_or_rolled_back_or_lost(two, shown):
    """Also why it stopped, which its keeper wrote down as a sentence."""
    guests = [in_language(shown.visitor(one, "auditor"), one) for one in OTHERS]
    fill(two, shown.clock.ms)
    stop_log(two.by.log, forked(two))
    for guest, word in zip(guests, ("раздвоілі", "раздвоили"), strict=True):
        assert word in told(guest.get("/log"), 200)
    stop_log(two.by.log, "")
    (two.by.log / "private" / "signed").rename(two.folder / "kept")
    shutil.copy(two.folder / "empty", two.by.log / "private" / "signed")
    for guest, word in zip(guests, ("Сведка бачыў", "Свидетель видел"), strict=True):
        guest.get("/log")
        assert word in told(guest.post("/log/check"), 422)
    (two.folder / "kept").rename(two.by.log / "private" / "signed")
    shutil.rmtree(two.by.log / "public" / "tile")
    for guest, word in zip(guests, ("няма яго файла", "журнале нет"), strict=True):
        guest.get("/log")
        assert word in told(guest.post("/log/check"), 422)
    shutil.rmtree(two.by.log)
    for guest, word in zip(guests, ("няма журнала", "нет журнала"), strict=True):
        assert word in told(guest.get("/log"), 422)


def forked(two):
    """Let the witness see another history of a log; return what its keeper is told."""
    origin, own = origin_of(two.by.key.public()), two.by.key
    theirs = WitnessFolder(two.folder / "theirs", two.ru.key, {origin: own.public()})
    other = shutil.copytree(two.by.log, two.folder / "copied")
    with open_log(two.by.log, own) as log, open_log(other, own) as second:
        witnessed(log, theirs, origin, two.by.peer_key)
        shutil.copy(two.by.log / "private" / "signed", two.folder / "empty")
        for n, one in enumerate((log, second)):
            salt = bytes([n]) * 32
            one.append([Opening(kind="harm", salt=salt, content="{}")])
        witnessed(log, theirs, origin, two.by.peer_key)
        with pytest.raises(TallystickError) as found:
            obtain(
                lambda body: theirs.answer(body, now_s=1_790_000_000)[:2],
                second.signed,
                hashes_of(second.size, second.fetch),
                two.by.peer_key,
                second.size - 1,
            )
    assert found.value.code == "log-disputed"
    return str(found.value)


def test_a_refused_bundle(two, shown):
    """While the log does not hold the case, and while nobody has cosigned it."""
    case = case_of(two.by, "Elm")
    for language, missing in (
        ("be", "няма 1 з 1 заявы"),
        ("ru", "нет 1 из 1 заявления"),
    ):
        olga = in_language(shown.visitor(f"olga-{language}", "officer"), language)
        if language == "be":
            say(olga, case, "raised")
        assert missing in told(take_bundle(olga, case), 400)
    with open_log(two.by.log, two.by.key) as log:
        log.append(
            Opening(kind="case", salt=bytes(32), content=one.note.decode())
            for one in two.by.statements.about(f"case/{case}")
        )
    for language, unseen in (
        ("be", "падпісаў 0 запісаў"),
        ("ru", "подписал 0 записей"),
    ):
        olga = in_language(shown.visitor(f"anna-{language}", "officer"), language)
        assert unseen in told(take_bundle(olga, case), 400)


def take_bundle(guest, case):
    """Ask for the bundle of a case."""
    guest.get(f"/cases/{case}")
    form = {"form": "bundle", "why": "for the court"}
    return guest.post(f"/cases/{case}/dossier", form)


@pytest.mark.parametrize("language", OTHERS)
def test_a_step_that_the_other_side_took_first(two, shown, monkeypatch, language):
    """It came while ours was being signed: ours is refused, in words."""
    case = case_of(two.by, "Elm")
    olga = in_language(shown.visitor("olga", "officer"), language)
    say(olga, case, "raised")
    olga.get(f"/cases/{case}")
    answer = olga.post(f"/cases/{case}/prepare", {"kind": "closed"})
    note = AuditBook.note

    def noted(book, page, action, **more):
        note(book, page, action, **more)
        if action == "closed":
            two.carry(shown.clock.ms)
            desk, about = two.by.cases(), f"case/{case}"
            desk.say(about, "closed", {}, key=two.by.key, now_ms=shown.clock.ms)

    monkeypatch.setattr(AuditBook, "note", noted)
    answer = olga.post(f"/cases/{case}/say", hidden(answer.text))
    assert words(language).say("problem.out_of_place") in told(answer, 422)


@pytest.mark.parametrize("language", OTHERS)
def test_why_the_guard_stopped_a_rule(two, shown, language):
    """Its sentence is signed as text; what people wrote stays as it is."""
    digest = propose(two, shown.clock.ms)
    for side in (two.by, two.ru):
        say_from(side, NAME, "signed", {"digest": digest}, now_ms=shown.clock.ms)
        two.carry(shown.clock.ms)
    rule = two.by.life(NAME).versions[0].value.rules[0].rule.id
    trip = Trip(rule, "share", 0, 12, 340, 0.02, 0.001)
    for why in (trip.sentence, "We look into it ourselves."):
        body = {"rule": rule, "why": why}
        say_from(two.by, NAME, "suspended", body, now_ms=shown.clock.ms)
    olga = in_language(shown.visitor("olga", "officer"), language)
    for path in ("/", f"/agreement/{NAME}"):
        text = html.unescape(olga.get(path).text)
        assert "acted on 12 of 340" not in text
        assert "12 з 340" in text or "12 из 340" in text
        assert "We look into it ourselves." in text


def test_what_has_no_words_is_marked_as_english(store, certificate, tmp_path):
    """A settings file that was spoilt after the start, for example."""
    path = tmp_path / "node.toml"
    path.write_text("party = ")
    told = {"party": "BY", "node_settings": path}
    with running(store, *certificate, **told) as world:
        for language in OTHERS:
            guest = world.visitor(f"adele-{language}", "administrator")
            text = in_language(guest, language).get("/settings").text
            assert f'{words(language).say("sorry.untold")} <span lang="en">' in text
            assert "is not TOML" in text
