"""How the pages look: axe, widths, light and dark, with the figures of real nodes."""

import itertools
import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tallystick.console.desk import words
from tallystick.console.provider import ProviderSettings
from tallystick.report.texts import LANGUAGES

from .live import calls
from .planted import desk, plant, publish_reports
from .redress import give
from .test_log import fill
from .test_say_agreement import NAME
from .test_sentences import english
from .test_today import keep
from .world import SESSION, STARTS_MS, running

PAGES = {
    "today": ("analyst", "/"),
    "findings": ("analyst", "/findings"),
    "finding": ("officer", "/findings/{finding}"),
    "verdicts": ("analyst", "/verdicts"),
    "routes": ("analyst", "/routes"),
    "harm": ("auditor", "/harm"),
    "report": ("officer", "/harm/{report}"),
    "cases": ("officer", "/cases"),
    "case": ("officer", "/cases/{case}"),
    "objections": ("officer", "/objections"),
    "objection": ("officer", "/objections/{objected}"),
    "object": (None, "/objection/{given}"),
    "standing": (None, "/objection/{objected}"),
    "agreements": ("officer", "/agreement"),
    "agreement": ("officer", f"/agreement/{NAME}"),
    "text": ("auditor", f"/agreement/{NAME}/{{digest}}"),
    "log": ("auditor", "/log"),
    "people": ("administrator", "/people"),
    "person": ("administrator", "/people/{id}"),
    "audit": ("auditor", "/audit"),
    "settings": ("administrator", "/settings"),
    "account": ("operator", "/account"),
    "refused": ("operator", "/people"),
    "nowhere": ("analyst", "/nowhere"),
    "sign_in": (None, "/sign-in"),
    "away": (None, "/sign-in/provider"),
}
SERIOUS = {"serious", "critical"}
WIDTHS = (1280, 360)
# Colours do not depend on words: each language, and each scheme, is looked at; all of
# them together where pictures are wanted.
LOOKS = (
    list(itertools.product(LANGUAGES, ("light", "dark")))
    if os.environ.get("TALLY_PICTURES")
    else [("be", "light"), ("ru", "light"), ("en", "dark")]
)


# What a page says itself: not what people wrote, nor what programs read.
SAID = """() => {
  const others = "[lang=en], code, pre, script, style, blockquote, textarea";
  const found = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [];
  while (found.nextNode())
    if (!found.currentNode.parentElement.closest(others))
      said.push(found.currentNode.data);
  return said;
}"""


@pytest.fixture
def lively(store, certificate, tmp_path, two):
    """Return a console that shows a node at work, and people of all roles."""
    folder = tmp_path / "nodes"
    folder.mkdir()
    with calls(folder) as url:
        told = {"node": url, "node_settings": folder / "RU.toml", "party": "RU"}
        told["provider"] = ProviderSettings(
            name="Ministry", issuer="https://127.0.0.1:9", client="tally"
        )
        told["side"] = two.by
        told["verdicts"] = tmp_path / "verdicts"
        keep(told["verdicts"], STARTS_MS)
        with running(store, *certificate, **told) as world:
            yield world


def looker(world, chromium, role, language, scheme):
    """Return a page of somebody's browser."""
    context = chromium.new_context(
        ignore_https_errors=True,
        locale=language,
        color_scheme=scheme,
        viewport={"width": WIDTHS[0], "height": 900},
    )
    if role is not None:
        name = f"{role}-{len(world.guests)}"
        guest = world.visitor(name, role)
        ident = guest.http.cookies[SESSION]
        cookie = {"name": SESSION, "value": ident, "url": world.address, "secure": True}
        context.add_cookies([cookie])
    return context.new_page()


def grave(page):
    """Return what axe finds serious."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_every_page_can_be_used_by_everybody(lively, two, chromium, language, scheme):
    """No serious finding of axe, and nothing wider than the screen; pictures are kept.

    Pictures go where TALLY_PICTURES says, to be looked at.
    """
    kept = os.environ.get("TALLY_PICTURES")
    target = lively.person("vera", "operator")
    target_id = lively.accounts().people.named(target.name).id
    case = plant(lively.store)
    side = lively.settings.side
    given, objected = give(side, "call-1"), give(side, "call-2")
    body = {"domain": "calls", "action": "reject", "text": "At noon I was refused."}
    side.cases().say(
        f"objection/{objected}",
        "received",
        body,
        key=side.key,
        now_ms=lively.clock.ms,
    )
    fill(two, lively.clock.ms)
    there = {
        "id": target_id,
        "case": case,
        "given": given,
        "objected": objected,
        "finding": desk(lively.store).cases.surest(case, most=1)[0],
        "report": publish_reports(lively.store, told=1_300),
        "digest": two.by.life(NAME).versions[0].digest,
    }
    strange, agreed = set(), two.by.life(NAME).versions[0]
    for name, (role, path) in PAGES.items():
        page = looker(lively, chromium, role, language, scheme)
        page.goto(lively.address + path.format(**there))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert grave(page) == [], (name, width)
            wide = page.evaluate(
                "document.documentElement.scrollWidth"
                " - document.documentElement.clientWidth"
            )
            if kept:
                where = Path(kept) / f"{name}-{language}-{scheme}-{width}.png"
                page.screenshot(path=where, full_page=True)
            assert wide <= 0, (name, width)
        said = page.evaluate(SAID) if language != "en" else ()
        said = {one.replace(agreed.value.title, "") for one in said}
        said = {one for one in said if one.strip() not in agreed.text}
        strange |= {(name, one) for one in said if english(one)}
        page.context.close()
    assert strange == set()


def test_enrolment_can_be_used_by_everybody(world, chromium):
    """The picture has a name, and the secret can be read."""
    _, given = world.accounts().add("vera", "analyst")
    for scheme in ("light", "dark"):
        context = chromium.new_context(
            ignore_https_errors=True, color_scheme=scheme, locale="be"
        )
        page = context.new_page()
        page.goto(world.address)
        page.locator("#name").fill("vera")
        page.locator("#password").fill(given)
        page.locator("main button").click()
        assert grave(page) == []
        if os.environ.get("TALLY_PICTURES"):
            where = Path(os.environ["TALLY_PICTURES"]) / f"enrol-be-{scheme}.png"
            page.screenshot(path=where, full_page=True)
        context.close()


def test_today_shows_what_the_node_counts_and_goes_on(lively, chromium):
    """Live without a reload; without scripts a link loads it anew."""
    t = words("en")
    page = looker(lively, chromium, "analyst", "en", "light")
    page.goto(lively.address)
    said = page.inner_text("main")
    assert t.say("today.inward", peer="BY") in said
    judged = int(re.search(r"([\d,]+)\s+calls judged", said)[1].replace(",", ""))
    assert judged >= 12
    before = page.inner_text("[sse-swap=figures] p.quiet")
    lively.clock.pass_s(60)
    page.wait_for_function(
        "before => before !="
        " document.querySelector('[sse-swap=figures] p.quiet').innerText",
        arg=before,
        timeout=10_000,
    )
    page.context.close()


def test_an_operator_sees_no_totals(lively):
    """Only whether the node is well and how the peer is heard."""
    t = words("en")
    text = lively.visitor("olga", "operator").get("/").text
    assert t.say("today.peer", peer="BY") in text
    assert t.say("today.asked") not in text
    assert t.say("today.told") not in text


def test_live_pages_end_with_their_session(lively):
    """Somebody who is locked hears no more."""
    guest = lively.visitor("vera")
    heard = []
    with guest.http.stream("GET", "/today/live", timeout=15) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: ") and not heard:
                accounts = lively.accounts()
                accounts.lock(accounts.people.named("vera"))
            heard.append(line)
    assert "event: figures" in heard
    assert guest.get("/").status_code == 303


def test_a_silent_node_is_said(store, certificate):
    """In a sentence; the page is there all the same."""
    with running(store, *certificate, node="http://127.0.0.1:9") as world:
        page = world.visitor("vera").get("/")
        assert page.status_code == 200
        assert words("en").say("today.silent") in page.text
