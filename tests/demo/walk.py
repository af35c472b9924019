"""The tutorial's walk in a real browser: a window on each side, and its pictures."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tallystick.cli.demo.people import read_people
from tallystick.node.service import now_ms

from .visit import Running, until

SIZE = {"width": 1024, "height": 640}
OPENED = 5
HAPPENED = "I am from Brest. I was in Poland and called my sister in Smolensk."
EXPLAINED = "A subscriber of ours, who was in a third country."
TOLD = "Please excuse us. We have looked at the rule."


class Window:
    """Somebody's browser.

    Attributes:
        page: What it shows.
        seen: The words of all pages that it has shown.
    """

    def __init__(self, page, address, seen):
        """Open it on a console."""
        self.page, self.seen, self._address = page, seen, address
        page.set_default_timeout(30_000)

    def go(self, path):
        """Type an address."""
        self.page.goto(f"{self._address}{path}")
        self._look()

    def click(self, what, *, within=None):
        """Click on what has a name."""
        place = self.page.locator("main, header") if within is None else within
        place.locator("button, a").get_by_text(what, exact=True).first.click()
        self._look()

    def fill(self, **fields):
        """Type into fields."""
        for name, value in fields.items():
            self.page.locator(f"#{name}").fill(value)

    def sign_in(self, name, password, code):
        """Come in."""
        self.go("/sign-in")
        self.fill(name=name, password=password)
        self.click("Next")
        self.fill(code=code)
        self.click("Sign in")
        self.page.get_by_text("open cases").wait_for()

    def stands(self, state):
        """Load a case anew until it stands so."""

        def is_so():
            self.page.reload()
            return (
                state.capitalize()
                in self.page.locator("#live [role=status]").inner_text()
            )

        until(is_so)
        self._look()

    def shows(self, *patterns):
        """Load a page anew until it says all of them."""

        def is_so():
            self.page.reload()
            said = self.page.inner_text("main")
            return all(re.search(one, said) for one in patterns)

        until(is_so)
        self._look()

    def tell(self, button, *, choose=None, **fields):
        """Fill a form that is sent as it stands, and send it."""
        form = self.page.locator("form", has=self.page.get_by_text(button, exact=True))
        for name, value in fields.items():
            form.locator(f"[name={name}]").fill(value)
        if choose is not None:
            form.locator("select").select_option(choose)
        self.click(button, within=form)

    def offer(self, what, **fields):
        """Choose what to say of a case, and look at what would be signed."""
        self._look()
        offers = self.page.locator("details.add", has_text=what)
        one = offers.filter(has=self.page.locator("form.saying")).first
        if one.get_attribute("open") is None:
            one.locator("summary").click()
        for name, value in fields.items():
            field = one.locator(f"[name={name}]")
            if name in {"question", "whom", "answer", "decision"}:
                field.select_option(value)
            else:
                field.fill(value)
        self.click("Show what would be signed", within=one)

    def say(self, what, **fields):
        """Choose what to say, look at it and sign it."""
        self.offer(what, **fields)
        self.click("Sign it")

    def picture(self, name):
        """Keep a picture for the tutorial, where TALLY_TUTORIAL says."""
        kept = os.environ.get("TALLY_TUTORIAL")
        if kept:
            self.page.screenshot(path=Path(kept) / f"{name}.png")

    def _look(self):
        self.seen.append(self.page.inner_text("body"))


@contextmanager
def windows(chromium, shown: Running, seen: list[str]) -> Generator[tuple]:
    """Give a window on each side, and a caller's; nobody has signed in."""
    opened = []
    for country in ("Belarus", "Russia", "Russia"):
        context = chromium.new_context(viewport=SIZE, locale="en", color_scheme="light")
        opened.append(Window(context.new_page(), shown.address(country), seen))
    try:
        yield tuple(opened)
    finally:
        for one in opened:
            one.page.context.close()


def work_a_case(by, ru) -> str:
    """Carry the case of a trunk from finding to done; return its name."""
    by.click("Cases")
    by.picture("3-cases")
    row = by.page.locator("tr", has_text="BY-105")
    assert "Stretched trunk" in row.inner_text()
    name = row.locator("th a").inner_text()
    by.go(f"/cases/{name}")
    by.picture("4-found")
    by.say("Raise the case")
    by.offer("Ask", question="as-answered", whom="RU", most="5")
    by.picture("5-signing")
    by.click("Sign it")
    ru.go(f"/cases/{name}")
    ru.stands("asked")
    ru.picture("6-asked")
    ru.offer("Open your records")
    assert ru.page.locator("tbody tr").count() == OPENED
    assert not re.search(r"\+\d{7,}", ru.page.inner_text("main"))
    ru.picture("7-opening")
    ru.fill(why="the other side asks")
    ru.click("Sign it")
    ru.say("Answer", answer="confirmed")
    by.go(f"/cases/{name}")
    by.stands("answered")
    by.say("Decide", decision="confirmed")
    ru.stands("decided")
    ru.say("Close the case")
    by.stands("done")
    by.picture("8-done")
    return name


def work_an_objection(caller, by, ru, reference: str) -> None:
    """Let a caller object, be believed and be told so; the rule stops, and goes on."""
    caller.go("/objection")
    caller.fill(reference=reference, text=HAPPENED)
    caller.picture("9-objecting")
    caller.click("Object")
    caller.shows("being looked into")
    assert not caller.page.get_by_text("Sign out").count()
    ru.click("Objections")
    ru.click(reference)
    ru.tell("Ask", text="Is anything known of this caller?")
    by.click("Objections")
    by.shows(reference)
    by.click(reference)
    by.shows("Answer the other side")
    by.tell("Answer", choose="explained", text=EXPLAINED)
    ru.go(f"/objections/{reference}")
    ru.shows(EXPLAINED, "Decide")
    said = ru.page.get_by_role("heading", name="What was said")
    said.evaluate("heading => heading.scrollIntoView()")
    ru.picture("10-explained")
    ru.tell("Decide", choose="upheld")
    ru.tell("Answer the caller", text=TOLD)
    caller.shows(TOLD)
    caller.picture("11-told")
    ru.click("Today")
    ru.shows("1 rule is suspended")
    ru.picture("12-suspended")
    for one in (ru, by):
        one.click("Agreement")
        one.click("Calls between BY and RU")
        one.shows("more than the agreed 0 per million")
        one.say("Lift a suspension")
    ru.click("Today")
    ru.shows(r"(?s)\A(?!.*rule is suspended)")


def code_of(folder: Path, party: str, name: str) -> str:
    """Return what an authenticator shows now."""
    for one in read_people(folder / "people.json"):
        if (one.party, one.name) == (party, name):
            return one.code(now_ms())
    raise LookupError(name)
