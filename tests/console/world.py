"""A console that runs on the loopback, and people who work in it."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pyotp
import uvicorn

from tallystick.console import ConsoleSettings, app
from tallystick.console.people.accounts import Accounts, Actor
from tallystick.console.people.entry import Entered, Entry
from tallystick.store import Store

# ruff: ignore[hardcoded-password-string] (of people who are not)
PASSWORD = "a stick split down its length"
STARTS_MS = 1_790_000_000_000


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    ms: int = STARTS_MS

    def __call__(self):
        """Tell the time."""
        return self.ms

    def pass_s(self, seconds):
        """Let time pass."""
        self.ms += int(seconds * 1000)


@dataclass
class Person:
    """Somebody who has an account."""

    name: str
    role: str
    secret: str = ""
    password: str = PASSWORD
    codes: list[str] = field(default_factory=list)

    def code(self, now_ms):
        """Read the authenticator."""
        return pyotp.TOTP(self.secret).at(now_ms // 1000)


class Guest:
    """A browser without a picture: cookies, and the last page."""

    def __init__(self, world, **headers):
        """Open it."""
        self.world = world
        self.http = httpx2.Client(
            base_url=world.address, verify=False, timeout=20, headers=headers
        )
        self.page = None

    def get(self, path, **headers):
        """Ask for a page; redirections are not followed."""
        self.page = self.http.get(path, headers=headers)
        return self.page

    def token(self):
        """Return the token of the last page's forms."""
        found = re.search(r'name="token" value="([0-9a-f]{64})"', self.page.text)
        return found[1] if found else ""

    def post(self, path, fields=None, *, token=None, origin=None, **headers):
        """Send a form of the last page."""
        said = {"token": self.token() if token is None else token} | (fields or {})
        headers = {"origin": origin or self.world.address, **headers}
        self.page = self.http.post(path, data=said, headers=headers)
        return self.page

    def sign_in(self, person):
        """Come in by password and code."""
        self.get("/sign-in")
        self.post("/sign-in", {"name": person.name, "password": person.password})
        assert self.page.headers["location"] == "/sign-in/code", self.page.text
        self.get("/sign-in/code")
        # A code is used once; who comes again waits for the next.
        self.world.clock.pass_s(30)
        self.post("/sign-in/code", {"code": person.code(self.world.clock.ms)})
        assert self.page.headers["location"] == "/", self.page.text
        return self.get("/account")


@dataclass
class World:
    """A console that runs."""

    store: Store
    clock: Clock
    address: str
    settings: ConsoleSettings

    def accounts(self):
        """Return who changes accounts as a command does."""
        return Accounts(self.store, Actor(name="(test)"), self.clock)

    def person(self, name, role="analyst", trunks=()):
        """Return somebody who has enrolled."""
        trunks = trunks or (("T1",) if role == "operator" else ())
        _, given = self.accounts().add(name, role, trunks)
        entry = Entry(self.store, self.settings)
        here = {"address": "192.0.2.1", "now_ms": self.clock.ms}
        begun = entry.take_password(name, given, **here)
        assert isinstance(begun, Entered)
        person = Person(name, role, begun.session.offer)
        done = entry.enrol(
            begun.session,
            begun.account,
            password=PASSWORD,
            again=PASSWORD,
            code=person.code(self.clock.ms),
            **here,
        )
        entered, person.codes = done
        entry.sessions.end(entered.session.hash)
        return person

    def guest(self, **headers):
        """Return a browser of somebody."""
        return Guest(self, **headers)


@contextlib.contextmanager
def running(
    store: Store, cert: Path | None = None, key: Path | None = None, **more: object
) -> Generator[World]:
    """Run a console in a thread, by HTTPS where there is a certificate."""
    clock = more.pop("now_ms", None) or Clock()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scheme = "http" if cert is None else "https"
        address = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        servers = []
        settings = ConsoleSettings(
            address=address,
            now_ms=clock,
            stopping=lambda: any(one.should_exit for one in servers),
            **more,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app(store, settings),
                ssl_certfile=cert,
                ssl_keyfile=key,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=3,
            )
        )
        servers.append(server)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            limit_s = time.monotonic() + 20
            while not server.started and time.monotonic() < limit_s:
                time.sleep(0.01)
            assert server.started
            yield World(store, clock, address, settings)
        finally:
            server.should_exit = True
            thread.join(20)
