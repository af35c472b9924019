"""Two parties at their consoles in a real browser: a case and an agreement, both ended.

Offices and consoles are processes; what one party says arrives at the other by itself.
"""

import re
import time

import pytest

from office.two import MOST_S
from tallystick.console.desk import words
from tallystick.report.texts import LANGUAGES

from .houses import two_houses
from .planted import CALLING
from .sides import case_of, text_of
from .test_looks import grave

ACTORS = {"en": "Elm", "ru": "Oak", "be": "Ash", "plain": "Fir"}
TRUNKS = {"Elm": "T1", "Oak": "T2", "Ash": "T3", "Fir": "T4"}
NAME = "by-ru-calls"


@pytest.fixture(scope="module")
def houses(tmp_path_factory, chromium):
    """Return BY's and RU's house; the browser is there before they are."""
    del chromium
    with two_houses(tmp_path_factory.mktemp("houses"), TRUNKS) as pair:
        yield pair


class Visitor:
    """Somebody of a role in a browser, in a language."""

    def __init__(self, chromium, house, role, language, *, scripts=True):
        self.t, self.house = words(language), house
        self.context = chromium.new_context(
            locale=language, java_script_enabled=scripts
        )
        cookie = {"name": "tally", "value": house.session(role), "url": house.address}
        self.context.add_cookies([cookie])
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.wrong = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda one: self.wrong.append(str(one)))

    def _heard(self, one):
        # A page that is left while it asks for news ends that request.
        if one.type == "error":
            self.wrong.append(one.text)

    def go(self, path):
        """Open a page."""
        self.page.goto(self.house.address + path)
        return self

    def until(self, path, text):
        """Open a page again and again, until something is there."""
        ends = time.monotonic() + MOST_S
        wanted = text.casefold()  # a state may begin a sentence
        while wanted not in self.go(path).page.inner_text("main").casefold():
            assert time.monotonic() < ends, (path, text)
            time.sleep(0.2)
        return self

    def say(self, summary, *, confirm=True, reason="", **fields):
        """Fill in the form of a kind, and sign what is then shown."""
        t, page = self.t, self.page
        form = page.locator("details", has=page.get_by_text(t.say(summary), exact=True))
        if form.get_attribute("open") is None:
            form.locator("summary").click()
        for name, value in fields.items():
            field = form.locator(f"[name='{name.rstrip('_')}']")
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        form.locator("button.main").click()
        if confirm:
            assert page.inner_text("h1") == t.say("confirm.title")
            if reason:
                page.locator("#why").fill(reason)
            page.get_by_role("button", name=t.say("confirm.sign")).click()
        page.locator("main .done, main .alert[role=alert]").first.wait_for()
        assert t.say("done.said") in page.inner_text("main"), page.inner_text("main")
        return self

    def leave(self):
        """Close the browser; nothing went wrong in it."""
        self.context.close()
        assert self.wrong == []


def a_case(by, ru, analyst, case, *, scripts):
    """Bring a case from raised to done, each step by the pages of its party."""
    path = f"/cases/{case}"
    t = by.t
    analyst.go("/cases").page.get_by_role("link", name=case).click()
    analyst.say("say.raised", text="Every call is longer here.")
    by.go(path).say("say.asked", most="3", text="How long were they?")
    asked = t.say("case_page.turn", who="RU", until="").partition("RU")[0] + "RU"
    ru.until(path, asked)
    ru.say("say.opened", reason="their question")
    by.until(path, t.say("case_page.opened_by", party="RU"))
    assert CALLING not in by.page.inner_text("main")
    ru.go(path).say("say.answered", answer="confirmed", text="Thirty seconds less.")
    answered = t.named("state", "answered")
    if scripts:
        # The page of the one who waits changes by itself.
        by.page.locator("#live [role=status]", has_text=answered).wait_for(
            timeout=MOST_S * 1000
        )
        assert grave(by.page) == []
        by.page.get_by_role("link", name=t.say("case_page.moved")).click()
    else:
        by.until(path, answered)
    by.say("say.decided", decision="confirmed", text="The surplus is claimed.")
    ru.until(path, t.named("state", "decided"))
    ru.say("say.closed", text="The route is closed.")
    by.until(path, t.named("state", "done"))
    assert by.page.locator("form.saying").count() == 0
    assert ru.page.locator(".history li").count() == 6


def an_agreement(by, ru, administrator, version, draft):
    """Propose, discuss, sign, suspend and go on, each step by the pages."""
    t, path = by.t, f"/agreement/{NAME}"
    by.go("/agreement").page.locator("summary").click()
    by.page.set_input_files("#file", draft)
    by.page.get_by_role("button", name=t.say("say.next")).click()
    by.page.get_by_role("button", name=t.say("confirm.sign")).click()
    by.page.get_by_text(t.say("done.said")).wait_for()
    ru.until("/agreement", NAME).until(path, t.say("phase.to-sign"))
    body = f"Association of operators {version}"
    ru.say(
        "say.agreement.commented", from_=body, text="What of roamers?", rule="missing"
    )
    by.until(path, body)
    assert grave(by.page) == []
    by.say("say.agreement.answered", text="They keep their half.")
    by.go(path).say("say.agreement.signed")
    signed = t.say("wait.signature", who="RU").partition("RU")[0] + "RU"
    administrator.until(path, signed)
    administrator.say("say.agreement.signed")
    by.until(path, t.say("agreement.in_force", version=version, since="")[:16])
    ru.go(path).say(
        "say.agreement.suspended", rule="missing", why="Too many", confirm=False
    )
    by.until(path, "Too many")
    assert t.say("mode.suspended") in by.page.inner_text("main")
    by.say("say.agreement.resumed", rule="missing")
    ru.until(path, t.say("agreement.lifted", who="BY"))
    ru.say("say.agreement.resumed", rule="missing")


def others_look(chromium, by, case, language):
    """Let operator, auditor and administrator of BY see what is theirs to see."""
    t = by.t
    operator = Visitor(chromium, by.house, "operator", language)
    operator.go("/cases")
    own = operator.page.get_by_role("link", name=case).count()
    assert own == (ACTORS[language] == "Elm")
    operator.go(f"/agreement/{NAME}").page.get_by_text(
        t.say("mode.live")
    ).first.wait_for()
    assert operator.page.locator("form.saying").count() == 0
    operator.leave()
    auditor = Visitor(chromium, by.house, "auditor", language)
    said = auditor.go("/audit").page.inner_text("main")
    assert t.say("did.decided") in said
    assert t.say("did.signed") in said
    auditor.go("/log").page.get_by_role("button", name=t.say("log.check")).click()
    checked = t.say("log.checked", n="0").partition(",")[0]
    auditor.page.get_by_text(checked).wait_for()
    auditor.go(f"/agreement/{NAME}")
    with auditor.page.expect_download() as took:
        auditor.page.get_by_role("link", name=re.compile(r"TOML")).first.click()
    assert took.value.suggested_filename.startswith(NAME)
    auditor.leave()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_and_an_agreement_between_two_consoles(
    houses, chromium, tmp_path, language
):
    """By five roles of two parties, in one language; both consoles agree at the end."""
    version = LANGUAGES.index(language) + 1
    case = case_of(houses[0].side, ACTORS[language])
    by, ru = (Visitor(chromium, one, "officer", language) for one in houses)
    analyst = Visitor(chromium, houses[0], "analyst", language)
    administrator = Visitor(chromium, houses[1], "administrator", language)
    a_case(by, ru, analyst, case, scripts=True)
    draft = tmp_path / "draft.toml"
    draft.write_text(text_of(houses[0].side, version=version), encoding="utf-8")
    an_agreement(by, ru, administrator, version, draft)
    others_look(chromium, by, case, language)
    for one in (by, ru, analyst, administrator):
        one.leave()


def test_a_case_without_scripts(houses, chromium):
    """The same pages, loaded anew by hand."""
    case = case_of(houses[0].side, ACTORS["plain"])
    by, ru = (Visitor(chromium, one, "officer", "be", scripts=False) for one in houses)
    a_case(by, ru, by, case, scripts=False)
    by.leave()
    ru.leave()
