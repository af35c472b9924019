"""Ways to spoil bytes that know nothing of what they mean."""

import re
from collections.abc import Callable, Sequence
from random import Random

LONGEST = 70_000  # somewhat more than the largest message of any parser here
_DIGITS = re.compile(rb"[0-9]+")
_EDGES = (0, 1, -1, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32, 2**53)
_EDGES += (2**63 - 1, 2**63, 2**64, 10**15, 10**18)
NUMBERS = (
    *(b"%d" % edge for edge in _EDGES),
    b"1e9",
    b"1.5",
    b"0x10",
    b"007",
    b"9" * 5_000,
)
STRANGE = (b"\0", b"\r\n", b"\n", b"\r", b" ", b"\t", b"\xff", b"\xc3\xa9", b'"', b"'")
STRANGE += (b"\\", b"%", b"%00", b"<", b">", b";", b",", b"=", b".", b"..", b"&", b"#")
STRANGE += (b"\xed\xa0\x80", b"\xf0\x9f\x93\x9e", b"\xe2\x80\xae", b"\xd9\xa3", b"")


def spoiler(words: Sequence[bytes] = ()) -> Callable[[Random, bytes], bytes]:
    """Return a way to spoil bytes in a few places.

    Args:
        words: What means something to the parser.
    """
    known = (*words, *STRANGE, *words)

    def spoil(random: Random, data: bytes) -> bytes:
        for _ in range(int(random.expovariate(0.7)) + 1):
            change = _CHANGES[int(random.random() * len(_CHANGES))]
            data = change(random, data, known)[:LONGEST]
        return data

    return spoil


def _piece(random: Random, data: bytes, longest: int = 60) -> tuple[int, int]:
    start = int(random.random() * (len(data) + 1))
    return start, min(len(data), start + int(random.random() * longest))


def _flip(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    if not data:
        return b"\0"
    at = int(random.random() * len(data))
    flipped = data[at] ^ 1 << int(random.random() * 8)
    return data[:at] + bytes((flipped,)) + data[at + 1 :]


def _cut(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    start, end = _piece(random, data)
    return data[:start] + data[end:]


def _double(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    start, end = _piece(random, data)
    return data[:end] + data[start:]


def _move(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    start, end = _piece(random, data)
    rest = data[:start] + data[end:]
    at = int(random.random() * (len(rest) + 1))
    return rest[:at] + data[start:end] + rest[at:]


def _insert(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    at = int(random.random() * (len(data) + 1))
    return data[:at] + random.choice(known) + data[at:]


def _replace(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    start, end = _piece(random, data, 12)
    return data[:start] + random.choice(known) + data[end:]


def _noise(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    start, end = _piece(random, data, 20)
    return data[:start] + random.randbytes(int(random.random() * 20)) + data[end:]


def _number(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    found = [match.span() for match in _DIGITS.finditer(data)]
    if not found:
        return data
    start, end = random.choice(found)
    return data[:start] + random.choice(NUMBERS) + data[end:]


def _end(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    del known
    return data[: int(random.random() * len(data))] if random.random() < 0.3 else data


def _swell(random: Random, data: bytes, known: Sequence[bytes]) -> bytes:
    """Repeat a piece until it is long: what takes quadratic time shows."""
    if random.random() > 0.02:
        return data
    start, end = _piece(random, data, 12)
    piece = data[start:end] or random.choice(known) or b"("
    size = int(LONGEST ** random.random())
    return data[:start] + piece * (size // len(piece) + 1) + data[end:]


_CHANGES = (_flip, _cut, _double, _move, _insert, _insert, _replace, _replace)
_CHANGES += (_noise, _number, _number, _end, _swell)
