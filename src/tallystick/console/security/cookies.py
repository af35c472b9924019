"""The two cookies: who somebody is, and their language."""

import secrets
from typing import Final

from starlette.responses import Response

from tallystick.console.settings import ConsoleSettings
from tallystick.report.texts import LANGUAGES, Language

_YEAR_S: Final = 31_536_000
_IDENT_LENGTH: Final = 43


class Cookies:
    """The cookies of a console."""

    def __init__(self, settings: ConsoleSettings) -> None:
        """Name them; by HTTP, for demonstrations, browsers refuse the strict names."""
        self._secure = settings.is_secure
        before = "__Host-" if self._secure else ""
        self.session, self.language = f"{before}tally", f"{before}tally-language"

    def ident(self, sent: dict[str, str]) -> str:
        """Return the id that a browser sent, or a new one.

        One that nobody signed in with is worth nothing, but a form's token follows
        from it.
        """
        said = sent.get(self.session, "")
        fits = len(said) == _IDENT_LENGTH and said.isascii()
        return said if fits else secrets.token_urlsafe(32)

    def set_session(self, response: Response, ident: str) -> None:
        """Give a browser a session's id, until it is closed."""
        self._set(response, self.session, ident, None)

    def set_language(self, response: Response, language: Language) -> None:
        """Let a browser remember a language."""
        self._set(response, self.language, language, _YEAR_S)

    def language_of(self, sent: dict[str, str]) -> Language | None:
        """Return the language that a browser remembers."""
        return known_language(sent.get(self.language, ""))

    def _set(
        self, response: Response, name: str, value: str, max_age: int | None
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )


def known_language(word: str) -> Language | None:
    """Return a language by its code."""
    return next((one for one in LANGUAGES if one == word), None)


def preferred_language(accepted: str) -> Language:
    """Return the first language a browser asks for that is spoken here.

    Args:
        accepted: Its Accept-Language; weights are taken to go down, as browsers do.
    """
    for part in accepted.split(","):
        word = part.split(";")[0].strip().lower().split("-")[0]
        if (found := known_language(word)) is not None:
            return found
    return "en"
