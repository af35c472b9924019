"""SIP without sockets: how switches ask for verdicts, and how SIP is read."""

from tallystick.domains.calls.sip.answer import Decision, Reason
from tallystick.domains.calls.sip.call import AskedCall
from tallystick.domains.calls.sip.client import Client, Clients, Redress
from tallystick.domains.calls.sip.message import (
    Refusal,
    Request,
    Response,
    parse_message,
)
from tallystick.domains.calls.sip.server import (
    Ask,
    Output,
    Passed,
    RedirectServer,
    Withdrawn,
)
from tallystick.domains.calls.sip.stream import StreamReader
from tallystick.domains.calls.sip.transaction import Send, Transactions
from tallystick.domains.calls.sip.via import Source

__all__ = [
    "Ask",
    "AskedCall",
    "Client",
    "Clients",
    "Decision",
    "Output",
    "Passed",
    "Reason",
    "RedirectServer",
    "Redress",
    "Refusal",
    "Request",
    "Response",
    "Send",
    "Source",
    "StreamReader",
    "Transactions",
    "Withdrawn",
    "parse_message",
]
