"""One party's side of one channel: its store, its key, and what both have said.

Whoever speaks for the party, at a terminal, in a console or in a demonstration, does it
from here, so that all of them read and say the same.
"""

from dataclasses import dataclass, field
from pathlib import Path

from tallystick.agreement.life import Holding, Life, bound_by, fold, holding_of
from tallystick.agreement.text import AgreementText
from tallystick.blinding import Channel, PrivateKey
from tallystick.blinding.agreement import agree
from tallystick.cases.course import AgreedTerms, Terms, agreed_terms
from tallystick.cases.key import case_secret
from tallystick.model import ConfigError
from tallystick.proof import SigningKey, VerifyingKey, kept_statement, signing_key
from tallystick.store import StatementBook, Store
from tallystick.store.cases import CaseDesk

AGREEMENTS = "agreement/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One party's side of one channel.

    Attributes:
        store: Everything kept.
        own: The party's private key.
        channel: The two parties' keys.
        peer_key: What the peer signs with.
        days: Days that the steps of a case may take where no agreement says it.
        book: Folder of the agreement's book; None: agreements stay in the store.
        log: Folder of the party's log; None: there is none.
    """

    store: Store
    own: PrivateKey = field(repr=False)
    channel: Channel
    peer_key: VerifyingKey
    days: Terms
    book: Path | None = None
    log: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a key that is not the peer's.

        Raises:
            ConfigError: "office-key".
        """
        if self.peer_key.party != self.peer:
            raise ConfigError(
                "office-key",
                f"The peer of this channel is {self.peer}, and the key to check its "
                f"signatures is one of {self.peer_key.party}.",
                advice=f"Give what {self.peer} prints by `tally node signing-key`.",
            )

    @property
    def party(self) -> str:
        """Its own name."""
        return self.own.party

    @property
    def peer(self) -> str:
        """The other's name."""
        return self.channel.peer_of(self.own.public()).party

    @property
    def identifier(self) -> str:
        """Of the channel, 64 hexadecimal digits."""
        return self.channel.identifier

    @property
    def key(self) -> SigningKey:
        """What the party signs with."""
        return signing_key(self.own)

    @property
    def keys(self) -> tuple[VerifyingKey, VerifyingKey]:
        """What both sign with, in order of their names."""
        own = self.key.public()
        first, second = sorted((own, self.peer_key), key=lambda key: key.party)
        return first, second

    @property
    def statements(self) -> StatementBook:
        """What both have said."""
        return StatementBook(self.store, self.identifier)

    def agreements(self) -> tuple[str, ...]:
        """Return the names of the agreements that were ever spoken of."""
        rooms = self.statements.in_room(AGREEMENTS)
        return tuple(about.removeprefix(AGREEMENTS) for about in rooms)

    def life(self, name: str) -> Life:
        """Return the state of an agreement.

        Args:
            name: One of `agreements`.
        """
        kept = self.statements.about(f"{AGREEMENTS}{name}")
        said = [kept_statement(one.note) for one in kept]
        return fold(said, name=name, keys=self.keys)

    def holding(self, at_ms: int) -> Holding | None:
        """Return what was in force at a moment; None: nothing.

        Of several agreements for the channel the one that began last counts, on both
        sides alike.
        """
        return holding_of(map(self.life, self.agreements()), at_ms)

    def bound_by(self, at_ms: int) -> AgreementText | None:
        """Return the text by whose periods things are kept; see `bound_by`."""
        return bound_by(map(self.life, self.agreements()), at_ms)

    def terms(self, at_ms: int) -> Terms:
        """Return the days that steps of a case may take, as agreed at a moment."""
        holding = self.holding(at_ms)
        if holding is None:
            return self.days
        return agreed_terms(holding.version.value.deadlines)

    def cases(self) -> CaseDesk:
        """Return the desk at which the party says and hears things about cases."""
        names = [key.party for key in self.keys]
        peer = self.channel.peer_of(self.own.public())
        return CaseDesk(
            store=self.store,
            channel=self.identifier,
            parties=(names[0], names[1]),
            secret=case_secret(agree(self.own, peer)),
            terms=AgreedTerms(self.terms),
        )
