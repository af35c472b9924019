"""Targets of captures (HEP), of controllers (STIR by HTTP), and of the shared log."""

import json
import struct
from pathlib import Path
from random import Random

from fuzzing.spoil import spoiler
from fuzzing.switch import WORDS, request
from fuzzing.target import Alter, Target, require
from tallystick.cluster.codec import decode_batch, encode_batch
from tallystick.cluster.keys import TAG_BYTES, LogKeys
from tallystick.domains.calls.hep import Packet, PacketReader, Points, Watch
from tallystick.domains.calls.hep.packet import Unread, parse_packet
from tallystick.domains.calls.hep.point import Point
from tallystick.domains.calls.stir import FaultError, read_signing, read_verification
from tallystick.model import MalformedError

SENDER, OWN, ABROAD = "192.0.2.1", "192.0.2.10", "198.51.100.7"
NOW_MS = 1_800_000_000_000
LOG_VECTORS = Path(__file__).parents[2] / "spec" / "vectors" / "log" / "good.json"
SIZES = (1, 7, 64, 4_096)
_chunk = struct.Struct(">HHH")


def _packet(payload: bytes) -> bytes:
    """Return a packet as a capture agent writes it."""
    ends = (bytes(map(int, host.split("."))) for host in (ABROAD, OWN))
    chunks = dict(zip((3, 4), ends, strict=True)) | {
        1: b"\x02",
        2: b"\x11",
        7: b"\x13\xc4",
        8: b"\x13\xc4",
        9: struct.pack(">I", NOW_MS // 1000),
        10: bytes(4),
        11: b"\x01",
        15: payload,
        17: b"1@192.0.2.1",
    }
    body = b"".join(
        _chunk.pack(0, kind, _chunk.size + len(data)) + data
        for kind, data in chunks.items()
    )
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body


PACKETS = tuple(
    _packet(request(method)) for method in ("INVITE", "ACK", "CANCEL", "BYE")
)
_spoil_payload = spoiler(WORDS)
_spoil_packet = spoiler((b"HEP3", b"\0\0\0\x0f", b"\0\0\0\x10", b"\0\0\0\x03\0\x0a"))


def _other_packet(random: Random, data: bytes) -> bytes:
    """Spoil a packet, or what it carries; the length it states is mostly right."""
    if random.random() < 0.4:
        packet = parse_packet(data)
        payload = packet.payload if isinstance(packet, Packet) else b""
        return _packet(_spoil_payload(random, payload)[:60_000])
    spoilt = bytearray(_spoil_packet(random, data))
    if len(spoilt) >= 6 and random.random() < 0.8:
        spoilt[4:6] = struct.pack(">H", min(len(spoilt), 65_535))
    return bytes(spoilt)


def hep() -> Target:
    """Return captures one by one, and the calls they show."""
    point = Point(name="p", networks=(SENDER,), trunks=(ABROAD,))
    watch = Watch(Points([point]), most=1_000)

    def take(data: bytes) -> None:
        packet = parse_packet(data)
        require(holds=isinstance(packet, Packet | Unread), law="a packet or a word")
        began = watch.receive(data, SENDER, NOW_MS)
        if began is not None:
            require(holds=isinstance(packet, Packet), law="only what is read begins")
        watch.ended(NOW_MS)

    return Target(PACKETS, _other_packet, take)


def hep_stream() -> Target:
    """Return captures of a connection, in pieces of any size."""

    def take(data: bytes) -> None:
        whole = PacketReader()
        found = whole.feed(data)
        for size in SIZES:
            reader = PacketReader()
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
            again = [one for piece in pieces for one in reader.feed(piece)]
            require(holds=again == found, law="however it is cut")
            require(holds=reader.is_broken == whole.is_broken, law="broken alike")

    # Each case is read five times, once byte by byte.
    return Target((b"".join(PACKETS), PACKETS[0]), _other_packet, take, limit_ms=100)


_FIELD = "eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9.c2ln;info=<https://a.example/c.pem>"
_NUMBER = {"tn": "375291234567"}
BODIES = (
    {
        "signingRequest": {
            "attest": "A",
            "orig": _NUMBER,
            "dest": {"tn": ["74951234567"]},
            "iat": NOW_MS // 1000,
            "origid": "2088448c-718e-4930-be5d-0ec9b25d2f00",
        }
    },
    {
        "verificationRequest": {
            "from": _NUMBER,
            "to": {"tn": ["74951234567"]},
            "time": NOW_MS // 1000,
            "identity": _FIELD,
        }
    },
    {
        "verificationRequest": {
            "from": {"uri": "sip:a@b.example"},
            "to": _NUMBER,
            "dest": _NUMBER,
            "time": NOW_MS // 1000,
            "identityHeader": _FIELD,
            "identityHeaders": [_FIELD],
        }
    },
)


def stir() -> Target:
    """Return what controllers ask, in both forms."""
    words = (b'"tn":', b'"uri":', b"{}", b"[[", b"null", b"1e9", b"\\u0000", b'"div":')

    def take(data: bytes) -> None:
        for form in ("atis", "3gpp"):
            for read in (read_signing, read_verification):
                try:
                    read(data, default=form)
                except FaultError as fault:
                    # A few bytes stand in any sentence.
                    echoes = len(data) > 8 and data[:40] in str(fault).encode()
                    require(holds=not echoes, law="no echo")

    corpus = tuple(json.dumps(one).encode() for one in BODIES)
    return Target(corpus, spoiler(words), take)


KEYS = LogKeys(refs=bytes(32), tags=bytes(range(32)))


def log() -> Target:
    """Return batches of the shared log, most with the tag of a member."""
    stored = json.loads(LOG_VECTORS.read_text("utf-8"))["batches"]
    bodies = [bytes.fromhex(one["batch"])[:-TAG_BYTES] for one in stored]
    spoil = spoiler((b"\xff" * 8, bytes(8), b"\0\0\0\x01"))

    def alter(random: Random, data: bytes) -> bytes:
        if random.random() < 0.1:
            return spoil(random, data)
        body = spoil(random, data[:-TAG_BYTES])
        return body + KEYS.tag(body)

    def take(data: bytes) -> None:
        batch = decode_batch(data, KEYS)
        if batch is not None:
            again = decode_batch(encode_batch(batch, KEYS), KEYS)
            require(holds=again == batch, law="what is read can be written")

    altered: Alter = alter
    corpus = tuple(body + KEYS.tag(body) for body in bodies)
    return Target(corpus, altered, take, (MalformedError,))
