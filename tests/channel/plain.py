"""The formats of spec/channel.md written a second time, from the tables alone.

Nothing of the product is used, so that agreement with it means something. Ed25519 is
RFC 8032 in affine steps: slow, short, and not safe against who can measure time.
"""

import base64
import hashlib
import zlib
from typing import Any

from blinding.plain import fields, hkdf

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int]


def _x_of(y: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    return x


def add(one: Point, other: Point) -> Point:
    """Add two points of edwards25519."""
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P)
    return x % P, y % P


def times(k: int, point: Point) -> Point:
    """Multiply a point."""
    out = (0, 1)
    while k:
        if k & 1:
            out = add(out, point)
        point, k = add(point, point), k >> 1
    return out


_Y = 4 * pow(5, P - 2, P) % P
_X = _x_of(_Y)
BASE = (_X if _X % 2 == 0 else P - _X, _Y)


def points_at(y: int) -> Point:
    """Return one of the points of this height."""
    return _x_of(y), y


def _bytes(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _scalar(seed: bytes) -> tuple[int, bytes]:
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return a, h[32:]


def public(seed: bytes) -> bytes:
    """Return the public key of a seed."""
    return _bytes(times(_scalar(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign as RFC 8032, section 5.1.6."""
    a, prefix = _scalar(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    big_r = _bytes(times(r, BASE))
    data = big_r + public(seed) + message
    k = int.from_bytes(hashlib.sha512(data).digest(), "little") % ORDER
    return big_r + ((r + k * a) % ORDER).to_bytes(32, "little")


def seed(party: str, secret: bytes) -> bytes:
    """Derive the signing key from the private key."""
    info = fields(b"signing key", party.encode())
    return hkdf(secret, b"tallystick/signing/1", info, 32)


def verifying_line(party: str, point: bytes) -> str:
    """Return the line of a verifying key."""
    head = "tallystick-verifying-key/1"
    check = hashlib.sha256(fields(head.encode(), party.encode(), point)).digest()[:4]
    return f"{head} {party} {base64.urlsafe_b64encode(point + check).decode()}"


def signing_fingerprint(party: str, point: bytes) -> str:
    """Return the thirty digits of a verifying key."""
    data = fields(b"tallystick/signing-fingerprint/1", party.encode(), point)
    h = hashlib.sha256(data).digest()
    parts = [h[i : i + 5] for i in range(0, 30, 5)]
    return " ".join(f"{int.from_bytes(p, 'big') % 100000:05}" for p in parts)


def signature_line(party: str, key: bytes, body: str) -> str:
    """Return the line that a party adds to an agreement."""
    signature = sign(key, fields(b"tallystick/terms/1", body.encode()))
    word = base64.urlsafe_b64encode(signature).decode()
    return f"#sig tallystick-signature/1 {party} {word}\n"


def frame(kind: int, payload: bytes) -> bytes:
    """Return a frame."""
    data = b"TY" + bytes([1, kind]) + len(payload).to_bytes(4, "big") + payload
    return data + zlib.crc32(data).to_bytes(4, "big")


# name and bytes of each member, in order; a text stands for raw bytes in hexadecimal.
LAYOUTS: dict[str, tuple[int, tuple[tuple[str, int], ...]]] = {
    "hello": (
        1,
        (
            ("oldest", 1),
            ("newest", 1),
            ("channel", 32),
            ("terms", 32),
            ("nonce", 32),
            ("stream", 8),
            ("number", 8),
        ),
    ),
    "welcome": (
        2,
        (
            ("version", 1),
            ("nonce", 32),
            ("epoch", 4),
            ("now_ms", 8),
            ("signature", 64),
        ),
    ),
    "proof": (3, (("signature", 64),)),
    "refused": (4, (("code", 1), ("oldest", 1), ("newest", 1))),
    "heartbeat": (
        6,
        (
            ("number", 8),
            ("next_sequence", 8),
            ("from_ms", 8),
            ("watermark_ms", 8),
            ("now_ms", 8),
        ),
    ),
    "epoch": (7, (("epoch", 4), ("starts_ms", 8), ("check", 8))),
    "resume": (8, (("stream", 8), ("number", 8))),
    "resumed": (
        9,
        (("stream", 8), ("number", 8), ("next_sequence", 8), ("from_ms", 8)),
    ),
}
HEAD = (
    ("number", 8),
    ("first", 8),
    ("from_ms", 8),
    ("watermark_ms", 8),
    ("base_ms", 8),
    ("epoch", 4),
    ("departures", 2),
    ("closings", 2),
)
DEPARTURE = (
    ("offset_ms", 4),
    ("pair", 16),
    ("called", 16),
    ("calling", 16),
    ("states", 1),
    ("flags", 1),
)
CLOSING = (
    ("sequence_of", 8),
    ("answered", 1),
    ("answer_ms", 4),
    ("duration_ms", 4),
    ("cause", 1),
)


def row(layout: tuple[tuple[str, int], ...], values: dict[str, Any]) -> bytes:
    """Return the members one after the other."""
    out = b""
    for name, size in layout:
        value = values[name]
        part = bytes.fromhex(value) if isinstance(value, str) else None
        out += part if part is not None else int(value).to_bytes(size, "big")
        assert part is None or len(part) == size
    return out


def payload(what: str, values: dict[str, Any]) -> bytes:
    """Return the payload of any frame but data."""
    out = row(LAYOUTS[what][1], values)
    if what == "hello":
        out += fields(values["subscriber"].encode(), values["publisher"].encode())
    return out


def data_payload(values: dict[str, Any]) -> bytes:
    """Return the payload of a data frame."""
    departures, closings = values["departures"], values["closings"]
    base_ms = min((one["at_ms"] for one in departures), default=946_684_800_000)
    counts = {"departures": len(departures), "closings": len(closings)}
    out = row(HEAD, values | counts | {"base_ms": base_ms})
    for one in departures:
        states = one["called_state"] * 16 + one["calling_state"]
        offset_ms = one["at_ms"] - base_ms
        out += row(DEPARTURE, one | {"states": states, "offset_ms": offset_ms})
    return out + b"".join(row(CLOSING, one) for one in closings)


def transcript(role: str, hello: bytes, welcome: bytes, binding: bytes) -> bytes:
    """Return what a role signs, from the two payloads."""
    if role == "publisher":
        welcome = welcome[:-64] + bytes(64)
    digests = (hashlib.sha256(one).digest() for one in (hello, welcome))
    return fields(b"tallystick/channel/1", role.encode(), *digests, binding)
