"""Two parties who speak about a case."""

from tallystick.cases.course import Terms
from tallystick.cases.fold import fold
from tallystick.proof import SigningKey, Statement, sign_statement

CHANNEL = "5b" * 32
SECRET = b"s" * 32
DAY = 86_400_000
T0 = 1_795_348_800_000
PARTIES = ("BY", "RU")
KEYS = {party: SigningKey(party=party, seed=party.encode() * 16) for party in PARTIES}
TERMS = Terms(ask=2, answer=5, decide=3, appeal=4, close=6, redress=5)
HANDLES = [f"{number:024x}" for number in range(6)]
RAISED = {
    "domain": "calls",
    "kind": "stretched-trunk",
    "departure": "BY",
    "arrival": "RU",
    "actor": "Elm",
    "object": "BY-118",
}
ASKED = {"whom": "RU", "question": "as-answered", "crossings": HANDLES[:3]}


def say(by, kind, body, at_ms, *after, about="case/C1"):
    """Return a signed statement that follows others."""
    statement = Statement(
        channel=CHANNEL,
        by=by,
        at_ms=at_ms,
        about=about,
        kind=kind,
        after=tuple(one.id for one in after),
        body=body,
    )
    return sign_statement(statement, KEYS[by])


def story(*told, about="case/C1"):
    """Return statements one after the other: (by, kind, body, day)."""
    said = []
    for by, kind, body, day in told:
        said.append(say(by, kind, body, T0 + int(day * DAY), *said[-1:], about=about))
    return said


def read(statements, day=1000.0, about="case/C1", parties=PARTIES):
    """Return where a case stands on a day."""
    return fold(
        about,
        statements,
        parties=parties,
        terms=TERMS,
        now_ms=T0 + int(day * DAY),
    )
