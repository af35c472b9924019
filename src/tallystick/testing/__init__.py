"""Hold results against the truth, and domains to the laws of pairing.

The conformance check needs the package hypothesis; the score does not.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tallystick.testing.conformance import check_domain, check_law
    from tallystick.testing.strategies import worlds

__all__ = ["check_domain", "check_law", "worlds"]

_HOME = {"check_domain": "conformance", "check_law": "conformance", "worlds": "strategies"}


def __getattr__(name: str) -> object:
    """Import what needs hypothesis only when it is asked for."""
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
