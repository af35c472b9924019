"""Two reports of one period side by side: what must agree, and where it does not.

What one party told, the other must have heard. Nothing more can be checked from
outside: each verifies only the crossings that come to it.

Source: spec/harm.md, "Both reports".
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tallystick.harm.withhold import Count, least_of, most_of


class Difference(NamedTuple):
    """A place where two reports do not say the same.

    Attributes:
        code: What must agree: `period`, `terms`, `parties`, `told-heard`, or
            `paired-told`.
        of: Whose departures it is about; "" where it is about none.
        first: What the one report says.
        second: What the other one says.
    """

    code: str
    of: str
    first: Any
    second: Any


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """Return where two parties' reports of one period differ.

    Numbers agree if what was rounded to them can be the same. What a party did not
    count is not compared.

    Args:
        one: A report.
        other: The other party's.

    Returns:
        Differences; with the arguments changed about, the same ones with `first` and
        `second` changed about, those of departures in order of their party.
    """
    found = [
        Difference(name, "", one[name], other[name])
        for name in ("period", "terms")
        if one[name] != other[name]
    ]
    names, mirrored = [one["by"], one["peer"]], [other["peer"], other["by"]]
    if names != mirrored:
        return [*found, Difference("parties", "", names, [other["by"], other["peer"]])]
    for teller, hearer in sorted(
        ((one, other), (other, one)), key=lambda two: str(two[0]["by"])
    ):
        leasts = teller["terms"]["least"], hearer["terms"]["least"]
        told, heard = teller["halves"]["told"], hearer["halves"]["heard"]
        paired = hearer["verified"]["outcomes"]["paired"]
        wrong = []
        if not _may_equal(told, heard, leasts):
            wrong.append(("told-heard", told, heard))
        # An arrival that paired used up a departure: there cannot be more of them.
        if _surely_less(told, paired, leasts):
            wrong.append(("paired-told", told, paired))
        for code, of_teller, of_hearer in wrong:
            sides = (of_teller, of_hearer)
            first, second = sides if teller is one else sides[::-1]
            found.append(Difference(code, teller["by"], first, second))
    return found


def _may_equal(one: Count, other: Count, leasts: tuple[int, int]) -> bool:
    less = _surely_less(one, other, leasts)
    return not less and not _surely_less(other, one, leasts[::-1])


def _surely_less(one: Count, other: Count, leasts: tuple[int, int]) -> bool:
    if one is None or other is None:
        return False
    return most_of(one, leasts[0]) < least_of(other)
