"""Who works in the demonstration's two consoles, and their authenticators.

Their secrets lie in a file beside the sides, and their password in this one: so they
are for a demonstration on one machine, and for nothing else.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import pyotp

from tallystick.console.people.codes import STEP_MS, new_secret
from tallystick.console.people.passwords import hash_password
from tallystick.console.people.rights import ROLES
from tallystick.model import UnavailableError
from tallystick.office import Side
from tallystick.store import Account, People

PASSWORD: Final = "two halves of one stick"  # ruff: ignore[hardcoded-password-string] (of a demonstration)
FILE: Final = "people.json"
_TRUNKS: Final = {"BY": ("BY-105", "BY-218"), "RU": ("RU-121", "RU-220")}
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody as whom a visitor may sign in.

    Attributes:
        party: For whom they work.
        name: What is typed; also their role.
        secret: Of their authenticator.
    """

    party: str
    name: str
    secret: str = field(repr=False)

    def code(self, now_ms: int) -> str:
        """Read the authenticator."""
        return pyotp.TOTP(self.secret).at(now_ms // 1000)


def left_s(now_ms: int) -> int:
    """Return for how long the codes are those that they are."""
    return (STEP_MS - now_ms % STEP_MS + 999) // 1000


def let_in(sides: Mapping[str, Side], *, now_ms: int) -> list[Visitor]:
    """Make an account of each role on both sides, each with an authenticator.

    Args:
        sides: Their stores.
        now_ms: The present time; they all came to work an hour before.
    """
    at_ms = now_ms - _HOUR_MS
    # One hash for all: it is made to take long, and here hides nothing.
    hashed = hash_password(PASSWORD)
    people = []
    for side in sides.values():
        for role in ROLES:
            secret = new_secret()
            account = Account(
                id=secrets.token_hex(16),
                name=role,
                role=role,
                trunks=_TRUNKS[side.party] if role == "operator" else (),
                password=hashed,
                totp=secret,
                totp_step=at_ms // STEP_MS,
                made_ms=at_ms,
            )
            People(side.store).add(account)
            people.append(Visitor(party=side.party, name=role, secret=secret))
    return people


def write_people(path: Path, people: list[Visitor]) -> None:
    """Keep who there is, for this machine's user alone."""
    path.touch(mode=0o600)
    text = json.dumps([asdict(one) for one in people], indent=1)
    path.write_text(text, encoding="utf-8")


def read_people(path: Path) -> list[Visitor]:
    """Return who there is.

    Raises:
        UnavailableError: "demo-people".
    """
    try:
        return [Visitor(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        raise UnavailableError(
            "demo-people",
            f"{path} does not say who may sign in.",
            advice="--fresh prepares both sides anew.",
        ) from None
