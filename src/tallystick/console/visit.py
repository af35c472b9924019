"""One request, as a page sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tallystick.console.desk import Desk
from tallystick.console.files import VERSION
from tallystick.console.people.accounts import Actor
from tallystick.console.people.entry import Entered
from tallystick.console.people.rights import MENU, Right, may
from tallystick.console.security.forgery import token_of
from tallystick.console.sentences import sentences_in
from tallystick.model import Said
from tallystick.report.texts import LANGUAGE_NAMES, Texts
from tallystick.store import Account, Session

SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody.

    Attributes:
        desk: What there is to work with.
        right: What they do; None where there is no such page.
        t: The words of their language.
        now_ms: The present time.
        address: From where they come.
        ident: Their session's id, or that of nobody.
        session: Their session; None: they did not sign in.
        account: Who they are.
        path: The path asked for.
        place: Parts of it that have names.
        query: What stands behind it.
        form: What a form says.
    """

    desk: Desk
    right: Right | None
    t: Texts
    now_ms: int
    address: str
    ident: str = field(repr=False)
    session: Session | None
    account: Account | None
    path: str
    place: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)

    @property
    def who(self) -> Account:
        """Who is here.

        Raises:
            LookupError: nobody signed in; the router lets no such request through.
        """
        if self.account is None:
            raise LookupError("nobody signed in")
        return self.account

    @property
    def here(self) -> Session:
        """Their session.

        Raises:
            LookupError: nobody signed in; the router lets no such request through.
        """
        if self.session is None:
            raise LookupError("nobody signed in")
        return self.session

    @property
    def is_in(self) -> bool:
        """Whether they came all the way in."""
        return self.session is not None and self.session.stage == "in"

    @property
    def actor(self) -> Actor:
        """Who they are, to those who change accounts."""
        return Actor(name=self.who.name, role=self.who.role, address=self.address)

    def may(self, page: str, action: str) -> bool:
        """Tell whether they may do something."""
        return self.is_in and may(self.who.role, page, action)

    def require(self, page: str, action: str) -> None:
        """Refuse what they may not do, and note it.

        Raises:
            HTTPException: 403.
        """
        if not self.may(page, action):
            self.note("refused", record=f"{self.path}: {action}")
            raise HTTPException(403)

    def render(self, template: str, **values: object) -> str:
        """Return a template filled in."""
        common = {
            "visit": self,
            "t": self.t,
            "f": self.t.formats,
            "moment": moment,
            "token": token_of(self.ident),
            "home": "/objection" if self._is_public else "/",
            "menu": [one for one in MENU if self.may(one.page, "read")],
            "languages": [
                (code, name, self._with_language(code))
                for code, name in LANGUAGE_NAMES.items()
            ],
            "party": self.desk.settings.party,
            "version": VERSION,
        }
        return self.desk.templates.get_template(template).render(**common | values)

    def told(self, said: Said) -> str:
        """Return an English sentence in their language.

        Where that has no words for it, it says so, and the English is marked as such.
        """
        sentences = sentences_in(self.t.language)
        words = str(said) if sentences is None else sentences.told(said)
        if words:
            return words
        english = Markup('<span lang="en">{}</span>').format(str(said))
        return Markup("{} {}").format(self.t.say("sorry.untold"), english)

    def kept(self, text: str) -> str:
        """Return a text in their language where the program made it, else as it is."""
        sentences = sentences_in(self.t.language)
        return (sentences.told(text) if sentences is not None else "") or text

    def page(self, template: str, status: int = 200, /, **values: object) -> Response:
        """Return a page."""
        return HTMLResponse(self.render(template, **values), status)

    def enter(self, entered: Entered, response: Response) -> Response:
        """Let them have the session that they entered by."""
        self.desk.cookies.set_session(response, entered.id)
        return response

    def note(self, action: str, *, record: str = "", why: str = "") -> None:
        """Write into the audit log what they do here."""
        name = self.account.name if self.account is not None else ""
        self.desk.audit.note(
            self.right.page if self.right else "",
            action,
            now_ms=self.now_ms,
            who=name,
            role=self.account.role if self.account is not None else "",
            address=self.address,
            record=record,
            why=why,
        )

    @property
    def _is_public(self) -> bool:
        """Whether they are among the pages for callers."""
        stage = self.right.stage if self.right is not None else ""
        return stage == "public" or self.desk.settings.serves == "public"

    def _with_language(self, code: str) -> str:
        # A page that answers a form has no address of its own.
        known = self.right is None or self.right.method == "GET"
        path = self.path if known else "/objection" if self._is_public else "/"
        return (
            f"{path}?{urlencode({**(self.query if known else {}), 'language': code})}"
        )


Handler = Callable[[Visit], Response]


def go(path: str, *, done: str = "") -> Response:
    """Send somebody to another page of ours, which may say what was done."""
    query = f"?{urlencode({'done': done})}" if done else ""
    return RedirectResponse(f"{path}{query}", SEE_OTHER)


def moment(at_ms: int) -> datetime:
    """Return a time as Python has it, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
