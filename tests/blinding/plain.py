"""The construction of spec/tokens.md written a second time, with hashlib only.

Nothing of the product is used, so that agreement with it means something.
"""

import base64
import hashlib
import hmac
from operator import itemgetter

P = 2**255 - 19
PROTOCOL = b"tallystick/tokens/1"


def x25519(scalar: bytes, point: bytes) -> bytes:
    """Multiply as in RFC 7748, section 5."""
    k = int.from_bytes(scalar, "little")
    k = (k & ~7 & (2**255 - 1)) | 2**254
    u = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in range(254, -1, -1):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = pow(da + cb, 2, P), u * pow(da - cb, 2, P) % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public(scalar: bytes) -> bytes:
    """Return the public point of a private scalar."""
    return x25519(scalar, (9).to_bytes(32, "little"))


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive as in RFC 5869 with SHA-256."""
    prk = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    out, block, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac.digest(prk, block + info + bytes([i]), hashlib.sha256)
        out += block
    return out[:length]


def fields(*parts: bytes) -> bytes:
    """Put each field after its length in two bytes."""
    return b"".join(len(p).to_bytes(2, "big") + p for p in parts)


def parties(one: tuple[str, bytes], other: tuple[str, bytes]) -> tuple[bytes, ...]:
    """Return point and name of both, the lower point first."""
    low, high = sorted([one, other], key=itemgetter(1))
    return (low[1], low[0].encode(), high[1], high[0].encode())


def line(kind: str, party: str, raw: bytes) -> str:
    """Return a key's one line."""
    head = f"tallystick-{kind}-key/1"
    check = hashlib.sha256(fields(head.encode(), party.encode(), raw)).digest()[:4]
    return f"{head} {party} {base64.urlsafe_b64encode(raw + check).decode()}"


def fingerprint(party: str, point: bytes) -> str:
    """Return the thirty digits of a public key."""
    h = hashlib.sha256(fields(b"tallystick/fingerprint/1", party.encode(), point))
    parts = [h.digest()[i : i + 5] for i in range(0, 30, 5)]
    return " ".join(f"{int.from_bytes(p, 'big') % 100000:05}" for p in parts)


def agreement(one: tuple[str, bytes], other: tuple[str, bytes]) -> str:
    """Return the name of two keys' agreement."""
    data = fields(b"tallystick/agreement/1", *parties(one, other))
    return hashlib.sha256(data).hexdigest()


def info(one: tuple[str, bytes], other: tuple[str, bytes], *labels: str | int) -> bytes:
    """Return HKDF's info for domain, epoch, round and purpose."""
    tail = (str(label).encode() for label in labels)
    return fields(b"token key", *parties(one, other), *tail)


def message(domain: str, purpose: str, parts: list[int]) -> str:
    """Return the canonical message."""
    return ":".join([domain, purpose, *(str(part) for part in parts)])


def token(okm: bytes, text: str) -> bytes:
    """Return the sixteen bytes of a token."""
    return hmac.digest(okm.hex().encode(), text.encode(), hashlib.sha256)[:16]
