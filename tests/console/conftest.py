"""A console for each test, people in it, and a real browser."""

import ssl
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NoReturn

import pytest

from node.tls import Signer
from stores import new_store
from tallystick.store import Store

from .sides import Two, plant, sides
from .world import Guest, World, running

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = Signer(folder, "authority").issue("console", "localhost")
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    return cert, key


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    """Return an empty store."""
    opened = new_store(tmp_path / "store.db")
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store, certificate: tuple[Path, Path]) -> Generator[World]:
    """Return a console that runs."""
    with running(store, *certificate, party="BY") as world:
        yield world


@pytest.fixture
def guest(world: World) -> Guest:
    """Return a browser of somebody without an account."""
    return world.guest()


@pytest.fixture(scope="module")
def chromium(lacks: Callable[[str], NoReturn]) -> Generator[object]:
    """Return a real browser, or skip with the reason.

    It ends with its module: while it is there, its event loop runs in this thread, and
    tests elsewhere could run none of their own.
    """
    if not Path(CHROMIUM).is_file():
        lacks(f"{CHROMIUM} is not installed: nothing can be looked at")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def two(tmp_path: Path, store: Store) -> Generator[Two]:
    """Return both sides of a channel; the store of BY is that of the console."""
    made = sides(tmp_path, store)
    yield made
    made.ru.store.close()


@pytest.fixture
def speaking(two: Two, certificate: tuple[Path, Path]) -> Generator[World]:
    """Return BY's console that may say something to RU, with planted cases."""
    with running(two.by.store, *certificate, party="BY", side=two.by) as world:
        plant(two.by)
        yield world
