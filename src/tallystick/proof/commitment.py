"""What a log holds: for each thing that happened, a commitment that tells nothing.

A commitment is SHA-256 over the kind of the thing, 32 random bytes, and the thing
itself. Whoever is shown all three (an `Opening`) can see that they are what was logged;
whoever is not can neither read nor guess them.

Source: spec/proof.md, "Entries".
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from tallystick.blinding.transcript import encode_fields
from tallystick.model import MalformedError
from tallystick.proof.note import BYTES_LIMIT
from tallystick.proof.statement import HEAD as STATEMENT

LABEL: Final = b"tallystick/log-entry/1"
SALT_BYTES: Final = 32
COMMITMENT_BYTES: Final = 32
CONTENT_LIMIT: Final = BYTES_LIMIT
KINDS: Final = {
    "agreement": "a step of an agreement",
    "round": "a round of batch pairing",
    "watermark": "a promise that records are complete up to a time",
    "counts": "counts of a route",
    "case": "a step of a case",
    "harm": "a harm report",
}
"""What may be logged, and what it is in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a commitment was made of.

    Attributes:
        kind: One of `KINDS`.
        salt: 32 bytes from a source of randomness, of this entry alone.
        content: A signed statement to the byte, or JSON; at most `CONTENT_LIMIT` bytes.
    """

    kind: str
    salt: bytes = field(repr=False)
    content: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be logged.

        Raises:
            MalformedError: "entry-damaged".
        """
        try:
            size = len(self.content.encode())
        except UnicodeEncodeError:
            size = CONTENT_LIMIT + 1
        salted = len(self.salt) == SALT_BYTES
        if self.kind not in KINDS or not salted or size > CONTENT_LIMIT:
            raise MalformedError(
                "entry-damaged",
                "An entry is of a known kind, has a salt of 32 bytes, and holds a text "
                "of at most {limit} bytes.",
                advice="The kinds are {kinds}.",
                limit=CONTENT_LIMIT,
                kinds=", ".join(KINDS),
            )

    @property
    def is_statement(self) -> bool:
        """Whether a party signed the content by itself."""
        return self.content.startswith(f"{STATEMENT}\n")


def commit(opening: Opening) -> bytes:
    """Return the 32 bytes that the log holds in place of an opening."""
    content = opening.content.encode()
    fields = encode_fields(LABEL, opening.kind.encode("ascii"), opening.salt)
    size = len(content).to_bytes(8, "big")
    return hashlib.sha256(fields + size + content).digest()
