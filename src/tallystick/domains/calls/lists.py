"""Lists on which two sides agreed: trunks, carriers and numbers, trusted or suspect.

Source: spec/verdict.md, "Evidence", `listed`, and "Calls".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.live import CallNumbers, LiveCall, Ranges
from tallystick.model import ConfigError

NAMES_LIMIT: Final = 100_000
NAME_LIMIT: Final = 128
_NO_RANGES: Final = Ranges(())


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedList:
    """One list.

    Attributes:
        meaning: What is said of whom it names: "trusted" or "suspect".
        numbers: Calling numbers.
        trunks: Names of trunks, as the switch tells them.
        carriers: Names of carriers.
    """

    meaning: str
    numbers: Ranges = _NO_RANGES
    trunks: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()

    def names(self, call: LiveCall, numbers: CallNumbers) -> bool:
        """Tell whether it names a call's calling number, trunk or carrier."""
        return (
            (bool(self.trunks) and call.trunk in self.trunks)
            or (bool(self.carriers) and call.carrier in self.carriers)
            or (numbers.calling > 0 and numbers.calling in self.numbers)
        )


def listed(lists: Iterable[AgreedList], call: LiveCall, numbers: CallNumbers) -> str:
    """Return what the first list that names a call says, in the words of the evidence.

    Bounds: one look-up for each list.
    """
    for one in lists:
        if one.names(call, numbers):
            return one.meaning
    return "none"


def parse_names(text: str, *, origin: str = "The list") -> frozenset[str]:
    """Read names, one a line; empty lines and what follows `#` are passed over.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    Raises:
        ConfigError: "names": the sentence names the line, and no name.

    Bounds: `NAMES_LIMIT` names of `NAME_LIMIT` characters.
    """
    names: set[str] = set()
    for count, line in enumerate(text.splitlines(), start=1):
        name = line.partition("#")[0].strip()
        if name:
            names.add(name)
        if len(name) > NAME_LIMIT or len(names) > NAMES_LIMIT:
            raise ConfigError(
                "names",
                f"{origin} cannot be used: line {count} is longer than a name, or"
                " there are too many.",
                advice="Write one name of a trunk or carrier a line, as the switch"
                " tells it.",
            )
    return frozenset(names)
