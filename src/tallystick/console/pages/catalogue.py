"""What answers to which right: every page says what it does, by action."""

from typing import Final

from tallystick.console.pages import (
    account,
    audit,
    cases,
    findings,
    harm,
    people,
    routes,
    settings,
    sign_in,
    today,
)
from tallystick.console.visit import Handler

PAGES: Final = (
    sign_in,
    today,
    cases,
    findings,
    routes,
    harm,
    people,
    audit,
    settings,
    account,
)
HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    (page.__name__.rpartition(".")[2], action): handler
    for page in PAGES
    for action, handler in page.HANDLERS.items()
}
