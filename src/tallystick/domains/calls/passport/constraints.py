"""What a certificate demands of the claims signed with it.

    JWTClaimConstraints ::= SEQUENCE { mustInclude [0] JWTClaimNames OPTIONAL,
        permittedValues [1] JWTClaimValuesList OPTIONAL }
    EnhancedJWTClaimConstraints adds mustExclude [2] JWTClaimNames OPTIONAL

Source: RFC 8226, section 8; RFC 9118, section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import Final

from tallystick.domains.calls.passport import der
from tallystick.domains.calls.passport.encoding import json_from_object
from tallystick.domains.calls.passport.refusal import Refusal

_MAX_NAMES: Final = 256
_ALWAYS: Final = frozenset({"iat", "orig", "dest"})


@dataclass(frozen=True, slots=True)
class Constraints:
    """Demands on claims.

    Attributes:
        include: Claims that must be there.
        values: Texts that a claim may have, if it is there.
        exclude: Claims that must not be there.
    """

    include: frozenset[str] = frozenset()
    values: tuple[tuple[str, frozenset[str]], ...] = ()
    exclude: frozenset[str] = frozenset()

    def check(self, members: Mapping[str, object]) -> None:
        """Hold the claims of a token against the demands.

        Raises:
            Refusal: constraint-include, constraint-values or constraint-exclude.
        """
        if not self.include <= members.keys():
            raise Refusal("constraint-include")
        for name, permitted in self.values:
            if name in members and _text(members[name]) not in permitted:
                raise Refusal("constraint-values")
        if self.exclude & members.keys():
            raise Refusal("constraint-exclude")


UNCONSTRAINED: Final = Constraints()


def parse_constraints(data: bytes, *, enhanced: bool) -> Constraints:
    """Read either extension.

    Args:
        data: DER.
        enhanced: Whether it is that of RFC 9118.

    Raises:
        Refusal: constraints-malformed.
    """
    try:
        constraints = _constraints(data, range(3 if enhanced else 2))
    except ValueError:
        raise Refusal("constraints-malformed") from None
    # RFC 9118, section 3: an extension that forbids these is as if absent.
    return UNCONSTRAINED if constraints.exclude & _ALWAYS else constraints


def _constraints(data: bytes, known: range) -> Constraints:
    parts = der.children(data, der.SEQUENCE)
    numbers = [tag - der.CONTEXT for tag, _ in parts]
    if numbers != sorted(set(numbers)) or not set(numbers) <= set(known):
        raise ValueError("other parts")
    found = dict(zip(numbers, (content for _, content in parts), strict=True))
    return Constraints(
        include=_names(found.get(0)),
        values=_values(found.get(1)),
        exclude=_names(found.get(2)),
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json_from_object(value).decode("utf-8")


def _names(content: bytes | None) -> frozenset[str]:
    if content is None:
        return frozenset()
    names = der.children(content, der.SEQUENCE)
    if not 1 <= len(names) <= _MAX_NAMES:
        raise ValueError("none or too many")
    return frozenset(der.text_of(name, der.IA5) for name in names)


def _values(content: bytes | None) -> tuple[tuple[str, frozenset[str]], ...]:
    if content is None:
        return ()
    lists = der.children(content, der.SEQUENCE)
    if not 1 <= len(lists) <= _MAX_NAMES:
        raise ValueError("none or too many")
    return tuple(starmap(_permitted, lists))


def _permitted(tag: int, content: bytes) -> tuple[str, frozenset[str]]:
    parts = list(der.elements(content))
    if tag != der.SEQUENCE or len(parts) != 2 or parts[1][0] != der.SEQUENCE:
        raise ValueError("another element")
    values = list(der.elements(parts[1][1]))
    if not 1 <= len(values) <= _MAX_NAMES:
        raise ValueError("none or too many")
    permitted = frozenset(der.text_of(value, der.UTF8) for value in values)
    return der.text_of(parts[0], der.IA5), permitted
