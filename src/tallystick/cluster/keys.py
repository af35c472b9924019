"""The keys of a party's own log: only its members can write there, and read who calls.

Source: spec/log.md, "Keys".
"""

import hmac
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.blinding import PrivateKey
from tallystick.blinding.transcript import encode_fields

REF_BYTES: Final = 16
TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_SALT: Final = b"tallystick/log/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeys:
    """What all members of one party know, and the log's store does not.

    Attributes:
        refs: Makes references of calls.
        tags: Makes the tags of batches.
    """

    refs: bytes = field(repr=False)
    tags: bytes = field(repr=False)

    def ref(self, call_id: str) -> bytes:
        """Return what stands for a switch's call id in the log."""
        return hmac.digest(self.refs, call_id.encode(), "sha256")[:REF_BYTES]

    def tag(self, body: bytes) -> bytes:
        """Return the tag of a batch."""
        return hmac.digest(self.tags, body, "sha256")[:TAG_BYTES]


def log_keys(own: PrivateKey, channel: bytes) -> LogKeys:
    """Derive the keys of a party's log from its private key.

    Args:
        own: The party's private key.
        channel: The 32 bytes that name the channel.
    """
    info = encode_fields(b"log", own.party.encode("ascii"), channel)
    drawn = HKDF(
        algorithm=SHA256(), length=2 * _KEY_BYTES, salt=_SALT, info=info
    ).derive(own.secret)
    return LogKeys(refs=drawn[:_KEY_BYTES], tags=drawn[_KEY_BYTES:])
