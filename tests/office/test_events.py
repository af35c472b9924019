"""What happened is read off a store: always the same, once for each recipient."""

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.planted import CALLED, CALLING, CHANNEL, DAY_MS, TEXT, plant, say
from console.world import STARTS_MS
from stores import new_store
from tallystick.agreement.life.bodies import BODIES as AGREEMENTS
from tallystick.cases.bodies import BODIES as CASES
from tallystick.model import ConfigError
from tallystick.office.notices import EVENTS, Recipient, Teller
from tallystick.office.notices.events import (
    _SAID,
    SILENT_MS,
    CaseNow,
    Seen,
    events,
    notice_id,
)
from tallystick.office.notices.letters import letter, told_of
from tallystick.office.notices.recipients import read_secret
from tallystick.report.texts import LANGUAGES, texts_in
from tallystick.store import Kept, Outbox

ROOMS = ("case", "objection", "agreement", "channel")
KINDS = sorted({*CASES, *AGREEMENTS})
MOMENTS = st.integers(0, 100 * DAY_MS)


def kept(number, room="case", kind="raised", taken_ms=0):
    """Return a statement as it is kept."""
    return Kept(
        id=f"{number:064x}",
        by="RU",
        about=f"{room}/C{number}",
        kind=kind,
        at_ms=taken_ms,
        taken_ms=taken_ms,
        sent_ms=None,
        note=b"",
    )


def test_every_statement_that_is_told_is_one_that_parties_make():
    """And every event has its words in three languages."""
    known = {"case": CASES, "objection": CASES, "agreement": AGREEMENTS}
    assert all(kind in known[room] for room, kind in _SAID)
    for language in LANGUAGES:
        t = texts_in(language, over="tallystick.office")
        for name in EVENTS:
            assert t.has(f"notice.{name}")
            assert t.has(f"subject.{name}")


@pytest.mark.property
@given(
    st.lists(
        st.tuples(st.sampled_from(ROOMS), st.sampled_from(KINDS), MOMENTS), max_size=20
    ),
    st.lists(st.one_of(st.none(), MOMENTS), max_size=8),
    MOMENTS,
    MOMENTS,
)
def test_the_same_state_gives_the_same_events(said, dues, since_ms, now_ms):
    """Keys differ, nothing is of before, and looking later forgets nothing."""
    statements = [kept(n, *one) for n, one in enumerate(said)]
    cases = [
        CaseNow(id=f"D{n}", kind="loop", state="asked", crossings=n, due_ms=due)
        for n, due in enumerate(dues)
    ]
    seen = Seen(
        statements=statements,
        cases=cases,
        waiting=statements[0] if statements else None,
        trouble="",
    )
    now = list(events(seen, since_ms=since_ms, now_ms=now_ms))
    assert now == list(events(seen, since_ms=since_ms, now_ms=now_ms))
    keys = [one.key for one in now]
    assert len(set(keys)) == len(keys)
    assert {one.name for one in now} <= set(EVENTS)
    assert all(one.at_ms >= since_ms for one in now if one.name != "peer.silent")
    later = {one.key for one in events(seen, since_ms=since_ms, now_ms=now_ms + DAY_MS)}
    assert set(keys) <= later


def test_a_statement_that_was_long_on_its_way_makes_a_case_overdue():
    """Its time had passed before it came."""
    case = CaseNow(id="C1", kind="loop", state="asked", crossings=1, due_ms=5)
    said = [kept(1, kind="asked", taken_ms=50)]
    seen = Seen(statements=said, cases=[case], waiting=None, trouble="")
    names = [one.name for one in events(seen, since_ms=40, now_ms=60)]
    assert names == ["case.asked", "case.overdue"]
    seen = Seen(statements=[], cases=[case], waiting=None, trouble="")
    assert list(events(seen, since_ms=40, now_ms=60)) == []


def test_silence_and_trouble_are_told_once_a_day_at_most():
    """A peer that takes nothing for a day; a book that cannot be kept."""
    waiting = kept(1, taken_ms=1_000)
    seen = Seen(statements=[], cases=[], waiting=waiting, trouble="book-forked")
    keys = [
        [one.key for one in events(seen, since_ms=0, now_ms=now_ms)]
        for now_ms in (1_000 + SILENT_MS - 1, 1_000 + SILENT_MS, 2_000 + SILENT_MS)
    ]
    assert [len(one) for one in keys] == [1, 2, 2]
    assert keys[1] == keys[2]


@pytest.mark.parametrize(
    ("room", "kind", "page"),
    [
        ("case", "asked", "/cases/C1"),
        ("agreement", "signed", "/agreement/C1"),
        ("agreement", "suspended", "/agreement/C1"),
        # With the reference anybody could read the caller's page.
        ("objection", "received", "/objections"),
    ],
)
def test_a_notice_leads_to_the_page_of_what_happened(room, kind, page):
    """Where the console has one; the reference of a caller is in none."""
    seen = Seen(statements=[kept(1, room, kind)], cases=[], waiting=None, trouble="")
    (event,) = events(seen, since_ms=0, now_ms=1)
    said = told_of(event, party="BY", channel=CHANNEL, console="https://c.example")
    assert json.loads(said)["data"]["link"] == f"https://c.example{page}"


class Clock:
    """A clock that goes when it is told to."""

    ms = STARTS_MS

    def __call__(self):
        return self.ms


def teller(store, clock, *recipients, **more):
    """Return who tells what happened in the planted store."""
    given = {
        "channel": CHANNEL,
        "party": "BY",
        "recipients": recipients,
        "mail": None,
        "console": "https://console.example",
        "now_ms": clock,
        "say": [].append,
        "has_peer": False,
    }
    return Teller(store=store, **given | more)


@pytest.fixture
def planted(tmp_path):
    """Return a store with cases, the name of one, and its clock."""
    store = new_store(tmp_path / "s.db")
    yield store, plant(store), Clock()
    store.close()


def told(store):
    """Return everything in the outbox, by recipient."""
    everything = Outbox(store, CHANNEL).take(now_ms=2**60, lease_ms=0, limit=999)
    return [(one.recipient, json.loads(one.told)) for one in everything]


HOOK, DESK = "https://hook.example/x", "mailto:desk@body.example"


def test_what_happens_is_put_into_the_outbox_once_whoever_looks(planted):
    """Not what was before a recipient was named; over restarts and changes."""
    store, case, clock = planted
    hook = Recipient(to=HOOK, secret=bytes(32))
    desk = Recipient(to=DESK, events=frozenset({"case.decided", "case.overdue"}))
    assert teller(store, clock, hook).look() == 0
    clock.ms += 60_000
    say(store, f"case/{case}", "closed", {}, days=-1)
    other = say_raised(store, clock)
    assert teller(store, clock, hook, desk).look() == 1
    for _ in range(3):
        clock.ms += 1_000
        assert teller(store, clock, hook, desk).look() == 0
    clock.ms += 60 * DAY_MS
    assert teller(store, clock, hook, desk).look() == 2
    assert teller(store, clock, hook, desk).look() == 0
    names = [(to, one["type"], one["data"]["case"]) for to, one in told(store)]
    assert sorted(names) == [
        (HOOK, "case.opened", other),
        (HOOK, "case.overdue", other),
        (DESK, "case.overdue", other),
    ]


def say_raised(store, clock):
    """Let BY raise another case now; return its name."""
    from console.planted import case_of

    one = case_of(store, object="T2")
    names = ("domain", "kind", "departure", "arrival", "actor", "object")
    days = (STARTS_MS - clock.ms) / DAY_MS
    body = {name: getattr(one, name) for name in names} | {"text": TEXT}
    say(store, f"case/{one.id}", "raised", body, days=int(days))
    return one.id


def test_a_kill_between_looking_and_keeping_loses_nothing(planted, monkeypatch):
    """What was seen and what is kept change together."""
    store, _, clock = planted
    one = teller(store, clock, Recipient(to=HOOK, secret=bytes(32)))
    one.look()
    clock.ms += 60_000
    say_raised(store, clock)
    with monkeypatch.context() as patched:

        def fails(*_, **__):
            raise OSError("no room")

        patched.setattr(Outbox, "_row", fails)
        with pytest.raises(OSError, match="no room"):
            one.look()
    clock.ms += 3_600_000
    assert one.look() == 1


def test_no_notice_holds_a_number_a_name_or_a_reference(planted):
    """Neither as JSON nor as a letter, in any language."""
    store, case, clock = planted
    recipients = [
        Recipient(to=f"mailto:{one}@body.example", language=one) for one in LANGUAGES
    ]
    teller(store, clock, *recipients).look()
    clock.ms += 60_000
    other = say_raised(store, clock)
    reference = "RU-7KQ2-M9XB-4"
    from sqlalchemy import insert

    from tallystick.store.tables import STATEMENTS

    with store.write() as connection:
        row = {
            **dict.fromkeys(STATEMENTS.c.keys(), "x"),
            "channel": CHANNEL,
            "by": "RU",
            "about": f"objection/{reference}",
            "kind": "received",
            "note": TEXT.encode(),
            "at_ms": clock.ms,
            "taken_ms": clock.ms,
            "sent_ms": clock.ms,
        }
        connection.execute(insert(STATEMENTS).values(row))
    clock.ms += 1
    assert teller(store, clock, *recipients).look() == 6
    for to, one in told(store):
        recipient = next(r for r in recipients if r.to == to)
        made = letter(
            json.dumps(one),
            recipient,
            ident="a" * 64,
            sender="t@body.example",
            made_ms=1,
        )
        body = made.get_content()
        everything = json.dumps(one) + made.as_string() + body
        for secret in (CALLING, CALLED, reference, TEXT, "T2", "Oak"):
            assert secret not in everything
        assert not re.search(r"\+?\d{9,}", body)
        assert "console.example" in body
        assert (other in body) == (one["type"] == "case.opened")
        assert case not in body
        assert made["Auto-Submitted"] == "auto-generated"
        assert "notice." not in body
        assert "{" not in body


def test_letters_cannot_be_given_other_heads():
    """Whatever an address or a party is called."""
    for to in ("mailto:a@b\r\nBcc: c@d", "mailto:", "mailto:a b@c", "mailto:a,b@c"):
        with pytest.raises(ConfigError):
            Recipient(to=to)


@pytest.mark.parametrize(
    "to",
    [
        "http://hook.example/",
        "https://",
        "https://user:word@hook.example/",
        "https://hook.example/#x",
        "https://hook.example:0/",
        "https://hook.example:99999/",
        "https://hook.example/ x",
        "ftp://hook.example",
        "desk@body.example",
    ],
)
def test_a_recipient_that_cannot_be_told_is_refused(to):
    """With a sentence that shows the two forms."""
    with pytest.raises(ConfigError, match="mailto:") as caught:
        Recipient(to=to, secret=bytes(32))
    assert caught.value.code == "notify-to"


def test_events_and_secrets_that_are_none_are_refused():
    """With what there is."""
    with pytest.raises(ConfigError, match=r"case\.opened"):
        Recipient(to=HOOK, secret=bytes(32), events=frozenset({"case.open"}))
    for secret in (b"", bytes(23), bytes(65)):
        with pytest.raises(ConfigError) as caught:
            Recipient(to=HOOK, secret=secret)
        assert caught.value.code == "notify-secret"
    assert read_secret("whsec_AAEC\n") == b"\0\1\2"
    for text in ("", "whsec_", "AAEC", "whsec_!!!"):
        with pytest.raises(ConfigError):
            read_secret(text)
    assert "secret" not in repr(Recipient(to=HOOK, secret=b"secret" * 4))


def test_ids_follow_from_event_and_recipient():
    """Two recipients never share one, nor two events."""
    every = list(itertools.starmap(notice_id, itertools.product("abc", "xyz")))
    assert len(set(every)) == 9
