"""What two nodes say to each other about calls that left, without I/O.

A publisher tells its peer's nodes of every departure, blinded, and promises up to when
it has told of all. Bytes, time and randomness are arguments. The protocol is
spec/channel.md.
"""

from tallystick.channel.agreement import (
    SignedTerms,
    encode_terms,
    parse_agreement,
    read_terms,
    sign_terms,
)
from tallystick.channel.codec import PAYLOAD_LIMIT, encode_frame
from tallystick.channel.errors import FRAME_FAULTS, FrameError, Refusal, SessionError
from tallystick.channel.feed import Feed
from tallystick.channel.frame import (
    Data,
    EpochNotice,
    Frame,
    Heartbeat,
    Hello,
    Position,
    Proof,
    Refused,
    Resume,
    Resumed,
    Welcome,
)
from tallystick.channel.handshake import Answering, Opening, Standing, refuse
from tallystick.channel.publisher import Pace, Publisher
from tallystick.channel.reader import FrameReader
from tallystick.channel.record import (
    NO_TOKEN,
    ClosingRecord,
    Departure,
    DepartureRecord,
    states_of,
)
from tallystick.channel.subscriber import (
    Covered,
    Delivered,
    Oddities,
    Progress,
    Subscriber,
)
from tallystick.channel.terms import (
    TOKEN_SCHEMES,
    Epoch,
    Terms,
    epoch_check,
    live_token_keys,
)
from tallystick.proof.signing import (
    SigningKey,
    VerifyingKey,
    encode_verifying_key,
    parse_verifying_key,
    signing_fingerprint,
    signing_key,
)

__all__ = [
    "FRAME_FAULTS",
    "NO_TOKEN",
    "PAYLOAD_LIMIT",
    "TOKEN_SCHEMES",
    "Answering",
    "ClosingRecord",
    "Covered",
    "Data",
    "Delivered",
    "Departure",
    "DepartureRecord",
    "Epoch",
    "EpochNotice",
    "Feed",
    "Frame",
    "FrameError",
    "FrameReader",
    "Heartbeat",
    "Hello",
    "Oddities",
    "Opening",
    "Pace",
    "Position",
    "Progress",
    "Proof",
    "Publisher",
    "Refusal",
    "Refused",
    "Resume",
    "Resumed",
    "SessionError",
    "SignedTerms",
    "SigningKey",
    "Standing",
    "Subscriber",
    "Terms",
    "VerifyingKey",
    "Welcome",
    "encode_frame",
    "encode_terms",
    "encode_verifying_key",
    "epoch_check",
    "live_token_keys",
    "parse_agreement",
    "parse_verifying_key",
    "read_terms",
    "refuse",
    "sign_terms",
    "signing_fingerprint",
    "signing_key",
    "states_of",
]
