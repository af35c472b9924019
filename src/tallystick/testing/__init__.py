"""Hold results against the truth, and domains to the laws of pairing.

`check_domain` needs the package hypothesis and is imported when it is asked for; the
score in `tallystick.testing.score` does without.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tallystick.testing.conformance import check_domain

__all__ = ["check_domain"]


def __getattr__(name: str) -> object:
    """Import what needs hypothesis when it is asked for.

    Raises:
        AttributeError: There is nothing of that name.
    """
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module("tallystick.testing.conformance"), name)
