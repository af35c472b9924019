"""Passwords: argon2id, a few at a time, and as slow for names that nobody has."""

import secrets
from functools import cache
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 256
GIVEN_BYTES: Final = 12

_HASHER: Final = PasswordHasher()
# One takes 64 MiB: a crowd at the door must not take all memory.
_AT_ONCE: Final = BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(hashed: str | None, password: str) -> bool:
    """Tell whether a password is the one that was hashed.

    Args:
        hashed: None for a name that nobody has; it takes as long.
        password: What was typed.
    """
    with _AT_ONCE:
        try:
            _HASHER.verify(hashed or nobody(), password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


@cache
def nobody() -> str:
    """Return the hash of a password that nobody knows."""
    return _HASHER.hash(secrets.token_hex(32))


def new_password() -> str:
    """Return a password to be given to somebody, who must replace it."""
    return secrets.token_urlsafe(GIVEN_BYTES)


def fault(password: str, again: str, name: str) -> str:
    """Return what is wrong with a new password, as a code; empty: nothing."""
    if password != again:
        return "password_again"
    if len(password) < SHORTEST:
        return "password_short"
    if len(password) > LONGEST:
        return "password_long"
    if name.casefold() in password.casefold() or len(set(password)) < SHORTEST // 2:
        return "password_easy"
    return ""
