"""What every page works with."""

import threading
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from tallystick.console.keptwatch import KeptWatch
from tallystick.console.nodewatch import NodeWatch
from tallystick.console.people.entry import Entry
from tallystick.console.provider.talking import Provider
from tallystick.console.security.cookies import Cookies
from tallystick.console.security.limits import Buckets
from tallystick.console.settings import ConsoleSettings
from tallystick.report.texts import Language, Texts, texts_in
from tallystick.store import AuditBook, SignIns, Store

BACK = "/sign-in/back"
"""Where an identity provider sends people back."""


@dataclass(slots=True)
class Streams:
    """Counts the pages that are live.

    Attributes:
        open: How many.
    """

    open: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page works with.

    Attributes:
        store: Everything kept.
        settings: What the console was told.
        entry: The door.
        audit: The audit log.
        node: The node that is watched.
        kept: What it keeps.
        cookies: How they are called.
        streams: The pages that are live.
        templates: Of all pages.
        provider: The identity provider; None: there is none.
        sign_ins: Who was sent there.
        callers: What callers may ask, by where they come from: 20 times at once, then
            every ten seconds.
        references: What may be said by one reference: 5 times, then every minute.
        saying: Held while something is said, so that what was seen still holds then.
    """

    store: Store
    settings: ConsoleSettings
    entry: Entry
    audit: AuditBook
    node: NodeWatch
    kept: KeptWatch
    cookies: Cookies
    streams: Streams
    templates: Environment
    provider: Provider | None
    sign_ins: SignIns
    callers: Buckets
    references: Buckets
    saying: threading.Lock = field(default_factory=threading.Lock)


def desk_of(store: Store, settings: ConsoleSettings) -> Desk:
    """Put a desk together."""
    return Desk(
        store,
        settings,
        Entry(store, settings),
        AuditBook(store),
        NodeWatch(settings.node),
        KeptWatch(settings.verdicts),
        Cookies(settings),
        Streams(),
        _templates(),
        _provider(settings),
        SignIns(store),
        Buckets(per_s=0.1, at_most=20),
        Buckets(per_s=1 / 60, at_most=5),
    )


@cache
def _templates() -> Environment:
    """Return the pages' templates, each compiled once in a process."""
    return Environment(
        loader=PackageLoader("tallystick.console", "pages/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _provider(settings: ConsoleSettings) -> Provider | None:
    if settings.provider is None:
        return None
    back = f"{settings.address}{BACK}"
    return Provider(settings.provider, back, settings.now_ms)


def words(language: Language) -> Texts:
    """Return the console's words in a language; the report's are among them."""
    return texts_in(language, over="tallystick.console")
