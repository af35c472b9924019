"""What can be exchanged while a node runs, read from its files and put together."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tallystick.agreement import Decider, RuleTable, default_rules, parse_rules
from tallystick.channel import Standing
from tallystick.domains.calls.lists import AgreedList
from tallystick.domains.calls.live import NumberKnowledge, NumberReader
from tallystick.domains.calls.numbers import Numbering
from tallystick.domains.calls.sip import Clients
from tallystick.domains.calls.stir import SigningPolicy
from tallystick.model import ConfigError
from tallystick.net.link import Side
from tallystick.node.agreed import agreed_decider, read_life
from tallystick.node.calls.identity import Identities
from tallystick.node.calls.signing import signing_policy
from tallystick.node.calls.switches import clients_of
from tallystick.node.config.dates import certificate_dates, earliest
from tallystick.node.config.files import read_text
from tallystick.node.config.known import read_knowledge, read_lists
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.config.tls import peer_certificate
from tallystick.node.helpers import identities_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that can be exchanged while a node runs, read and put together.

    Attributes:
        settings: What was told.
        secrets: Keys and the terms in force.
        following: Keys and the terms that come after them, if they are known.
        leaving: Reads numbers of own departures.
        arriving: Reads those of arrivals.
        knowledge: What is known of numbers.
        lists: Agreed lists.
        decider: The rules.
        identities: Trust lists and certificates.
        signing: What is signed by HTTP; None: nothing.
        clients: Who may ask by SIP.
        certificate: The TLS certificate under which the peer is served, DER.
        certificates_until_s: When the first of each kind ends.
    """

    settings: NodeSettings
    secrets: Secrets
    following: Secrets | None
    leaving: NumberReader
    arriving: NumberReader
    knowledge: NumberKnowledge
    lists: tuple[AgreedList, ...]
    decider: Decider
    identities: Identities
    signing: SigningPolicy | None
    clients: Clients
    certificate: bytes
    certificates_until_s: dict[str, float]


def read_material(settings: NodeSettings, clock: Callable[[], int]) -> Material:
    """Read all that a running node can go on with; slow, and beside its calls."""
    own, following = _terms(settings, clock())
    for one in filter(None, (own, following)):
        side_of(one, clock)
    leaving, arriving = _numberings(settings)
    return Material(
        settings=settings,
        secrets=own,
        following=following,
        leaving=NumberReader(leaving, side="departures"),
        arriving=NumberReader(arriving, side="arrivals"),
        knowledge=read_knowledge(settings.numbers),
        lists=read_lists(settings.lists),
        decider=_decider(settings, own, clock()),
        identities=identities_of(settings, now_s=clock() // 1000),
        signing=signing_policy(settings.signing),
        clients=clients_of(settings.switches, settings.redress),
        certificate=peer_certificate(settings.listen),
        certificates_until_s=earliest(certificate_dates(settings)),
    )


def side_of(own: Secrets, clock: Callable[[], int]) -> Side:
    """Return what both ends of a link need; keys that do not fit are refused."""
    return Side(
        standing=Standing(agreement=own.signed, own=own.signing),
        checks=own.check,
        now_ms=clock,
        draw=secrets.token_bytes,
    )


def _terms(settings: NodeSettings, moment_ms: int) -> tuple[Secrets, Secrets | None]:
    """Return the keys with the terms in force, and with those that follow.

    Raises:
        ConfigError: "node-terms": those that follow are for another peer.
    """
    own = _own(settings, settings.keys.terms)
    if settings.keys.next_terms is None:
        return own, None
    following = _own(settings, settings.keys.next_terms)
    if following.peer != own.peer:
        raise ConfigError(
            "node-terms",
            f"The terms that follow are with {following.peer}, not {own.peer}.",
            advice="Give terms of the same two parties.",
        )
    begun = following.signed.terms.from_ms <= moment_ms
    return (following, None) if begun else (own, following)


def _own(settings: NodeSettings, terms: Path) -> Secrets:
    """Read the keys.

    Raises:
        ConfigError: "node-party": the key is another party's.
    """
    own = Secrets.read(settings.keys.own, terms)
    if own.party != settings.party:
        raise ConfigError(
            "node-party",
            f"The settings are for {settings.party}, the key is of {own.party}.",
            advice="Set `party` to the key's name, or give the other key.",
        )
    return own


def _numberings(settings: NodeSettings) -> tuple[Numbering, Numbering]:
    """Return how numbers are written where calls leave, and where they arrive."""
    here, there = settings.numbers.own, settings.numbers.peer
    leaving = Numbering.from_countries(here, there)
    arriving = Numbering.from_countries(there, here)
    if settings.numbers.file is not None:
        told = Numbering.load(settings.numbers.file)
        # Each side of the file speaks of its own trunks; the countries stay.
        leaving = replace(leaving, departures=told.departures)
        arriving = replace(arriving, arrivals=told.arrivals)
    return leaving, arriving


def _decider(settings: NodeSettings, own: Secrets, moment_ms: int) -> Decider:
    if settings.agreement is None:
        return Decider(_rules(settings.rules))
    return agreed_decider(read_life(settings.agreement, own).obeyed(moment_ms))


def _rules(path: Path | None) -> RuleTable:
    if path is None:
        return default_rules()
    text = read_text(path, code="node-rules", what="The rules")
    return parse_rules(text, origin=str(path))
