"""What the channel refuses, each with one word that stays the same.

FrameError     bytes that are no frame; the stream cannot be read on
SessionError   a frame that can be read, from a peer that does not keep to the session

Source: spec/channel.md, "Frames that are refused" and "Refusals".
"""

from enum import IntEnum
from typing import Final

from tallystick.model import MalformedError, VerificationError

FRAME_FAULTS: Final = {
    "frame-magic": "The peer's bytes do not begin like a frame.",
    "frame-version": "The peer's frame is of a version that this program cannot read.",
    "frame-kind": "The peer's frame is of a kind that this program does not know.",
    "frame-length": "The peer's frame claims more bytes than a frame may have.",
    "frame-checksum": "The peer's frame was damaged on the way.",
    "frame-layout": "The peer's frame is not as long as what it says it holds.",
    "frame-value": "The peer's frame holds a value that may not be there.",
}


class FrameError(MalformedError):
    """Bytes of a peer that are no frame; nothing after them can be read."""

    def __init__(self, code: str) -> None:
        """Take the sentence of a code of `FRAME_FAULTS`."""
        super().__init__(
            code,
            FRAME_FAULTS[code],
            advice="Nothing of it was used: close the connection, connect again and "
            "go on from the last good frame.",
        )


class Refusal(IntEnum):
    """Why a session is refused or ended; the number travels."""

    VERSION = 1
    CHANNEL = 2
    AGREEMENT = 3
    PARTY = 4
    TERM = 5
    SIGNATURE = 6
    ORDER = 7
    SEQUENCE = 8
    EPOCH = 9
    FRAME = 10
    BUSY = 11
    CLOSING = 12


SENTENCES: Final[dict[Refusal, tuple[str, str]]] = {
    Refusal.VERSION: (
        "The two nodes know no common version of the channel.",
        "The side with the older program should update.",
    ),
    Refusal.CHANNEL: (
        "The two nodes have no channel of that name with each other.",
        "Compare the public keys: one side has old ones.",
    ),
    Refusal.AGREEMENT: (
        "The two nodes hold different agreement files for the channel.",
        "Give both sides the same file, to the byte.",
    ),
    Refusal.PARTY: (
        "The names of the parties are not those of the agreement.",
        "Check which agreement file is set for which peer.",
    ),
    Refusal.TERM: (
        "The agreement is not in force at this time.",
        "Agree a new term, or set the clock right.",
    ),
    Refusal.SIGNATURE: (
        "The peer did not prove that it holds the key of the agreement.",
        "Somebody else may be answering, or one side has changed its key.",
    ),
    Refusal.ORDER: (
        "A message came that has no place at this moment of the session.",
        "The peer's program has a fault, or is not Tallystick.",
    ),
    Refusal.SEQUENCE: (
        "The peer's sequence numbers contradict each other.",
        "The peer's program has a fault; calls are unproven until it connects again.",
    ),
    Refusal.EPOCH: (
        "The peer's epoch is not that of the agreement, or has other keys.",
        "Check both clocks and both keys.",
    ),
    Refusal.FRAME: (
        "A frame could not be read.",
        "Connect again and go on from the last good frame.",
    ),
    Refusal.BUSY: (
        "The peer serves as many sessions as it may.",
        "Try again later.",
    ),
    Refusal.CLOSING: (
        "The peer is being stopped.",
        "Connect again in a while.",
    ),
}


class SessionError(VerificationError):
    """The peer does not keep to the session; it is over.

    Attributes:
        refusal: Why, as it is told to the peer.
        told: True when it was the peer who refused.
    """

    def __init__(self, refusal: Refusal, *, told: bool = False) -> None:
        """Take the sentence of the refusal."""
        sentence, advice = SENTENCES[refusal]
        super().__init__(f"channel-{refusal.name.lower()}", sentence, advice=advice)
        self.refusal = refusal
        self.told = told
