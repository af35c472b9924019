"""Accounts of the people who work in the console."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from tallystick.model import ConfigError
from tallystick.store.listing import Listing
from tallystick.store.opening import Store
from tallystick.store.tables import ACCOUNTS, RECOVERY_CODES, SESSIONS

PEOPLE: Final = Listing(
    {
        name: ACCOUNTS.c[name]
        for name in ("id", "name", "role", "trunks", "seen_ms", "locked_ms", "made_ms")
    },
    ACCOUNTS.c.id,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        id: 32 hexadecimal digits.
        name: What is typed to sign in.
        role: What they may do.
        trunks: Those that an operator sees.
        password: An argon2 hash; None for those of an identity provider.
        password_until_ms: Until when a password given by somebody else holds; None: it
            is their own.
        totp: The secret of their codes; None before they enrolled.
        totp_step: The last step whose code was used.
        issuer: The identity provider that knows them; None: a password does.
        subject: By which word it knows them.
        made_ms: When the account was made.
        seen_ms: When they last signed in.
        locked_ms: When an administrator locked it; None: it is not.
    """

    id: str
    name: str
    role: str
    trunks: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    password_until_ms: int | None = None
    totp: str | None = field(default=None, repr=False)
    totp_step: int | None = None
    issuer: str | None = None
    subject: str | None = None
    made_ms: int
    seen_ms: int | None = None
    locked_ms: int | None = None


class People:
    """The accounts in a store."""

    def __init__(self, store: Store) -> None:
        """Look into a store."""
        self._store = store

    def add(self, account: Account) -> None:
        """Keep a new account.

        Raises:
            ConfigError: "account-name": the name is taken.
        """
        values = {name: getattr(account, name) for name in Account.__slots__}
        try:
            with self._store.write() as connection:
                connection.execute(
                    insert(ACCOUNTS).values(
                        values | {"trunks": ",".join(account.trunks)}
                    )
                )
        except IntegrityError:
            raise ConfigError(
                "account-name",
                f"There is an account {account.name} already.",
                advice="Take another name, or reset that one.",
            ) from None

    def named(self, name: str) -> Account | None:
        """Return the account of a name."""
        return self._one(ACCOUNTS.c.name == name)

    def by_id(self, ident: str) -> Account | None:
        """Return an account."""
        return self._one(ACCOUNTS.c.id == ident)

    def known_to(self, issuer: str, subject: str) -> Account | None:
        """Return the account of somebody whom an identity provider knows."""
        return self._one(ACCOUNTS.c.issuer == issuer, ACCOUNTS.c.subject == subject)

    def all(self) -> list[Account]:
        """Return every account, by name."""
        with self._store.read() as connection:
            found = connection.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.name))
            return [_account(dict(row)) for row in found.mappings()]

    def change(self, ident: str, /, **values: object) -> None:
        """Set columns of an account."""
        with self._store.write() as connection:
            connection.execute(
                update(ACCOUNTS).where(ACCOUNTS.c.id == ident).values(values)
            )

    def change_unless_last(self, ident: str, role: str, /, **values: object) -> bool:
        """Set columns of an account unless nobody else of its role could sign in.

        Returns:
            Whether it was done.
        """
        other = ACCOUNTS.alias()
        others = (
            select(func.count())
            .select_from(other)
            .where(other.c.role == role, other.c.locked_ms.is_(None))
            .where(other.c.id != ident)
            .scalar_subquery()
        )
        needed = or_(ACCOUNTS.c.role != role, others > 0)
        # Touching all of that role first makes two that come at once wait.
        same = update(ACCOUNTS).where(ACCOUNTS.c.role == role).values(role=role)
        with self._store.write() as connection:
            connection.execute(same)
            done = connection.execute(
                update(ACCOUNTS).where(ACCOUNTS.c.id == ident, needed).values(values)
            )
            return done.rowcount == 1

    def use_step(self, ident: str, step: int) -> bool:
        """Use up the code of a step; return False where it or a later one was used.

        Of two that come at once, one is taken.
        """
        last = ACCOUNTS.c.totp_step
        with self._store.write() as connection:
            done = connection.execute(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.id == ident, or_(last.is_(None), last < step))
                .values(totp_step=step)
            )
            return done.rowcount == 1

    def set_codes(self, ident: str, hashes: Iterable[str]) -> None:
        """Replace somebody's recovery codes."""
        mine = RECOVERY_CODES.c.account == ident
        rows = [{"hash": one, "account": ident} for one in hashes]
        with self._store.write() as connection:
            connection.execute(delete(RECOVERY_CODES).where(mine))
            if rows:
                connection.execute(insert(RECOVERY_CODES), rows)

    def use_code(self, ident: str, hashed: str, *, now_ms: int) -> bool:
        """Use up a recovery code; return False where it is none, or was used."""
        one = RECOVERY_CODES.c
        with self._store.write() as connection:
            done = connection.execute(
                update(RECOVERY_CODES)
                .where(one.account == ident, one.hash == hashed, one.used_ms.is_(None))
                .values(used_ms=now_ms)
            )
            return done.rowcount == 1

    def codes_left(self, ident: str) -> int:
        """Return how many recovery codes were not used yet."""
        one = RECOVERY_CODES.c
        counted = select(func.count()).where(
            one.account == ident, one.used_ms.is_(None)
        )
        with self._store.read() as connection:
            return connection.execute(counted).scalar_one()

    def bind(self, ident: str, subject: str) -> bool:
        """Let an account that waits for somebody be theirs for good.

        Returns:
            Whether it waited still.
        """
        mine = ACCOUNTS.c.id == ident
        with self._store.write() as connection:
            done = connection.execute(
                update(ACCOUNTS)
                .where(mine, ACCOUNTS.c.subject.is_(None))
                .values(subject=subject)
            )
            return done.rowcount == 1

    def reset(self, ident: str, password: str | None, *, until_ms: int | None) -> None:
        """Give a password to be replaced, and forget the codes and all sessions.

        Args:
            ident: Of the account.
            password: Its hash; None: an identity provider lets them in.
            until_ms: When it must have been replaced.
        """
        values = {
            "password": password,
            "password_until_ms": until_ms,
            "totp": None,
            "totp_step": None,
        }
        with self._store.write() as connection:
            connection.execute(
                update(ACCOUNTS).where(ACCOUNTS.c.id == ident).values(values)
            )
            for table in (RECOVERY_CODES, SESSIONS):
                connection.execute(delete(table).where(table.c.account == ident))

    def _one(self, *where: ColumnElement[bool]) -> Account | None:
        with self._store.read() as connection:
            row = connection.execute(select(ACCOUNTS).where(*where)).mappings().first()
        return None if row is None else _account(dict(row))


def _account(row: dict[str, Any]) -> Account:
    trunks = tuple(one for one in row["trunks"].split(",") if one)
    return Account(**row | {"trunks": trunks})
