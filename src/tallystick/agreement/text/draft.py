"""A first draft of an agreement, to be edited before it is proposed."""

from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from typing import Final

from tallystick.agreement.text.fields import AGREEMENT
from tallystick.agreement.text.kinds import Kind, Listed, Table
from tallystick.model import ConfigError
from tallystick.proof import VerifyingKey, encode_verifying_key

STARTING: Final = ("bilateral", "de", "fi", "fr", "gb", "ie", "no", "pl", "ru")
"""Tables of rules to start from: what regulators do, and the bilateral default."""

_USUAL: Final[dict[str, dict[str, float | str]]] = {
    "window": {
        "before_ms": 8_000,
        "usual_ms": 3_000,
        "after_ms": 100,
        "horizon_ms": 12_000,
        "grace_ms": 250,
    },
    "tolerances": {"answer_ms": 2_000, "duration_ms": 2_000},
    "completeness": {"share": 0.9999, "minutes": 60, "least_pairs": 8},
    "retention": {
        "departures_s": 60,
        "verdicts_days": 365,
        "cases_days": 1_825,
        "statements_days": 3_650,
    },
    "deadlines": {
        "answer_days": 7,
        "decision_days": 14,
        "appeal_days": 30,
        "redress_days": 3,
    },
    "publication": {"least": 10, "days": 7, "carriers": '"hidden"'},
}


def starting_rules(name: str) -> str:
    """Return a table of rules to start from, as TOML.

    Args:
        name: One of `STARTING`.

    Raises:
        ConfigError: "agreement-starting".
    """
    if name not in STARTING:
        raise ConfigError(
            "agreement-starting",
            "There is no table of that name to start from.",
            advice=f"There are {', '.join(STARTING)}.",
        )
    place = files("tallystick.agreement") / "starting" / f"{name}.toml"
    return place.read_text(encoding="utf-8")


def draft_text(
    *,
    name: str,
    keys: Sequence[VerifyingKey],
    channel: str,
    first_day: date,
    rules: str,
) -> str:
    """Return a draft that may be proposed as it stands, but for names and contacts.

    Args:
        name: Of the agreement.
        keys: Of the two parties.
        channel: 64 hexadecimal digits.
        first_day: When it may come into force.
        rules: The decision table as TOML, as `starting_rules` returns it.
    """
    ordered = sorted(keys, key=lambda key: key.party)
    names = " and ".join(key.party for key in ordered)
    values = {
        "format": '"tallystick-agreement/1"',
        "name": f'"{name}"',
        "version": "1",
        "title": f'"Calls between {names}"',
        "channel": f'"{channel}"',
        "domains": '["calls"]',
        "languages": '["be", "ru", "en"]',
        "in_force_from": first_day.isoformat(),
        "consultation_days": "30",
    }
    lines = [
        "# What two parties agree. Nothing of it holds before both have signed it."
    ]
    lines += [
        _line(one.name, values[one.name], one.says)
        for one in AGREEMENT.fields
        if one.name in values
    ]
    for key in ordered:
        lines += _party(key)
    for key in ordered:
        country = key.party if len(key.party) == 2 and key.party.isupper() else "XX"
        lines += ["", "[[numbering]]", f'party = "{key.party}"']
        lines.append(f'country = "{country}"')
    for field in AGREEMENT.fields:
        if field.name in _USUAL:
            lines += _usual(field.name, field.kind)
    return "\n".join([*lines, "", rules])


def _party(key: VerifyingKey) -> list[str]:
    return [
        "",
        "[[parties]]",
        f'name = "{key.party}"',
        f'body = "The lead body of {key.party}"',
        f'key = "{encode_verifying_key(key)}"',
        'contacts = [{ role = "duty desk", address = "desk@example.org" }]',
    ]


def _usual(name: str, kind: Kind) -> list[str]:
    table = kind.of if isinstance(kind, Listed) else kind
    fields = table.fields if isinstance(table, Table) else ()
    values = _USUAL[name]
    return [
        "",
        f"[{name}]",
        *(_line(one.name, f"{values[one.name]}", one.says) for one in fields),
    ]


def _line(name: str, value: str, says: str) -> str:
    return f"{f'{name} = {value}':<30}  # {says}"
