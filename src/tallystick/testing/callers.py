"""Callers for rehearsals: SIPp places calls and notes what each of them heard."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.testing.programs import find_program, running

OK: Final = 200
DECLINED: Final = 603
PATIENCE_S: Final = 20

_TOP: Final = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]:[local_port];user=phone>;tag=[pid]-[call_number]
"""
_TO: Final = "To: <sip:[field1]@[remote_ip]:[remote_port];user=phone>"
_URI: Final = "sip:[field1]@[remote_ip]:[remote_port];user=phone"
_SDP: Final = """v=0
o=user 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 0
"""


def _later(method: str, uri: str, number: int, *, via: str, routes: str) -> str:
    """Return a request that follows an answer."""
    head = _TOP.splitlines()
    lines = (
        f"{method} {uri} SIP/2.0",
        via or head[0],
        *([routes] if routes else []),
        head[1],
        "[last_To:]",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
        "Content-Length: 0",
    )
    return "<send><![CDATA[\n\n" + "\n".join(lines) + "\n\n]]></send>"


def _noted(word: str) -> str:
    return f'<action><log message="[call_id] {word} [clock_tick]"/></action>'


_SCENARIO: Final = f"""<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="caller">
<nop>{_noted("placed")}</nop>
<send retrans="500"><![CDATA[

INVITE {_URI} SIP/2.0
{_TOP}{_TO}
Call-ID: [call_id]
Max-Forwards: 70
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{_SDP}]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="{DECLINED}" optional="true" next="1">{_noted(str(DECLINED))}</recv>
<recv response="{OK}" rrs="true">{_noted(str(OK))}</recv>
{_later("ACK", "[next_url]", 1, via="", routes="[routes]")}
<pause milliseconds="HOLD"/>
{_later("BYE", "[next_url]", 2, via="", routes="[routes]")}
<recv response="{OK}" next="2"/>
<label id="1"/>
{_later("ACK", _URI, 1, via="[last_Via:]", routes="")}
<label id="2"/>
</scenario>
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one caller heard.

    Attributes:
        call_id: The id under which the switches know the call.
        status: The final answer; 0 for none, or one nobody expected.
        waited_ms: From the first word to that answer.
    """

    call_id: str
    status: int
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Somewhere calls are placed from.

    Attributes:
        folder: For scenarios and what is noted.
        host: The address they have.
        inside: As for `running`.
        rate: Calls a second.
        hold_ms: How long an answered call lasts.
    """

    folder: Path
    host: str = "127.0.0.1"
    inside: tuple[str, ...] = ()
    rate: int = 40
    hold_ms: int = 50

    async def place(
        self, name: str, to: str, calls: Sequence[tuple[str, str]]
    ) -> list[Heard]:
        """Place calls, and return what each caller heard, in order.

        Args:
            name: Of this round, in small letters; another one each time.
            to: The switch they speak to, `host:port`.
            calls: Calling and called number of each.
        """
        scenario, numbers, notes = (
            self.folder / f"{name}.{kind}" for kind in ("xml", "csv", "notes")
        )
        text = _SCENARIO.replace("HOLD", str(self.hold_ms))
        scenario.write_text(text, encoding="ascii")
        rows = [f"{calling};{called}" for calling, called in calls]
        numbers.write_text("\n".join(["SEQUENTIAL", *rows]) + "\n", encoding="ascii")
        command = (
            *(find_program("sipp") or "sipp", to, "-sf", str(scenario)),
            *("-inf", str(numbers), "-i", self.host, "-cid_str", f"{name}-%u@callers"),
            *("-m", str(len(calls)), "-r", str(self.rate), "-nostdin"),
            *("-trace_logs", "-log_file", str(notes), "-recv_timeout", "8000"),
        )
        async with running(
            command,
            name=f"sipp-{name}",
            folder=self.folder,
            inside=self.inside,
            settle_s=0,
        ) as sipp:
            await asyncio.wait_for(sipp.process.wait(), PATIENCE_S)
        ids = [f"{name}-{count}@callers" for count in range(1, len(calls) + 1)]
        return heard(ids, notes.read_text(encoding="ascii").splitlines())


def heard(call_ids: Iterable[str], notes: Iterable[str]) -> list[Heard]:
    """Return what each caller heard, by what was noted."""
    placed: dict[str, int] = {}
    answered: dict[str, tuple[int, int]] = {}
    for line in notes:
        call_id, word, tick = line.split()
        if word == "placed":
            placed[call_id] = int(tick)
        else:
            answered[call_id] = (int(word), int(tick))
    said = {one: answered.get(one, (0, placed.get(one, 0))) for one in call_ids}
    return [
        Heard(call_id, status, tick - placed.get(call_id, tick))
        for call_id, (status, tick) in said.items()
    ]
