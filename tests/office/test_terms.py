"""Both sides read the days of a case from what they agreed when it began."""

import re
from datetime import date

from console.redress import carry, give, sides
from stores import new_store
from tallystick.agreement.text import digest_of, draft_text, starting_rules
from tallystick.blinding.keyfile import write_channel, write_private_key
from tallystick.cases.course import Terms
from tallystick.cli.case_desk import open_desk
from tallystick.proof import Statement, sign_statement

DAY_MS = 86_400_000
START = 1_795_348_800_000


def text_of(side, *, version, redress_days):
    """Return a text of the agreement between two sides."""
    made = draft_text(
        name="by-ru-calls",
        keys=side.keys,
        channel=side.identifier,
        first_day=date(2026, 1, 1),
        rules=starting_rules("ru"),
    )
    for name, value in (
        ("consultation_days", 0),
        ("version", version),
        ("redress_days", redress_days),
    ):
        made = re.sub(rf"(?m)^{name} = \d+", f"{name} = {value}", made)
    return made


def agree(by, ru, text, at_ms, *, follows=""):
    """Let both parties sign a text; both stores hold what was said."""
    digest = digest_of(text)
    proposed = {"text": text, "digest": digest}
    proposed |= {"follows": follows} if follows else {}
    steps = (
        (by, "amended" if follows else "proposed", proposed),
        (by, "signed", {"digest": digest}),
        (ru, "signed", {"digest": digest}),
    )
    for step, (side, kind, body) in enumerate(steps):
        about = "agreement/by-ru-calls"
        before = [one.id for one in by.statements.about(about)]
        statement = Statement(
            channel=side.identifier,
            by=side.party,
            at_ms=at_ms + step,
            about=about,
            kind=kind,
            after=tuple(before[-1:]),
            body=body,
        )
        signed = sign_statement(statement, side.key)
        for one in (by, ru):
            one.statements.keep(signed, now_ms=at_ms + step)
    return digest


def received(by, ru, call_id, at_ms):
    """Let BY take an objection; return where both sides see it stand."""
    reference = give(by, call_id)
    about = f"objection/{reference}"
    body = {"domain": "calls", "action": "reject", "text": ""}
    by.cases().say(about, "received", body, key=by.key, now_ms=at_ms)
    carry(by, ru, now_ms=at_ms)
    return about


def test_deadlines_are_those_of_the_agreement_in_which_a_case_began(tmp_path):
    """Before there was one, under it, and after it was amended; by page or command."""
    stores = [new_store(tmp_path / f"{name}.db") for name in ("by", "ru")]
    by, ru = sides(*stores)
    first = received(by, ru, "call-1", START)
    text = text_of(by, version=1, redress_days=3)
    digest = agree(by, ru, text, START + DAY_MS)
    second = received(by, ru, "call-2", START + 2 * DAY_MS)
    amended = text_of(by, version=2, redress_days=9)
    agree(by, ru, amended, START + 3 * DAY_MS, follows=digest)
    third = received(by, ru, "call-3", START + 4 * DAY_MS)
    wanted = {
        first: START + Terms().redress * DAY_MS,
        second: START + (2 + 3) * DAY_MS,
        third: START + (4 + 9) * DAY_MS,
    }
    later = START + 5 * DAY_MS
    for side in (by, ru):
        desk = side.cases()
        found = {about: desk.state(about, now_ms=later).due_ms for about in wanted}
        assert found == wanted
    write_private_key(tmp_path / "by.key", by.own)
    write_channel(tmp_path / "channel.toml", by.channel)
    url = f"sqlite:///{tmp_path / 'by.db'}"
    opened = open_desk(
        url, tmp_path / "by.key", tmp_path / "channel.toml", "redress=14,ask=1"
    )
    with opened as (desk, _):
        found = {about: desk.state(about, now_ms=later).due_ms for about in wanted}
        assert found == wanted
    for one in stores:
        one.close()
