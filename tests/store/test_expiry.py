"""What is older than agreed is let go of: all of it, nothing else, and for good."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from tallystick.agreement.text import draft_text, parse_text, starting_rules
from tallystick.cases.course import Terms
from tallystick.cases.grouping import group
from tallystick.cases.over import Horizons, horizons
from tallystick.cases.reference import make_reference
from tallystick.domains.calls.cases import RULES
from tallystick.model import RefusedError
from tallystick.net.statements import StatementDoor
from tallystick.proof import SALT_BYTES, Opening, kept_statement
from tallystick.store import StatementBook, open_store
from tallystick.store.cases import CaseDesk, CaseQuery, ObjectionRow, gather
from tallystick.store.expiry import Expiry, Old, letting, planned
from tallystick.store.findings import ResultFigures, RouteDay
from tallystick.store.findings.keeping import EVERY, SIDES
from tallystick.store.log import Forgotten, create_log, look_at_log, open_log
from tallystick.store.logged import LoggedBook, kind_of
from tallystick.store.tables import (
    CASES,
    FINDING_DAYS,
    FINDINGS,
    LAWFUL,
    LOGGED,
    OBJECTIONS,
    RESULTS,
    ROUTE_DAYS,
    STATEMENTS,
)

from .simulated import WAY
from .test_desk import KEYS, PUBLIC, findings, raised

DAY = 86_400_000
NOW_DAY = 1_000
CASES_DAY, OBJECTIONS_DAY, STATEMENTS_DAY, VERDICTS_DAY = 600, 500, 300, 700
WORLDS = itertools.count()
NAMES = {
    "cases": CASES.c.id,
    "findings": FINDINGS.c.handle,
    "objections": OBJECTIONS.c.reference,
    "conclusions": LAWFUL.c.id,
    "results": RESULTS.c.id,
    "statements": STATEMENTS.c.id,
}


def old_by(desk, **days):
    """Return what is too old; days that are given count instead."""
    told = {
        "cases_ms": CASES_DAY,
        "objections_ms": OBJECTIONS_DAY,
        "statements_ms": STATEMENTS_DAY,
        "verdicts_ms": VERDICTS_DAY,
    }
    moments = {name: day * DAY for name, day in (told | days).items()}
    return Old(desk=desk, horizons=Horizons(**moments), now_ms=NOW_DAY * DAY)


class World:
    """A channel of its own, with A's desk; and what is to be let go of in it."""

    def __init__(self, store, elsewhere=None) -> None:
        self.elsewhere = elsewhere
        number = next(WORLDS)
        self.secret, self.store = f"{number:032}".encode(), store
        self.desk = CaseDesk(
            store=store,
            channel=f"{number:064x}",
            parties=("A", "B"),
            secret=self.secret,
            terms=Terms(),
        )
        self.book = StatementBook(store, self.desk.channel)
        self.numbers = itertools.count()

    def find(self, many, day, trunk="", why=None):
        """Take in findings of a day: of a trunk, or of no case; return their frame."""
        first = next(self.numbers) * 100
        frame = findings(many, at_ms=day * DAY, first=first)
        frame = frame.with_columns(
            object=pl.lit(trunk),
            why=pl.lit(why, pl.String),
            case=pl.lit(None if why else "stretched-trunk", pl.String),
        )
        self.take(frame)
        return frame

    def take(self, frame):
        """Take findings in, or take them in again."""
        way = {**WAY, "departure": "A", "arrival": "B"}
        grouped = group(
            frame, **way, secret=self.secret, lawful=self.desk.cases.lawful()
        )
        return gather(
            *(self.store, self.desk.channel, grouped),
            **way,
            secret=self.secret,
            rules=RULES,
        )

    def case(self, trunk, day):
        """Return the case of a trunk, newly found on a day."""
        self.find(12, day, trunk)
        rows = self.desk.cases.find(CaseQuery(size=500)).rows
        return max(
            (one for one in rows if one.object == trunk), key=lambda one: one.nth
        )

    def say(self, about, day, *said, sent=True):
        """Say some things of a case, an hour one after the other."""
        for hour, (by, kind, body) in enumerate(said, 1):
            now_ms = day * DAY + hour * DAY // 24
            signed = self.desk.say(about, kind, body, key=KEYS[by], now_ms=now_ms)
            if sent:
                self.book.mark_sent(signed.id, now_ms=now_ms)

    def end(self, row, day, *, lawful=None, sent=True):
        """Bring a case to its end: withdrawn, or as lawful."""
        about = f"case/{row.id}"
        begun = ("A", "raised", raised(row))
        steps = [begun, ("A", "closed", {})]
        if lawful is not None:
            body = {"covers": "both", "from_ms": 0, "until_ms": lawful or None}
            steps = [
                begun,
                ("A", "asked", {"whom": "B", "question": "as-answered"}),
                ("B", "answered", {"answer": "explained"}),
                ("A", "decided", {"decision": "lawful", "lawful": body}),
                ("B", "closed", {}),
            ]
        self.say(about, day, *steps, sent=sent)
        return about

    def held(self):
        """Return the names of all that is kept."""
        with self.store.read() as connection:
            return {
                kind: set(
                    connection.scalars(
                        select(name).where(name.table.c.channel == self.desk.channel)
                    )
                )
                for kind, name in NAMES.items()
            }

    def let_go(self, **more):
        """Let go of what is too old; return what each kind came to."""
        expiry = Expiry(old=old_by(self.desk), **more)
        return sum((Counter(piece) for piece in expiry.steps()), Counter())


def counted_by_day(store, channel):
    """Count findings by day as the table of counts should have them."""
    counted = Counter()
    with store.read() as connection:
        rows = connection.execute(select(FINDINGS).where(FINDINGS.c.channel == channel))
        for row in rows.mappings():
            for side in (*SIDES, EVERY):
                if side == EVERY or row[f"{side}_id"] is not None:
                    names = (
                        (row[f"{side}_carrier"], row[f"{side}_point"])
                        if side
                        else ("", "")
                    )
                    counted[row["at_ms"] // DAY, side, *names, row["finding"]] += 1
        at = FINDING_DAYS.c
        kept = select(at.day, at.side, at.carrier, at.point, at.finding, at.crossings)
        kept = kept.where(at.channel == channel)
        return counted, {tuple(key): n for *key, n in connection.execute(kept)}


FATES = ("few", "found", "open", "unsent", "done", "backdated", "lawful")
days = st.integers(1, 990)
problems = st.lists(
    st.tuples(st.sampled_from(FATES), days, st.integers(0, 999)), max_size=6
)
called = st.lists(
    st.tuples(st.sampled_from(("given", "asked", "told")), days), max_size=4
)


def problem(world, number, fate, day, until_day):
    """Have a problem, and note what is to be let go of it; say when it is over."""
    trunk = f"BY-{number}"
    before = world.held()
    if fate == "few":
        world.find(3, day, trunk)
        gone = {"findings"} if day < CASES_DAY else set()
        return before, gone
    row = world.case(trunk, day)
    about = f"case/{row.id}"
    if fate == "open":
        world.say(about, day, ("A", "raised", raised(row)))
    elif fate == "backdated":
        # The peer says on day 995 that all was over long before.
        peer = replace(world.desk, store=world.elsewhere)
        for kind, hour in (("raised", 1), ("closed", 2)):
            body = raised(row) if kind == "raised" else {}
            told_ms = day * DAY + hour
            signed = peer.say(about, kind, body, key=KEYS["B"], now_ms=told_ms)
            world.desk.hear(signed.note, keys=PUBLIC, now_ms=995 * DAY)
    elif fate != "found":
        lawful = until_day * DAY if fate == "lawful" else None
        world.end(row, day, lawful=lawful, sent=fate != "unsent")
    gone = set()
    if fate in {"done", "lawful"}:
        gone |= {"cases", "findings"} if day < CASES_DAY else set()
        gone |= {"statements"} if day < STATEMENTS_DAY else set()
    if fate == "lawful" and 0 < until_day < CASES_DAY:
        gone.add("conclusions")
    return before, gone


def objection(world, number, fate, day):
    """Have a reference; let a caller object by it, and be told."""
    before = world.held()
    reference = make_reference(world.secret, f"call-{number}")
    world.desk.objections.give(
        ObjectionRow(
            reference=reference,
            verdict=f"call-{number}",
            action="reject",
            rule="missing",
            verdict_ms=day * DAY,
        )
    )
    if fate == "given":
        return before, {"objections"} if day < VERDICTS_DAY else set()
    body = {"domain": "calls", "action": "reject", "rule": "missing"}
    steps = [
        ("A", "received", body),
        ("A", "asked", {"whom": "B", "question": "was-sent"}),
    ]
    if fate == "told":
        steps += [("B", "answered", {"answer": "explained"})]
        steps += [("A", "decided", {"decision": "upheld"}), ("A", "told", {})]
    world.say(f"objection/{reference}", day, *steps)
    gone = set()
    if fate == "told":
        gone |= {"objections"} if day < OBJECTIONS_DAY else set()
        gone |= {"statements"} if day < STATEMENTS_DAY else set()
    return before, gone


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(problems, called, st.lists(days, max_size=3), st.data())
def test_all_that_is_too_old_goes_and_nothing_else(
    store, elsewhere, had, objected, loose, data
):
    """Whatever is held: what was counted before goes, the rest stays as it was.

    Open cases, objections without an answer, what the peer has not taken or has dated
    back, conclusions that hold, and what nobody agreed to let go of, stay.
    """
    world, goes = World(store, elsewhere), {kind: set() for kind in NAMES}
    made = [(problem, one) for one in had] + [(objection, one) for one in objected]
    for number, (make, one) in enumerate(data.draw(st.permutations(made))):
        before, kinds = make(world, number, *one)
        now = world.held()
        for kind in kinds:
            goes[kind] |= now[kind] - before[kind]
        if make is problem and one[0] == "few" and kinds:
            goes["cases"] |= now["cases"] - before["cases"]
    for day in loose:
        before = world.held()["findings"]
        world.find(2, day, why="unknown")
        goes["findings"] |= (
            (world.held()["findings"] - before) if day < CASES_DAY else set()
        )
    before, lines = world.held(), {one.kind: one for one in planned(old_by(world.desk))}
    gone = world.let_go()
    after = world.held()
    assert after == {kind: before[kind] - goes[kind] for kind in NAMES}
    assert {kind: gone[kind] for kind in lines} == {
        k: one.goes for k, one in lines.items()
    }
    again = {one.kind: one for one in planned(old_by(world.desk))}
    assert {k: (one.stays, one.oldest_ms) for k, one in lines.items()} == {
        k: (one.stays, one.oldest_ms) for k, one in again.items()
    }
    assert not +world.let_go()
    counted, kept = counted_by_day(store, world.desk.channel)
    assert kept == counted


@pytest.fixture
def elsewhere(tmp_path):
    """Return the peer's store."""
    opened = open_store(f"sqlite:///{tmp_path}/elsewhere.db")
    yield opened
    opened.close()


def appended(world, folder):
    """Log all that was said."""
    logged = LoggedBook(world.store, world.desk.channel)
    with open_log(folder, KEYS["A"]) as log:
        logged.catch_up(log)
        for kept in logged.unlogged(log.signed.checkpoint.origin):
            told = {"kind": kind_of(kept), "content": kept.note.decode()}
            log.append([Opening(salt=SALT_BYTES * b"s", **told)])


def test_what_was_let_go_of_does_not_come_back(store, elsewhere):
    """Not from the peer, a result or a node's files; what came later is another."""
    world, peer = World(store), World(elsewhere)
    peer.desk = replace(world.desk, store=elsewhere)
    peer.book = StatementBook(elsewhere, world.desk.channel)
    row = world.case("BY-1", 10)
    about = world.end(row, 10, lawful=950 * DAY)
    objection(world, 1, "told", 10)
    (given_row,) = world.desk.objections.every()
    for said in (about, f"objection/{given_row.reference}"):
        for one in world.book.about(said):
            peer.desk.hear(one.note, keys=PUBLIC, now_ms=20 * DAY)
    now_ms = NOW_DAY * DAY
    stands = peer.desk.state(about, now_ms=now_ms)
    assert world.let_go()["statements"] == 10
    # The peer has all of it still, and sends it again.
    assert peer.book.send_again() == 10
    door = StatementDoor(
        *(world.book, PUBLIC),
        channel=world.desk.channel,
        own="A",
        now_ms=lambda: now_ms,
        heard=lambda signed: world.desk.heard(signed, now_ms=now_ms),
    )
    before = world.held()
    for one in peer.book.unsent():
        assert door.take(one.note).status == 200
        peer.book.mark_sent(one.id, now_ms=20 * DAY)
    world.desk.objections.give(given_row, given_row)
    assert world.held() == before
    assert before["cases"] == before["objections"] == before["statements"] == set()
    with pytest.raises(RefusedError) as caught:
        world.desk.say(about, "raised", raised(row), key=KEYS["A"], now_ms=now_ms)
    assert caught.value.code == "case-forgotten"
    # The conclusion holds on, on both sides; then what is found is another case.
    assert len(world.desk.cases.lawful()) == 1
    assert peer.desk.cases.lawful() == world.desk.cases.lawful()
    assert world.case("BY-1", 960).nth == 2
    # What is part of the case that is over is part of no other.
    with world.store.write() as connection:
        connection.execute(delete(LAWFUL))
    frame = findings(12, at_ms=10 * DAY).with_columns(object=pl.lit("BY-1"))
    taken = world.take(frame)
    assert (taken.new, taken.left["why"].to_list()) == (0, ["over"])
    # The other side lets go of it later, and reads the same until then.
    assert peer.desk.state(about, now_ms=now_ms) == stands
    assert peer.let_go()["statements"] == 10
    assert peer.book.send_again() == 0


def appealed(world, elsewhere):
    """Have a case that ended, and an appeal of the peer that has not come yet."""
    row = world.case("BY-1", 400)
    about = world.end(row, 400, lawful=0)
    peer = replace(world.desk, store=elsewhere)
    *said, closed = [kept_statement(one.note) for one in world.book.about(about)]
    for one in said:
        peer.hear(one.note, keys=PUBLIC, now_ms=401 * DAY)
    appeal_ms = closed.statement.at_ms - 1
    return row, closed, peer.say(about, "appealed", {}, key=KEYS["B"], now_ms=appeal_ms)


def test_a_case_comes_back_where_the_peer_did_not_let_it_end(store, elsewhere):
    """Its statements outlive its row; a late one that counts makes it an open case."""
    world = World(store)
    row, closed, appeal = appealed(world, elsewhere)
    assert world.let_go() == {"cases": 1, "findings": 12}
    assert world.desk.heard(closed, now_ms=NOW_DAY * DAY).has_ended
    assert world.held()["cases"] == set()
    world.desk.hear(appeal.note, keys=PUBLIC, now_ms=NOW_DAY * DAY)
    (back,) = world.desk.cases.find(CaseQuery()).rows
    assert (back.id, back.state, back.crossings) == (row.id, "appealed", 0)
    assert world.let_go() == {}


def test_a_case_that_opens_again_meanwhile_is_left_alone(store, elsewhere, monkeypatch):
    """Between two pieces of it: what is there still stays."""
    monkeypatch.setattr(letting, "ROWS", 5)
    world = World(store)
    row, _, appeal = appealed(world, elsewhere)
    steps = Expiry(old=old_by(world.desk)).steps()
    assert next(steps) == {"findings": 5}
    world.desk.hear(appeal.note, keys=PUBLIC, now_ms=NOW_DAY * DAY)
    assert not any(sum(one.values()) for one in steps)
    assert world.desk.cases.case(row.id).state == "appealed"
    assert len(world.held()["findings"]) == 7


def test_the_log_keeps_commitments_only(store, tmp_path):
    """What they were made of goes with what was said; the log stays whole and grows."""
    world, folder = World(store), tmp_path / "log"
    create_log(folder, KEYS["A"], origin="tallystick/log/A/test")
    told = {"log": (folder, KEYS["A"])}
    old = world.end(world.case("BY-1", 10), 10)
    young = world.end(world.case("BY-2", 900), 900)
    assert not world.let_go(**told)["statements"]  # it is not logged yet
    appended(world, folder)
    assert world.let_go(**told) == {"statements": 2}
    last = world.end(world.case("BY-3", 20), 20)
    appended(world, folder)
    # What the last entry was made of shows that the log is whole: it waits.
    assert world.let_go(**told) == {"cases": 1, "findings": 12}
    assert len(world.book.about(last)) == 2
    with open_log(folder, KEYS["A"]) as log:
        log.append([Opening(kind="counts", salt=SALT_BYTES * b"s", content="{}")])
    assert world.let_go(**told) == {"statements": 2}
    logged = LoggedBook(store, world.desk.channel)
    with open_log(folder, KEYS["A"]) as log:
        made = list(log.openings(0, log.size))
        origin = log.signed.checkpoint.origin
        gone = [at for at, one in enumerate(made) if isinstance(one, Forgotten)]
        assert gone == [0, 1, 4, 5]
        with pytest.raises(RefusedError) as caught:
            log.part(gone, [])
        assert caught.value.code == "entry-forgotten"
        kept = [one.id for one in world.book.about(young)]
        assert set(logged.places(origin, kept).values()) == {2, 3}
        assert len(log.part([2, 3], []).entries) == 2
        # The index made anew says the same.
        table = select(LOGGED).where(LOGGED.c.log == origin).order_by(LOGGED.c.place)
        with store.write() as connection:
            before = connection.execute(table).all()
            connection.execute(delete(LOGGED).where(LOGGED.c.log == origin))
        assert logged.catch_up(log) == 7
        with store.read() as connection:
            assert connection.execute(table).all() == before
        log.append([Opening(kind="counts", salt=SALT_BYTES * b"t", content="[]")])
    assert look_at_log(folder, KEYS["A"].public(), []).check(100) == range(8)
    files = [one for one in (folder / "private").rglob("*") if one.is_file()]
    openings = b"".join(one.read_bytes() for one in files)
    assert old.encode() not in openings
    assert young.encode() in openings


def test_a_program_may_end_between_any_two_pieces(store, monkeypatch):
    """Whatever was done stays done, and the next one goes on."""
    monkeypatch.setattr(letting, "ROWS", 5)
    monkeypatch.setattr(letting, "SOME", 1)
    world, total = World(store), Counter()
    for number in range(2):
        world.end(world.case(f"BY-{number}", 10), 10)
    world.find(7, 20, why="unknown")
    lines = {one.kind: one.goes for one in planned(old_by(world.desk)) if one.goes}
    while more := first(Expiry(old=old_by(world.desk))):
        total += more
        assert max(more.values()) <= 5
        counted, kept = counted_by_day(store, world.desk.channel)
        assert kept == counted
    assert total == lines == {"cases": 2, "findings": 31, "statements": 4}


def first(expiry):
    """Let go of one piece; nothing where nothing is left."""
    return next((+Counter(one) for one in expiry.steps() if any(one.values())), None)


def test_figures_of_old_results_go(store):
    """With their days; those of a result that reaches into what is kept stay."""
    world = World(store)
    way = {**WAY, "departure": "A", "arrival": "B"}
    empty = group(findings(0), **way, secret=world.secret)
    routes = [RouteDay(day=5, side="departure", carrier="Elm", point="BY-1", paired=9)]
    for number, until_day in ((1, CASES_DAY - 1), (2, CASES_DAY + 1)):
        figures = ResultFigures(
            id=f"{number}" * 16, from_ms=number, until_ms=until_day * DAY, routes=routes
        )
        told = {"secret": world.secret, "rules": RULES, "figures": figures}
        gather(store, world.desk.channel, empty, **way, **told)
    assert world.let_go() == {"results": 1}
    assert world.held()["results"] == {"2" * 16}
    with store.read() as connection:
        assert set(connection.scalars(select(ROUTE_DAYS.c.result))) == {"2" * 16}


def test_periods_are_those_of_the_agreement():
    """A case goes with its statements; what is still counted of an objection waits."""
    made = draft_text(
        name="a-b",
        keys=list(PUBLIC),
        channel="5b" * 32,
        first_day=date(2026, 1, 1),
        rules=starting_rules("bilateral"),
    )
    text, now_ms = parse_text(made), 5_000 * DAY
    kept = horizons(text, now_ms=now_ms)
    assert kept.verdicts_ms == now_ms - 365 * DAY
    assert kept.cases_ms == kept.objections_ms == now_ms - 1_825 * DAY
    assert kept.statements_ms == now_ms - 3_650 * DAY
    retention = replace(text.retention, cases_days=1, statements_days=365)
    short = horizons(replace(text, retention=retention), now_ms=now_ms)
    assert short.cases_ms == now_ms - DAY
    assert short.objections_ms == now_ms - (62 + text.publication.days) * DAY
    retention = replace(retention, cases_days=3_650)
    assert horizons(replace(text, retention=retention), now_ms=now_ms).cases_ms == (
        now_ms - 365 * DAY
    )
