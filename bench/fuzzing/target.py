"""What a target is."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

Alter = Callable[[Random, bytes], bytes]
Take = Callable[[bytes], None]


class Target(NamedTuple):
    """One parser, ready to be fed.

    Attributes:
        corpus: Messages of which each holds.
        alter: Makes a case of one of them.
        take: Reads a case. May raise `allowed` and nothing else; raises
            AssertionError where a law is broken.
        allowed: The parser's own errors.
        limit_ms: Processor time that each 64 KiB begun of a case may take. More
            only where an operator writes, and nobody waits.
    """

    corpus: tuple[bytes, ...]
    alter: Alter
    take: Take
    allowed: tuple[type[Exception], ...] = ()
    limit_ms: int = 20


def require(*, holds: bool, law: str) -> None:
    """Raise unless a law holds, also where Python leaves assertions out."""
    if not holds:
        raise AssertionError(law)
