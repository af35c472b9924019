"""SIP messages made by hand, the tables of spec/sip.md, and a server to try them on."""

from pathlib import Path

from tallystick.domains.calls.sip import (
    Ask,
    Client,
    Output,
    RedirectServer,
    Response,
    Send,
    Source,
    parse_message,
)

SPEC = Path(__file__).parents[2] / "spec" / "sip.md"
SWITCH = Source("udp", "192.0.2.1", 5060)
NOW_MS = 1_800_000_000_000
CALLING, CALLED = "+375291234567", "+79161234567"


def request(
    method: str = "INVITE",
    *extra: str,
    branch: str = "z9hG4bK7",
    uri: str = f"sip:{CALLED}@192.0.2.9;user=phone",
    sender: str = f"<sip:{CALLING}@192.0.2.1>;tag=a",
    target: str = f"<sip:{CALLED}@192.0.2.9>",
    cseq: str = "",
    body: bytes = b"",
    call_id: str = "1@192.0.2.1",
) -> bytes:
    """Return a request of the switch; `extra` are further header lines."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch={branch};rport",
        "Max-Forwards: 69",
        f"From: {sender}",
        f"To: {target}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq or f'1 {method}'}",
        *extra,
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def server(*, name: str = "switch", **settings: object) -> RedirectServer:
    """Return a server with one client, 192.0.2.0/24."""
    client = Client(name=name, networks=("192.0.2.0/24",), **settings)
    return RedirectServer([client], tag_key=b"key of the test")


def ask(node: RedirectServer, data: bytes, now_ms: int = NOW_MS) -> Ask:
    """Send an INVITE and return the question that follows."""
    (question,) = node.receive(data, SWITCH, now_ms)
    assert isinstance(question, Ask)
    return question


def sent(outputs: list[Output]) -> list[str]:
    """Return the messages to send, as text."""
    return [out.data.decode("latin-1") for out in outputs if isinstance(out, Send)]


def statuses(outputs: list[Output]) -> list[int]:
    """Return the status codes of what is to be sent."""
    found = []
    for out in outputs:
        if isinstance(out, Send):
            message = parse_message(out.data)
            assert isinstance(message, Response), out.data
            found.append(message.status)
    return found


def header(text: str, name: str) -> list[str]:
    """Return the values of a header of a response."""
    lines = text.split("\r\n")
    return [line.partition(": ")[2] for line in lines if line.startswith(f"{name}: ")]


def table(heading: str, number: int = 0) -> list[list[str]]:
    """Return the rows of a table of spec/sip.md, without their first line."""
    text = SPEC.read_text("utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = [part for part in section.split("\n\n") if part.startswith("|")]
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in blocks[number].splitlines()[2:]
    ]
