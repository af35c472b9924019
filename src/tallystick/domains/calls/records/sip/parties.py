"""Who calls whom in a captured call, and why it ended.

Source: RFC 3326 (Reason); the parties are those of any INVITE.
"""

import re
from typing import Final

from tallystick.domains.calls.records.causes import cause_of_status
from tallystick.domains.calls.records.sip.message import Message
from tallystick.domains.calls.sip.parties import Parties, parties_of

__all__ = ["Parties", "parties_of", "reason_cause"]

_REASON: Final = re.compile(
    r"\s*([A-Za-z0-9.-]+)\s*(?:;.*?\bcause\s*=\s*\"?(\d{1,3}))", re.DOTALL
)


def reason_cause(message: Message) -> int | None:
    """Return the Q.850 cause in the Reason headers, or None.

    A SIP status there counts only when no header names a cause of Q.850.
    """
    found: dict[str, int] = {}
    for value in message.all("reason"):
        if match := _REASON.match(value):
            found.setdefault(match[1].upper(), int(match[2]))
    if "Q.850" in found:
        return found["Q.850"] if found["Q.850"] <= 127 else None
    return cause_of_status(found["SIP"]) if "SIP" in found else None
