"""How each side and trunk writes numbers: the numbering file as a value.

Source: spec/numbers.md, "The numbering file".
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tallystick.domains.calls.numbers.numbering_file import load_sides
from tallystick.domains.calls.numbers.plan import is_country
from tallystick.domains.calls.numbers.side import Side, SideNumbering
from tallystick.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """The whole numbering file.

    Attributes:
        departures: The side the calls left.
        arrivals: The side they reached.
        domestic: The domestic records of the arrival side.
    """

    departures: SideNumbering = field(default_factory=SideNumbering)
    arrivals: SideNumbering = field(default_factory=SideNumbering)
    domestic: SideNumbering = field(default_factory=SideNumbering)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a numbering file.

        Args:
            path: The TOML file.

        Returns:
            What it says. A file that is missing, is no TOML, has a key or form
            that is not known, or contradicts itself, is a ConfigError that names
            the place, as in $.departures.trunks.MSQ-106.calling.
        """
        return cls(**load_sides(Path(path)))

    @classmethod
    def from_countries(
        cls, departure: str | None = None, arrival: str | None = None
    ) -> Self:
        """Say no more than which countries the calls left and reached.

        Args:
            departure: ISO 3166 code, as "BY".
            arrival: The same, as "RU".

        Returns:
            A numbering without a word about trunks.

        Raises:
            ConfigError: "numbering-country": no such country.
        """
        for option, country in (("departure", departure), ("arrival", arrival)):
            if country is not None and not is_country(country):
                raise ConfigError(
                    "numbering-country",
                    f"The {option} country is not a country code.",
                    advice='Give two capital letters of ISO 3166, such as "BY".',
                )
        return cls(
            departures=SideNumbering(country=departure),
            arrivals=SideNumbering(country=arrival),
            domestic=SideNumbering(country=arrival),
        )

    def side(self, side: Side) -> SideNumbering:
        """Return what is said of one side."""
        sides = {
            "departures": self.departures,
            "arrivals": self.arrivals,
            "domestic": self.domestic,
        }
        return sides[side]

    def countries(self) -> set[str]:
        """Return every country that any side names."""
        sides = (self.departures, self.arrivals, self.domestic)
        return {country for side in sides for country in side.countries()}
