"""How each client reads an answer: three dialects, as tables.

A row says with which status an action is answered and which headers go with it. An
action that a dialect, or the client's settings, cannot express becomes the next milder
one that they can: nothing is ever done that is harder than what was decided.

Source: spec/sip.md, "Dialects".
"""

from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

# From mild to hard.
LADDER: Final = ("pass", "log", "label", "mask", "divert", "reject")


class Row(NamedTuple):
    """One line of a dialect.

    Attributes:
        status: A number, "go-on" or "refusal" (as the client is configured), or
            "stated" (the 4xx that the decision states, else 403).
        headers: Names in `HEADERS` of `answer`, in the order they are written.
    """

    status: str
    headers: tuple[str, ...]


_TOLD: Final = Row("302", ("contact", "asserted", "identity", "reason"))
_REDIRECT: Final = {
    "pass": _TOLD,
    "log": _TOLD,
    "label": _TOLD,
    "mask": Row("302", ("contact", "masked", "privacy", "reason")),
    "divert": Row("302", ("divert", "reason")),
    "reject": Row("refusal", ("redress", "reason")),
}
_GO_ON: Final = Row("go-on", ("identity", "reason"))
_NEXT_ROUTE: Final = {
    "pass": _GO_ON,
    "log": _GO_ON,
    "label": Row("go-on", ("asserted", "identity", "reason")),
    "mask": Row("go-on", ("masked", "privacy", "reason")),
    "divert": Row("302", ("divert", "reason")),
    "reject": Row("refusal", ("redress", "reason")),
}
_BACK: Final = Row("302", ("contact", "identity", "reason"))
_REASON: Final = {
    "pass": _BACK,
    "log": _BACK,
    "label": _TOLD,
    "mask": Row("302", ("contact", "masked", "privacy", "reason")),
    "divert": Row("302", ("divert", "reason")),
    "reject": Row("stated", ("redress", "reason")),
}
DIALECTS: Final = MappingProxyType(
    {"redirect": _REDIRECT, "next-route": _NEXT_ROUTE, "reason": _REASON}
)


class Refused(NamedTuple):
    """How a call is rejected: status, words, and where the redress stands."""

    status: int
    phrase: str
    redress: str


REFUSALS: Final = MappingProxyType(
    {
        "603": Refused(603, "Decline", ""),
        "603+": Refused(603, "Network Blocked", "network-blocked"),
        "608": Refused(608, "Rejected", "card"),
    }
)


@lru_cache(maxsize=128)
def row_of(dialect: str, action: str, *, can_divert: bool) -> Row:
    """Return the row for an action; an unknown action passes."""
    rows = DIALECTS[dialect]
    at = LADDER.index(action) if action in LADDER else 0
    for milder in reversed(LADDER[: at + 1]):
        if milder in rows and (milder != "divert" or can_divert):
            return rows[milder]
    return rows["pass"]
