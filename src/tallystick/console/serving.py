"""The console as a process of its own, so that it can never slow a call."""

import asyncio
import signal
import ssl
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import uvicorn

from tallystick.console.app import app
from tallystick.console.settings import ConsoleSettings
from tallystick.model import ConfigError
from tallystick.net.listen import is_loopback
from tallystick.store import Store

STOP_S: Final = 3
AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a console listens.

    Attributes:
        host: For example 127.0.0.1.
        port: For example 8443.
        address: What people type.
        cert: Certificate chain; None: by HTTP, or TLS ends before.
        key: Its key.
    """

    host: str
    port: int
    address: str
    cert: Path | None
    key: Path | None

    @classmethod
    def read(
        cls,
        listen: str,
        *,
        cert: Path | None,
        key: Path | None,
        address: str,
        insecure_http: bool,
    ) -> "Listening":
        """Read what the command line said.

        Raises:
            ConfigError: "console-listen", or "console-tls" where passwords would go
                over a line in the clear.
        """
        host, _, port = listen.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        if not bare or not port.isdigit() or not 0 < int(port) < 65_536:
            raise ConfigError(
                "console-listen",
                "--listen is no HOST:PORT.",
                advice="For example 127.0.0.1:8443.",
            )
        if (cert is None) != (key is None) or (cert and insecure_http):
            raise ConfigError(
                "console-tls",
                "--cert and --key go together, and without --insecure-http.",
                advice="Give both, or neither.",
            )
        near = is_loopback(bare)
        # Without a certificate: a proxy beside it ends TLS, or it is a demonstration.
        behind = near and address.startswith("https://")
        if cert is None and not (near and insecure_http) and not behind:
            raise ConfigError(
                "console-tls",
                "Without TLS passwords would be sent in the clear.",
                advice="Give --cert and --key; behind a proxy on this machine, "
                "--address https://…; for a demonstration, listen on 127.0.0.1 with "
                "--insecure-http.",
            )
        scheme = "http" if cert is None and not behind else "https"
        return cls(bare, int(port), address or f"{scheme}://{listen}", cert, key)


def serve(
    store: Store,
    listening: Listening,
    settings: ConsoleSettings,
    *,
    public: Listening | None = None,
    started: Callable[[str], None],
) -> None:
    """Answer until the process is told to stop.

    Args:
        store: What is kept.
        listening: Where.
        settings: What else the console is told.
        public: Where the pages for callers are apart from the others; None: nowhere.
        started: Is told each address.

    Raises:
        ConfigError: "console-tls": certificate or key cannot be used.
    """
    servers: list[_Server] = []
    settings = replace(
        settings, stopping=lambda: any(one.should_exit for one in servers)
    )
    rooms = [(listening, settings)]
    if public is not None:
        outside = replace(settings, address=public.address, serves="public")
        rooms.append((public, outside))
    servers += [_Server(_config(store, *one)) for one in rooms]
    for room, _ in rooms:
        started(room.address)
    asyncio.run(_serve(servers))


class _Server(uvicorn.Server):
    """A server beside another: signals are for both."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:  # ruff: ignore[no-self-use] (uvicorn calls it)
        """Leave signals to `_serve`.

        Yields:
            Nothing.
        """
        yield


async def _serve(servers: Sequence[_Server]) -> None:
    def leave() -> None:
        for one in servers:
            one.should_exit = True

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, leave)
    await asyncio.gather(*(one.serve() for one in servers))


def _config(
    store: Store, listening: Listening, settings: ConsoleSettings
) -> uvicorn.Config:
    """Return how one of them is served.

    Raises:
        ConfigError: "console-tls".
    """
    # A proxy on this machine says who asks; nobody else is believed.
    behind = settings.serves == "public" and listening.cert is None
    config = uvicorn.Config(
        app(store, settings),
        listening.host,
        listening.port,
        ssl_certfile=listening.cert,
        ssl_keyfile=listening.key,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=behind,
        forwarded_allow_ips="127.0.0.1,::1",
        lifespan="off",
        limit_concurrency=AT_ONCE,
        timeout_graceful_shutdown=STOP_S,
    )
    try:
        config.load()
    except ssl.SSLError:
        raise ConfigError(
            "console-tls",
            "The certificate or its key cannot be read, or they do not fit.",
            advice="PEM both; the certificate first, then those that signed it.",
        ) from None
    return config
