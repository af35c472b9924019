"""A mail server of Debian's aiosmtpd, run by Debian's Python: letters go to a folder.

Arguments: folder, certificate, key, `tls`, `starttls` or `plain`. It prints its port.
A file `refuse` in the folder holds the reply to every letter while it is there.
"""

# ruff: file-ignore[invalid-function-name, print, blocking-path-method-in-async-function] (aiosmtpd's forms)

import asyncio
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult  # type: ignore[import-not-found]

FOLDER = Path(sys.argv[1])
HOW = sys.argv[4]
LOGIN = (b"tally", b"between us")


class Keeper:
    """Keeps letters."""

    async def handle_DATA(self, server, session, envelope):  # ruff: ignore[no-self-use]
        del server, session
        refuse = FOLDER / "refuse"
        if refuse.exists():
            return refuse.read_text()
        number = len(list(FOLDER.glob("*.eml")))
        head = f"X-To: {','.join(envelope.rcpt_tos)}\r\n".encode()
        new = FOLDER / "new"
        new.write_bytes(head + envelope.content)
        new.rename(FOLDER / f"{number}.eml")
        return "250 kept"


def login(server, session, envelope, mechanism, data):
    """Tell whether somebody may send."""
    del server, session, envelope
    given = (getattr(data, "login", b""), getattr(data, "password", b""))
    fits = mechanism in {"LOGIN", "PLAIN"} and given == LOGIN
    return AuthResult(success=fits, handled=fits)


async def main():
    """Serve until killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    later = context if HOW == "starttls" else None

    def made():
        return SMTP(
            Keeper(),
            tls_context=later,
            require_starttls=HOW == "starttls",
            auth_required=HOW != "plain",
            auth_require_tls=HOW == "starttls",
            authenticator=login,
            hostname="mail.example",
        )

    server = await asyncio.get_running_loop().create_server(
        made, "127.0.0.1", 0, ssl=context if HOW == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
