"""The desk at which a party says and hears things about cases.

Source: spec/cases.md, "Statements".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tallystick.cases.course import TermsAt
from tallystick.cases.fold import fold
from tallystick.cases.lawful import lawful_of
from tallystick.cases.options import Option, options
from tallystick.cases.over import over_since
from tallystick.cases.state import State
from tallystick.model import RefusedError
from tallystick.proof import (
    Signed,
    SigningKey,
    Statement,
    VerifyingKey,
    kept_statement,
    latest,
    read_statement,
    sign_statement,
)
from tallystick.store.cases.book import CaseBook
from tallystick.store.cases.objections import ObjectionBook
from tallystick.store.forgotten import forgotten, is_unsaid
from tallystick.store.opening import Store
from tallystick.store.statements import StatementBook

_WHY: Final = MappingProxyType(
    {
        "party": "{kind} comes from neither party.",
        "body": "what {kind} says is not what its kind needs.",
        "state": "{kind} has no place where the case stands ({state}).",
        "turn": "it is not this party that may say {kind} now.",
        "asked-enough": "it was asked as often as may be.",
        "not-named": "a crossing was not asked about, or is open already.",
        "not-due": "the answer has time yet, and silence is none.",
        "not-allowed": "the answer does not bear that decision.",
        "appeal-over": "the time to appeal is over.",
        "appeal-open": "the other side may still appeal.",
        "said-already": "this party has decided already.",
        "not-overdue": "the other side has time yet.",
    }
)
"""Why a statement would be passed over (spec/cases.md, "Reading the state")."""


class Standing(NamedTuple):
    """What was said about a case or an objection, and where it stands by that.

    Attributes:
        said: All of it, also what is dated later.
        state: Where it stands.
    """

    said: list[Signed]
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """A party's desk for one channel.

    Attributes:
        store: Where everything is kept.
        channel: 64 hexadecimal digits.
        parties: The two.
        secret: As in `case_secret`.
        terms: Days for each step, as agreed when a case began.
    """

    store: Store
    channel: str
    parties: tuple[str, str]
    secret: bytes = field(repr=False)
    terms: TermsAt

    @property
    def cases(self) -> CaseBook:
        """The cases that are kept."""
        return CaseBook(self.store, self.channel)

    @property
    def objections(self) -> ObjectionBook:
        """The objections that are kept."""
        return ObjectionBook(self.store, self.channel)

    def said(self, about: str) -> list[Signed]:
        """Return what was said about a case or an objection."""
        kept = StatementBook(self.store, self.channel).about(about)
        return [kept_statement(one.note) for one in kept]

    def read(self, about: str, *, now_ms: int) -> Standing:
        """Read what was said about a case or an objection, and where it stands by that.

        Whoever shows both takes both from here: asked for one after the other, they may
        differ by what the peer said in between.
        """
        said = self.said(about)
        return Standing(said, self._fold(about, said, now_ms))

    def state(self, about: str, *, now_ms: int) -> State:
        """Read where a case (`case/…`) or an objection (`objection/…`) stands."""
        return self.read(about, now_ms=now_ms).state

    def over(self, about: str, *, now_ms: int) -> int | None:
        """Return since when a case or an objection is over; None: it is not.

        See `over_since`.
        """
        kept = StatementBook(self.store, self.channel).about(about)
        said = [kept_statement(one.note) for one in kept]
        return over_since(
            self._fold(about, said, now_ms),
            heard_ms=(one.taken_ms for one in kept),
            all_taken=all(one.sent_ms is not None for one in kept),
        )

    def options(self, state: State, *, by: str, now_ms: int) -> tuple[Option, ...]:
        """Return what a party may say now where a case stands so; see `options`."""
        return options(
            state, by=by, parties=self.parties, terms=self.terms, now_ms=now_ms
        )

    def say(
        self,
        about: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        key: SigningKey,
        now_ms: int,
    ) -> Signed:
        """Say something, if it counts where the case stands.

        Args:
            about: `case/…` or `objection/…`.
            kind: Of the statement.
            body: What else it says.
            key: Of the party that says it.
            now_ms: The present time.

        Returns:
            The statement, which is kept here and is still to be sent to the peer.

        Raises:
            RefusedError: "case-step" when it would be passed over, "case-forgotten"
                when what was said of it was let go of.
        """
        with self.store.read() as connection:
            if is_unsaid(connection, self.channel, about):
                raise RefusedError(
                    "case-forgotten",
                    "Nothing was said: it is over, and what was said of it was let go "
                    "of, as both parties agreed.",
                    advice="The same problem, found again, is another case.",
                )
        before = [one for one in self.said(about) if one.statement.at_ms <= now_ms]
        signed = sign_statement(
            Statement(
                channel=self.channel,
                by=key.party,
                at_ms=now_ms,
                about=about,
                kind=kind,
                after=latest(before),
                body=body,
            ),
            key,
        )
        after = self._fold(about, [*before, signed], now_ms)
        if signed.id not in after.steps:
            stands = self._fold(about, before, now_ms)
            why = dict(after.passed_over)[signed.id]
            raise RefusedError(
                "case-step",
                f"Nothing was said: {_WHY[why].format(kind=kind, state=stands.state)}",
                advice="`tally cases show` says whose turn it is, and until when.",
                why=why,
            )
        StatementBook(self.store, self.channel).keep(signed, now_ms=now_ms)
        self._note(about, after)
        return signed

    def hear(self, note: bytes, *, keys: Iterable[VerifyingKey], now_ms: int) -> State:
        """Take a statement that the peer made, as it was handed over.

        Args:
            note: As it was received, to the byte.
            keys: Of both parties.
            now_ms: The present time.

        One that is no statement of theirs is refused as in `read_statement`.

        Returns:
            Where the case stands then. One that does not count there is kept, too.
        """
        signed = read_statement(note, keys, channel=self.channel)
        book = StatementBook(self.store, self.channel)
        book.keep(signed, now_ms=now_ms, from_peer=True)
        return self.heard(signed, now_ms=now_ms)

    def heard(self, signed: Signed, *, now_ms: int) -> State:
        """Write where a case stands, after a statement about it has been kept.

        The peer's clock may be ahead: what is dated so stands in the lists at once, as
        nobody would write it there when its time has come.
        """
        about = signed.statement.about
        at_ms = max(now_ms, signed.statement.at_ms)
        state = self.state(about, now_ms=at_ms)
        self._note(about, state)
        return state

    def _note(self, about: str, state: State) -> None:
        room, _, name = about.partition("/")
        if state.has_ended and self._is_forgotten(about):
            return
        if room == "objection":
            self.objections.note(name, state)
            return
        self.cases.begin(name, state, secret=self.secret)
        self.cases.note(name, state)
        for ident, lawful, why in lawful_of(state, self.said(about)):
            self.cases.keep_lawful(ident, lawful, why=why)

    def _is_forgotten(self, about: str) -> bool:
        with self.store.read() as connection:
            return bool(forgotten(connection, self.channel, [about]))

    def _fold(self, about: str, statements: Sequence[Signed], now_ms: int) -> State:
        return fold(
            about, statements, parties=self.parties, terms=self.terms, now_ms=now_ms
        )
