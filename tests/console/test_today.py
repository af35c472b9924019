"""Today in the console: what is suspended, and what the node kept since midnight."""

import os
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.agreement.text import digest_of, draft_text, parse_text, starting_rules
from tallystick.blinding import new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.cases.course import Terms
from tallystick.console.desk import words
from tallystick.console.keptwatch import KeptWatch
from tallystick.console.visit import moment
from tallystick.node.kept.verdicts import SCHEMA
from tallystick.office import Side
from tallystick.proof import (
    Statement,
    kept_statement,
    latest,
    sign_statement,
    signing_key,
)
from tallystick.store.findings import Days

from .world import STARTS_MS, running

DAY_MS = 86_400_000
MIDNIGHT = STARTS_MS // DAY_MS * DAY_MS
OUTCOMES = {"paired": 7, "no_departure": 2, "unproven": 1}


@pytest.fixture
def side(store):
    """Return BY's side of a channel with RU."""
    own, peer = (new_private_key(party, draw=os.urandom) for party in ("BY", "RU"))
    return Side(
        store=store,
        own=own,
        channel=channel_between(own.public(), peer.public()),
        peer_key=signing_key(peer).public(),
        days=Terms(),
    ), signing_key(peer)


def say(side, key, kind, *, days, **body):
    """Let a party say something of the agreement, so many days ago."""
    about, book = "agreement/by-ru", side.statements
    before = [kept_statement(one.note) for one in book.about(about)]
    statement = Statement(
        channel=side.identifier,
        by=key.party,
        at_ms=STARTS_MS - days * DAY_MS,
        about=about,
        kind=kind,
        after=latest(before),
        body=body,
    )
    signed = sign_statement(statement, key)
    book.keep(signed, now_ms=STARTS_MS)
    return signed.id


def test_suspended_rules_are_said_until_both_lift_them(store, side, certificate):
    """Which, who, when and why; one party alone lifts nothing."""
    mine, peer = side
    made = draft_text(
        name="by-ru",
        keys=list(mine.keys),
        channel=mine.identifier,
        first_day=date(2026, 1, 1),
        rules=starting_rules("bilateral"),
    )
    rule = parse_text(made).rules[0].rule.id
    digest = digest_of(made)
    say(mine, mine.key, "proposed", days=90, text=made, digest=digest)
    for key in (mine.key, peer):
        say(mine, key, "signed", days=40, digest=digest)
    title = words("en").count("today.stopped", 1)
    with running(store, *certificate, party="BY", side=mine) as world:
        guest = world.visitor("olga", "operator")
        assert title not in guest.get("/").text
        why = "share <1%> exceeded"
        stopped = say(mine, peer, "suspended", days=5, rule=rule, why=why)
        text = guest.get("/").text
        assert title in text
        said = f"{rule} (by-ru), by RU, 16 September 2026"
        assert f'<a href="/agreement/by-ru#stopped">{said}' in text
        lift = '<a href="#say-resumed">'
        page = world.visitor("otto", "officer").get("/agreement/by-ru").text
        assert 'id="stopped"' in page
        assert lift in page
        assert 'id="say-resumed"' in page
        assert lift not in guest.get("/agreement/by-ru").text
        assert "share &lt;1%&gt; exceeded" in text
        say(mine, peer, "resumed", days=3, lifts=[stopped])
        assert title in guest.get("/").text
        say(mine, mine.key, "resumed", days=2, lifts=[stopped])
        assert title not in guest.get("/").text


def keep(folder, at_ms):
    """Keep verdicts of one moment, and how many departures were told and heard."""
    folder.mkdir(exist_ok=True)
    usual = dict.fromkeys(SCHEMA.names, "") | {
        "at_ms": at_ms,
        "waited_ms": 3,
        "offset_ms": None,
        "covered": True,
        "corrected": False,
        "watched": False,
        "action": "pass",
        "would": "pass",
        "mode": "live",
    }
    rows = [
        usual | {"call_id": f"{at_ms}-{outcome}-{n}", "outcome": outcome}
        for outcome, many in OUTCOMES.items()
        for n in range(many)
    ]
    table = pa.table({n: [row[n] for row in rows] for n in SCHEMA.names}, schema=SCHEMA)
    pq.write_table(table, folder / f"verdicts-{at_ms:015d}-000000.parquet")
    counts = {"at_ms": [at_ms, at_ms], "told": [11, 2], "heard": [5, 0]}
    pq.write_table(pa.table(counts), folder / f"counts-{at_ms:015d}-000000.parquet")


def counted(watch, now_ms):
    """Return what is counted once counting has ended."""
    watch.look(now_ms)
    watch.wait(20)
    return watch.look(now_ms)


def test_what_a_node_kept_is_counted_since_midnight(tmp_path):
    """Not yesterday's; departures by day; anew after a minute, and not before."""
    folder = tmp_path / "verdicts"
    watch = KeptWatch(folder)
    assert counted(watch, STARTS_MS).today is None
    keep(folder, MIDNIGHT - 1)
    keep(folder, MIDNIGHT)
    assert counted(watch, STARTS_MS + 59_999).today is None
    found = counted(watch, STARTS_MS + 60_000)
    assert found.today.outcomes == OUTCOMES
    assert (found.today.told, found.today.heard) == (13, 5)
    day = MIDNIGHT // DAY_MS
    days = watch.by_day(Days(day - 1, day), now_ms=STARTS_MS + 60_001)
    assert [(one.day, one.told, one.heard) for one in days] == [
        (day - 1, 13, 5),
        (day, 13, 5),
    ]
    assert watch.by_day(Days(day, day), now_ms=STARTS_MS + 60_001) == days[1:]
    assert KeptWatch(None).look(STARTS_MS) is None


def test_today_and_routes_show_it_to_those_who_may(store, tmp_path, certificate):
    """Operators see no totals."""
    folder = tmp_path / "verdicts"
    keep(folder, MIDNIGHT)
    t = words("en")
    with running(store, *certificate, party="BY", verdicts=folder) as world:
        analyst, operator = (
            world.visitor(role, role) for role in ("analyst", "operator")
        )
        until_said(world, analyst, t.say("today.midnight"))
        assert "70.0%" in analyst.page.text
        day = moment(MIDNIGHT).date().isoformat()
        query = f"at_ms_from={day}&at_ms_to={day}"
        assert t.say("routes.counted") in analyst.get(f"/routes?{query}").text
        assert t.say("today.midnight") not in operator.get("/").text
        assert t.say("routes.counted") not in operator.get(f"/routes?{query}").text


def until_said(world, guest, text):
    """Look until a page says something, at most some hundred times."""
    for _ in range(200):
        if text in guest.get("/").text:
            return
        world.clock.pass_s(0.5)
    raise AssertionError(text)
