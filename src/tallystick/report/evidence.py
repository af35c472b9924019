"""The story that an evidence bundle proves, in lines for a person.

Who said what when, both halves of each crossing as far as they were opened, where the
case stands, and which rules were in force with the law they carry out. All of it is
read from the bundle's statements alone, as either party reads it.

Source: spec/proof.md, "What a reader is shown".
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import digits
from types import MappingProxyType
from typing import Any, Final

import msgspec

from tallystick.agreement.life import Holding, Life, fold, holding_of
from tallystick.cases.bodies import BODIES
from tallystick.cases.course import AgreedTerms, Terms, agreed_terms
from tallystick.cases.fold import fold as fold_case
from tallystick.cases.state import State
from tallystick.domains.calls.numbers.display import mask, mask_in
from tallystick.proof import Proven, Signed, VerifyingKey, in_order

ROOMS: Final = ("case/", "objection/")
AGREEMENTS: Final = "agreement/"
CROSSINGS_SHOWN: Final = 20
_NUMBERS: Final = ("calling", "called")
_FIRST: Final = ("record", "at_ms", "trunk", *_NUMBERS)
"""Members of a half that are told first; others come after them."""

Show = Callable[[str], str]


def stories(proven: Proven, *, show_numbers: bool = False) -> list[list[str]]:
    """Return the story of each case and objection of a bundle.

    Args:
        proven: What the bundle proves.
        show_numbers: Whether numbers are shown in full.
    """
    said: dict[str, dict[str, Signed]] = {}
    for log in proven.logs:
        for entry in log.entries:
            if entry.statement is not None:
                about = entry.statement.statement.about
                said.setdefault(about, {})[entry.statement.id] = entry.statement
    lives = [
        fold(known.values(), name=about.removeprefix(AGREEMENTS), keys=keys)
        for about, known in said.items()
        if about.startswith(AGREEMENTS)
        for keys in _pairs(proven.keys)
    ]
    return [
        list(_Story(about, known.values(), lives, show_numbers).lines())
        for about, known in said.items()
        if about.startswith(ROOMS)
    ]


def _pairs(keys: Collection[VerifyingKey]) -> list[tuple[VerifyingKey, ...]]:
    """Return the keys where they are two parties', as an agreement needs."""
    return [tuple(keys)] if len(keys) == 2 else []


@dataclass(frozen=True)
class _Story:
    """One case's or objection's.

    Attributes:
        about: Its kind, a stroke, its name.
        said: Everything that was said about it.
        lives: Agreements of the bundle.
        show_numbers: Whether numbers are shown in full.
    """

    about: str
    said: Collection[Signed]
    lives: Collection[Life]
    show_numbers: bool

    def lines(self) -> Iterator[str]:
        ordered = in_order(self.said)
        yield self._title(ordered)
        if not ordered:
            return
        first, last = _ends(ordered)
        holding = holding_of(self.lives, last)
        state = self._state(ordered)
        over = dict(state.passed_over)
        for one in ordered:
            why = over.get(one.id)
            counts = "" if why is None else f" (does not count: {why})"
            yield f"  {time_of(one.statement.at_ms)}  {self._said(one)}{counts}"
        yield from self._halves(ordered, state)
        yield _end(state, holding)
        for at_ms in dict.fromkeys((first, last)):
            yield from self._rules(at_ms, state)

    def _show(self, value: object) -> str:
        text = str(value)
        return text if self.show_numbers else mask_in(text)

    def _title(self, ordered: list[Signed]) -> str:
        room, _, name = self.about.partition("/")
        body = ordered[0].statement.body if ordered else {}
        words = [
            str(body[part]) for part in ("kind", "actor", "object") if body.get(part)
        ]
        way = ""
        if body.get("departure") and body.get("arrival"):
            way = f", {body['departure']} to {body['arrival']}"
        told = f": {', '.join(words)}{way}" if words else ""
        return f"{room.capitalize()} {name}{self._show(told)}"

    def _terms(self, at_ms: int) -> Terms:
        holding = holding_of(self.lives, at_ms)
        return agreed_terms(holding.version.value.deadlines) if holding else Terms()

    def _state(self, ordered: Collection[Signed]) -> State:
        parties = _parties(ordered)
        latest = max(one.statement.at_ms for one in ordered)
        if len(parties) != 2:
            return State(about=self.about)
        first, second = sorted(parties)
        return fold_case(
            self.about,
            ordered,
            parties=(first, second),
            terms=AgreedTerms(self._terms),
            now_ms=latest,
        )

    def _said(self, one: Signed) -> str:
        said = one.statement
        known = _body(said.kind, said.body)
        words = _WORDS[said.kind](known) if known is not None else f"said {said.kind}"
        text = getattr(known, "text", "")
        return f"{said.by} {self._show(words)}" + (
            f' "{self._show(text)}"' if text else ""
        )

    def _halves(self, ordered: Iterable[Signed], state: State) -> Iterator[str]:
        """Yield both halves of each crossing of which one was opened."""
        opened: dict[str, dict[str, Mapping[str, Any]]] = {}
        for one in ordered:
            body = _body(one.statement.kind, one.statement.body)
            if one.statement.kind == "opened" and body is not None:
                for handle, half in body.halves.items():
                    opened.setdefault(handle, {}).setdefault(one.statement.by, half)
        shown = list(opened) if self.show_numbers else list(opened)[:CROSSINGS_SHOWN]
        for handle in shown:
            yield f"  Crossing {handle}"
            for party in sorted(_parties(ordered)):
                half = opened[handle].get(party)
                side = {
                    state.what.get("departure"): "departure",
                    state.what.get("arrival"): "arrival",
                }.get(party, "half")
                told = "not opened" if half is None else self._half(half)
                yield f"    {side} of {party}: {told}"
        if more := len(opened) - len(shown):
            yield f"  and {more} more (--show-numbers shows all)"

    def _half(self, half: Mapping[str, Any]) -> str:
        parts = []
        for name in sorted(half, key=_place):
            value = half[name]
            if name in _NUMBERS and value is not None:
                parts.append(f"{name} {self._number(str(value))}")
            elif name == "at_ms" and type(value) is int:
                parts.append(time_of(value))
            elif name == "record":  # the keeper's own name of it, and no number
                parts.append(f"record {value}")
            elif value is not None:
                parts.append(f"{name} {self._show(value)}")
        return ", ".join(parts)

    def _number(self, number: str) -> str:
        """Return a number as it may be shown; one that came hidden stays as it is."""
        if self.show_numbers or "*" in number:
            return number
        return mask("".join(one for one in number if one in digits)) or "?"

    def _rules(self, at_ms: int, state: State) -> Iterator[str]:
        """Yield which rules were in force at a moment, by which law."""
        holding = holding_of(self.lives, at_ms)
        if holding is None:
            yield f"  In force at {time_of(at_ms)}: no rule that this bundle shows."
            return
        version = holding.version
        signed = ", ".join(
            f"{who} on {time_of(at)}" for who, at in sorted(version.signed.items())
        )
        yield (
            f"  In force at {time_of(at_ms)}: {version.value.name}, version "
            f"{version.value.version}, signed by {signed}."
        )
        yield f"    SHA-256 of its text {version.digest}"
        only = state.what.get("rule")
        for one in version.value.rules:
            rule = one.rule
            if only and rule.id != only:
                continue
            mode = "suspended" if rule.id in holding.suspended else rule.mode
            law = f"  {one.reference}" if one.reference else ""
            yield f"    {rule.id:24} {rule.action:7} {mode}{law}"


def _place(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _end(state: State, holding: Holding | None) -> str:
    if state.state == "none":
        return "  Where it stands cannot be read from this bundle."
    outcome = f", outcome {state.outcome}" if state.outcome else ""
    by = "" if holding else ", by the usual deadlines: no agreement is shown"
    return f"  It stands: {state.state}{outcome}{by}."


def time_of(at_ms: int) -> str:
    """Return a moment as people read it, UTC."""
    try:
        return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"


def _ends(ordered: Collection[Signed]) -> tuple[int, int]:
    """Return when what a case is about began, and when something was said last."""
    times = [one.statement.at_ms for one in ordered]
    began = [one.statement.body.get("first_ms") for one in ordered]
    return min([*times, *(at for at in began if type(at) is int)]), max(times)


def _parties(said: Iterable[Signed]) -> set[str]:
    """Return who speaks, is asked, or is named as one of the two sides."""
    found: set[str] = set()
    for one in said:
        body = one.statement.body
        named = (body.get(name) for name in ("whom", "departure", "arrival"))
        found |= {one.statement.by, *(who for who in named if isinstance(who, str))}
    return found


def _body(kind: str, body: Mapping[str, Any]) -> Any | None:  # ruff: ignore[any-type] (of its kind)
    try:
        return msgspec.convert(body, BODIES[kind])
    except (KeyError, msgspec.ValidationError):
        return None


def _whom(body: Any) -> str:  # ruff: ignore[any-type] (an AskedBody)
    return f"{body.operator} through {body.whom}" if body.operator else str(body.whom)


_WORDS: Final[Mapping[str, Callable[[Any], str]]] = MappingProxyType(
    {
        "raised": lambda body: f"raised it: {body.crossings:,} crossings.",
        "received": lambda body: (
            f"received it: a call met {body.action}, by the rule {body.rule or '?'}."
        ),
        "asked": lambda body: (
            f"asked {_whom(body)}: {body.question}, of {len(body.crossings)} crossings."
        ),
        "answered": lambda body: f"answered: {body.answer}.",
        "opened": lambda body: f"opened its halves of {len(body.halves)} crossings.",
        "decided": lambda body: f"decided: {body.decision}.",
        "appealed": lambda _: "appealed.",
        "closed": lambda _: "said that it is closed.",
        "told": lambda _: "said that the caller was told.",
    }
)
"""What each kind of statement says."""
