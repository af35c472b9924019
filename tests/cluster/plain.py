"""The bytes of spec/log.md, written a second time and as plainly as may be."""

import hashlib
import hmac


def number(value: int, size: int) -> bytes:
    """Return an integer, highest byte first."""
    return value.to_bytes(size, "big")


def fields(*parts: bytes) -> bytes:
    """Return parts, each after its length."""
    return b"".join(number(len(part), 2) + part for part in parts)


def keys(private: bytes, party: str, channel: bytes) -> tuple[bytes, bytes]:
    """Return the key of references and that of tags (RFC 5869, two blocks)."""
    info = fields(b"log", party.encode(), channel)
    secret = hmac.digest(b"tallystick/log/1", private, "sha256")
    first = hmac.digest(secret, info + b"\x01", "sha256")
    second = hmac.digest(secret, first + info + b"\x02", "sha256")
    return first, second


def reference(key: bytes, call_id: str) -> bytes:
    """Return what stands for a call id."""
    return hmac.new(key, call_id.encode(), hashlib.sha256).digest()[:16]


def event(kind: int, content: bytes = b"") -> bytes:
    """Return an event."""
    return number(kind, 1) + number(len(content), 4) + content


def batch(
    tags: bytes,
    events: list[bytes],
    *,
    run: bytes,
    count: int,
    sent_ms: int,
    floor_ms: int,
    version: int = 1,
) -> bytes:
    """Return a batch with its tag."""
    head = b"TL" + number(version, 1) + b"\x00" + run + number(count, 8)
    head += number(sent_ms, 8) + number(floor_ms, 8) + number(len(events), 2)
    body = head + b"".join(events)
    return body + hmac.new(tags, body, hashlib.sha256).digest()[:16]
