"""What two parties agree for one channel, as a value.

Source: spec/channel.md, "The agreement file" and "Epochs".
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tallystick.blinding import Agreement, PublicKey, TokenKey, token_key
from tallystick.blinding.agreement import agreement_identifier, check_distinct
from tallystick.blinding.transcript import check_name
from tallystick.model import VerificationError
from tallystick.proof.signing import VerifyingKey

TOKEN_SCHEMES: Final = ("hmac-sha256/1",)
"""Known ways to make tokens. An oblivious one will be another name."""

LIVE_ROUNDS: Final = {"pair": 1, "called": 2, "calling": 2}
"""Each purpose of spec/tokens.md and the round whose keys it uses."""

MINUTE_MS: Final = 60_000
EPOCH_LIMIT: Final = 2**32 - 1  # index; what four bytes hold
BOUNDS_MS: Final = {
    "epoch_ms": (MINUTE_MS, 86_400_000),
    "overlap_ms": (1_000, 43_200_000),
    "window_ms": (100, 60_000),
    "grace_ms": (0, 250),
    "clock_ms": (1, 5_000),
}
_CHECK_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One period of one set of token keys.

    Attributes:
        index: 0 for the first of the agreement.
        label: Its name in spec/tokens.md.
        starts_ms: When it begins.
        ends_ms: When the next one begins.
    """

    index: int
    label: str
    starts_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What both parties signed.

    Attributes:
        keys: The two X25519 keys in order of the parties' names.
        verifying_keys: The two Ed25519 keys in the same order.
        domain: For example "calls".
        tokens: One of `TOKEN_SCHEMES`.
        from_ms: When the agreement begins to hold, and epoch 0 with it.
        until_ms: When it ends.
        epoch_ms: Length of an epoch.
        overlap_ms: How far beyond its ends an epoch's tokens are still taken.
        window_ms: How long before its arrival a departure may have begun.
        grace_ms: How long a verdict may wait for the stream.
        clock_ms: How far the two clocks may disagree.
    """

    keys: tuple[PublicKey, PublicKey]
    verifying_keys: tuple[VerifyingKey, VerifyingKey]
    domain: str
    tokens: str
    from_ms: int
    until_ms: int
    epoch_ms: int
    overlap_ms: int
    window_ms: int
    grace_ms: int
    clock_ms: int

    def __post_init__(self) -> None:
        """Refuse terms that cannot be kept.

        A key given twice is refused with VerificationError "agreement-self".

        Raises:
            VerificationError: "agreement-tokens" or "agreement-terms".
        """
        check_name("domain", self.domain)
        check_distinct(*self.keys)
        if self.tokens not in TOKEN_SCHEMES:
            raise VerificationError(
                "agreement-tokens",
                "The agreement names a token scheme that this program does not know.",
                advice=f"It knows {', '.join(TOKEN_SCHEMES)}: agree one of these, or "
                "update this program.",
            )
        wrong = next((name for name, holds in self._laws().items() if not holds), None)
        if wrong is not None:
            raise VerificationError(
                "agreement-terms",
                f"The agreement's {wrong} cannot be kept.",
                advice="See spec/channel.md, The agreement file, for what may stand "
                "there.",
            )

    def _laws(self) -> dict[str, bool]:
        """Return what must hold, by the member that is to blame."""
        laws = {
            name: low <= getattr(self, name) <= high
            for name, (low, high) in BOUNDS_MS.items()
        }
        names = [key.party for key in self.keys]
        signers = [key.party for key in self.verifying_keys]
        laws["epoch_ms"] &= self.epoch_ms % MINUTE_MS == 0
        laws["overlap_ms"] &= (
            self.window_ms + self.clock_ms <= self.overlap_ms <= self.epoch_ms // 2
        )
        laws["from"] = self.from_ms >= 0 and self.from_ms % MINUTE_MS == 0
        laws["until"] = (
            self.from_ms < self.until_ms
            and self.until_ms % MINUTE_MS == 0
            and (self.until_ms - self.from_ms) // self.epoch_ms <= EPOCH_LIMIT
        )
        laws["keys"] = names == sorted(names)
        laws["verifying_keys"] = signers == names
        return laws

    @property
    def channel(self) -> bytes:
        """32 bytes that name the two keys, as in spec/tokens.md, "Agreement"."""
        return bytes.fromhex(agreement_identifier(*self.keys))

    def is_in_force(self, now_ms: int) -> bool:
        """Tell whether the agreement holds at a moment."""
        return self.from_ms <= now_ms < self.until_ms

    def verifying_key(self, party: str) -> VerifyingKey | None:
        """Return the key of a party; None for one that is no party."""
        found = (key for key in self.verifying_keys if key.party == party)
        return next(found, None)

    def epoch(self, index: int) -> Epoch:
        """Return an epoch by its index.

        Args:
            index: 0 to EPOCH_LIMIT.
        """
        starts_ms = self.from_ms + index * self.epoch_ms
        return Epoch(
            index=index,
            label=_label(starts_ms),
            starts_ms=starts_ms,
            ends_ms=starts_ms + self.epoch_ms,
        )

    def epoch_index(self, at_ms: int) -> int:
        """Return the index of the epoch in which a moment lies; at least 0."""
        return max(0, (at_ms - self.from_ms) // self.epoch_ms)

    def epochs_near(self, at_ms: int) -> tuple[int, ...]:
        """Return the epochs under which a half of this moment may be known.

        Shape: the moment's own epoch first; a neighbour after it near an end.
        """
        own = self.epoch_index(at_ms)
        earlier = self.epoch_index(at_ms - self.overlap_ms)
        later = self.epoch_index(at_ms + self.overlap_ms)
        return tuple(dict.fromkeys((own, earlier, later)))

    def is_in_epoch(self, at_ms: int, index: int) -> bool:
        """Tell whether a half of this moment may have this epoch's tokens."""
        starts_ms = self.from_ms + index * self.epoch_ms - self.overlap_ms
        return starts_ms <= at_ms < starts_ms + self.epoch_ms + 2 * self.overlap_ms


def live_token_keys(
    agreement: Agreement, terms: Terms, index: int
) -> dict[str, TokenKey]:
    """Return the keys of one epoch by purpose.

    Args:
        agreement: The two parties' shared secret.
        terms: What they agreed.
        index: Which epoch.
    """
    label = terms.epoch(index).label
    return {
        purpose: token_key(
            agreement,
            domain=terms.domain,
            epoch=label,
            round_number=round_number,
            purpose=purpose,
        )
        for purpose, round_number in LIVE_ROUNDS.items()
    }


def epoch_check(agreement: Agreement, terms: Terms, index: int) -> bytes:
    """Return 8 bytes by which the peer sees that both sides have the same keys.

    They come from a key that is used for nothing else, so they tell nothing of those
    that make tokens.
    """
    key = token_key(
        agreement,
        domain=terms.domain,
        epoch=terms.epoch(index).label,
        round_number=1,
        purpose="check",
    )
    return bytes.fromhex(key.text[:_CHECK_DIGITS])


def _label(starts_ms: int) -> str:
    moment = datetime.fromtimestamp(starts_ms // 1_000, UTC)
    return f"live.{moment:%Y-%m-%dt%H.%M}"
