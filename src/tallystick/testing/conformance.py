"""The conformance check that every domain must pass.

Needs the package hypothesis.
"""

from collections.abc import Iterable
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from tallystick.pairing.domain import Domain
from tallystick.testing.laws import LAWS, Law, Run
from tallystick.testing.strategies import worlds
from tallystick.testing.world import World

EXAMPLES: Final = 10


def check_domain(
    domain: Domain,
    *,
    run: Run,
    strategy: SearchStrategy[World] | None = None,
    laws: Iterable[Law] = LAWS,
    examples: int = EXAMPLES,
) -> None:
    """Hold a domain, and the engine that runs it, to the laws of pairing.

    Args:
        domain: What to check.
        run: Pairs two tables of halves, for example by
            `tallystick.engines.frames.pair_halves`.
        strategy: Draws small worlds; made from the domain's spec if not given.
        laws: Which laws to check.
        examples: How many worlds to draw for each law.

    Raises:
        LawBrokenError: A law does not hold; the smallest world that shows it is
            printed.
    """
    drawn = worlds(domain.spec) if strategy is None else strategy
    for law in laws:
        check_law(law, drawn, run, examples=examples)


def check_law(
    law: Law,
    strategy: SearchStrategy[World],
    run: Run,
    *,
    examples: int = EXAMPLES,
    shrink: bool = True,
) -> None:
    """Check one law on drawn worlds.

    Args:
        law: The law.
        strategy: Draws the worlds.
        run: Pairs two tables of halves.
        examples: How many worlds to draw.
        shrink: Whether to look for the smallest world that breaks it.

    Raises:
        LawBrokenError: It does not hold.
    """

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
    @given(strategy)
    def holds(world: World) -> None:
        law.check(world, run)

    holds()
