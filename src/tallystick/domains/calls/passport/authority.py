"""For which numbers a certificate may speak: the TNAuthList extension.

    TNEntry ::= CHOICE { spc [0] IA5String, range [1] TelephoneNumberRange,
                         one [2] IA5String (SIZE (1..15)) (FROM ("0123456789#*")) }
    TelephoneNumberRange ::= SEQUENCE { start IA5String, count INTEGER (2..MAX) }

Source: RFC 8226, section 9; RFC 9060, section 4.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tallystick.domains.calls.passport import der
from tallystick.domains.calls.passport.number import is_canonical_number
from tallystick.domains.calls.passport.refusal import Refusal

MAX_ENTRIES: Final = 10_000
_MAX_SPC: Final = 64  # characters; four in North America
_Span = tuple[int, int, int]  # length of the numbers, first, last


@dataclass(frozen=True, slots=True)
class Authority:
    """The numbers and providers a certificate names.

    Attributes:
        providers: Service provider codes.
        single: Single numbers that are not digits only.
        spans: By length of the numbers, first and last numbers of ranges that do not
            touch, in order.
    """

    providers: frozenset[str]
    single: frozenset[str]
    spans: Mapping[int, tuple[list[int], list[int]]]

    def covers(self, number: str) -> bool:
        """Tell whether the certificate may speak for a number.

        A provider code names no number: which ones its holder serves is not in the
        certificate, so that a list with such a code covers all.
        """
        if self.providers or number in self.single:
            return True
        if not number.isdigit():
            return False
        value = int(number)
        return self._holds(len(number), value, value)

    def encompasses(self, other: "Authority") -> bool:
        """Tell whether another list is a part of this one.

        Numbers under a provider code are taken to be the provider's own; the one who
        issued the certificate has to see to it (RFC 9060, section 4.1).
        """
        if not other.providers <= self.providers:
            return False
        if self.providers:
            return True
        return other.single <= self.single and all(
            self._holds(size, first, last)
            for size, (firsts, lasts) in other.spans.items()
            for first, last in zip(firsts, lasts, strict=True)
        )

    def _holds(self, size: int, first: int, last: int) -> bool:
        firsts, lasts = self.spans.get(size, ((), ()))
        at = bisect_right(firsts, first) - 1
        return at >= 0 and last <= lasts[at]


def parse_authority(data: bytes) -> Authority:
    """Read a TNAuthList.

    Raises:
        Refusal: tnauthlist-malformed.

    Bounds: 10,000 entries.
    """
    try:
        return _authority(der.children(data, der.SEQUENCE))
    except ValueError:
        raise Refusal("tnauthlist-malformed") from None


def encode_authority(
    *,
    providers: Iterable[str] = (),
    ranges: Iterable[tuple[str, int]] = (),
    numbers: Iterable[str] = (),
) -> bytes:
    """Write a TNAuthList.

    Args:
        providers: Service provider codes.
        ranges: First numbers and counts.
        numbers: Single numbers.
    """
    entries = [der.encode(der.CONTEXT, _ia5(code)) for code in providers]
    for start, count in ranges:
        inner = _ia5(start) + der.encode_integer(count)
        entries.append(
            der.encode(der.CONTEXT + 1, der.encode(der.SEQUENCE, inner)),
        )
    entries += [der.encode(der.CONTEXT + 2, _ia5(number)) for number in numbers]
    return der.encode(der.SEQUENCE, b"".join(entries))


def _ia5(text: str) -> bytes:
    return der.encode(der.IA5, text.encode("ascii"))


def _authority(entries: list[der.Element]) -> Authority:
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise ValueError("none or too many")
    providers: set[str] = set()
    single: set[str] = set()
    spans: list[_Span] = []
    for tag, content in entries:
        match tag - der.CONTEXT:
            case 0:
                providers.add(_provider(content))
            case 1:
                spans.append(_range(content))
            case 2:
                number = _number(der.only(content, der.IA5))
                if number.isdigit():
                    spans.append((len(number), int(number), int(number)))
                else:
                    single.add(number)
            case _:
                raise ValueError("an unknown entry")
    return Authority(frozenset(providers), frozenset(single), _merged(spans))


def _provider(content: bytes) -> str:
    code = der.only(content, der.IA5).decode("ascii")
    if not 1 <= len(code) <= _MAX_SPC or not code.isprintable():
        raise ValueError("not a code")
    return code


def _number(content: bytes) -> str:
    number = content.decode("ascii")
    if not is_canonical_number(number):
        raise ValueError("not a number")
    return number


def _range(content: bytes) -> _Span:
    first, *others = der.children(content, der.SEQUENCE)
    start = _number(der.text_of(first, der.IA5).encode("ascii"))
    count = der.integer_of(others[0]) if others else 0
    if not start.isdigit() or count < 2:
        raise ValueError("not a range")
    last = int(start) + count - 1
    if last >= 10 ** len(start):  # the last number would have a digit more
        raise ValueError("a range too long")
    return len(start), int(start), last


def _merged(spans: list[_Span]) -> Mapping[int, tuple[list[int], list[int]]]:
    merged: dict[int, tuple[list[int], list[int]]] = {}
    for size, first, last in sorted(spans):
        firsts, lasts = merged.setdefault(size, ([], []))
        if lasts and first <= lasts[-1] + 1:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return MappingProxyType(merged)
