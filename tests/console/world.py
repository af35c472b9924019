"""A console that runs on the loopback, and people who work in it."""

import contextlib
import re
import secrets
import socket
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx2
import pyotp
import uvicorn
from argon2 import PasswordHasher

from tallystick.console import ConsoleSettings, app
from tallystick.console.people.accounts import Accounts, Actor
from tallystick.console.people.codes import hash_recovery_code, new_recovery_codes
from tallystick.console.people.entry import Entry
from tallystick.console.people.sealing import Sealer
from tallystick.store import Account, People, Store

# ruff: ignore[hardcoded-password-string] (of people who are not)
PASSWORD = "a stick split down its length"
SEALER = Sealer(bytes(range(32)))
STARTS_MS = 1_790_000_000_000


SESSION = "__Host-tally"


@cache
def hashed():
    """Return what is kept of everybody's password: by argon2 with the least work.

    A hash says itself how much work it is to check it, so the console is as it is.
    """
    least = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return least.hash(PASSWORD)


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
    guests: list[Guest] = field(default_factory=list)

    def accounts(self):
        """Return who changes accounts as a command does."""
        return Accounts(self.store, Actor(name="(test)"), self.clock)

    def person(self, name, role="analyst", trunks=()):
        """Return somebody who has enrolled, some time ago."""
        trunks = trunks or (("T1",) if role == "operator" else ())
        person = Person(name, role, pyotp.random_base32(), codes=new_recovery_codes())
        account = Account(
            id=secrets.token_hex(16),
            name=name,
            role=role,
            trunks=tuple(trunks),
            password=hashed(),
            totp=person.secret,
            totp_step=self.clock.ms // 30_000,
            made_ms=self.clock.ms,
        )
        people = People(self.store)
        people.add(account)
        kept = [hash_recovery_code(account.id, one) for one in person.codes]
        people.set_codes(account.id, kept)
        return person

    def visitor(self, name, role="analyst"):
        """Return a browser of somebody who is in, and has not used it yet."""
        self.person(name, role)
        guest, entry = self.guest(), Entry(self.store, self.settings)
        account = entry.people.named(name)
        entered = entry.enter(account, "in", now_ms=self.clock.ms)
        guest.http.cookies.set(SESSION, entered.id, domain="127.0.0.1")
        guest.get("/account")
        return guest

    def guest(self, **headers):
        """Return a browser of somebody."""
        made = Guest(self, **headers)
        self.guests.append(made)
        return made


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
            sealer=SEALER,
            stopping=lambda: any(one.should_exit for one in servers),
            **more,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app(store, settings),
                loop="asyncio",
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
            world = World(store, clock, address, settings)
            yield world
            for guest in world.guests:
                guest.http.close()
        finally:
            server.should_exit = True
            thread.join(20)
