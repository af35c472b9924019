"""Where to listen: on UDP and TCP under one port; who can reach it."""

import asyncio
import errno
import ipaddress
from collections.abc import Callable
from typing import Final

_ATTEMPTS: Final = 16


async def listen_on_both(
    host: str,
    port: int,
    datagrams: Callable[[], asyncio.DatagramProtocol],
    lines: Callable[[], asyncio.Protocol],
    *,
    shared: bool | None = None,
) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    """Begin to listen.

    Args:
        host: Where.
        port: The same; 0: any that is free on both.
        datagrams: Makes what takes datagrams.
        lines: Makes what takes a connection.
        shared: Whether other processes listen there, too.

    Raises:
        OSError: It may not listen there.
    """
    loop = asyncio.get_running_loop()
    left = _ATTEMPTS if port == 0 else 1
    while True:
        udp, _ = await loop.create_datagram_endpoint(
            datagrams, local_addr=(host, port), reuse_port=shared
        )
        drawn = int(udp.get_extra_info("sockname")[1])
        try:
            return udp, await loop.create_server(lines, host, drawn, reuse_port=shared)
        except OSError as error:
            udp.close()
            left -= 1
            if not left or error.errno != errno.EADDRINUSE:
                raise


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens at a host.

    Args:
        host: A name, or an address without brackets.
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
