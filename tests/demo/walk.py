"""The tutorial's walk in a real browser: a window on each side, and its pictures."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tallystick.cli.demo.people import read_people
from tallystick.node.service import now_ms

from .visit import Running, until

SIZE = {"width": 960, "height": 640}


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
    """Give a window on each side, where nobody has signed in."""
    opened = []
    for country in ("Belarus", "Russia"):
        context = chromium.new_context(viewport=SIZE, locale="en", color_scheme="light")
        opened.append(Window(context.new_page(), shown.address(country), seen))
    try:
        yield tuple(opened)
    finally:
        for one in opened:
            one.page.context.close()


def code_of(folder: Path, party: str, name: str) -> str:
    """Return what an authenticator shows now."""
    for one in read_people(folder / "people.json"):
        if (one.party, one.name) == (party, name):
            return one.code(now_ms())
    raise LookupError(name)
