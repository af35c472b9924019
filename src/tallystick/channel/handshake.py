"""Who is there: hello, welcome, proof.

    subscriber                            publisher
    hello: versions, channel, nonce   ->
                                      <-  welcome: version, nonce, signature
    proof: signature                  ->
                                      <-  resumed, epochs, calls …

Both sign the whole of what was said, so nothing of it can be changed, and a nonce of
each, so nothing can be replayed. TLS lies around it; `binding` ties the two together.

Source: spec/channel.md, "Session".
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from tallystick.blinding.transcript import encode_fields
from tallystick.channel.agreement import SignedTerms
from tallystick.channel.codec import encode_frame, encode_payload
from tallystick.channel.errors import Refusal, SessionError
from tallystick.channel.frame import (
    NEWEST_VERSION,
    OLDEST_VERSION,
    Frame,
    Hello,
    Position,
    Proof,
    Refused,
    Welcome,
)
from tallystick.model import VerificationError
from tallystick.proof.signing import SIGNATURE_BYTES, SigningKey

NONCE_BYTES: Final = 32
_CONTEXT: Final = b"tallystick/channel/1"
_UNSIGNED: Final = bytes(SIGNATURE_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a side brings to a session.

    Attributes:
        agreement: What both parties signed.
        own: This side's signing key.
        binding: Bytes that both sides know of the connection beneath, such as
            SHA-256 of the publisher's TLS certificate; empty without TLS.
    """

    agreement: SignedTerms
    own: SigningKey
    binding: bytes = b""

    def __post_init__(self) -> None:
        """Refuse a key that is not one of the agreement.

        Raises:
            VerificationError: "agreement-own".
        """
        terms = self.agreement.terms
        if terms.verifying_key(self.own.party) != self.own.public():
            raise VerificationError(
                "agreement-own",
                f"The agreement does not hold for this key of {self.own.party}.",
                advice="Give the key whose public part stands in the agreement.",
            )

    @property
    def peer(self) -> str:
        """Name of the other party."""
        one, other = (key.party for key in self.agreement.terms.keys)
        return other if one == self.own.party else one


class Opening:
    """The subscriber's part of the handshake."""

    __slots__ = ("_hello", "_standing")

    def __init__(self, standing: Standing, *, nonce: bytes, position: Position) -> None:
        """Prepare the hello.

        Args:
            standing: What this side brings.
            nonce: 32 bytes of a cryptographic random source, never used before.
            position: From where to go on; `Position()` for the first time.
        """
        terms = standing.agreement.terms
        self._standing = standing
        self._hello = Hello(
            oldest=OLDEST_VERSION,
            newest=NEWEST_VERSION,
            channel=terms.channel,
            terms=standing.agreement.digest,
            nonce=nonce,
            position=position,
            subscriber=standing.own.party,
            publisher=standing.peer,
        )

    def hello(self) -> bytes:
        """Return the first frame."""
        return encode_frame(self._hello)

    def receive(self, frame: Frame) -> bytes:
        """Take the publisher's answer and return the proof.

        Args:
            frame: The first frame that came back.

        Raises:
            SessionError: When the peer refuses, or cannot prove who it is.
        """
        if isinstance(frame, Refused):
            raise SessionError(frame.refusal, told=True)
        if not isinstance(frame, Welcome):
            raise SessionError(Refusal.ORDER)
        if not OLDEST_VERSION <= frame.version <= NEWEST_VERSION:
            raise SessionError(Refusal.VERSION)
        signed = _transcript(b"publisher", self._hello, frame, self._standing.binding)
        _verify(self._standing, frame.signature, signed)
        proved = _transcript(b"subscriber", self._hello, frame, self._standing.binding)
        return encode_frame(Proof(self._standing.own.sign(proved)))


class Answering:
    """The publisher's part of the handshake."""

    __slots__ = ("_nonce", "_said", "_standing")

    def __init__(self, standing: Standing, *, nonce: bytes) -> None:
        """Wait for a hello.

        Args:
            standing: What this side brings.
            nonce: 32 bytes of a cryptographic random source, never used before.
        """
        self._standing = standing
        self._nonce = nonce
        self._said: tuple[Hello, Welcome] | None = None

    def receive_hello(self, frame: Frame, *, now_ms: int) -> bytes:
        """Take the hello and return the welcome.

        Args:
            frame: The first frame that came.
            now_ms: The present time.

        Raises:
            SessionError: When this side refuses; `refuse` makes the frame to send.
        """
        if not isinstance(frame, Hello) or self._said is not None:
            raise SessionError(Refusal.ORDER)
        refusal = self._refusal(frame, now_ms)
        if refusal is not None:
            raise SessionError(refusal)
        welcome = Welcome(
            version=min(frame.newest, NEWEST_VERSION),
            nonce=self._nonce,
            epoch=self._standing.agreement.terms.epoch_index(now_ms),
            now_ms=now_ms,
            signature=_UNSIGNED,
        )
        signed = _transcript(b"publisher", frame, welcome, self._standing.binding)
        welcome = welcome._replace(signature=self._standing.own.sign(signed))
        self._said = (frame, welcome)
        return encode_frame(welcome)

    def receive_proof(self, frame: Frame) -> Position:
        """Take the proof and return from where the subscriber wants to go on.

        Args:
            frame: The second frame that came.

        Raises:
            SessionError: When the peer cannot prove who it is.
        """
        if not isinstance(frame, Proof) or self._said is None:
            raise SessionError(Refusal.ORDER)
        hello, welcome = self._said
        signed = _transcript(b"subscriber", hello, welcome, self._standing.binding)
        _verify(self._standing, frame.signature, signed)
        return hello.position

    def _refusal(self, hello: Hello, now_ms: int) -> Refusal | None:
        """Return the first rule of spec/channel.md, "Refusals", that fails."""
        terms = self._standing.agreement.terms
        names = (self._standing.peer, self._standing.own.party)
        rules = {
            Refusal.VERSION: hello.oldest <= NEWEST_VERSION
            and hello.newest >= OLDEST_VERSION,
            Refusal.CHANNEL: hello.channel == terms.channel,
            Refusal.AGREEMENT: hello.terms == self._standing.agreement.digest,
            Refusal.PARTY: (hello.subscriber, hello.publisher) == names,
            Refusal.TERM: terms.is_in_force(now_ms),
            Refusal.SIGNATURE: hello.nonce != self._nonce,
        }
        return next((refusal for refusal, holds in rules.items() if not holds), None)


def refuse(refusal: Refusal) -> bytes:
    """Return the frame that ends a session."""
    return encode_frame(Refused(refusal))


def _transcript(role: bytes, hello: Hello, welcome: Welcome, binding: bytes) -> bytes:
    """Return what a role signs; the publisher's does not hold its own signature."""
    if role == b"publisher":
        welcome = welcome._replace(signature=_UNSIGNED)
    digests = (hashlib.sha256(encode_payload(one)).digest() for one in (hello, welcome))
    return encode_fields(_CONTEXT, role, *digests, binding)


def _verify(standing: Standing, signature: bytes, signed: bytes) -> None:
    """See that the peer signed.

    Raises:
        SessionError: "signature".
    """
    keys = standing.agreement.terms.verifying_keys
    key = next(key for key in keys if key.party == standing.peer)
    try:
        key.verify(signature, signed)
    except VerificationError:
        raise SessionError(Refusal.SIGNATURE) from None
