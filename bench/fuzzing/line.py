"""Targets on the line between two nodes: frames, sessions, handshakes, terms, keys."""

import json
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import cast

from fuzzing.spoil import spoiler
from fuzzing.target import Alter, Target, require
from tallystick.blinding import PrivateKey, agree, encode_public_key, parse_public_key
from tallystick.channel import (
    Answering,
    Departure,
    Feed,
    Frame,
    FrameError,
    FrameReader,
    Opening,
    Position,
    Publisher,
    SessionError,
    SignedTerms,
    Standing,
    Subscriber,
    encode_frame,
    encode_terms,
    encode_verifying_key,
    epoch_check,
    parse_agreement,
    parse_verifying_key,
    read_terms,
    signing_key,
    states_of,
)
from tallystick.channel.codec import CHECKSUM, ENVELOPE
from tallystick.model import TallystickError

VECTORS = Path(__file__).parents[2] / "spec" / "vectors" / "channel" / "good.json"
NONCES = bytes(range(32)), bytes(range(32, 64))
SIZES = (1, 7, 64, 4_096)
WORDS = (bytes(16), b"\xff" * 16, b"TY\x01", b"\x7f" + b"\xff" * 7, b"\x00\x00\x04\x00")


@cache
def _vectors() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads(VECTORS.read_text("utf-8"))
    return found


@cache
def _keys() -> tuple[PrivateKey, PrivateKey]:
    by, ru = (
        PrivateKey(party=one["party"], secret=bytes.fromhex(one["private"]))
        for one in _vectors()["keys"]
    )
    return by, ru


@cache
def _agreed() -> SignedTerms:
    return parse_agreement(_text())


def _text() -> str:
    return cast("dict[str, str]", _vectors()["agreement"])["text"]


@cache
def _check(index: int) -> bytes:
    by, ru = _keys()
    return epoch_check(agree(by, ru.public()), _agreed().terms, index)


NOW_MS = 1_795_222_900_000  # that of the vectors


def _session(calls: int = 40) -> bytes:
    """Return what a subscriber gets of a publisher with a few calls."""
    terms = _agreed().terms
    publisher = Publisher(terms, stream=b"stream-1", now_ms=NOW_MS - 5_000)
    for number in range(calls):
        at_ms = NOW_MS - 4_000 + 100 * number
        token = number.to_bytes(16, "big")
        states = states_of(calling=1, called=1)
        one = Departure(at_ms, terms.epoch_index(at_ms), token, token, token, states)
        publisher.depart(one, now_ms=at_ms)
        publisher.poll(now_ms=at_ms + 50)
    feed = Feed(publisher, _check, position=Position(), now_ms=NOW_MS)
    return feed.data_to_send(now_ms=NOW_MS)


def frames_of(wire: bytes) -> list[bytes]:
    """Cut bytes where frames end, as far as their lengths say so."""
    found = []
    while len(wire) >= ENVELOPE.size:
        size = ENVELOPE.size + ENVELOPE.unpack_from(wire)[3] + CHECKSUM.size
        found.append(wire[:size])
        wire = wire[size:]
    return [*found, wire] if wire else found


def sealed(kind: int, payload: bytes) -> bytes:
    """Return a frame whose length and checksum are right, whatever it holds."""
    head = ENVELOPE.pack(b"TY", 1, kind, len(payload))
    return head + payload + CHECKSUM.pack(zlib.crc32(head + payload))


_spoil = spoiler(WORDS)


def _altered(random: Random, data: bytes) -> bytes:
    """Spoil frames one by one, sealed anew; leave some out, repeat, reorder them."""
    if random.random() < 0.2:
        return _spoil(random, data)
    frames = frames_of(data)
    for _ in range(int(random.expovariate(0.7)) + 1):
        if not frames:
            break
        at = int(random.random() * len(frames))
        match int(random.random() * 6):
            case 0:
                frames.insert(at, random.choice(frames))
            case 1:
                del frames[at]
            case 2:
                frames.insert(at, frames.pop())
            case _:
                payload = _spoil(random, frames[at][8:-4])
                kind = frames[at][3] if random.random() < 0.9 else at % 11
                frames[at] = sealed(kind, payload)
    return b"".join(frames)


def _read(data: bytes, size: int) -> tuple[list[object], str]:
    reader, found = FrameReader(), []
    reader.widen()
    try:
        for start in range(0, len(data), size):
            found += reader.feed(data[start : start + size])
    except FrameError as error:
        return found, error.code
    return found, reader.fault.code if reader.fault else ""


def frames() -> Target:
    """Frames, read and written again, and a subscriber and a feed that take them."""
    single = [bytes.fromhex(one["frame"]) for one in _vectors()["frames"]]
    corpus = (_session(), _session(0), b"".join(single), *single)
    terms = _agreed().terms
    publisher = Publisher(terms, stream=b"stream-1", now_ms=NOW_MS)

    def take(data: bytes) -> None:
        size = SIZES[len(data) % len(SIZES)]
        found = _read(data, max(size, len(data) // 1_000))
        require(holds=found == _read(data, len(data) or 1), law="not by the cut")
        subscriber = Subscriber(terms, _check)
        feed = Feed(publisher, _check, position=Position(), now_ms=NOW_MS)
        subscriber.open_session()
        taken = 0
        for frame in found[0]:
            again = _read(encode_frame(frame), 65_536)
            require(holds=again == ([frame], ""), law="written and read again")
            try:
                feed.receive(frame, now_ms=NOW_MS)
                feed.data_to_send(now_ms=NOW_MS)
            except SessionError:
                pass
            try:
                got = subscriber.receive(frame, now_ms=NOW_MS)
            except SessionError:
                break
            for one in got.departures:
                law = "what is taken lies in its epoch"
                require(holds=terms.is_in_epoch(one.at_ms, got.epoch), law=law)
            taken += len(got.departures)
            covered = subscriber.covered
            late = covered is not None and covered.to_ms > NOW_MS + terms.clock_ms
            require(holds=not late, law="nothing covers the future")

    return Target(corpus, _altered, take)


def handshake() -> Target:
    """Hello, welcome and proof: nobody gets in with other bytes than the peer's."""
    by, ru = _keys()
    binding = b"the certificate"
    standings = [
        Standing(agreement=_agreed(), own=signing_key(key), binding=binding)
        for key in (by, ru)
    ]

    def opening() -> Opening:
        return Opening(standings[1], nonce=NONCES[0], position=Position())

    def answering() -> Answering:
        return Answering(standings[0], nonce=NONCES[1])

    hello = opening().hello()
    welcome = answering().receive_hello(_one(hello), now_ms=NOW_MS)
    proof = opening().receive(_one(welcome))
    corpus = (hello + proof, welcome)

    def take(data: bytes) -> None:
        publisher, subscriber = answering(), opening()
        found, _ = _read(data, 65_536)
        for frame in found[:1]:
            try:
                subscriber.receive(frame)
                require(holds=data.startswith(welcome), law="no other welcome serves")
            except SessionError:
                pass
        for step, frame in enumerate(found[:3]):
            if step == 0:
                publisher.receive_hello(frame, now_ms=NOW_MS)
            else:
                publisher.receive_proof(frame)
                both = b"".join(map(encode_frame, found[:2]))
                require(holds=both == hello + proof, law="no other proof serves")

    return Target(corpus, _altered, take, (SessionError,))


def _one(data: bytes) -> Frame:
    return FrameReader().feed(data)[0]


def terms() -> Target:
    """The agreement file."""
    text = _text()
    words = (
        *(b'"""', b"[", b"]", b"{", b"}", b"= ", b"[[a]]", b"#sig ", b"\n", b"'''"),
        *(b"0x7fffffff", b"inf", b"nan", b"1979-05-27T07:32:00Z", b"07:32:00", b"_"),
        *(line.encode() + b"\n" for line in text.splitlines()),
    )
    unsigned = text.partition("#sig")[0]

    def take(data: bytes) -> None:
        read = read_terms(data.decode("latin-1"))
        again = read_terms(encode_terms(read))
        require(holds=again == read, law="written and read again")
        if parse_agreement(data.decode("latin-1")):
            law = "what both signed was not changed"
            body = data.decode().partition("#sig")[0]
            require(holds=body == unsigned, law=law)

    # Without signatures the second reading is refused, as it must be.
    return Target((text.encode(),), _lines(words), take, (TallystickError,))


def _lines(words: tuple[bytes, ...]) -> Alter:
    spoil = spoiler(words)

    def altered(random: Random, data: bytes) -> bytes:
        if random.random() < 0.3:  # without signatures, so that values are read
            data = data.partition(b"#sig")[0]
        return spoil(random, data)

    return altered


def keys() -> Target:
    """Public and verifying keys, a line each."""
    by, _ = _keys()
    public = by.public()
    verifying = signing_key(by).public()
    lines = (encode_public_key(public), encode_verifying_key(verifying))

    def take(data: bytes) -> None:
        text = data.decode("latin-1")
        try:
            parse_public_key(text)
        except TallystickError:
            found = parse_verifying_key(text)
            law = "no other key has its check"
            require(holds=found.party != "BY" or found == verifying, law=law)

    words = (b"tallystick-public-key/1 ", b"tallystick-verifying-key/1 ", b"BY ")
    allowed = (TallystickError,)
    corpus = tuple(line.encode() for line in lines)
    return Target(corpus, spoiler(words), take, allowed)
