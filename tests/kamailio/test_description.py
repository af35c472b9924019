"""What a gateway that asks by HTTP tells of a call, to the letter."""

import asyncio
import contextlib
import json
import socket
import time

from tallystick.node.rehearsal.parties import Post
from tallystick.node.rehearsal.ways import gateway_of
from tallystick.testing.programs import free_port, running
from tallystick.testing.switches import gateway_command

INVITE = (
    "INVITE sip:+74951234567@{to} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{number}\r\n"
    "From: <sip:{calling}@127.0.0.1;user=phone>;tag=a\r\n"
    "To: <sip:+74951234567@{to};user=phone>\r\n"
    "Call-ID: {call_id}\r\n"
    "CSeq: 1 INVITE\r\n"
    "Max-Forwards: 70\r\n"
    "{more}Content-Length: 0\r\n\r\n"
)
CALLED = "+74951234567"
A, C = "+375291234567", "+375447654321"
TABLE = [
    # From, Call-ID, further headers; what is told besides the called number.
    ((A, "one@x", ""), {"calling_number": A}),
    (
        ("anonymous", "two@x", f"P-Asserted-Identity: <sip:{C}@x>\r\nPrivacy: id\r\n"),
        {"calling_number": C, "presentation": "restricted"},
    ),
    (
        (A, "three@x", f"Diversion: <sip:{C}@x>;reason=unconditional\r\n"),
        {"calling_number": A, "redirecting_number": C},
    ),
    (
        (A, "four@x", "Identity: aaa.bbb.ccc;info=<https://x/1>\r\nIdentity: ddd\r\n"),
        {"calling_number": A, "identity": ["aaa.bbb.ccc;info=<https://x/1>", "ddd"]},
    ),
    # What a caller writes stays a text: neither JSON nor a variable of the switch.
    (
        ("$ci%22$var(x)", 'five","emergency":true,"x":"', ""),
        {"calling_number": "$ci%22$var(x)"},
    ),
]


async def told(reader, writer, bodies: list) -> None:
    """Answer as a node that lets everything through, and keep what it is told."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length: ")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(size))
            if "/v1/arrivals" in head:
                bodies.append(body)
            answer = b'{"action":"pass"}'
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                % (len(answer), answer)
            )
    writer.close()


def test_a_call_is_described_as_it_was_signalled(debian_command, tmp_path):
    """Every value the node reads is told, and nothing a caller writes breaks out."""
    debian_command("kamailio", package="kamailio")
    bodies: list[dict[str, object]] = []

    async def run():
        node = await asyncio.start_server(
            lambda reader, writer: told(reader, writer, bodies), "127.0.0.1", 0
        )
        http = f"127.0.0.1:{node.sockets[0].getsockname()[1]}"
        at = f"127.0.0.1:{free_port()}"
        post = Post(http=http, sip="", channel="")
        gateway = gateway_of("http", "RU", post, at, f"127.0.0.1:{free_port()}")
        command = gateway_command(gateway, tmp_path)
        async with running(command, name="gateway", folder=tmp_path):
            host, _, port = at.partition(":")
            with socket.socket(type=socket.SOCK_DGRAM) as caller:
                caller.bind(("127.0.0.1", 0))
                for number, ((calling, call_id, more), _) in enumerate(TABLE):
                    invite = INVITE.format(
                        to=at,
                        port=caller.getsockname()[1],
                        number=number,
                        calling=calling,
                        call_id=call_id,
                        more=more,
                    )
                    caller.sendto(invite.encode(), (host, int(port)))
                async with asyncio.timeout(5):
                    while len(bodies) < len(TABLE):  # ruff: ignore[async-busy-wait]
                        await asyncio.sleep(0.02)
        node.close()

    began_ms = time.time_ns() // 1_000_000
    asyncio.run(run())
    by_id = {str(body.pop("call_id")): body for body in bodies}
    for (_, call_id, _), expected in TABLE:
        body = by_id[call_id]
        assert 0 <= body.pop("at_ms") - began_ms < 5_000
        assert body == {"called_number": CALLED} | expected
