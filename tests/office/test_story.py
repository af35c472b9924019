"""What the bundle of a case or an objection says, and what keeps it from being made."""

import os
from datetime import date

import pytest

from stores import new_store
from tallystick.agreement.text import digest_of, draft_text, starting_rules
from tallystick.blinding import new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.cases.course import Terms
from tallystick.model import ConfigError, RefusedError
from tallystick.office import Side
from tallystick.office.evidence import case_bundle
from tallystick.office.keeper import LogKeeper
from tallystick.proof import (
    Statement,
    kept_statement,
    latest,
    origin_of,
    sign_statement,
    signing_key,
    verify_bundle,
)
from tallystick.report.evidence import stories
from tallystick.store.log import WitnessFolder, create_log
from tallystick.store.logged import LoggedBook

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
KEYS = {party: new_private_key(party, draw=os.urandom) for party in ("BY", "RU")}
SIGNERS = {party: signing_key(key) for party, key in KEYS.items()}
CHANNEL = channel_between(*(key.public() for key in KEYS.values()))
HANDLE = "26ddf3559f32c155b68b706d"
NUMBER = "375291234567"
HALF = {
    "record": "BY003386611",
    "at_ms": NOW_MS - DAY_MS,
    "trunk": "BY-124",
    "calling": NUMBER,
    "called": "+7 495 123 45 67",
    "note": f"asked by {NUMBER}",
}


class Desk:
    """BY's side, and a witness of RU."""

    def __init__(self, folder) -> None:
        self.store = new_store(folder / "store.db")
        own = SIGNERS["BY"].public()
        create_log(folder / "log", SIGNERS["BY"])
        self.side = Side(
            store=self.store,
            own=KEYS["BY"],
            channel=CHANNEL,
            peer_key=SIGNERS["RU"].public(),
            days=Terms(),
            log=folder / "log",
        )
        seen = WitnessFolder(folder / "seen", SIGNERS["RU"], {origin_of(own): own})
        self.keeper = LogKeeper(
            folder=folder / "log",
            key=SIGNERS["BY"],
            book=LoggedBook(self.store, CHANNEL.identifier),
            witness=SIGNERS["RU"].public(),
            ask=lambda body: seen.answer(body, now_s=NOW_MS // 1000)[:2],
            now_ms=lambda: NOW_MS,
        )
        self.at_ms = NOW_MS

    def say(self, by, about, kind, body, *, at_ms=None) -> None:
        """Say something behind all that was said of it."""
        self.at_ms += 60_000
        kept = self.side.statements.about(about)
        statement = Statement(
            channel=CHANNEL.identifier,
            by=by,
            at_ms=at_ms or self.at_ms,
            about=about,
            kind=kind,
            after=latest([kept_statement(one.note) for one in kept]),
            body=body,
        )
        signed = sign_statement(statement, SIGNERS[by])
        self.side.statements.keep(signed, now_ms=self.at_ms)

    def agree(self) -> None:
        """Have an agreement in force since three days before."""
        text = draft_text(
            name="by-ru-calls",
            keys=[one.public() for one in SIGNERS.values()],
            channel=CHANNEL.identifier,
            first_day=date(2026, 1, 1),
            rules=starting_rules("bilateral"),
        ).replace("consultation_days = 30", "consultation_days = 0")
        about, digest = "agreement/by-ru-calls", digest_of(text)
        body = {"text": text, "digest": digest}
        self.say("BY", about, "proposed", body, at_ms=NOW_MS - 3 * DAY_MS)
        for number, party in enumerate(KEYS, 1):
            at_ms = NOW_MS - 3 * DAY_MS + number
            self.say(party, about, "signed", {"digest": digest}, at_ms=at_ms)

    def told(self, about, *, show_numbers=False, **more) -> str:
        """Return the story of a bundle."""
        proven = verify_bundle(case_bundle(self.side, about, **more))
        (story,) = stories(proven, show_numbers=show_numbers)
        return "\n".join(story)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.store.close()


def raise_case(desk: Desk) -> None:
    about = "case/Z4Z1ARD1BC38J0KD"
    body = {
        "domain": "calls",
        "kind": "stretched-trunk",
        "departure": "BY",
        "arrival": "RU",
        "actor": "Hazel",
        "object": "BY-124",
        "crossings": 2,
        "first_ms": NOW_MS - DAY_MS,
    }
    desk.say("BY", about, "raised", body)
    asked = {"whom": "RU", "question": "as-answered", "crossings": [HANDLE]}
    desk.say("BY", about, "asked", asked)
    desk.say("BY", about, "opened", {"halves": {HANDLE: HALF}})


def test_numbers_are_hidden_in_halves_and_words_unless_asked_for(desk):
    """The half that was not opened is said not to be; names of records stay."""
    desk.agree()
    raise_case(desk)
    text = f"Ring {NUMBER}, or 8 (029) 123-45-67."
    about = "case/Z4Z1ARD1BC38J0KD"
    desk.say("RU", about, "answered", {"answer": "explained", "text": text})
    desk.keeper.turn()
    told = desk.told(about)
    assert "Case Z4Z1ARD1BC38J0KD: stretched-trunk, Hazel, BY-124, BY to RU" in told
    assert f"Crossing {HANDLE}" in told
    assert "departure of BY: record BY003386611, 2026-09-20 " in told
    assert "arrival of RU: not opened" in told
    assert "calling +37529*****67, called +74951****67" in told
    assert "It stands: answered." in told
    for hidden in (NUMBER, "123-45-67", "123 45 67"):
        assert hidden not in told
    told = desk.told(about, show_numbers=True)
    assert told.count(NUMBER) == 3
    assert "8 (029) 123-45-67" in told


def test_an_objection_shows_the_rule_that_acted_with_its_law(desk):
    """And no other rule of the text that was in force then."""
    desk.agree()
    about = "objection/K7QF2M9XT4C3"
    body = {"domain": "calls", "action": "mask", "rule": "missing"}
    desk.say("RU", about, "received", body)
    desk.say("RU", about, "asked", {"whom": "BY", "question": "was-sent"})
    desk.say("BY", about, "answered", {"answer": "explained"})
    desk.say("BY", about, "decided", {"decision": "upheld"})
    desk.say("RU", about, "decided", {"decision": "upheld"})
    desk.keeper.turn()
    told = desk.told(about)
    assert "RU received it: a call met mask, by the rule missing." in told
    assert "BY decided: upheld. (does not count: turn)" in told
    assert "RU decided: upheld.\n" in told
    assert "It stands: decided, outcome upheld." in told
    assert "by-ru-calls, version 1, signed by BY on 2026-09-1" in told
    rules = [line for line in told.splitlines() if line.startswith("    missing")]
    assert len(set(rules)) == 1
    assert "The parties' own rule" in rules[0]
    assert "unproven  " not in told


def test_a_rule_that_was_suspended_is_shown_so(desk):
    """What stopped it is in the bundle, too."""
    desk.agree()
    about = "agreement/by-ru-calls"
    body = {"rule": "missing", "why": "Too many"}
    desk.say("RU", about, "suspended", body, at_ms=NOW_MS - 1000)
    desk.say(
        "RU",
        "objection/K7QF2M9XT4C3",
        "received",
        {"domain": "calls", "action": "mask", "rule": "missing"},
    )
    desk.keeper.turn()
    told = desk.told("objection/K7QF2M9XT4C3")
    assert "    missing                  mask    suspended" in told


def test_without_an_agreement_the_story_says_so(desk):
    """Nothing is made up."""
    raise_case(desk)
    desk.keeper.turn()
    told = desk.told("case/Z4Z1ARD1BC38J0KD")
    assert "no rule that this bundle shows" in told
    assert "by the usual deadlines" in told


def test_what_nobody_understands_is_told_as_what_it_is(desk):
    """Statements of a newer program, or of somebody who plays with it."""
    about = "case/Z4Z1ARD1BC38J0KD"
    desk.say("BY", about, "sung", {"first_ms": "x", "whom": 5, "departure": []})
    desk.say("BY", about, "asked", {"crossings": {}, "last_ms": 10**400})
    desk.say("RU", about, "opened", {"halves": 7})
    desk.keeper.turn()
    told = desk.told(about)
    for said in ("BY said sung", "BY said asked", "RU said opened"):
        assert said in told
    assert "Where it stands cannot be read" in told


def test_no_half_bundle_is_made(desk):
    """Nothing said, nothing logged, nothing cosigned, no log: each is a sentence."""
    about = "case/Z4Z1ARD1BC38J0KD"
    codes = []

    def refused(side, **more) -> None:
        with pytest.raises((RefusedError, ConfigError)) as caught:
            case_bundle(side, about, **more)
        codes.append(caught.value.code)
        assert caught.value.advice

    refused(desk.side)
    raise_case(desk)
    refused(desk.side)
    ask, desk.keeper.ask = desk.keeper.ask, None
    desk.keeper.turn()
    refused(desk.side)
    proven = verify_bundle(case_bundle(desk.side, about, uncosigned=True))
    assert [key.party for key in proven.keys] == ["BY"]
    desk.keeper.ask = ask
    desk.keeper.turn()
    (log,) = verify_bundle(case_bundle(desk.side, about)).logs
    assert set(log.signed.seen) == {"RU"}
    bare = Side(
        store=desk.store,
        own=KEYS["BY"],
        channel=CHANNEL,
        peer_key=SIGNERS["RU"].public(),
        days=Terms(),
    )
    refused(bare)
    assert codes == [
        "evidence-none",
        "evidence-unlogged",
        "evidence-uncosigned",
        "evidence-log",
    ]
