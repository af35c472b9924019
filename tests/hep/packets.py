"""Writes HEP3 packets, by the specification and not by our reader."""

import struct
from ipaddress import ip_address
from itertools import starmap

NOW_MS = 1_800_000_000_000
OWN, ABROAD, OTHER = "192.0.2.10", "198.51.100.7", "203.0.113.5"
AGENT = "192.0.2.1"
A, B, C = "+375291234567", "+74951234567", "+375331112233"


def chunk(kind: int, data: bytes, *, vendor: int = 0) -> bytes:
    return struct.pack(">HHH", vendor, kind, 6 + len(data)) + data


def chunks(
    payload: bytes,
    *,
    source: str = ABROAD,
    destination: str = OWN,
    at_ms: int = NOW_MS,
    protocol: int = 1,
) -> dict[int, bytes]:
    """Return the chunks that every sender sends, by their numbers."""
    ends = [ip_address(source), ip_address(destination)]
    is_six = ends[0].version == 6
    return {
        1: bytes([10 if is_six else 2]),
        2: bytes([17]),
        (5 if is_six else 3): ends[0].packed,
        (6 if is_six else 4): ends[1].packed,
        7: struct.pack(">H", 5060),
        8: struct.pack(">H", 5060),
        9: struct.pack(">I", at_ms // 1000),
        10: struct.pack(">I", at_ms % 1000 * 1000),
        11: bytes([protocol]),
        12: struct.pack(">I", 2001),
        15: payload,
    }


def framed(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body


def packet(payload: bytes, *more: bytes, **said) -> bytes:
    known = chunks(payload, **said)
    return framed(*starmap(chunk, known.items()), *more)


def sip(
    what: str,
    *,
    call: int = 1,
    cseq: str = "",
    branch: str = "z9hG4bK1",
    calling: str = A,
    called: str = B,
    to_tag: str = "",
    extra: str = "",
) -> bytes:
    """Return a message: a method, or a status and the method it answers."""
    number, _, rest = what.partition(" ")
    answer = number.isdigit()
    method = rest if answer else what
    start = f"SIP/2.0 {number} Said" if answer else f"{what} sip:{called}@h SIP/2.0"
    return (
        f"{start}\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.99:5060;branch={branch}\r\n"
        f"From: <sip:{calling}@h>;tag=a{call}\r\n"
        f"To: <sip:{called}@h>{';tag=b' if to_tag or answer else ''}\r\n"
        f"Call-ID: {call}@h\r\nCSeq: {cseq or 1} {method}\r\n{extra}"
        "Content-Length: 0\r\n\r\n"
    ).encode()
