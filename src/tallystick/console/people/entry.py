"""Coming in: password, then code; each step counted before it is looked at."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tallystick.console.people.codes import (
    hash_recovery_code,
    new_recovery_codes,
    new_secret,
    step_of,
)
from tallystick.console.people.passwords import fault, hash_password, is_password
from tallystick.console.settings import MINUTE_MS, ConsoleSettings
from tallystick.model import VerificationError
from tallystick.store import Account, Attempts, People, Session, Sessions, Store
from tallystick.store.sessions import Stage

WINDOW_MS: Final = 15 * MINUTE_MS
LIMITS: Final = {"account at address": 6, "account": 30, "address": 100}
"""Attempts in `WINDOW_MS`. From one address few for one name; for a name from
everywhere more, so that a stranger cannot keep its owner out for nothing. Who comes in
is forgiven, but not the address: who has an account could go on guessing others'."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody does not come in.

    Attributes:
        why: A code with a sentence for them.
        until_ms: When they may try again; None: at once.
    """

    why: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody came one step further.

    Attributes:
        id: Of their session, a new one: what they had before is worth nothing.
        session: The session.
        account: Who they are.
    """

    id: str = field(repr=False)
    session: Session
    account: Account


def session_hash(ident: str) -> str:
    """Return what is kept of a session's id."""
    return hashlib.sha256(f"tally session\n{ident}".encode()).hexdigest()


class Entry:
    """The door of the console."""

    def __init__(self, store: Store, settings: ConsoleSettings) -> None:
        """Let people of a store in."""
        self.people, self.sessions = People(store), Sessions(store)
        self._attempts, self._settings = Attempts(store), settings

    def present(self, ident: str, *, now_ms: int) -> tuple[Session, Account] | None:
        """Return who has a session; None where it is none, or ended."""
        session = self.sessions.find(session_hash(ident))
        if session is None:
            return None
        account = self.people.by_id(session.account)
        told = self._settings
        longest_ms = told.session_ms if session.stage == "in" else told.entering_ms
        over = (
            now_ms - session.made_ms >= longest_ms
            or now_ms - session.seen_ms >= told.idle_ms
        )
        if over or account is None or account.locked_ms is not None:
            self.sessions.end(session.hash)
            return None
        return session, account

    def enter(self, account: Account, stage: Stage, *, now_ms: int) -> Entered:
        """Give somebody a session, as far in as they came."""
        ident = secrets.token_urlsafe(32)
        session = Session(
            hash=session_hash(ident),
            account=account.id,
            stage=stage,
            offer=self._seal(new_secret(), account) if stage == "enrol" else None,
            made_ms=now_ms,
            seen_ms=now_ms,
        )
        self.sessions.begin(session)
        return Entered(ident, session, account)

    def take_password(
        self, name: str, password: str, *, address: str, now_ms: int
    ) -> Entered | Refusal:
        """Look at a name and a password.

        One sentence for every reason, and the same time for all of them: nobody learns
        who has an account here, or that it is locked.
        """
        name = name.strip().lower()
        if (until_ms := self._counted(name, address, now_ms)) is not None:
            return Refusal("too_many", until_ms)
        account = self.people.named(name)
        right = is_password(account.password if account else None, password)
        if account is None or not right or account.locked_ms is not None:
            return Refusal("wrong_password")
        given_ms = account.password_until_ms
        if given_ms is not None and now_ms >= given_ms:
            return Refusal("wrong_password")
        own = account.totp is not None and given_ms is None
        return self.enter(account, "code" if own else "enrol", now_ms=now_ms)

    def arrive(self, account: Account, *, second: bool, now_ms: int) -> Entered:
        """Let somebody go on whom an identity provider knows.

        Args:
            account: Who they are here.
            second: Whether the provider asked for a second factor.
            now_ms: The present time.
        """
        if second:
            return self._let_in(account, now_ms=now_ms)
        stage: Stage = "enrol" if account.totp is None else "code"
        return self.enter(account, stage, now_ms=now_ms)

    def take_code(
        self,
        session: Session,
        account: Account,
        code: str,
        *,
        address: str,
        now_ms: int,
    ) -> Entered | Refusal:
        """Look at a code of an authenticator, or a recovery code."""
        if (until_ms := self._counted(account.name, address, now_ms)) is not None:
            return Refusal("too_many", until_ms)
        step = step_of(self._opened(account), code, now_ms=now_ms)
        if step is not None:
            if not self.people.use_step(account.id, step):
                return Refusal("used_code")
        elif not self.people.use_code(
            account.id, hash_recovery_code(account.id, code), now_ms=now_ms
        ):
            return Refusal("wrong_code")
        return self._come_in(session, account, address=address, now_ms=now_ms)

    def enrol(
        self,
        session: Session,
        account: Account,
        *,
        password: str,
        again: str,
        code: str,
        address: str,
        now_ms: int,
    ) -> tuple[Entered, list[str]] | Refusal:
        """Take somebody's own password, and the first code of their authenticator.

        Returns:
            Their session and ten recovery codes, shown once.
        """
        own = account.issuer is None
        if own and (why := fault(password, again, account.name)):
            return Refusal(why)
        if own and is_password(account.password, password):
            return Refusal("password_given")
        if (until_ms := self._counted(account.name, address, now_ms)) is not None:
            return Refusal("too_many", until_ms)
        secret = self.offered(session)
        step = step_of(secret, code, now_ms=now_ms) if secret else None
        if step is None:
            return Refusal("wrong_code")
        self.people.change(
            account.id,
            password=hash_password(password) if own else None,
            password_until_ms=None,
            totp=self._seal(secret, account),
            totp_step=step,
        )
        self.sessions.end_all(account.id, but=session.hash)
        codes = self.renew_codes(account)
        entered = self._come_in(session, account, address=address, now_ms=now_ms)
        return entered, codes

    def offered(self, session: Session) -> str:
        """Return the secret that somebody is to connect; empty: none."""
        sealer = self._settings.sealer
        return sealer.open(session.offer, session.account) if session.offer else ""

    def renew_codes(self, account: Account) -> list[str]:
        """Return new recovery codes; the old ones are worth nothing."""
        codes = new_recovery_codes()
        self.people.set_codes(
            account.id, [hash_recovery_code(account.id, one) for one in codes]
        )
        return codes

    def change_password(
        self,
        session: Session,
        account: Account,
        *,
        old: str,
        password: str,
        again: str,
        address: str,
        now_ms: int,
    ) -> Refusal | None:
        """Replace somebody's password; all their other sessions end."""
        if why := fault(password, again, account.name):
            return Refusal(why)
        if refusal := self.confirm(account, old, address=address, now_ms=now_ms):
            return refusal
        self.people.change(account.id, password=hash_password(password))
        self.sessions.end_all(account.id, but=session.hash)
        return None

    def confirm(
        self, account: Account, password: str, *, address: str, now_ms: int
    ) -> Refusal | None:
        """Look again at the password of somebody who is in."""
        if (until_ms := self._counted(account.name, address, now_ms)) is not None:
            return Refusal("too_many", until_ms)
        if not is_password(account.password, password):
            return Refusal("wrong_old")
        self._forget(account.name, address)
        return None

    def _seal(self, secret: str, account: Account) -> str:
        return self._settings.sealer.seal(secret, account.id)

    def _opened(self, account: Account) -> str:
        """Return the secret of somebody's codes; empty where it cannot be opened.

        A recovery code then still lets them in.
        """
        with contextlib.suppress(VerificationError):
            return self._settings.sealer.open(account.totp or "", account.id)
        return ""

    def _come_in(
        self, session: Session, account: Account, *, address: str, now_ms: int
    ) -> Entered:
        self._forget(account.name, address)
        self.sessions.end(session.hash)
        return self._let_in(account, now_ms=now_ms)

    def _let_in(self, account: Account, *, now_ms: int) -> Entered:
        self.sessions.sweep(
            seen_before_ms=now_ms - self._settings.idle_ms,
            made_before_ms=now_ms - self._settings.session_ms,
        )
        self.people.change(account.id, seen_ms=now_ms)
        return self.enter(account, "in", now_ms=now_ms)

    def _counted(self, name: str, address: str, now_ms: int) -> int | None:
        """Count an attempt; return when there were too many until when to wait."""
        until = [
            first_ms + WINDOW_MS
            for limit, subject in _subjects(name, address)
            for count, first_ms in [
                self._attempts.note(subject, now_ms=now_ms, since_ms=now_ms - WINDOW_MS)
            ]
            if count > limit
        ]
        return max(until, default=None)

    def _forget(self, name: str, address: str) -> None:
        for subject in (_subject("account", name), _subject(*_both(name, address))):
            self._attempts.forget(subject)


def _subjects(name: str, address: str) -> Iterator[tuple[int, str]]:
    """Return each limit with what is kept of whom it is for."""
    whom = (_both(name, address), ("account", name), ("address", address))
    return ((LIMITS[kind], _subject(kind, plain)) for kind, plain in whom)


def _both(name: str, address: str) -> tuple[str, str]:
    return "account at address", f"{name}\n{address}"


def _subject(kind: str, plain: str) -> str:
    return hashlib.sha256(f"tally attempt\n{kind}\n{plain}".encode()).hexdigest()
