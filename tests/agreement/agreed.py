"""Two parties, a text, and what they say about it: material for tests."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tallystick.agreement.life import Life, fold
from tallystick.agreement.text import digest_of, draft_text, starting_rules
from tallystick.proof import Signed, SigningKey, Statement, sign_statement

BY = SigningKey(party="BY", seed=b"b" * 32)
RU = SigningKey(party="RU", seed=b"r" * 32)
KEYS = (BY.public(), RU.public())
SIGNERS = {"BY": BY, "RU": RU}
CHANNEL = "5b" * 32
NAME = "by-ru-calls"
DAY = 86_400_000
BEGIN = 1_795_348_800_000  # 2026-11-22T12:00Z, in milliseconds


def text(version: int = 1, consultation: int = 30, **changes: str) -> str:
    """Return a text; `changes` replaces the values of members at its head."""
    made = draft_text(
        name=NAME,
        keys=KEYS,
        channel=CHANNEL,
        first_day=date(2026, 12, 25),
        rules=starting_rules("bilateral"),
    )
    changes = {
        "version": f"{version}",
        "consultation_days": f"{consultation}",
    } | changes
    for member, value in changes.items():
        made = re.sub(
            rf"(?m)^{member} = [^#\n]*", f"{member} = {value} ", made, count=1
        )
    return made


def live(made: str) -> str:
    """Return a text whose rules are all live."""
    return made.replace('"dry-run"', '"live"')


@dataclass
class Table:
    """Two parties at one table: each hears everything at once."""

    said: list[Signed] = field(default_factory=list)

    def say(self, by: str, at_ms: int, kind: str, **body: Any) -> Signed:
        """Say something after all that was said."""
        after = (self.said[-1].id,) if self.said else ()
        made = statement(by, at_ms, kind, after, **body)
        self.said.append(made)
        return made

    def propose(self, made: str, by: str = "BY", at_ms: int = BEGIN) -> str:
        """Propose a text; return its digest."""
        self.say(by, at_ms, "proposed", text=made, digest=digest_of(made))
        return digest_of(made)

    def life(self) -> Life:
        """Read the state."""
        return read(self.said)


def statement(
    by: str, at_ms: int, kind: str, after: tuple[str, ...], **body: Any
) -> Signed:
    """Return something that was said."""
    if "whom" in body:
        body["from"] = body.pop("whom")
    made = Statement(
        channel=CHANNEL,
        by=by,
        at_ms=at_ms,
        about=f"agreement/{NAME}",
        kind=kind,
        after=after,
        body=body,
    )
    return sign_statement(made, SIGNERS[by])


def read(said: list[Signed]) -> Life:
    """Read the state from statements."""
    return fold(said, name=NAME, keys=KEYS)
