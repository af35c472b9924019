"""What answers to which right: every page says what it does, by action."""

from typing import Final

from tallystick.console.pages import (
    account,
    audit,
    cases,
    people,
    settings,
    sign_in,
    today,
)
from tallystick.console.visit import Handler

HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    (page.__name__.rpartition(".")[2], action): handler
    for page in (sign_in, today, cases, people, audit, settings, account)
    for action, handler in page.HANDLERS.items()
}
