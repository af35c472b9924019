"""What dishonest carriers do to calls: one function per kind.

Each changes what the two switches see, and nothing else; how anybody would notice is
no concern of these modules.
"""

from tallystick.simulate.calls.schemes.table import SCHEMES, plant_all
from tallystick.simulate.calls.schemes.world import World

__all__ = ["SCHEMES", "World", "plant_all"]
