"""As much of DER as the extensions of STIR certificates need.

Source: X.690, sections 8 and 10.
"""

from collections.abc import Iterator
from typing import Final

INTEGER: Final = 0x02
UTF8: Final = 0x0C
IA5: Final = 0x16
SEQUENCE: Final = 0x30
CONTEXT: Final = 0xA0  # explicit tag 0; 1 and 2 follow it

Element = tuple[int, bytes]


def elements(data: bytes) -> Iterator[Element]:
    """Yield tag and content of each element, one after the other.

    Raises:
        ValueError: The bytes are not DER, or a tag or length has several octets
            more than any certificate needs.
    """
    at = 0
    while at < len(data):
        tag, content, at = _element(data, at)
        yield tag, content


def only(data: bytes, tag: int) -> bytes:
    """Return the content of the only element, which has this tag.

    Raises:
        ValueError: It is not alone or not of this kind.
    """
    found = list(elements(data))
    if len(found) != 1 or found[0][0] != tag:
        raise ValueError("another element")
    return found[0][1]


def children(data: bytes, tag: int) -> list[Element]:
    """Return what the only element, which has this tag, holds."""
    return list(elements(only(data, tag)))


def text_of(element: Element, tag: int) -> str:
    """Return an IA5String or UTF8String.

    Raises:
        ValueError: It is none.
    """
    if element[0] != tag:
        raise ValueError("another element")
    return element[1].decode("ascii" if tag == IA5 else "utf-8")


def integer_of(element: Element) -> int:
    """Return an INTEGER in its shortest form.

    Raises:
        ValueError: It is none.
    """
    tag, content = element
    if tag != INTEGER or not 1 <= len(content) <= 16:
        raise ValueError("another element")
    value = int.from_bytes(content, "big", signed=True)
    if len(content) != (value.bit_length() + (value >= 0) + 7) // 8 and value:
        raise ValueError("a long integer")
    return value


def encode(tag: int, content: bytes) -> bytes:
    """Write one element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def encode_integer(value: int) -> bytes:
    """Write an INTEGER that is not negative."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise ValueError("not an element")
    tag, size, start = data[at], data[at + 1], at + 2
    if size >= 0x80:
        octets = size & 0x7F
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
        # The shortest form only; 0x80 alone is the indefinite length of BER.
        if not 1 <= octets <= 3 or size < 0x80 or size >> 8 * (octets - 1) == 0:
            raise ValueError("a long length")
    if start + size > len(data):
        raise ValueError("cut short")
    return tag, data[start : start + size], start + size
