"""The keys of a channel: read once, derived for each epoch, never shown."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.blinding import Agreement, agree, read_private_key
from tallystick.cases.reference import reference_secret
from tallystick.channel import (
    SignedTerms,
    SigningKey,
    epoch_check,
    live_token_keys,
    parse_agreement,
    signing_key,
)
from tallystick.cluster import LogKeys, log_keys
from tallystick.domains.calls.live import LiveKeys
from tallystick.model import ConfigError
from tallystick.node.config.files import read_text

EPOCHS_KEPT: Final = 8


@dataclass(slots=True)
class Secrets:
    """What a node knows that nobody else may.

    Attributes:
        party: Its own name.
        signed: What both parties agreed.
        signing: Its signing key.
        log: The keys of the log that its nodes share, if there are several.
        references: Makes the references of callers who were stopped.
    """

    party: str
    signed: SignedTerms
    signing: SigningKey = field(repr=False)
    log: LogKeys = field(repr=False)
    references: bytes = field(repr=False)
    _agreement: Agreement = field(repr=False)
    _keys: dict[int, LiveKeys] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, own: Path, terms: Path) -> "Secrets":
        """Read the private key and the channel's terms.

        Raises:
            ConfigError: "node-terms": the terms cannot be read, or are not this
                party's.
        """
        key = read_private_key(own)
        text = read_text(
            terms,
            code="node-terms",
            what="The channel's terms",
            advice="`tally node terms` writes them; both parties sign.",
        )
        signed = parse_agreement(text, origin=str(terms))
        peers = [k for k in signed.terms.keys if k.party != key.party]
        if len(peers) != 1:
            raise ConfigError(
                "node-terms",
                f"{key.party} is not a party of {terms}.",
                advice="Give the terms that were made with this key.",
            )
        return cls(
            party=key.party,
            signed=signed,
            signing=signing_key(key),
            log=log_keys(key, signed.terms.channel),
            references=reference_secret(key, signed.terms.channel),
            _agreement=agree(key, peers[0]),
        )

    @property
    def peer(self) -> str:
        """Name of the other party."""
        return next(k.party for k in self.signed.terms.keys if k.party != self.party)

    def keys(self, epoch: int) -> LiveKeys:
        """Return the token keys of an epoch."""
        found = self._keys.get(epoch)
        if found is None:
            if len(self._keys) >= EPOCHS_KEPT:
                del self._keys[min(self._keys)]
            keys = live_token_keys(self._agreement, self.signed.terms, epoch)
            found = self._keys[epoch] = LiveKeys(**keys)
        return found

    def check(self, epoch: int) -> bytes:
        """Return by what the peer sees that both have the same keys."""
        return epoch_check(self._agreement, self.signed.terms, epoch)
