"""Two offices let go of what is too old, each in its time, and neither brings it back.

Each is a process of its own with its own store, key, log and witness.
"""

import contextlib
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update

from office.two import Party, until
from tallystick.agreement.text import digest_of, draft_text, starting_rules
from tallystick.blinding import agree
from tallystick.blinding.channel import channel_between
from tallystick.cases.course import Terms
from tallystick.cases.key import CaseKey, case_id, case_secret
from tallystick.node.kept.steady import STEADY_MS
from tallystick.office import Side
from tallystick.office.retention import AGAIN_MS, Retention, expiry_of
from tallystick.proof import Statement, kept_statement, latest, sign_statement
from tallystick.proof.signing import signing_key
from tallystick.store import StatementBook, open_store
from tallystick.store.log import create_log, look_at_log
from tallystick.store.tables import STATEMENTS

DAY_MS = 86_400_000
NUMBER = "375291234567"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Speaker:
    """Says things in a party's store, while its office is closed, at some time."""

    def __init__(self, party: Party) -> None:
        self.party, self.key = party, signing_key(party.key)
        agreed = agree(party.key, party.peer.key.public())
        self.channel, self.secret = agreed.identifier, case_secret(agreed)

    def book(self):
        """Return the statements of the store, and the store to be closed."""
        store = open_store(self.party.url)
        return StatementBook(store, self.channel), store

    def say(self, about, kind, body, at_ms) -> bytes:
        """Say something behind all that was said of it."""
        book, store = self.book()
        before = [kept_statement(one.note) for one in book.about(about)]
        statement = Statement(
            channel=self.channel,
            by=self.key.party,
            at_ms=at_ms,
            about=about,
            kind=kind,
            after=latest(before),
            body=body,
        )
        signed = sign_statement(statement, self.key)
        book.keep(signed, now_ms=at_ms)
        store.close()
        return signed.note

    def held(self, about) -> list[int | None]:
        """Return when each statement about a thing was sent."""
        book, store = self.book()
        found = [one.sent_ms for one in book.about(about)]
        store.close()
        return found

    def age(self, days: int) -> None:
        """Let the store have had everything for so long already."""
        store = open_store(self.party.url)
        with store.write() as connection:
            taken = STATEMENTS.c.taken_ms - days * DAY_MS
            connection.execute(update(STATEMENTS).values(taken_ms=taken))
        store.close()

    @contextlib.contextmanager
    def side(self):
        """Lend the party's side of the channel."""
        store, peer = open_store(self.party.url), self.party.peer.key.public()
        try:
            yield Side(
                store=store,
                own=self.party.key,
                channel=channel_between(self.party.key.public(), peer),
                peer_key=signing_key(self.party.peer.key).public(),
                days=Terms(),
                log=self.party.folder / "log",
            )
        finally:
            store.close()

    def expire(self) -> Counter[str]:
        """Let go of what is too old; return what that came to."""
        with self.side() as side:
            steps = expiry_of(side, now_ms=now_ms()).steps()
            return sum(map(Counter, steps), Counter())

    def command(self, *more: str) -> str:
        """Let go of what is too old, by the command."""
        words = ("store", "expire", "--store", self.party.url, "--key", "own.key")
        words += ("--channel", "channel.toml", "--peer-key", self.party.peer.line)
        return self.party.does(*words, "--log", "log", *more)

    def openings(self) -> bytes:
        """Return what the log's entries were made of."""
        files = (self.party.folder / "log/private/openings").rglob("*")
        return b"".join(one.read_bytes() for one in files if one.is_file())


def agree_on(by: Speaker, ru: Speaker, at_ms: int) -> None:
    """Agree to keep cases for a day, and statements for a year."""
    text = draft_text(
        name="by-ru-calls",
        keys=[one.key.public() for one in (by, ru)],
        channel=by.channel,
        first_day=date(2020, 1, 1),
        rules=starting_rules("bilateral"),
    )
    for name, days in (("cases", 1), ("statements", 365), ("verdicts", 30)):
        text = re.sub(rf"{name}_days = \d+", f"{name}_days = {days}", text)
    text = text.replace("consultation_days = 30", "consultation_days = 0")
    about, digest = "agreement/by-ru-calls", digest_of(text)
    by.say(about, "proposed", {"text": text, "digest": digest}, at_ms)
    by.say(about, "signed", {"digest": digest}, at_ms + 1)
    carry(by, ru, about)
    ru.say(about, "signed", {"digest": digest}, at_ms + 2)
    carry(ru, by, about)


def carry(one: Speaker, to: Speaker, about: str) -> None:
    """Carry what one has to the other by hand."""
    (here, store), (there, other) = one.book(), to.book()
    for kept in here.about(about):
        there.keep(kept_statement(kept.note), now_ms=kept.at_ms, from_peer=True)
        here.mark_sent(kept.id, now_ms=kept.at_ms)
    store.close()
    other.close()


def raise_and_withdraw(by: Speaker, at_ms: int) -> str:
    """Have a case that ended as soon as it began; return what it is called."""
    key = CaseKey(
        domain="calls",
        kind="phantom-route",
        departure="BY",
        arrival="RU",
        actor="Elm",
    )
    about = f"case/{case_id(by.secret, key, 1)}"
    body = {name: getattr(key, name) for name in key.__slots__}
    by.say(about, "raised", {**body, "text": f"Is it {NUMBER}?"}, at_ms)
    by.say(about, "closed", {"text": "It is not."}, at_ms + 1)
    return about


@pytest.fixture
def closed(tmp_path: Path):
    """Return both parties with logs, their offices and witnesses closed."""
    by, ru = Party(tmp_path, "BY"), Party(tmp_path, "RU")
    by.meet(ru)
    ru.meet(by)
    yield Speaker(by), Speaker(ru)
    for one in (by, ru):
        one.end()
        one.sleeps()


def test_two_offices_let_go_at_different_times_and_agree(closed):
    """What one has let go of the other sends again in vain, and lets go of later."""
    by, ru = closed
    long_ago = now_ms() - 800 * DAY_MS
    agree_on(by, ru, long_ago)
    about = raise_and_withdraw(by, long_ago + DAY_MS)
    for one in closed:
        create_log(one.party.folder / "log", one.key)
        one.party.open()
    until(lambda: by.held(about), lambda sent: None not in sent)
    assert len(ru.held(about)) == 2
    # Something is logged behind it, as every hour.
    by.say("agreement/by-ru-calls", "commented", {}, now_ms())
    for one in closed:
        until(one.openings, lambda made: b"commented" in made)
        assert NUMBER.encode() in one.openings()

    dry = by.command("--dry-run")
    assert "2            0              statements about cases" in dry
    assert len(by.held(about)) == 2
    assert "2 rows were let go of" in by.command()
    assert by.held(about) == []
    assert NUMBER.encode() not in by.openings()
    # RU heard of it only now, and keeps it as long as agreed from here on.
    assert not by.expire() + ru.expire()

    asked_ms = now_ms()
    by.say(f"channel/{by.channel[:16]}", "resend", {}, asked_ms)
    until(lambda: min(one or 0 for one in ru.held(about)), lambda at: at > asked_ms)
    assert by.held(about) == []
    ru.age(800)
    assert ru.expire() == {"cases": 1, "statements": 2}
    assert ru.held(about) == by.held(about) == []
    assert NUMBER.encode() not in ru.openings()
    for one in closed:
        looked = look_at_log(one.party.folder / "log", one.key.public(), [])
        assert looked.check(100) == range(looked.size)


def test_an_office_does_it_by_itself_an_hour_after_it_began(closed):
    """Piece by piece, and once an hour; a clock that jumps is not believed at once."""
    by, ru = closed
    long_ago = now_ms() - 800 * DAY_MS
    agree_on(by, ru, long_ago)
    about = raise_and_withdraw(by, long_ago + DAY_MS)
    carry(by, ru, about)
    clock = [long_ago + 30 * DAY_MS]
    with by.side() as side:
        retention = Retention(side=replace(side, log=None), now_ms=lambda: clock[0])

        def looks() -> int:
            return sum(sum(retention.look().values()) for _ in range(20))

        assert looks() == 0
        clock[0] += 700 * DAY_MS
        assert looks() == 0
        clock[0] += STEADY_MS
        assert looks() == 2
        assert by.held(about) == []
        clock[0] += AGAIN_MS
        assert looks() == 0
