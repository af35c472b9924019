"""How sure a share is that was counted."""

from scipy.special import betaincinv


def exact_interval(count: int, of: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share.

    Args:
        count: How many had the property.
        of: Of how many; with none, nothing is known.
        level: How often such an interval holds the true share, at least.

    Returns:
        Lower and upper bound, 0 to 1.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
    """
    tail = (1 - level) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return low, high
