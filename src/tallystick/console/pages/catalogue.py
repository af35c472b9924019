"""What answers to which right: every page says what it does, by action."""

from typing import Final

from tallystick.console.pages import (
    account,
    audit,
    findings,
    harm,
    log,
    objection,
    objections,
    people,
    routes,
    settings,
    sign_in,
    today,
    verdicts,
)
from tallystick.console.pages.agreement import one as agreement_one
from tallystick.console.pages.agreement import say as agreement_say
from tallystick.console.pages.agreement import text as agreement_text
from tallystick.console.pages.cases import listing, one, papers, say
from tallystick.console.visit import Handler

_PAGES: Final = {
    "objection": (objection,),
    "sign_in": (sign_in,),
    "today": (today,),
    "cases": (listing, one, say, papers),
    "objections": (objections,),
    "findings": (findings,),
    "verdicts": (verdicts,),
    "routes": (routes,),
    "agreement": (agreement_one, agreement_text, agreement_say),
    "harm": (harm,),
    "log": (log,),
    "people": (people,),
    "audit": (audit,),
    "settings": (settings,),
    "account": (account,),
}

HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    (page, action): handler
    for page, modules in _PAGES.items()
    for module in modules
    for action, handler in module.HANDLERS.items()
}
