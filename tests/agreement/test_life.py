"""The life of an agreement: two signatures or nothing, and a stop that needs nobody."""

import pytest

from tallystick.agreement.text import digest_of

from .agreed import BEGIN, DAY, Table, live, read, statement, text

LATER = BEGIN + 40 * DAY


def signed_table(made: str | None = None) -> tuple[Table, str]:
    """Return a table where both have signed."""
    table = Table()
    digest = table.propose(made or live(text()))
    table.say("BY", BEGIN + 31 * DAY, "signed", digest=digest)
    table.say("RU", BEGIN + 32 * DAY, "signed", digest=digest)
    return table, digest


def codes(table: Table) -> list[str]:
    """Return why statements do not count."""
    return [one.code for one in table.life().passed_over]


def test_what_both_signed_comes_into_force():
    """On its first day, or with the second signature if that is later."""
    table, digest = signed_table()
    life = table.life()
    assert not life.passed_over
    version = life.version(digest)
    begins = BEGIN + 32 * DAY + DAY // 2  # midnight of 25 December
    assert version.begins_ms == begins
    phases = {
        "consultation": (BEGIN, BEGIN + 30 * DAY - 1),
        "to-sign": (BEGIN + 30 * DAY, BEGIN + 31 * DAY - 1),
        "signed-by-one": (BEGIN + 31 * DAY, BEGIN + 32 * DAY - 1),
        "signed-by-both": (BEGIN + 32 * DAY, begins - 1),
        "in-force": (begins, begins + 3650 * DAY),
    }
    for phase, moments in phases.items():
        assert [life.phase(version, at) for at in moments] == [phase, phase]
    assert life.in_force(version.begins_ms - 1) is None
    held = life.in_force(version.begins_ms)
    assert held.version.digest == digest
    assert {rule.mode for rule in held.table.rules} == {"live"}


@pytest.mark.parametrize("who", ["BY", "RU"])
def test_one_signature_does_nothing(who):
    """Not even two of one party."""
    table = Table()
    digest = table.propose(live(text()))
    for day in (31, 32):
        table.say(who, BEGIN + day * DAY, "signed", digest=digest)
    life = table.life()
    assert life.in_force(LATER) is None
    other = {"BY": "RU", "RU": "BY"}[who]
    assert [wait.who for wait in life.waits(LATER)] == [(other,)]


def test_two_signatures_under_two_texts_do_nothing():
    """They must be over the same digest."""
    table = Table()
    first = table.propose(live(text()))
    second = table.propose(live(text(title='"Another"')))
    table.say("BY", LATER, "signed", digest=first)
    table.say("RU", LATER, "signed", digest=second)
    assert table.life().in_force(LATER + 90 * DAY) is None


@pytest.mark.parametrize(("day", "code"), [(29, ["early"]), (30, [])])
def test_a_signature_before_the_consultation_ends_does_not_count(day, code):
    """And its party may sign again."""
    table = Table()
    digest = table.propose(live(text()))
    table.say("BY", BEGIN + day * DAY, "signed", digest=digest)
    assert codes(table) == code
    table.say("BY", LATER, "signed", digest=digest)
    table.say("RU", LATER, "signed", digest=digest)
    assert table.life().in_force(LATER).version.digest == digest


def test_an_open_objection_keeps_a_rule_from_being_signed():
    """Until either side has answered it."""
    table = Table()
    digest = table.propose(live(text()))
    objected = table.say(
        "RU", BEGIN, "objected", digest=digest, rule="missing", text="?", whom="A union"
    )
    table.say("BY", LATER, "signed", digest=digest)
    assert codes(table) == ["objection"]
    life = table.life()
    assert [(one.whom, one.by) for one in life.remarks] == [("A union", "RU")]
    assert [one.what for one in life.waits(LATER)] == ["answer"]
    table.say("BY", LATER, "answered", to=objected.id, text="Because.")
    for who in ("BY", "RU"):
        table.say(who, LATER, "signed", digest=digest)
    assert table.life().in_force(LATER).version.digest == digest


def test_an_objection_goes_with_its_rule_into_another_text():
    """A new title does not answer it; a changed rule does."""
    table = Table()
    first = table.propose(live(text()))
    table.say("RU", BEGIN, "objected", digest=first, rule="missing", text="?")
    same = live(text(title='"Another"'))
    changed = same.replace('action = "mask"', 'action = "label"')
    for made in (same, changed):
        digest = table.propose(made)
        table.say("BY", LATER, "signed", digest=digest)
    assert codes(table) == ["objection"]
    assert table.life().version(digest).signed == {"BY": LATER}


def test_an_objection_that_the_signer_had_not_seen_does_not_undo_his_signature():
    """What has come into force stays in force, whatever comes late."""
    table, digest = signed_table()
    first = table.said[0].id
    late = statement(
        "RU", BEGIN, "objected", (first,), digest=digest, rule="missing", text="?"
    )
    life = read([*table.said, late])
    assert life.in_force(LATER).version.digest == digest
    assert len(life.remarks) == 1


@pytest.mark.parametrize("who", ["BY", "RU"])
@pytest.mark.parametrize("rule", ["missing", None])
def test_either_side_stops_a_rule_at_once(who, rule):
    """It then only notes what it would do; both must lift it."""
    table, _ = signed_table()
    begun, stop, lift = LATER, LATER + DAY, LATER + 2 * DAY
    body = {"rule": rule} if rule else {}
    suspended = table.say(who, stop, "suspended", why="Too many", **body)
    table.say(who, lift, "resumed", lifts=[suspended.id])

    def modes(at: int) -> set[str]:
        rules = table.life().in_force(at).table.rules
        return {one.mode for one in rules if rule in {None, one.id}}

    assert modes(begun) == {"live"}
    assert modes(stop) == modes(lift) == {"dry-run"}
    table.say({"BY": "RU", "RU": "BY"}[who], lift + 1, "resumed", lifts=[suspended.id])
    assert (modes(lift), modes(lift + 1)) == ({"dry-run"}, {"live"})
    whole = table.life().phase(table.life().versions[0], stop)
    assert whole == ("in-force" if rule else "suspended")


def test_a_suspension_counts_before_what_it_follows_has_come():
    """And for a node at once, by however much its clock is ahead."""
    table, _ = signed_table()
    table.say("RU", LATER, "commented", digest="0" * 64, text="?")
    suspended = table.say("RU", LATER + 5_000, "suspended", why="Too many")
    life = read([*table.said[:-2], suspended])
    assert life.in_force(LATER + 5_000).suspended
    assert not life.in_force(LATER).suspended
    assert life.obeyed(LATER).suspended == {
        rule.id for rule in life.obeyed(LATER).table.rules
    }


def test_what_was_in_force_at_a_past_moment_can_be_shown():
    """Of the first text, of the one that followed, and after the end."""
    table, first = signed_table()
    made = live(text(version=2, in_force_from="2027-03-01"))
    second = digest_of(made)
    table.say("RU", LATER, "amended", text=made, digest=second, follows=first)
    for who in ("BY", "RU"):
        table.say(who, LATER + 31 * DAY, "signed", digest=second)
    ended = LATER + 200 * DAY
    table.say("BY", ended, "withdrawn", why="Replaced")
    life = table.life()
    begins = life.version(second).begins_ms
    held = [life.in_force(at) for at in (begins - 1, begins, ended - 1, ended)]
    assert [one and one.version.digest for one in held] == [first, second, second, None]
    assert life.phase(life.version(first), begins) == "superseded"
    assert life.phase(life.version(second), ended) == "withdrawn"


def test_a_text_withdrawn_before_its_first_day_takes_nothing_with_it():
    """The text before it stays."""
    table, first = signed_table()
    made = live(text(version=2, in_force_from="2027-03-01"))
    second = digest_of(made)
    table.say("RU", LATER, "amended", text=made, digest=second, follows=first)
    for who in ("BY", "RU"):
        table.say(who, LATER + 31 * DAY, "signed", digest=second)
    table.say("BY", LATER + 32 * DAY, "withdrawn", digest=second, why="A slip")
    assert table.life().in_force(LATER + 300 * DAY).version.digest == first


def changed(made: str, **members) -> dict[str, object]:
    """Return the body of a proposal with some members changed."""
    return {"text": made, "digest": digest_of(made)} | members


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("applauded", {}, "kind"),
        ("signed", {"digest": "?"}, "body"),
        ("signed", {"digest": "0" * 64}, "unseen"),
        ("proposed", changed("title = 1"), "text"),
        ("proposed", changed(text(), digest="0" * 64), "digest"),
        ("proposed", changed(text(name='"another"')), "other"),
        ("proposed", changed(text(channel=f'"{"6c" * 32}"')), "other"),
        ("amended", changed(text(), follows="0" * 64), "follows"),
        ("objected", {"digest": "0" * 64, "rule": "missing", "text": "?"}, "unseen"),
        ("answered", {"to": "0" * 64, "text": "?"}, "unseen"),
    ],
)
def test_what_does_not_count_is_passed_over_and_told(kind, body, code):
    """It never stops the rest."""
    table, digest = signed_table()
    before = table.life().in_force(LATER)
    alone = Table()
    alone.say("BY", BEGIN, kind, **body)
    assert codes(alone) == [code]
    table.said.append(alone.said[0])
    assert table.life().in_force(LATER) == before
    assert before.version.digest == digest


def test_a_text_edited_after_signing_is_another_text():
    """The signatures are not under it."""
    table, digest = signed_table()
    edited = table.said[0].statement.body["text"].replace('"mask"', '"reject"')
    life = table.life()
    assert digest_of(edited) != digest
    assert life.version(digest_of(edited)) is None


def test_once_both_have_signed_a_text_only_a_higher_version_follows():
    """Neither another first text nor the same version."""
    table, first = signed_table()
    table.propose(live(text(title='"Another"')))
    made = live(text(title='"Another"'))
    table.say("BY", LATER, "amended", follows=first, **changed(made))
    assert codes(table) == ["adopted", "follows"]
