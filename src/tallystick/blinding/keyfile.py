"""Key and channel files on disk: written once, private ones for their owner only.

Source: spec/tokens.md, "Keys" and "Agreement".
"""

import os
import stat
from pathlib import Path
from typing import Final

from tallystick.blinding.channel import Channel, encode_channel, parse_channel
from tallystick.blinding.key import (
    KEY_TEXT_LIMIT,
    PrivateKey,
    PublicKey,
    encode_private_key,
    encode_public_key,
    fingerprint,
    parse_private_key,
    parse_public_key,
)
from tallystick.model import MalformedError, RefusedError, UnavailableError

_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077
_POSIX: Final = os.name == "posix"  # elsewhere the mode says nothing


def public_key_text(key: PublicKey) -> str:
    """Return the public key as a file for the peer, fingerprint included."""
    return (
        f"# Tallystick public key of {key.party}: for the peer, not secret.\n"
        f"# Fingerprint: {fingerprint(key)}\n"
        f"{encode_public_key(key)}\n"
    )


def write_private_key(path: Path, key: PrivateKey) -> None:
    """Write a new private key file that only its owner can read.

    Raises:
        RefusedError: "key-exists": an old key is never overwritten.
        UnavailableError: "key-file" when the file cannot be written.
    """
    text = (
        f"# Tallystick PRIVATE key of {key.party}: never send it, never show it.\n"
        f"{encode_private_key(key)}\n"
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        raise RefusedError(
            "key-exists",
            f"{path} is already there and was left as it is.",
            advice="Name another file; without the old key nothing that was blinded "
            "with it can be paired any more.",
        ) from None
    except OSError as error:
        raise UnavailableError("key-file", _sentence(path, error)) from None
    with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
        file.write(text)


def read_private_key(path: Path) -> PrivateKey:
    """Read a private key file.

    A file that cannot be read is refused with UnavailableError "key-file", what it
    holds as in `parse_private_key`.

    Raises:
        RefusedError: "key-open" when others than its owner may read it.
    """
    text = _read(path)
    key = parse_private_key(text, origin=str(path))
    if _POSIX and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        raise RefusedError(
            "key-open",
            f"{path} is a private key that others on this machine may read.",
            advice=f"Close it with `chmod 600 {path}`; if it lay open for long, make "
            "a new one.",
        )
    return key


def read_public_key(path: Path) -> PublicKey:
    """Read a public key file; it is refused as in `read_private_key`."""
    return parse_public_key(_read(path), origin=str(path))


def write_channel(path: Path, channel: Channel) -> None:
    """Write a channel file; one that says the same is left as it is.

    Raises:
        RefusedError: "channel-exists" when another is there.
        UnavailableError: "key-file" when the file cannot be written.
    """
    text = encode_channel(channel)
    try:
        with path.open("x", encoding="ascii", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        if _read(path) != text:
            raise RefusedError(
                "channel-exists",
                f"{path} is already there, says something else, and was left as it is.",
                advice="Compare the fingerprints again before you replace it.",
            ) from None
    except OSError as error:
        raise UnavailableError("key-file", _sentence(path, error)) from None


def read_channel(path: Path) -> Channel:
    """Read a channel file; it is refused as in `parse_channel`."""
    return parse_channel(_read(path), origin=str(path))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(KEY_TEXT_LIMIT + 1)
    except OSError as error:
        raise UnavailableError("key-file", _sentence(path, error)) from None
    if len(data) > KEY_TEXT_LIMIT or not data.isascii():
        raise MalformedError(
            "key-foreign",
            f"{path} is not a Tallystick key or channel: these are short plain text.",
            advice="Give a file that `tally keys` wrote.",
        )
    return data.decode("ascii")


def _sentence(path: Path, error: OSError) -> str:
    return f"{path} cannot be used: {error.strerror or type(error).__name__}."
