"""What can be shown to a third party: signatures, notes, statements, the log.

Nothing here reads a clock, a file or the network.
"""

from tallystick.proof.note import (
    ED25519,
    Note,
    NoteSignature,
    key_id,
    parse_note,
    sign_note,
    signers,
    verifier_key,
)
from tallystick.proof.signing import (
    SigningKey,
    VerifyingKey,
    encode_verifying_key,
    parse_verifying_key,
    signing_fingerprint,
    signing_key,
)
from tallystick.proof.statement import (
    Signed,
    Statement,
    in_order,
    read_statement,
    sign_statement,
)

__all__ = [
    "ED25519",
    "Note",
    "NoteSignature",
    "Signed",
    "SigningKey",
    "Statement",
    "VerifyingKey",
    "encode_verifying_key",
    "in_order",
    "key_id",
    "parse_note",
    "parse_verifying_key",
    "read_statement",
    "sign_note",
    "sign_statement",
    "signers",
    "signing_fingerprint",
    "signing_key",
    "verifier_key",
]
