"""All that a verdict may rest on, in closed words: no number, no name, no opinion.

Source: spec/verdict.md, "Evidence".
"""

from types import MappingProxyType
from typing import Final, NamedTuple

FACTS: Final = MappingProxyType(
    {
        # The other side's half; not_asked: no channel with the party it would be of.
        "half": (
            "paired",
            "altered",
            "no_departure",
            "repeated",
            "unproven",
            "not_asked",
        ),
        "differs": ("none", "calling", "called"),
        # The signature the call carries (PASSporT).
        "identity": ("none", "valid", "invalid", "expired", "untrusted", "unchecked"),
        "attestation": ("none", "A", "B", "C"),
        # Whose plan the calling number is of.
        "origin": ("none", "own", "peer", "third"),
        "number": (
            "ordinary",
            "absent",
            "unreadable",
            "unallocated",
            "do_not_originate",
            "special",
        ),
        # Where the subscriber of an own number is, by the home network.
        "roaming": ("unknown", "home", "abroad", "stale"),
        # Whether a list that both sides agreed names trunk, carrier or range.
        "listed": ("none", "trusted", "suspect"),
    }
)
"""Every fact and the words it may have."""

GROUNDS: Final = MappingProxyType(
    {
        "half": frozenset({"altered", "no_departure", "repeated"}),
        "identity": frozenset({"invalid"}),
        "origin": frozenset({"own"}),
        "number": frozenset({"unallocated", "do_not_originate", "special"}),
        "roaming": frozenset({"home"}),
        "listed": frozenset({"suspect"}),
    }
)
"""The words on which a call may be acted on. All others are silence or opinion."""

NEEDS_COVERAGE: Final = frozenset({"altered", "no_departure", "repeated"})
"""Words for the half that rest on something that is not there."""


class Evidence(NamedTuple):
    """What is known of one call. A named tuple: one is made for every call.

    Attributes:
        half: What the live matcher says; see FACTS for the words of each.
        why: The matcher's reason, as in `pairing.live.Match.why`; "" if not asked.
        covered: Whether the peer's record is complete around the call.
        differs: Which number differs, where `half` is `altered`.
        identity: What the signature is worth.
        attestation: What the signer vouches for.
        origin: Whose plan the calling number is of.
        number: What the numbering plan and agreed ranges say of it.
        roaming: Where its subscriber is.
        listed: What agreed lists say.
        emergency: A call to an emergency service.
        priority: A call with an authorised priority.
    """

    half: str = "not_asked"
    why: str = ""
    covered: bool = False
    differs: str = "none"
    identity: str = "none"
    attestation: str = "none"
    origin: str = "none"
    number: str = "ordinary"
    roaming: str = "unknown"
    listed: str = "none"
    emergency: bool = False
    priority: bool = False
