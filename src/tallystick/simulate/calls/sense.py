"""Refuse parameters that cannot be meant."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Final

from tallystick.model.errors import ConfigError

if TYPE_CHECKING:
    from tallystick.simulate.calls.parameters import Parameters

SIDES: Final = ("departures", "arrivals", "domestic")
RECORD_IDS: Final = ("keeper", "trunk", "random")
OUTAGE_BY: Final = ("start", "release")
FORMATS: Final = ("plus", "bare", "00", "810", "national", "national_bare")


def check(parameters: Parameters) -> None:
    """Refuse what cannot be meant.

    Raises:
        ConfigError: "parameters-value".
    """
    wrong = [*_wrong_shares(parameters), *_wrong_words(parameters)]
    same_length = (
        ("hour_shares", parameters.hour_shares, range(24)),
        ("day_shares", parameters.day_shares, range(7)),
        (
            "unanswered_cause_shares",
            parameters.unanswered_cause_shares,
            parameters.unanswered_causes,
        ),
        (
            "billing_step_shares",
            parameters.billing_step_shares,
            parameters.billing_steps_s,
        ),
    )
    for name, values, other in same_length:
        if len(values) != len(other):
            wrong.append(f"{name} must have {len(other)} values")
    wrong += [
        f"{name} must be at least 1"
        for name in _POSITIVE
        if getattr(parameters, name) < 1
    ]
    if wrong:
        raise ConfigError("parameters-value", f"{'; '.join(wrong)}.")


def _wrong_shares(parameters: Parameters) -> list[str]:
    """Return a sentence for each share outside 0..1."""
    return [
        f"{field.name} must lie between 0 and 1"
        for field in dataclasses.fields(parameters)
        if field.name.endswith("_share")
        and not 0 <= getattr(parameters, field.name) <= 1
    ]


def _wrong_words(parameters: Parameters) -> list[str]:
    """Return a sentence for each word that is not one of its choices."""
    used: dict[str, tuple[str, ...]] = {
        "record_ids": (parameters.record_ids,),
        "outage_by": (parameters.outage_by,),
        "local_time": parameters.local_time,
        "outages: side": tuple(outage.side for outage in parameters.outages),
        "formats_departure_calling": tuple(parameters.formats_departure_calling),
        "formats_departure_called": tuple(parameters.formats_departure_called),
        "formats_arrival_calling": tuple(parameters.formats_arrival_calling),
        "formats_arrival_called": tuple(parameters.formats_arrival_called),
    }
    wrong = [
        f"{name} must be one of {', '.join(_CHOICES.get(name, FORMATS))}"
        for name, words in used.items()
        if not set(words) <= set(_CHOICES.get(name, FORMATS))
    ]
    try:
        dt.date.fromisoformat(parameters.start)
    except ValueError:
        wrong.append("start must be a date such as 2026-03-10")
    return wrong


_CHOICES: Final = {
    "record_ids": RECORD_IDS,
    "outage_by": OUTAGE_BY,
    "local_time": SIDES,
    "outages: side": SIDES,
}
_POSITIVE: Final = ("days", "pbx_count", "switchboard_count")
