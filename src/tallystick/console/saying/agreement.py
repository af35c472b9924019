"""What may be said of an agreement, as a table: the fields of each kind, its body."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tallystick.agreement.life import Life, Version, lifts
from tallystick.console.saying.field import Field
from tallystick.console.saying.words import chosen, refuse, words_of
from tallystick.model import RefusedError
from tallystick.office import Side
from tallystick.office.agreeing import try_to_say
from tallystick.proof import Signed

EVERY: Final = "*"
"""Stands for every rule, or the whole agreement, where one may be chosen."""
_NAME_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The agreement that somebody is about to speak of.

    Attributes:
        side: Who speaks.
        name: Of the agreement.
        said: All that was said about it.
        life: Its state.
        now_ms: The present time.
    """

    side: Side
    name: str
    said: Sequence[Signed]
    life: Life
    now_ms: int

    @property
    def living(self) -> Sequence[Version]:
        """Texts that were neither withdrawn nor followed by one in force, newest first.

        Where none is left there is nothing to remark on or to end.
        """
        over = {"withdrawn", "superseded"}
        return [
            one
            for one in reversed(self.life.versions)
            if self.life.phase(one, self.now_ms) not in over
        ]

    def would_count(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Tell whether something would count if it were said now."""
        try:
            try_to_say(self.side, self.said, self.name, kind, body, now_ms=self.now_ms)
        except RefusedError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Saying:
    """A kind of statement as a page offers it.

    Attributes:
        fields: What is asked for; nothing where it may not be said now.
        body: Reads what was typed; refuses by `refuse`.
    """

    fields: Callable[[Matter], Sequence[Field]]
    body: Callable[[Matter, Mapping[str, str]], dict[str, Any]]


def text_words(version: Version) -> str:
    """Return a text's name for people: its version, and how its digest begins."""
    return f"{version.value.version} ({version.digest[:12]})"


def _texts(versions: Sequence[Version]) -> list[tuple[str, str]]:
    return [(one.digest, text_words(one)) for one in versions]


def _rules(matter: Matter) -> list[str]:
    named = (one.rule.id for text in matter.living for one in text.value.rules)
    return list(dict.fromkeys(named))


def _remark_fields(matter: Matter, *, objects: bool) -> Sequence[Field]:
    if not matter.living:
        return ()
    rules = [(one, one) for one in _rules(matter)]
    whole = [] if objects else [(EVERY, "say.whole_text")]
    return (
        Field(name="digest", kind="choice", needed=True, choices=_texts(matter.living)),
        Field(name="rule", kind="choice", needed=True, choices=whole + rules),
        Field(name="from", kind="line"),
        Field(name="text", kind="area", needed=True),
    )


def _remark(
    matter: Matter, form: Mapping[str, str], *, objects: bool
) -> dict[str, Any]:
    digest = chosen(form, "digest", [one.digest for one in matter.living])
    whole = [] if objects else [EVERY]
    rule = chosen(form, "rule", whole + _rules(matter))
    version = matter.life.version(digest)
    if version and rule not in {EVERY, *(o.rule.id for o in version.value.rules)}:
        refuse("no_rule")
    whom = words_of(form, "from")
    if len(whom) > _NAME_MOST:
        refuse("long_text")
    return {
        "digest": digest,
        "rule": None if rule == EVERY else rule,
        "text": words_of(form, "text", needed=True),
        "from": whom or None,
    }


def _answer_fields(matter: Matter) -> Sequence[Field]:
    """Offer remarks to be answered, those first that wait for it."""
    remarks = sorted(
        matter.life.remarks,
        key=lambda one: (not one.is_open(matter.now_ms), -one.at_ms),
    )
    if not remarks:
        return ()
    choices = [
        (one.id, f"{one.whom}: {one.rule or '-'}, {one.text[:60]} ({one.id[:8]})")
        for one in remarks
    ]
    return (
        Field(name="to", kind="choice", needed=True, choices=choices),
        Field(name="text", kind="area", needed=True),
    )


def _answer(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "to": chosen(form, "to", [one.id for one in matter.life.remarks]),
        "text": words_of(form, "text", needed=True),
    }


def _to_sign(matter: Matter) -> list[Version]:
    """Return the texts that the party may sign now."""
    return [
        one
        for one in matter.living
        if matter.side.party not in one.signed
        and matter.would_count("signed", {"digest": one.digest})
    ]


def _sign_fields(matter: Matter) -> Sequence[Field]:
    texts = _to_sign(matter)
    if not texts:
        return ()
    return (Field(name="digest", kind="choice", needed=True, choices=_texts(texts)),)


def _sign(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    texts = [one.digest for one in _to_sign(matter)]
    return {"digest": chosen(form, "digest", texts)}


def _suspend_fields(matter: Matter) -> Sequence[Field]:
    holding = matter.life.in_force(matter.now_ms)
    if holding is None:
        return ()
    left = [o.id for o in holding.table.rules if o.id not in holding.suspended]
    if not left:
        return ()
    choices = [*((one, one) for one in left), (EVERY, "say.every_rule")]
    return (
        Field(name="rule", kind="choice", needed=True, choices=choices),
        Field(name="why", kind="line", needed=True),
    )


def _suspend(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    fields = _suspend_fields(matter)
    if not fields:
        refuse("out_of_place")
    rule = chosen(form, "rule", [value for value, _ in fields[0].choices])
    return {
        "rule": None if rule == EVERY else rule,
        "why": words_of(form, "why", needed=True),
    }


def held(matter: Matter) -> Iterator[str]:
    """Yield what is suspended and the party has not lifted yet.

    Yields:
        Rules; `EVERY` where all are.
    """
    for one in matter.life.suspensions:
        if one.holds(matter.now_ms) and matter.side.party not in one.lifted:
            yield one.rule or EVERY


def _resume_fields(matter: Matter) -> Sequence[Field]:
    rules = list(dict.fromkeys(held(matter)))
    if not rules:
        return ()
    choices = [(one, "say.every_rule" if one == EVERY else one) for one in rules]
    return (Field(name="rule", kind="choice", needed=True, choices=choices),)


def _resume(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    rule = chosen(form, "rule", list(held(matter)))
    return lifts(matter.life, matter.now_ms, "" if rule == EVERY else rule)


def _withdraw_fields(matter: Matter) -> Sequence[Field]:
    if not matter.living:
        return ()
    choices = [(EVERY, "say.whole_agreement"), *_texts(matter.living)]
    return (
        Field(name="digest", kind="choice", needed=True, choices=choices),
        Field(name="why", kind="line", needed=True),
    )


def _withdraw(matter: Matter, form: Mapping[str, str]) -> dict[str, Any]:
    digest = chosen(form, "digest", [EVERY, *(o.digest for o in matter.living)])
    return {
        "digest": None if digest == EVERY else digest,
        "why": words_of(form, "why", needed=True),
    }


SAYINGS: Final[Mapping[str, Saying]] = MappingProxyType(
    {
        "signed": Saying(_sign_fields, _sign),
        "commented": Saying(
            lambda matter: _remark_fields(matter, objects=False),
            lambda matter, form: _remark(matter, form, objects=False),
        ),
        "objected": Saying(
            lambda matter: _remark_fields(matter, objects=True),
            lambda matter, form: _remark(matter, form, objects=True),
        ),
        "answered": Saying(_answer_fields, _answer),
        "suspended": Saying(_suspend_fields, _suspend),
        "resumed": Saying(_resume_fields, _resume),
        "withdrawn": Saying(_withdraw_fields, _withdraw),
    }
)
"""How each kind of statement about an agreement is said from a page; a text is proposed
by a page of its own."""
