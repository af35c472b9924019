"""What every page works with."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from tallystick.console.nodewatch import NodeWatch
from tallystick.console.people.entry import Entry
from tallystick.console.security.cookies import Cookies
from tallystick.console.settings import ConsoleSettings
from tallystick.report.texts import Language, Texts, texts_in
from tallystick.store import AuditBook, Store


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
        cookies: How they are called.
        streams: The pages that are live.
        templates: Of all pages.
    """

    store: Store
    settings: ConsoleSettings
    entry: Entry
    audit: AuditBook
    node: NodeWatch
    cookies: Cookies
    streams: Streams
    templates: Environment


def desk_of(store: Store, settings: ConsoleSettings) -> Desk:
    """Put a desk together."""
    templates = Environment(
        loader=PackageLoader("tallystick.console", "pages/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Desk(
        store,
        settings,
        Entry(store, settings),
        AuditBook(store),
        NodeWatch(settings.node),
        Cookies(settings),
        Streams(),
        templates,
    )


def words(language: Language) -> Texts:
    """Return the console's words in a language; the report's are among them."""
    return texts_in(language, over="tallystick.console")
