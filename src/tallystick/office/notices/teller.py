"""Looks what happened, keeps what is to be told, and tells it until it was heard."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from tallystick.office.notices.events import (
    LOST,
    CaseNow,
    Event,
    Seen,
    events,
    notice_id,
)
from tallystick.office.notices.letters import told_of
from tallystick.office.notices.recipients import Mail, Recipient
from tallystick.office.notices.ways import NotToldError, by_mail, by_webhook
from tallystick.store import Notice, Outbox, StatementBook, Store
from tallystick.store.tables import CASES

LOOK_S: Final = 2.0
AGAIN_MS: Final = tuple(
    1000 * seconds
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Pauses between tries, as Standard Webhooks advises; three days and more in all."""
SLACK_MS: Final = 600_000
"""By so much a statement may be kept later than its time says: clocks of processes
differ, and what is being written is not seen yet."""
LEASE_MS: Final = 120_000
KEPT_MS: Final = 90 * 86_400_000
_FORGET_MS: Final = 3_600_000


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells what happened on one channel.

    Attributes:
        store: Where it happens.
        channel: 64 hexadecimal digits.
        party: Our own name.
        recipients: Who is told.
        mail: By whom e-mail goes out; None: nobody is told by it.
        console: Where our console is; empty: there is none.
        now_ms: Tells the time.
        say: Is told, in a sentence, what was given up.
        trouble: Tells the code of what is wrong with book or log; empty: nothing is.
        has_peer: Whether statements are sent to the peer from here.
        pauses_ms: Between tries.
    """

    store: Store
    channel: str
    party: str
    recipients: Sequence[Recipient]
    mail: Mail | None
    console: str
    now_ms: Callable[[], int]
    say: Callable[[str], None]
    trouble: Callable[[], str] = lambda: ""
    has_peer: bool = True
    pauses_ms: Sequence[int] = AGAIN_MS
    _outbox: Outbox = field(init=False)
    _forgot_ms: int = 0

    def __post_init__(self) -> None:
        """Open the outbox."""
        self._outbox = Outbox(self.store, self.channel)

    async def run(self) -> None:
        """Look and tell, until cancelled."""
        away = False
        while True:
            try:
                await asyncio.to_thread(self.look)
                await self.tell()
            except SQLAlchemyError:
                if not away:
                    self.say("The store does not answer; notices wait.")
                away = True
            else:
                away = False
            await asyncio.sleep(LOOK_S)

    def look(self) -> int:
        """Keep what happened since the last look; return how much of it is new."""
        now_ms, names = self.now_ms(), [one.to for one in self.recipients]
        since = self._outbox.since(names, now_ms=now_ms, slack_ms=SLACK_MS)
        seen = self._seen(min(map(since.__getitem__, names), default=now_ms), now_ms)
        notices = [
            self._notice(event, one)
            for one in self.recipients
            for event in events(seen, since_ms=since[one.to], now_ms=now_ms)
            if event.name in one.events
        ]
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._outbox.forget(before_ms=now_ms - KEPT_MS)
            self._forgot_ms = now_ms
        return self._outbox.put(notices, seen=dict.fromkeys(names, now_ms))

    async def tell(self) -> None:
        """Tell what is due."""
        due = await asyncio.to_thread(
            self._outbox.take, now_ms=self.now_ms(), lease_ms=LEASE_MS
        )
        await asyncio.gather(*map(self._try, due))

    async def _try(self, notice: Notice) -> None:
        try:
            await self._told(notice)
        except NotToldError as error:
            await asyncio.to_thread(self._failed, notice, error)
        else:
            await asyncio.to_thread(self._outbox.sent, notice.id)

    async def _told(self, notice: Notice) -> None:
        """Tell it, by the way that its recipient has.

        Raises:
            NotToldError: It did not work.
        """
        to = next((one for one in self.recipients if one.to == notice.recipient), None)
        if to is None:
            raise NotToldError("not-named", for_good=True)
        if not to.is_mail:
            await by_webhook(notice, to, now_ms=self.now_ms())
        elif self.mail is not None:
            await by_mail(notice, to, self.mail)
        else:
            raise NotToldError("no-mail")

    def _failed(self, notice: Notice, error: NotToldError) -> None:
        now_ms = self.now_ms()
        if not error.for_good and notice.tries <= len(self.pauses_ms):
            due_ms = now_ms + self.pauses_ms[notice.tries - 1]
            self._outbox.later(notice.id, due_ms=due_ms, problem=error.why)
            return
        self._outbox.lose(notice.id, problem=error.why)
        self.say(
            f"A notice was given up after {notice.tries} tries ({error.why}); "
            f"see [[notify]] at {_place(notice.recipient)}."
        )
        self._tell_others(notice, now_ms)

    def _tell_others(self, notice: Notice, now_ms: int) -> None:
        """Let the other recipients know; of their own failing nobody is told."""
        if f'"{LOST}"' in notice.told:
            return
        lost = Event(
            key=f"lost/{notice.id}", name=LOST, at_ms=now_ms, more=(("notices", 1),)
        )
        others = [
            self._notice(lost, one)
            for one in self.recipients
            if one.to != notice.recipient and LOST in one.events
        ]
        self._outbox.put(others, seen={})

    def _notice(self, event: Event, to: Recipient) -> Notice:
        return Notice(
            id=notice_id(event.key, to.to),
            recipient=to.to,
            told=told_of(
                event, party=self.party, channel=self.channel, console=self.console
            ),
            made_ms=self.now_ms(),
        )

    def _seen(self, since_ms: int, now_ms: int) -> Seen:
        book = StatementBook(self.store, self.channel)
        said = book.taken_from(since_ms)
        about = {
            one.about.removeprefix("case/")
            for one in said
            if one.about.startswith("case/")
        }
        waiting = book.unsent(limit=1) if self.has_peer else ()
        return Seen(
            statements=said,
            cases=self._cases(about, since_ms, now_ms),
            waiting=waiting[0] if waiting else None,
            trouble=self.trouble(),
        )

    def _cases(self, about: set[str], since_ms: int, now_ms: int) -> list[CaseNow]:
        one = CASES.c
        chosen = select(one.id, one.kind, one.state, one.crossings, one.due_ms).where(
            one.channel == self.channel,
            one.id.in_(about) | one.due_ms.between(since_ms, now_ms),
        )
        with self.store.read() as connection:
            return [CaseNow(**row) for row in connection.execute(chosen).mappings()]


def _place(recipient: str) -> str:
    """Return where a recipient is, without what may be secret in its address."""
    parts = urlsplit(recipient)
    return parts.hostname or recipient.rpartition("@")[2]
