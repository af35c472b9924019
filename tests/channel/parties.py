"""Two nodes with an agreement, always the same."""

from dataclasses import replace
from functools import cache

from blinding.make_vectors import SECRETS
from tallystick.blinding import PrivateKey, agree
from tallystick.channel import (
    Departure,
    Frame,
    FrameReader,
    Pace,
    Publisher,
    SignedTerms,
    Standing,
    Subscriber,
    Terms,
    encode_terms,
    epoch_check,
    parse_agreement,
    sign_terms,
    signing_key,
    states_of,
)

from .make_vectors import FROM_MS, MEMBERS

BY = PrivateKey(party="BY", secret=bytes.fromhex(SECRETS["BY"]))
RU = PrivateKey(party="RU", secret=bytes.fromhex(SECRETS["RU"]))
STREAM = b"stream-1"
DAY_MS = 86_400_000
NOW_MS = FROM_MS + 90 * 60_000  # in the middle of epoch 1


def terms(**changes: object) -> Terms:
    """Return the terms of the vectors, with changes."""
    usual = Terms(
        keys=(BY.public(), RU.public()),
        verifying_keys=(signing_key(BY).public(), signing_key(RU).public()),
        domain="calls",
        tokens="hmac-sha256/1",
        from_ms=FROM_MS,
        until_ms=FROM_MS + 92 * DAY_MS,
        **MEMBERS,
    )
    return replace(usual, **changes)


@cache
def signed() -> SignedTerms:
    """Return the agreement that both signed."""
    text = sign_terms(encode_terms(terms()), signing_key(BY))
    return parse_agreement(sign_terms(text, signing_key(RU)))


def standing(own: PrivateKey, *, binding: bytes = b"") -> Standing:
    """Return what a side brings."""
    return Standing(agreement=signed(), own=signing_key(own), binding=binding)


@cache
def check(index: int) -> bytes:
    """Return the check of an epoch, as both sides compute it."""
    return epoch_check(agree(BY, RU.public()), terms(), index)


def departure(at_ms: int, *, number: int = 1, epoch: int | None = None) -> Departure:
    """Return a departure with tokens of its own."""
    token = number.to_bytes(16, "big")
    index = terms().epoch_index(at_ms) if epoch is None else epoch
    states = states_of(calling=1, called=1)
    return Departure(at_ms, index, token, token, token, states)


def publisher(**pace: int) -> Publisher:
    """Return a publisher of BY that starts now."""
    return Publisher(terms(), stream=STREAM, now_ms=NOW_MS, pace=Pace(**pace))


def subscriber() -> Subscriber:
    """Return RU's side of it."""
    return Subscriber(terms(), check)


def frames_of(data: bytes) -> list[Frame]:
    """Read all frames of some bytes."""
    reader = FrameReader()
    reader.widen()
    return reader.feed(data)
