"""Two parties and their agreement, always the same."""

from tallystick.blinding import (
    Agreement,
    BlindedHeader,
    Expected,
    PrivateKey,
    TokenKey,
    agree,
    token_key,
)

BY = PrivateKey(party="BY", secret=bytes(range(32)))
RU = PrivateKey(party="RU", secret=bytes(range(100, 132)))
EPOCH = "2026-11-21"
HOUR_MS = 3_600_000
START_MS = 1_795_219_200_000  # 2026-11-21T00:00Z


def agreement() -> Agreement:
    """Return what BY computes with the key of RU."""
    return agree(BY, RU.public())


def key(
    purpose: str = "pair", *, epoch: str = EPOCH, round_number: int = 1
) -> TokenKey:
    """Return a token key of the two."""
    return token_key(
        agreement(),
        domain="calls",
        epoch=epoch,
        round_number=round_number,
        purpose=purpose,
    )


def header(**changes: object) -> BlindedHeader:
    """Return the header of a file that RU makes for BY, with changes."""
    values: dict[str, object] = {
        "domain": "calls",
        "round_number": 1,
        "epoch": EPOCH,
        "side": "arrivals",
        "party": "RU",
        "peer": "BY",
        "agreement": agreement().identifier,
        "columns": ("row", "pair_hi", "pair_lo", "started_at_ms", "trunk"),
        "coverage_from_ms": START_MS,
        "coverage_to_ms": START_MS + 24 * HOUR_MS,
    }
    return BlindedHeader(**(values | changes))  # type: ignore[arg-type]


def expected(**changes: object) -> Expected:
    """Return what BY expects of a file of arrivals, with changes."""
    values: dict[str, object] = {
        "own": "BY",
        "peer": "RU",
        "agreement": agreement().identifier,
        "domain": "calls",
        "epoch": EPOCH,
        "round_number": 1,
        "sides": ("arrivals", "domestic"),
    }
    return Expected(**(values | changes))  # type: ignore[arg-type]
