"""What is said of an event: JSON for programs, a letter for people.

Neither holds a number, the name of a person, or a reference of a caller: names of
cases, kinds, states, counts, and where to look.
"""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

from tallystick.office.notices.events import Event
from tallystick.office.notices.recipients import Recipient
from tallystick.report.texts import texts_in


class Data(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a notice says.

    Attributes:
        party: Whose office tells it.
        channel: The channel, its first 16 digits.
        by: The party that did it.
        case: The case's name.
        link: Where to look.
        kind: Of the case.
        state: Of the case, when it was told.
        crossings: Of the case.
        code: Of what is wrong.
        notices: How many could not be told.
    """

    party: str
    channel: str
    by: str = ""
    case: str = ""
    link: str = ""
    kind: str = ""
    state: str = ""
    crossings: int = 0
    code: str = ""
    notices: int = 0


class Told(msgspec.Struct, frozen=True):
    """The form of Standard Webhooks.

    Attributes:
        type: Name of the event.
        timestamp: When it was, UTC, in the form of RFC 3339.
        data: The rest.
    """

    type: str
    timestamp: str
    data: Data


def told_of(event: Event, *, party: str, channel: str, console: str) -> str:
    """Return what is said of an event, as JSON.

    Args:
        event: What happened.
        party: Our own name.
        channel: 64 hexadecimal digits.
        console: Where our console is; empty: there is none.
    """
    data = Data(
        party=party,
        channel=channel[:16],
        by=event.by,
        case=event.case,
        link=f"{console}{event.page}" if console else "",
        **dict(event.more),  # type: ignore[arg-type]
    )
    told = Told(type=event.name, timestamp=_moment(event.at_ms).isoformat(), data=data)
    return msgspec.json.encode(told).decode()


def letter(
    told: str, recipient: Recipient, *, ident: str, sender: str, made_ms: int
) -> EmailMessage:
    """Return what is said of an event, as an e-mail.

    Args:
        told: As JSON.
        recipient: To whom.
        ident: Of the notice: the same letter has the same Message-ID, however often
            it is sent.
        sender: Our address.
        made_ms: When it was put into the outbox.
    """
    said, t = (
        msgspec.json.decode(told, type=Told),
        texts_in(recipient.language, over="tallystick.office"),
    )
    data = said.data
    lines = [t.say(f"notice.{said.type}", by=data.by, code=data.code)]
    if data.notices:
        lines.append(t.count("notice.many", data.notices))
    if data.case:
        lines.append(t.say("notice.case", case=data.case))
    if data.crossings:
        lines.append(t.count("notice.crossings", data.crossings))
    if data.link:
        lines += ["", data.link]
    lines += ["", t.say("notice.end", party=data.party, at=said.timestamp)]
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = sender, recipient.address
    made["Subject"] = f"[Tallystick {data.party}] {t.say(f'subject.{said.type}')}"
    made["Date"] = format_datetime(_moment(made_ms))
    made["Message-ID"] = f"<{ident[:32]}@{sender.partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join(lines) + "\n", charset="utf-8", cte="base64")
    return made


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)
