"""The line a key is written as, and the digits by which two people compare it.

    tallystick-KIND-key/1 PARTY WORD

Source: spec/tokens.md, "Keys" and "Fingerprints".
"""

import base64
import binascii
import hashlib
from typing import Final

from tallystick.blinding.transcript import check_name, encode_fields
from tallystick.model import ConfigError

_CHECK_BYTES: Final = 4
_GROUPS: Final = 6


def key_line(head: str, party: str, raw: bytes) -> str:
    """Return a key as its line, without a line end.

    Args:
        head: Kind and version.
        party: Whose key it is.
        raw: The key.
    """
    both = raw + _check_sum(head, party, raw)
    return f"{head} {party} {base64.urlsafe_b64encode(both).decode('ascii')}"


def key_of_word(head: str, party: str, word: str, *, size: int) -> bytes | None:
    """Return the key that the last word of a line holds.

    Args:
        head: Kind and version.
        party: Whose key the line says it is.
        word: The last word.
        size: Bytes of a key.

    Returns:
        The key; None where the line was damaged.
    """
    try:
        check_name("party", party)
        both = base64.b64decode(word.encode("ascii"), altchars=b"-_", validate=True)
    except (ConfigError, UnicodeEncodeError, binascii.Error):
        return None
    raw, check = both[:-_CHECK_BYTES], both[-_CHECK_BYTES:]
    return raw if len(raw) == size and check == _check_sum(head, party, raw) else None


def key_digits(label: bytes, party: str, point: bytes) -> str:
    """Return 30 digits in six groups that name a key, to be read aloud.

    Each key has digits of its own, so that somebody in the middle would have to find
    a second key with given digits (2^99 tries), not merely two that agree (2^50).
    """
    fields = encode_fields(label, party.encode("ascii"), point)
    digest = hashlib.sha256(fields).digest()
    groups = (digest[5 * i : 5 * i + 5] for i in range(_GROUPS))
    return " ".join(f"{int.from_bytes(g, 'big') % 100_000:05d}" for g in groups)


def _check_sum(head: str, party: str, raw: bytes) -> bytes:
    fields = encode_fields(head.encode("ascii"), party.encode("ascii"), raw)
    return hashlib.sha256(fields).digest()[:_CHECK_BYTES]
