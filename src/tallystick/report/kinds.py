"""The kinds of finding: their order, and what each is, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from tallystick.domains.calls.schema import KINDS
from tallystick.report.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One kind, explained to somebody who has to act on it."""

    kind: str
    title: str
    what: str
    seen: str
    innocent: str
    action: str


def in_order(kinds: Iterable[str]) -> list[str]:
    """Return the kinds in the contract's order, those it does not know at the end."""
    given = set(kinds)
    known = [kind for kind in KINDS if kind in given]
    return known + sorted(given.difference(KINDS))


def title_of(kind: str, texts: Texts) -> str:
    """Return the name of `kind` for a heading; an unknown kind as it is."""
    key = f"kind.{kind}.title"
    return texts.say(key) if texts.has(key) else kind


def explain_kind(kind: str, texts: Texts) -> Explanation | None:
    """Return what `kind` means, or None for a kind the catalogues do not know."""
    if not texts.has(f"kind.{kind}.title"):
        return None
    parts = ("title", "what", "seen", "innocent", "action")
    said = {part: texts.say(f"kind.{kind}.{part}") for part in parts}
    return Explanation(kind=kind, **said)
