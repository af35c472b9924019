"""What a blinded file says of itself.

Source: spec/tokens.md, "The blinded file".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tallystick.blinding.transcript import check_name, check_round
from tallystick.model import ConfigError, VerificationError

FORMAT: Final = "tallystick-blinded/1"
SIDES: Final = ("departures", "arrivals", "domestic")

Plain: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time for which the keeper says that his records are not complete.

    Attributes:
        from_ms: Begin.
        to_ms: End.
        trunk: On which trunk; None for all.
        why: "declared", "silence", "serial" or "edge".

    Units: milliseconds since 1970, UTC.
    """

    from_ms: int
    to_ms: int
    trunk: str | None = None
    why: str = "declared"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindedHeader:
    """What a blinded file says of itself, in its Parquet metadata.

    Attributes:
        domain: For example "calls".
        round_number: 1 or 2.
        epoch: The label both sides agreed.
        side: "departures", "arrivals" or "domestic".
        party: Who made the file.
        peer: For whom; nobody else can compare its tokens.
        agreement: Name of the key agreement, `Agreement.identifier`.
        columns: Names of the columns, in their order.
        coverage_from_ms: From when the keeper's records reach.
        coverage_to_ms: To when.
        rows: How many rows; `write_blinded` counts them.
        gaps: Where inside the coverage records are missing.
        extra: Further plain facts, for example the number of rejected records.
        format: Name and version of the format.
    """

    domain: str
    round_number: int
    epoch: str
    side: str
    party: str
    peer: str
    agreement: str
    columns: tuple[str, ...]
    coverage_from_ms: int
    coverage_to_ms: int
    rows: int = 0
    gaps: tuple[Gap, ...] = ()
    extra: Mapping[str, Plain] = field(default_factory=dict)
    format: str = FORMAT

    def __post_init__(self) -> None:
        """Refuse a header that cannot be meant.

        Raises:
            ConfigError: "header-side", "header-coverage" or "header-peer"; names
                have codes of their own.
        """
        for what, name in (("domain", self.domain), ("epoch", self.epoch)):
            check_name(what, name)
        for name in (self.party, self.peer):
            check_name("party", name)
        check_round(self.round_number)
        if self.side not in SIDES:
            raise ConfigError("header-side", f"A side is one of {', '.join(SIDES)}.")
        if self.coverage_from_ms > self.coverage_to_ms:
            raise ConfigError("header-coverage", "The coverage ends before it begins.")
        if self.party == self.peer:
            raise ConfigError("header-peer", "Party and peer are the same.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a file from the peer must say, seen from one's own side.

    Attributes:
        own: This party's name.
        peer: The name of the party the file must come from.
        agreement: `Agreement.identifier`.
        domain: For example "calls".
        epoch: The label of the epoch.
        round_number: 1 or 2.
        sides: The sides that will do, for example ("arrivals",).
    """

    own: str
    peer: str
    agreement: str
    domain: str
    epoch: str
    round_number: int
    sides: tuple[str, ...]


def verify_header(
    header: BlindedHeader, expected: Expected, *, origin: str = "The file"
) -> None:
    """Raise unless the file is the one that is needed here.

    Args:
        header: What the file says of itself.
        expected: What it must say.
        origin: How to name the file in errors.

    Raises:
        VerificationError: A code "blinded-…" of `_DIFFERENCES`; the first that holds.
    """
    for code, differs, sentence, advice in _DIFFERENCES:
        if differs(header, expected):
            said = sentence.format(origin=origin, h=header, e=expected)
            raise VerificationError(code, said, advice=advice)


_Difference: TypeAlias = tuple[str, Callable[[BlindedHeader, Expected], bool], str, str]
# In this order: the first that holds explains best what happened.
_DIFFERENCES: Final[tuple[_Difference, ...]] = (
    (
        "blinded-own",
        lambda h, e: h.party == e.own,
        "{origin} was made by {h.party} itself.",
        "Give the file that the peer sent.",
    ),
    (
        "blinded-party",
        lambda h, e: h.party != e.peer,
        "{origin} was made by {h.party}; a file of {e.peer} is needed.",
        "Give the file of the party whose key the channel names.",
    ),
    (
        "blinded-peer",
        lambda h, e: h.peer != e.own,
        "{origin} was made for {h.peer}, not for {e.own}.",
        "Ask for a file made for you; no other can be compared.",
    ),
    (
        "blinded-agreement",
        lambda h, e: h.agreement != e.agreement,
        "{origin} was made under another key agreement of {h.party} and {h.peer}.",
        "Compare fingerprints on both sides; after a change of keys both blind anew.",
    ),
    (
        "blinded-domain",
        lambda h, e: h.domain != e.domain,
        "{origin} holds {h.domain}; {e.domain} is needed.",
        "Give the file of that domain.",
    ),
    (
        "blinded-epoch",
        lambda h, e: h.epoch != e.epoch,
        "{origin} is of epoch {h.epoch}; epoch {e.epoch} is needed.",
        "Tokens of two epochs never compare: agree the label and blind anew.",
    ),
    (
        "blinded-round",
        lambda h, e: h.round_number != e.round_number,
        "{origin} is of round {h.round_number}; round {e.round_number} is needed.",
        "Give the file of that round.",
    ),
    (
        "blinded-side",
        lambda h, e: h.side not in e.sides,
        "{origin} holds {h.side}, which cannot be compared here.",
        "Departures of one side are compared with arrivals of the other.",
    ),
)
