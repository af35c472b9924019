"""Making and changing accounts: what the page of people and the command share."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.console.people.passwords import hash_password, new_password
from tallystick.console.people.rights import ROLES
from tallystick.model import ConfigError, RefusedError
from tallystick.store import Account, AuditBook, People, Sessions, Store

GIVEN_MS: Final = 72 * 3_600_000
"""How long a password that was given to somebody may wait to be replaced."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_TRUNK: Final = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
_TRUNKS_LENGTH: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes accounts.

    Attributes:
        name: Their account; of the command line, a word that no account can have.
        role: Theirs.
        address: From where.
    """

    name: str
    role: str = ""
    address: str = ""


class Accounts:
    """Changes to accounts, each with a line in the audit log."""

    def __init__(self, store: Store, actor: Actor, now_ms: Callable[[], int]) -> None:
        """Change accounts of a store."""
        self.people = People(store)
        self._sessions, self._audit = Sessions(store), AuditBook(store)
        self._actor, self._now_ms = actor, now_ms

    def add(
        self, name: str, role: str, trunks: Sequence[str] = (), *, issuer: str = ""
    ) -> tuple[str, str]:
        """Make an account.

        Args:
            name: What its owner is called.
            role: Theirs.
            trunks: Those that an operator sees.
            issuer: The identity provider that will bring its owner, who has that name
                there; empty: they come by a password.

        Returns:
            Its id, and a password that its owner must replace within three days; empty
            where an identity provider brings them.

        Raises:
            ConfigError: "account-name", "account-role" or "account-trunks".
        """
        if not is_name(name):
            raise ConfigError(
                "account-name",
                "That is no name for an account.",
                advice="2 to 64 of a-z, 0-9 and ._@-, beginning with a letter or "
                "digit.",
            )
        _check_role(role)
        now_ms, ident = self._now_ms(), secrets.token_hex(16)
        password = "" if issuer else new_password()
        account = Account(
            id=ident,
            name=name,
            role=role,
            trunks=checked_trunks(role, trunks),
            password=hash_password(password) if password else None,
            password_until_ms=now_ms + GIVEN_MS if password else None,
            issuer=issuer or None,
            made_ms=now_ms,
        )
        self.take(account)
        return ident, password

    def take(self, account: Account) -> None:
        """Keep an account that was made elsewhere.

        A name that is taken is refused as in `add`.
        """
        self.people.add(account)
        self._note("add", account.name, account.role)

    def follow(self, account: Account, role: str, trunks: Sequence[str]) -> None:
        """Give somebody the role that their identity provider says they have."""
        self.people.change(account.id, role=role, trunks=",".join(trunks))
        self._sessions.end_all(account.id)
        self._note("role", account.name, role)

    def set_role(self, account: Account, role: str, trunks: Sequence[str] = ()) -> None:
        """Give somebody another role; they must sign in again.

        Raises:
            ConfigError: "account-role" or "account-trunks".
            RefusedError: "account-last" or "account-own".
        """
        _check_role(role)
        self._change(
            account, "role", role=role, trunks=",".join(checked_trunks(role, trunks))
        )

    def lock(self, account: Account) -> None:
        """Let somebody in no more, at once.

        Raises:
            RefusedError: "account-last" or "account-own".
        """
        self._change(account, "lock", locked_ms=self._now_ms())

    def unlock(self, account: Account) -> None:
        """Let somebody in again."""
        self.people.change(account.id, locked_ms=None)
        self._note("unlock", account.name)

    def reset(self, account: Account) -> str:
        """Give somebody a new password, and let them enrol anew.

        Returns:
            The password, to be replaced within three days; empty for somebody of an
            identity provider, who only connects an authenticator anew.

        Raises:
            RefusedError: "account-own" or "account-provider".
        """
        self._check_other(account)
        if account.issuer is not None and account.totp is None:
            raise RefusedError(
                "account-provider",
                f"{account.name} signs in at an identity provider.",
                advice="Reset the password there.",
            )
        password = new_password() if account.issuer is None else ""
        hashed = hash_password(password) if password else None
        until_ms = self._now_ms() + GIVEN_MS if password else None
        self.people.reset(account.id, hashed, until_ms=until_ms)
        self._note("reset", account.name)
        return password

    def _change(self, account: Account, action: str, **values: object) -> None:
        self._check_other(account)
        if values.get("role") == "administrator":
            self.people.change(account.id, **values)
        elif not self.people.change_unless_last(account.id, "administrator", **values):
            raise RefusedError(
                "account-last",
                f"{account.name} is the last administrator who can sign in.",
                advice="Make another one first.",
            )
        self._sessions.end_all(account.id)
        self._note(action, account.name, str(values.get("role", "")))

    def _check_other(self, account: Account) -> None:
        if account.name == self._actor.name:
            raise RefusedError(
                "account-own",
                "Nobody changes their own role, nor locks or resets themselves.",
                advice="Ask another administrator.",
            )

    def _note(self, action: str, record: str, why: str = "") -> None:
        self._audit.note(
            "people",
            action,
            now_ms=self._now_ms(),
            who=self._actor.name,
            role=self._actor.role,
            address=self._actor.address,
            record=record,
            why=why,
        )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise ConfigError(
            "account-role",
            "There is no such role.",
            advice=f"One of {', '.join(ROLES)}.",
        )


def is_name(name: str) -> bool:
    """Tell whether an account can be called so."""
    return _NAME.fullmatch(name) is not None


def checked_trunks(role: str, trunks: Sequence[str]) -> tuple[str, ...]:
    """Return the trunks that somebody of a role sees, each once.

    Raises:
        ConfigError: "account-trunks".
    """
    chosen = tuple(dict.fromkeys(one.strip() for one in trunks if one.strip()))
    fits = all(_TRUNK.fullmatch(one) for one in chosen)
    if not fits or len(",".join(chosen)) > _TRUNKS_LENGTH:
        raise ConfigError(
            "account-trunks",
            "A trunk has a name that none can have, or there are too many.",
            advice="Letters, digits and ._:@-, with commas between them.",
        )
    if (role == "operator") != bool(chosen):
        raise ConfigError(
            "account-trunks",
            "An operator needs the trunks that they see, and nobody else has any.",
            advice="Name them, or take another role.",
        )
    return chosen
