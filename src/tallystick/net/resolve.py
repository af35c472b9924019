"""Names to addresses, once for each fetch, however slow the resolver is."""

import asyncio
import contextlib
import socket
import threading
from typing import Final

MAX_LOOKUPS: Final = 8
"""Look-ups under way; one that its asker has given up goes on until it ends."""


class Resolver:
    """Looks names up in threads of its own.

    Those of the event loop are for disk work, and a few names with slow servers would
    take them all.

    Bounds: `MAX_LOOKUPS` threads.
    """

    def __init__(self, *, whole: bool = True) -> None:
        """Have none under way.

        Args:
            whole: Whether names are whole, as in a URL that a stranger gave; else what
                this machine calls by a shorter name is found, too.
        """
        self._dot = "." if whole else ""
        self._free = threading.BoundedSemaphore(MAX_LOOKUPS)

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, in the order in which to try them.

        Args:
            host: A name as in a URL.
            port: Where it will be connected to.

        Raises:
            OSError: It has none, or too many look-ups are under way.
        """
        if not self._free.acquire(blocking=False):
            raise OSError("too many look-ups are under way")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()

        def tell(addresses: list[str] | None) -> None:
            if found.done():
                return
            if addresses is None:
                found.set_exception(OSError("no address"))
            else:
                found.set_result(addresses)

        def look_up() -> None:
            try:
                addresses = _addresses(f"{host}{self._dot}", port)
            finally:
                self._free.release()
            # The loop may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, addresses)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return await found


def _addresses(host: str, port: int) -> list[str] | None:
    try:
        # A dot behind it says that the name is whole.
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
