"""Numbering plans: which numbers a country has, and how it dials.

Source: the countries' published plans; the tests check every range against
libphonenumber's metadata.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.draw import I64, Bool, pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One country's numbers.

    Attributes:
        code: Country calling code.
        digits: Length of a national number.
        trunk_prefix: What is dialled before a national number.
        mobile: Prefixes of allocated mobile numbers.
        fixed: Prefixes of allocated fixed numbers.
        unallocated: Prefixes nobody has been given.
        mnc: Mobile country code and network, for cell names.
    """

    code: int
    digits: int
    trunk_prefix: str
    mobile: tuple[str, ...]
    fixed: tuple[str, ...]
    unallocated: tuple[str, ...]
    mnc: str = "001-01"

    def numbers(
        self, rng: np.random.Generator, prefixes: tuple[str, ...], size: int
    ) -> I64:
        """Draw `size` E.164 numbers, as integers, that begin with the prefixes."""
        chosen = pick(rng, np.ones(len(prefixes)), size)
        free = np.array([10 ** (self.digits - len(p)) for p in prefixes])
        heads = np.array([int(p) for p in prefixes]) * free
        national = heads[chosen] + rng.integers(0, free[chosen])
        return np.asarray(self.code * 10**self.digits + national, dtype=np.int64)

    def is_mobile(self, numbers: I64) -> Bool:
        """Return which E.164 numbers are this country's mobile ones."""
        own = numbers // 10**self.digits == self.code
        found = np.zeros(len(numbers), dtype=np.bool_)
        for prefix in self.mobile:
            free = 10 ** (self.digits - len(prefix))
            found |= numbers % 10**self.digits // free == int(prefix)
        return np.asarray(own & found)

    def subscribers(
        self, rng: np.random.Generator, mobile_share: float, size: int
    ) -> I64:
        """Draw numbers of subscribers, mobile and fixed."""
        mobile = rng.random(size) < mobile_share
        return np.where(
            mobile,
            self.numbers(rng, self.mobile, size),
            self.numbers(rng, self.fixed, size),
        )


_BY_MOBILE = (
    *("255", "256", "257", "259", "291", "292", "293", "295", "296", "297"),
    *("298", "299", "331", "333", "336", "337", "441", "444", "445", "447"),
)
_RU_MOBILE = (
    *("902", "903", "904", "905", "906", "909", "910", "911", "912", "915"),
    *("916", "917", "919", "920", "921", "925", "926", "927", "929", "937"),
    *("950", "951", "952", "960", "961", "962", "963", "964", "965", "968"),
    *("977", "981", "982", "985", "987", "988", "999"),
)

PLANS: Final[dict[str, Plan]] = {
    "BY": Plan(
        code=375,
        digits=9,
        trunk_prefix="80",
        mobile=_BY_MOBILE,
        fixed=("172", "173", "162", "222", "232"),
        unallocated=("26", "31", "90"),
        mnc="257-02",
    ),
    "RU": Plan(
        code=7,
        digits=10,
        trunk_prefix="8",
        mobile=_RU_MOBILE,
        fixed=("495", "499", "812", "343", "383", "846", "861", "843"),
        unallocated=("10", "20", "22", "52"),
        mnc="250-01",
    ),
    "KZ": Plan(
        code=7,
        digits=10,
        trunk_prefix="8",
        mobile=("701", "705", "777"),
        fixed=("7172",),
        unallocated=("79",),
        mnc="401-02",
    ),
    "PL": Plan(
        code=48,
        digits=9,
        trunk_prefix="",
        mobile=("50", "60"),
        fixed=("22",),
        unallocated=("10", "20"),
        mnc="260-02",
    ),
    "LT": Plan(
        code=370,
        digits=8,
        trunk_prefix="0",
        mobile=("61", "62", "68"),
        fixed=("52",),
        unallocated=("2",),
        mnc="246-01",
    ),
    "UZ": Plan(
        code=998,
        digits=9,
        trunk_prefix="8",
        mobile=("90",),
        fixed=("712",),
        unallocated=("1",),
        mnc="434-05",
    ),
    "AM": Plan(
        code=374,
        digits=8,
        trunk_prefix="0",
        mobile=("91", "99"),
        fixed=("10", "11"),
        unallocated=("19",),
        mnc="283-05",
    ),
}


def plan_of(country: str) -> Plan:
    """Return the plan of an ISO 3166 country.

    Raises:
        ConfigError: "country-unknown".
    """
    if country not in PLANS:
        raise ConfigError(
            "country-unknown",
            f"the simulator has no numbering plan for {country!r}.",
            advice=f"It knows {', '.join(PLANS)}.",
        )
    return PLANS[country]


def third_countries(departure: str, arrival: str) -> tuple[Plan, ...]:
    """Return the plans of countries that are neither side."""
    taken = {PLANS[departure].code, PLANS[arrival].code}
    return tuple(plan for plan in PLANS.values() if plan.code not in taken)
