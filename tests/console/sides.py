"""Two parties' sides of one channel, each with a store of its own; planted cases."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stores import new_store
from tallystick.agreement.text import draft_text, starting_rules
from tallystick.blinding import PrivateKey, new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.cases.course import Terms
from tallystick.cases.grouping import group
from tallystick.domains.calls.cases import RULES
from tallystick.office import Side
from tallystick.proof import read_statement, signing_key
from tallystick.store import Store
from tallystick.store.cases import CaseQuery, gather
from tallystick.store.log import create_log

from .planted import findings

PARTIES = ("BY", "RU")


@dataclass
class Two:
    """Both sides; what one says is brought to the other by hand."""

    by: Side
    ru: Side
    folder: Path

    def carry(self, now_ms: int) -> int:
        """Bring what is unsent to the other side; return how much."""
        carried = 0
        for one, other in ((self.by, self.ru), (self.ru, self.by)):
            for kept in one.statements.unsent():
                signed = read_statement(kept.note, one.keys, channel=one.identifier)
                new = other.statements.keep(signed, now_ms=now_ms, from_peer=True)
                one.statements.mark_sent(kept.id, now_ms=now_ms)
                if new and signed.statement.about.startswith("case/"):
                    other.cases().heard(signed, now_ms=now_ms)
                carried += new
        return carried

    def text(self, **changes: int) -> str:
        """Return a text that both may sign; see `text_of`."""
        return text_of(self.by, **changes)


def text_of(side: Side, *, version: int = 1, days: int = 0) -> str:
    """Return a text with live rules that may be signed after so many days."""
    made = draft_text(
        name="by-ru-calls",
        keys=list(side.keys),
        channel=side.identifier,
        first_day=date(2026, 1, 1),
        rules=starting_rules("bilateral"),
    )
    made = made.replace("consultation_days = 30", f"consultation_days = {days}")
    made = made.replace("version = 1 ", f"version = {version} ")
    return made.replace('"dry-run"', '"live"')


def sides(folder: Path, by_store: Store | None = None) -> Two:
    """Make both sides, each with a log; the stores are theirs to close."""
    keys = {party: new_private_key(party, draw=os.urandom) for party in PARTIES}
    channel = channel_between(*(key.public() for key in keys.values()))

    def side(party: str, store: Store | None) -> Side:
        own: PrivateKey = keys[party]
        (peer,) = set(PARTIES) - {party}
        log = folder / f"{party}-log"
        create_log(log, signing_key(own))
        return Side(
            store=store or new_store(folder / f"{party}.db"),
            own=own,
            channel=channel,
            peer_key=signing_key(keys[peer]).public(),
            days=Terms(),
            log=log,
        )

    return Two(side("BY", by_store), side("RU", None), folder)


def plant(side: Side) -> None:
    """Take the planted findings into a party's store."""
    way = {"domain": "calls", "departure": "BY", "arrival": "RU"}
    desk = side.cases()
    grouped = group(findings(), **way, secret=desk.secret, lawful=())
    gather(
        side.store,
        desk.channel,
        grouped,
        **way,
        secret=desk.secret,
        rules=RULES,
        deck=None,
    )


def case_of(side: Side, actor: str) -> str:
    """Return the name of the case about a carrier."""
    rows = side.cases().cases.find(CaseQuery()).rows
    return next(one.id for one in rows if one.actor == actor)
