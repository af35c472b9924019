"""What answers to which right: every page says what it does, by action."""

from typing import Final

from tallystick.console.pages import (
    account,
    audit,
    cases,
    findings,
    harm,
    objection,
    objections,
    people,
    routes,
    settings,
    sign_in,
    today,
)
from tallystick.console.visit import Handler

PAGES: Final = (
    objection,
    sign_in,
    today,
    cases,
    objections,
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
