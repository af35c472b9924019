"""What is known beforehand of how one side and its trunks write numbers.

Source: spec/numbers.md, "The numbering file".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from tallystick.domains.calls.numbers.form import Form

Side: TypeAlias = Literal["departures", "arrivals", "domestic"]
Column: TypeAlias = Literal["calling", "called", "redirecting"]
SIDES: Final[tuple[Side, ...]] = ("departures", "arrivals", "domestic")
COLUMNS: Final[tuple[Column, ...]] = ("calling", "called", "redirecting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """What the file says of one trunk, or of a side as a whole.

    Attributes:
        calling: How calling (and redirecting) numbers are written; None: not said.
        called: The same of called numbers.
        missing_plus: Whether digits without + or international prefix may be an
            international number; None: not said, which means they may.
    """

    calling: Form | None = None
    called: Form | None = None
    missing_plus: bool | None = None

    def form(self, column: Column) -> Form | None:
        """Return what is said of a column."""
        return self.called if column == "called" else self.calling


@dataclass(frozen=True, slots=True, kw_only=True)
class SideNumbering:
    """What the file says of one side.

    Attributes:
        country: Whose plan its switches write by; None: not said.
        default: What holds for trunks of which nothing else is said.
        trunks: What is said of single trunks.
    """

    country: str | None = None
    default: Trunk = field(default_factory=Trunk)
    trunks: Mapping[str, Trunk] = field(default_factory=lambda: MappingProxyType({}))

    def form(self, trunk: str, column: Column) -> Form | None:
        """Return the form declared for a column of a trunk, if any."""
        said = self.trunks.get(trunk, self.default).form(column)
        return said or self.default.form(column)

    def missing_plus(self, trunk: str) -> bool:
        """Tell whether a number of this trunk may lack its plus."""
        for said in (self.trunks.get(trunk, self.default), self.default):
            if said.missing_plus is not None:
                return said.missing_plus
        return True

    def countries(self) -> set[str]:
        """Return every country this side names."""
        said = (self.default, *self.trunks.values())
        forms = (form for t in said for form in (t.calling, t.called) if form)
        named = {form.country for form in forms} | {self.country or ""}
        return named - {""}
