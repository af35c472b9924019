"""The agreement file: what two parties agree for a channel, signed by both.

    # comments, with the fingerprints
    format = "tallystick-terms/1"
    …
    #sig tallystick-signature/1 BY …
    #sig tallystick-signature/1 RU …

The lines before the first "#sig" are signed, to the byte. The whole is TOML, and equal
on both sides but for the order of the signatures.

Source: spec/channel.md, "The agreement file".
"""

import base64
import binascii
import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NoReturn

from tallystick.blinding import encode_public_key, fingerprint, parse_public_key
from tallystick.blinding.transcript import encode_fields
from tallystick.channel.terms import BOUNDS_MS, Terms
from tallystick.model import (
    ConfigError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from tallystick.proof.signing import (
    SigningKey,
    encode_verifying_key,
    parse_verifying_key,
    signing_fingerprint,
)

TEXT_LIMIT: Final = 32_768  # characters; a file has some two thousand
_FORMAT: Final = re.compile(r"tallystick-terms/([0-9]{1,4})")
_CONTEXT: Final = b"tallystick/terms/1"
_MARK: Final = "#sig "
_SIGNATURE: Final = re.compile(
    r"#sig tallystick-signature/1 (\S{1,32}) ([A-Za-z0-9_=-]{88})"
)
_TEXTS: Final = ("format", "channel", "domain", "tokens")
_LISTS: Final = ("keys", "verifying_keys")
_MOMENTS: Final = ("from", "until")
_MEMBERS: Final = frozenset({*_TEXTS, *_LISTS, *_MOMENTS, *BOUNDS_MS})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTerms:
    """An agreement that both parties signed.

    Attributes:
        terms: What they agreed.
        digest: 32 bytes, SHA-256 of what they signed; both nodes compare it.
    """

    terms: Terms
    digest: bytes


def encode_terms(terms: Terms) -> str:
    """Return the text that both parties are to sign."""
    names = " and ".join(key.party for key in terms.keys)
    moments = {"from": terms.from_ms, "until": terms.until_ms}
    lines = [
        f"# Terms of the channel between {names}. Holds no secret.",
        "# Fingerprints, to be compared by telephone before signing:",
        *(f"#   {key.party}  {fingerprint(key)}" for key in terms.keys),
        *(f"#   {k.party}  {signing_fingerprint(k)}" for k in terms.verifying_keys),
        'format = "tallystick-terms/1"',
        f'channel = "{terms.channel.hex()}"',
        "keys = [",
        *(f'  "{encode_public_key(key)}",' for key in terms.keys),
        "]",
        "verifying_keys = [",
        *(f'  "{encode_verifying_key(key)}",' for key in terms.verifying_keys),
        "]",
        f'domain = "{terms.domain}"',
        f'tokens = "{terms.tokens}"',
        *(f"{name} = {_moment_text(value)}" for name, value in moments.items()),
        *(f"{name} = {getattr(terms, name)}" for name in BOUNDS_MS),
    ]
    return "\n".join(lines) + "\n"


def sign_terms(text: str, key: SigningKey, *, origin: str = "The agreement") -> str:
    """Return the text with one party's signature added.

    Args:
        text: As `encode_terms` made it, perhaps signed by the peer already.
        key: The party's signing key.
        origin: How to name the text in errors.

    What cannot be read, or holds a wrong signature, is refused as in `read_terms`.

    Raises:
        RefusedError: "agreement-key" when the key is not one of the agreement, or has
            signed already.
    """
    terms = read_terms(text, origin=origin)
    body, signed = _signed_parts(text, origin)
    if terms.verifying_key(key.party) != key.public() or key.party in signed:
        raise RefusedError(
            "agreement-key",
            f"{origin} is not to be signed by this key of {key.party}.",
            advice="Sign once, with the key whose public part stands in the file.",
        )
    word = base64.urlsafe_b64encode(key.sign(_message(body))).decode("ascii")
    return f"{text}{_MARK}tallystick-signature/1 {key.party} {word}\n"


def read_terms(text: str, *, origin: str = "The agreement") -> Terms:
    """Read terms that may still lack signatures; those that are there must be right.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    Keys and terms that cannot be used are refused as their own parsers do.

    Raises:
        MalformedError: "agreement-foreign" or "agreement-damaged".
        VerificationError: "agreement-version" or "agreement-signature".
    """
    body, signed = _signed_parts(text, origin)
    terms = _terms(_table(body, origin), origin)
    for party, signature in signed.items():
        key = terms.verifying_key(party)
        try:
            if key is None:
                _refuse_damaged(origin)
            key.verify(signature, _message(body))
        except VerificationError:
            raise VerificationError(
                "agreement-signature",
                f"{origin} was changed after {party} had signed it.",
                advice="Take the file as it was signed, to the byte.",
            ) from None
    return terms


def parse_agreement(text: str, *, origin: str = "The agreement") -> SignedTerms:
    """Read an agreement that both parties signed.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    It is refused as in `read_terms`, or

    Raises:
        VerificationError: "agreement-unsigned" when a signature is missing.
    """
    terms = read_terms(text, origin=origin)
    body, signed = _signed_parts(text, origin)
    missing = [key.party for key in terms.keys if key.party not in signed]
    if missing:
        raise VerificationError(
            "agreement-unsigned",
            f"{origin} is not signed by {' and '.join(missing)}.",
            advice="It holds once both parties have signed the same text.",
        )
    digest = hashlib.sha256(body.encode("ascii")).digest()
    return SignedTerms(terms=terms, digest=digest)


def _message(body: str) -> bytes:
    return encode_fields(_CONTEXT, body.encode("ascii"))


def _signed_parts(text: str, origin: str) -> tuple[str, dict[str, bytes]]:
    """Return what is signed, and the signatures by party."""
    if len(text) > TEXT_LIMIT or not text.isascii() or not text.endswith("\n"):
        _refuse_damaged(origin)
    at = 0 if text.startswith(_MARK) else text.find(f"\n{_MARK}") + 1
    body, tail = (text[:at], text[at:]) if at else (text, "")
    signed: dict[str, bytes] = {}
    for line in tail.removesuffix("\n").split("\n") if tail else ():
        match = _SIGNATURE.fullmatch(line)
        if match is None or match[1] in signed:
            _refuse_damaged(origin)
        signed[match[1]] = _decode(match[2], origin)
    return body, signed


def _decode(word: str, origin: str) -> bytes:
    try:
        return base64.b64decode(word, altchars=b"-_", validate=True)
    except binascii.Error:
        _refuse_damaged(origin)


def _table(body: str, origin: str) -> dict[str, object]:
    """Return the members, each of its type, in a version that is known.

    Raises:
        MalformedError: "agreement-foreign".
        VerificationError: "agreement-version".
    """
    try:
        table = tomllib.loads(body)
    except (ValueError, RecursionError):  # also of a number too long for one
        table = {}
    match = _FORMAT.fullmatch(str(table.get("format")))
    if match is None:
        raise MalformedError(
            "agreement-foreign",
            f"{origin} is not a Tallystick agreement.",
            advice="Give the file with the terms that both parties signed.",
        )
    if int(match[1]) != 1:
        raise VerificationError(
            "agreement-version",
            f"{origin} is of version {int(match[1])}; this program knows 1.",
            advice="The side with the older program should update.",
        )
    if table.keys() != _MEMBERS:
        _refuse_damaged(origin)
    return table


def _terms(table: dict[str, object], origin: str) -> Terms:
    keys = [
        parse_public_key(line, origin=origin) for line in _two(table, "keys", origin)
    ]
    verifying = [
        parse_verifying_key(line, origin=origin)
        for line in _two(table, "verifying_keys", origin)
    ]
    try:
        terms = Terms(
            keys=(keys[0], keys[1]),
            verifying_keys=(verifying[0], verifying[1]),
            domain=str(table["domain"]),
            tokens=str(table["tokens"]),
            from_ms=_moment_ms(table["from"], origin),
            until_ms=_moment_ms(table["until"], origin),
            **{name: _whole(table[name], origin) for name in BOUNDS_MS},
        )
    except ConfigError:
        _refuse_damaged(origin)
    if table["channel"] != terms.channel.hex():
        _refuse_damaged(origin)
    return terms


def _two(table: dict[str, object], name: str, origin: str) -> list[str]:
    lines = table[name]
    if not isinstance(lines, list) or len(lines) != 2:
        _refuse_damaged(origin)
    return [str(line) for line in lines]


def _whole(value: object, origin: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse_damaged(origin)
    return value


def _moment_ms(value: object, origin: str) -> int:
    """Return a moment of the table; one without an offset is none."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        _refuse_damaged(origin)
    return int(value.timestamp()) * 1_000 + value.microsecond // 1_000


def _moment_text(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _refuse_damaged(origin: str) -> NoReturn:
    raise MalformedError(
        "agreement-damaged",
        f"{origin} does not hold just what an agreement holds.",
        advice="Take the file as it was signed, to the byte.",
    )
