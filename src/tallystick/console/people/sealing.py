"""Secrets of authenticators, sealed before the store has them.

A secret is 20 bytes, in base 32: 32 characters. Sealed it is a nonce, the same 20
bytes and a tag: 48 bytes, in base 64: 64 characters. So one column holds both, and
which it is can be told by its length.

Source: NIST SP 800-38D (AES-GCM); RFC 4226, 4 (a secret of 160 bits).
"""

import os
import secrets
from base64 import b32decode, b32encode, b64decode, b64encode
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tallystick.model import (
    ConfigError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from tallystick.store import People

KEY_BYTES: Final = 32
SECRET_BYTES: Final = 20
NONCE_BYTES: Final = 12
_SEALED_LENGTH: Final = 64
_SQLITE: Final = "sqlite:///"
_HEAD: Final = (
    "# Tallystick: seals the secrets of authenticators in the console's store.\n"
    "# Keep a copy, apart from backups of the store.\n"
)


class Sealer:
    """Seals secrets under one key, each for the account that it belongs to.

    A secret that was moved to another account does not open.
    """

    def __init__(self, key: bytes) -> None:
        """Take a key of `KEY_BYTES`."""
        self._aead = AESGCM(key)

    def seal(self, secret: str, account: str) -> str:
        """Return a secret as it is kept.

        Args:
            secret: 32 characters in base 32.
            account: The id of whose it is.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, b32decode(secret), _about(account))
        return b64encode(nonce + sealed).decode("ascii")

    def open(self, kept: str, account: str) -> str:
        """Return a secret as its authenticator has it.

        Args:
            kept: What `seal` returned, or a secret of before there was a key.
            account: The id of whose it is.

        Raises:
            VerificationError: "console-seal": it was sealed under another key.
        """
        if not is_sealed(kept):
            return kept
        try:
            plain = b64decode(kept, validate=True)
            nonce, sealed = plain[:NONCE_BYTES], plain[NONCE_BYTES:]
            return b32encode(
                self._aead.decrypt(nonce, sealed, _about(account))
            ).decode()
        except (InvalidTag, ValueError):
            raise VerificationError(
                "console-seal",
                "The secret of an authenticator was sealed under another key.",
                advice="An administrator resets the account, or a recovery code of it "
                "is used.",
            ) from None


def is_sealed(kept: str) -> bool:
    """Tell whether what is kept was sealed."""
    return len(kept) == _SEALED_LENGTH


def key_place(given: Path | None, store: str) -> Path:
    """Return where the key lies.

    Args:
        given: As the settings say; None: beside the store.
        store: The store's URL.

    Raises:
        ConfigError: "console-secrets": the store is no file to lie beside.
    """
    if given is not None:
        return given
    if not store.startswith(_SQLITE):
        raise ConfigError(
            "console-secrets",
            "The store is no file, so that it must be said where the key lies that "
            "seals the secrets of authenticators.",
            advice="Give --secrets FILE; it is made where it is not there yet.",
        )
    path = Path(store.removeprefix(_SQLITE))
    return path.with_name(f"{path.name}.key")


def open_sealer(path: Path, people: People) -> Sealer:
    """Read the key, or make it; and seal what lies open in the store.

    Args:
        path: Where the key lies.
        people: The accounts.

    Returns:
        What seals and opens their secrets.

    Raises:
        UnavailableError: "console-secrets-lost": secrets were sealed, and the key is
            not there.
        VerificationError: "console-secrets-other": they were sealed under another.
        RefusedError: "console-secrets-open": others may read it.
    """
    sealed = [one for one in people.all() if one.totp and is_sealed(one.totp)]
    if not path.exists():
        if sealed:
            raise UnavailableError(
                "console-secrets-lost",
                f"The key of the authenticators is not at {path}, and {len(sealed)} "
                "accounts need it.",
                advice=_WAY_OUT,
            )
        _make(path)
    sealer = Sealer(_read(path))
    for one in sealed:
        try:
            sealer.open(one.totp or "", one.id)
        except VerificationError:
            raise VerificationError(
                "console-secrets-other",
                f"{path} is not the key under which the authenticator of {one.name} "
                "was sealed.",
                advice=_WAY_OUT,
            ) from None
    for one in people.all():
        if one.totp and not is_sealed(one.totp):
            people.change(one.id, totp=sealer.seal(one.totp, one.id))
    return sealer


_WAY_OUT: Final = (
    "Bring it back from your copy. If it is lost: `tally console account reset NAME` "
    "for each of them, who then connect an authenticator anew."
)


def _about(account: str) -> bytes:
    return f"tally authenticator\n{account}".encode()


def _make(path: Path) -> None:
    key = b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{_HEAD}{key}\n")
            file.flush()
            os.fsync(file.fileno())
        # Of two consoles that start at once, one key is taken by both.
        try:
            path.hardlink_to(new)
        except FileExistsError:
            return
    finally:
        new.unlink()


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise RefusedError(
            "console-secrets-open",
            f"Others may read {path}.",
            advice=f"chmod 600 {path}",
        )
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    try:
        key = b64decode("".join(one for one in lines if not one.startswith("#")))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VerificationError(
            "console-secrets-other", f"{path} holds no key.", advice=_WAY_OUT
        )
    return key
