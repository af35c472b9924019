"""Read the state of an agreement from what both parties said about it.

Whether a statement counts depends on itself and on what its party had seen, which
its identifier covers. So nothing that comes later can take a signature back, and both
sides read the same, whatever came first.

Source: spec/agreement.md, "Life".
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tallystick.agreement.life.bodies import AT_ONCE, BODIES
from tallystick.agreement.life.state import (
    Answer,
    Holding,
    Life,
    PassedOver,
    Remark,
    Suspension,
    Version,
    Withdrawal,
)
from tallystick.agreement.text import (
    AgreementText,
    Mistake,
    digest_of,
    read_text,
)
from tallystick.proof import Signed, VerifyingKey, in_order

_WHY: Final = {
    "kind": "Nothing of this kind is said about agreements.",
    "body": "It does not hold what a statement of its kind holds.",
    "party": "Who says it is no party of the agreement.",
    "text": "The text has mistakes.",
    "digest": "The digest is not that of the text.",
    "other": "The text is for other parties, another channel or another agreement.",
    "adopted": "Both had signed a text already: another one amends it.",
    "follows": "The text it follows was not proposed before, or has no lower version.",
    "unseen": "It is about something that its party had not been shown.",
    "early": "It was signed before the consultation had ended.",
    "objection": "It was signed while an objection had no answer.",
    "outdated": "Both had signed a text of this or a higher version already.",
    "waits": "It follows a statement that has not come yet.",
}
"""Why a statement does not count."""


def fold(
    statements: Collection[Signed], *, name: str, keys: Collection[VerifyingKey]
) -> Life:
    """Return the state of an agreement.

    Args:
        statements: In any order, signatures checked; those about other things and
            repetitions are passed over.
        name: Of the agreement.
        keys: Of the two parties.
    """
    about = f"agreement/{name}"
    known = {one.id: one for one in statements if one.statement.about == about}
    ordered = in_order(known.values())
    reading = _Reading(name=name, keys=tuple(sorted(keys, key=lambda key: key.party)))
    for one in ordered:
        reading.take(one)
    arrived = {one.id for one in ordered}
    for one in sorted(known.values(), key=lambda one: (one.statement.at_ms, one.id)):
        if one.id not in arrived:
            reading.take_early(one)
    return reading.life()


def in_force(
    statements: Collection[Signed],
    at_ms: int,
    *,
    name: str,
    keys: Collection[VerifyingKey],
) -> Holding | None:
    """Return what was in force at a moment; None where nothing was.

    Args:
        statements: As for `fold`.
        at_ms: The moment.
        name: Of the agreement.
        keys: Of the two parties.
    """
    return fold(statements, name=name, keys=keys).in_force(at_ms)


@dataclass(frozen=True, slots=True)
class _Signature:
    """One that counts, and the place of its statement."""

    by: str
    at_ms: int
    place: int


@dataclass(slots=True)
class _Proposed:
    """A text and what was said of it, each with the place of the statement."""

    version: Version
    places: list[tuple[int, int]]  # of its proposals: place, moment
    signatures: list[_Signature] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What was read so far.

    A place is the number of a statement in the order; what a party had seen is a set
    of places, as the bits of an integer.
    """

    name: str
    keys: tuple[VerifyingKey, ...]
    proposed: dict[str, _Proposed] = field(default_factory=dict)
    remarks: dict[str, Remark] = field(default_factory=dict)
    answers: dict[str, list[int]] = field(default_factory=dict)  # places, by remark
    suspensions: dict[str, Suspension] = field(default_factory=dict)
    lifts: dict[str, dict[str, int]] = field(default_factory=dict)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)

    def take(self, signed: Signed) -> None:
        """Read a statement that comes behind all it follows."""
        seen = 0
        for earlier in signed.statement.after:
            place = self.places[earlier]
            seen |= self.seen[place] | 1 << place
        self.places[signed.id] = len(self.seen)
        self.seen.append(seen)
        self._read(signed, seen)

    def take_early(self, signed: Signed) -> None:
        """Read a statement that follows one which has not come yet."""
        if signed.statement.kind in AT_ONCE:
            self._read(signed, 0)
        else:
            self.passed_over.append(PassedOver(signed.id, "waits", _WHY["waits"]))

    def life(self) -> Life:
        """Return what was read."""
        first, second = (key.party for key in self.keys)
        held = (
            replace(one, lifted=self.lifts.get(one.id, {}))
            for one in self.suspensions.values()
        )
        return Life(
            parties=(first, second),
            versions=tuple(_signed(one) for one in self.proposed.values()),
            remarks=tuple(self.remarks.values()),
            suspensions=tuple(sorted(held, key=lambda one: (one.at_ms, one.id))),
            withdrawals=tuple(
                sorted(self.withdrawals, key=lambda one: (one.at_ms, one.id))
            ),
            passed_over=tuple(self.passed_over),
        )

    def _read(self, signed: Signed, seen: int) -> None:
        one = signed.statement
        mistakes: list[Mistake] = []
        table = BODIES.get(one.kind)
        body = table.read(dict(one.body), "$", mistakes) if table else None
        if one.by not in {key.party for key in self.keys}:
            code = "party"
        elif table is None:
            code = "kind"
        elif not isinstance(body, dict):
            code = "body"
        else:
            code = getattr(self, f"_{one.kind}")(signed, body, seen)
        if code:
            where = f" {mistakes[0]}" if mistakes else ""
            self.passed_over.append(PassedOver(signed.id, code, _WHY[code] + where))

    def _proposed(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        if any(_is_adopted(one, seen) for one in self.proposed.values()):
            return "adopted"
        return self._add(signed, body)

    def _amended(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        before = self._shown(body["follows"], seen)
        value, _ = read_text(body["text"])
        if before is None or value is None:
            return "follows" if value else "text"
        least = before.version.value.version + _is_adopted(before, seen)
        if value.version < least:
            return "follows"
        return self._add(signed, body)

    def _add(self, signed: Signed, body: Mapping[str, Any]) -> str:
        one, digest = signed.statement, body["digest"]
        if digest != digest_of(body["text"]):
            return "digest"
        value, _ = read_text(body["text"])
        if value is None:
            return "text"
        if not self._is_ours(value, one.channel):
            return "other"
        version = Version(
            digest=digest,
            text=body["text"],
            value=value,
            by=one.by,
            at_ms=one.at_ms,
            follows=body.get("follows", ""),
            signed={},
        )
        found = self.proposed.setdefault(digest, _Proposed(version, []))
        found.places.append((self.places[signed.id], one.at_ms))
        return ""

    def _is_ours(self, value: AgreementText, channel: str) -> bool:
        ours = (self.name, channel, self.keys)
        return (value.name, value.channel, value.keys) == ours

    def _commented(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        found = self._shown(body["digest"], seen)
        rules = {one.rule.id for one in found.version.value.rules} if found else set()
        if not found or (body["rule"] and body["rule"] not in rules):
            return "unseen"
        one = signed.statement
        self.remarks[signed.id] = Remark(
            id=signed.id,
            by=one.by,
            whom=body["from"] or one.by,
            at_ms=one.at_ms,
            digest=body["digest"],
            rule=body["rule"] or "",
            text=body["text"],
            objects=one.kind == "objected",
        )
        return ""

    _objected = _commented

    def _answered(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        remark = self.remarks.get(body["to"])
        if remark is None or not seen >> self.places[remark.id] & 1:
            return "unseen"
        one = signed.statement
        answer = Answer(id=signed.id, by=one.by, at_ms=one.at_ms, text=body["text"])
        self.remarks[remark.id] = replace(remark, answers=(*remark.answers, answer))
        self.answers.setdefault(remark.id, []).append(self.places[signed.id])
        return ""

    def _signed(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        found, one = self._shown(body["digest"], seen), signed.statement
        if found is None:
            return "unseen"
        shown = [at for place, at in found.places if seen >> place & 1]
        if one.at_ms < min(shown) + found.version.value.consultation_ms:
            return "early"
        if any(self._objections(found.version, seen)):
            return "objection"
        version = found.version.value.version
        if any(
            _is_adopted(other, seen) and other.version.value.version >= version
            for other in self.proposed.values()
        ):
            return "outdated"
        place = self.places[signed.id]
        found.signatures.append(_Signature(one.by, one.at_ms, place))
        return ""

    def _suspended(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        del seen
        one = signed.statement
        self.suspensions[signed.id] = Suspension(
            id=signed.id,
            by=one.by,
            at_ms=one.at_ms,
            rule=body["rule"] or "",
            why=body["why"],
            lifted={},
        )
        return ""

    def _resumed(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        del seen
        one = signed.statement
        for ident in body["lifts"]:
            by_party = self.lifts.setdefault(ident, {})
            by_party[one.by] = min(one.at_ms, by_party.get(one.by, one.at_ms))
        return ""

    def _withdrawn(self, signed: Signed, body: Mapping[str, Any], seen: int) -> str:
        del seen
        one = signed.statement
        self.withdrawals.append(
            Withdrawal(
                id=signed.id,
                by=one.by,
                at_ms=one.at_ms,
                digest=body["digest"] or "",
                why=body["why"],
            )
        )
        return ""

    def _shown(self, digest: str, seen: int) -> _Proposed | None:
        """Return a text if the party had seen it proposed."""
        found = self.proposed.get(digest)
        if found and any(seen >> place & 1 for place, _ in found.places):
            return found
        return None

    def _objections(self, version: Version, seen: int) -> Iterator[str]:
        """Yield the objections that the party had seen without an answer.

        Yields:
            Identifiers.
        """
        rules = {one.rule.id: one for one in version.value.rules}
        for remark in self.remarks.values():
            about = self.proposed[remark.digest].version.value.rules
            if (
                remark.objects
                and seen >> self.places[remark.id] & 1
                and rules.get(remark.rule) in about
                and not any(
                    seen >> place & 1 for place in self.answers.get(remark.id, ())
                )
            ):
                yield remark.id


def _is_adopted(one: _Proposed, seen: int) -> bool:
    """Tell whether a party had seen both signatures under a text."""
    return len({s.by for s in one.signatures if seen >> s.place & 1}) == 2


def _signed(one: _Proposed) -> Version:
    """Return a text with the moment of each party's first signature that counts."""
    moments: dict[str, int] = {}
    for each in one.signatures:
        moments[each.by] = min(each.at_ms, moments.get(each.by, each.at_ms))
    earliest = min(at for _, at in one.places)
    return replace(one.version, signed=moments, at_ms=earliest)
