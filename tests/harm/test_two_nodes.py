"""Two running nodes, calls whose truth is known, and the reports of both parties.

Some honest calls are never told of where they leave, so that a live rule acts on them
wrongly: the harm. A later pairing of both sides' records shows it, and nothing else.
"""

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from node.pair import both, post
from tallystick.cli.app import make_app
from tallystick.node.service import now_ms

RULES = """format = "tallystick-rules/1"
name = "trial"
version = 1
[[rules]]
id = "missing"
when = { half = ["no_departure"] }
action = "reject"
mode = "live"
"""
MINUTE = 60_000
COLUMNS = ("record_id", "calling_number", "called_number", "started_at", "duration_s")
GENUINE = 120
NUMBERS = {"spoofed": range(1_000, 2_000), "untold": range(2_000, 3_000)}
EACH = {"spoofed": 30, "untold": 7}


def call(number: int, at_ms: int, *, side: str) -> dict[str, object]:
    """Return a call between numbers of its own."""
    return {
        "call_id": f"{side}-{number}",
        "calling_number": f"+37529{1_000_000 + number * 37}",
        "called_number": f"+7495{2_000_000 + number * 53}",
        "at_ms": at_ms,
    }


def record(one: dict[str, object]) -> tuple[object, ...]:
    """Return a call as its switch's record."""
    at = datetime.fromtimestamp(int(str(one["at_ms"])) / 1000, UTC)
    return (
        one["call_id"],
        one["calling_number"],
        one["called_number"],
        at.isoformat(),
        60,
    )


class Calls:
    """Places calls and keeps both sides' records of them, and what was said."""

    def __init__(self, by, ru):
        self.by, self.ru = by, ru
        self.left, self.arrived = [], []
        self.said = {}
        self.told = 0

    async def place(self, numbers, *, told=True, left=True):
        """Let calls leave, and arrive a moment later."""
        for number in numbers:
            leaving = call(number, now_ms(), side="by")
            if left:
                self.left.append(record(leaving))
            if told:
                status, _ = await post(self.by, "/v1/departures", leaving)
                assert status == 200
                self.told += 1
        await asyncio.sleep(0.15)
        for number in numbers:
            arriving = call(number, now_ms(), side="ru")
            _, said = await post(self.ru, "/v1/arrivals", arriving)
            self.arrived.append(record(arriving))
            self.said[number] = said["outcome"], said["action"]

    async def until_acted_on(self, kind, least, *, left):
        """Place calls that nobody tells of until the rule acted on so many.

        On a busy machine the peer's word comes late, and calls pass as unproven.
        """
        async with asyncio.timeout(30):
            while self.acted_on(NUMBERS[kind]) < least:
                placed = sum(number in NUMBERS[kind] for number in self.said)
                start = NUMBERS[kind].start + placed
                numbers = range(start, start + EACH[kind])
                await self.place(numbers, told=False, left=left)

    def acted_on(self, numbers):
        """Return how many of these calls were rejected."""
        said = (self.said[number] for number in numbers if number in self.said)
        return sum(action == "reject" for _, action in said)


def run(*words: object) -> tuple[int, str]:
    """Run a command in this process; return its status and what it printed."""
    done = CliRunner().invoke(make_app(), [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def write(path: Path, rows) -> Path:
    """Write records as a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Run the nodes, place the calls, stop the nodes; return folder, calls, period."""
    folder = tmp_path_factory.mktemp("played")
    (folder / "rules.toml").write_text(RULES, encoding="ascii")

    async def play():
        async with both(folder, ru_first='rules = "rules.toml"\n') as (by, ru):
            calls = Calls(by, ru)
            for start in range(0, GENUINE, 12):
                await calls.place(range(start, start + 12))
            await calls.until_acted_on("spoofed", 10, left=False)
            await calls.until_acted_on("untold", 1, left=True)
            return calls

    began = now_ms()
    calls = asyncio.run(play())
    until = (now_ms() // MINUTE + 1) * MINUTE
    return folder, calls, (began // MINUTE * MINUTE, until)


def moment(at_ms: int) -> str:
    """Return a moment as the command takes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def report(played, party: str, out: str, *more: object) -> dict[str, object]:
    """Report by the command; return what was published."""
    folder, _, (start, until) = played
    peer = "BY" if party == "RU" else "RU"
    words = ("--verdicts", folder / party / "verdicts", "--party", party)
    words += ("--peer", peer, "--from", moment(start), "--until", moment(until))
    words += ("--after-days", 0, "--at", moment(until), "--out", folder / out)
    status, said = run("harm", "report", *words, *more)
    assert status == 0, said
    return json.loads((folder / out / "report.json").read_bytes())


@pytest.fixture(scope="module")
def paired(played):
    """Pair both sides' records in batch, and return the result."""
    folder, calls, _ = played
    departures = write(folder / "departures.csv", calls.left)
    arrivals = write(folder / "arrivals.csv", calls.arrived)
    status, said = run(
        "pair", "calls", departures, arrivals, "--out", folder / "result"
    )
    assert status in {0, 1}, said
    return folder / "result"


def test_the_report_says_what_was_done(played):
    """Every number is the one that the switches were told."""
    _, calls, _ = played
    made = report(played, "RU", "live", "--least", 1)
    said = [outcome for outcome, _ in calls.said.values()]
    outcomes = made["verified"]["outcomes"]
    assert outcomes == {name: said.count(name) for name in outcomes}
    assert made["verified"]["total"] == len(calls.said)
    acted = calls.acted_on(calls.said)
    assert made["acted"]["total"] == acted >= 11
    assert [r["rule"] for r in made["acted"]["rules"]] == ["missing"]
    # Nobody has looked later: all may have been honest.
    honest = made["honest"]
    assert (honest["least"], honest["most"]) == (0, acted)
    assert not honest["proven"]


def test_later_pairing_shows_the_honest_calls_touched(played, paired):
    """Just those that left and were not told of, which the rule then acted on."""
    _, calls, _ = played
    made = report(played, "RU", "replayed", "--least", 1, "--paired", paired)
    touched = calls.acted_on(NUMBERS["untold"])
    assert touched > 0
    assert made["acted"]["replay"]["honest"] == touched
    assert made["honest"]["least"] == touched
    unproven = made["acted"]["replay"]["unproven"]
    assert made["honest"]["most"] == touched + unproven
    spoofed = calls.acted_on(NUMBERS["spoofed"])
    assert made["acted"]["replay"]["confirmed"] + unproven == spoofed
    assert calls.acted_on(range(GENUINE)) == 0


def test_small_numbers_of_a_real_day_are_held_back(played, paired):
    """Under ten honest calls were touched: the report says so and not how many."""
    made = report(played, "RU", "public", "--paired", paired)
    assert made["acted"]["replay"]["honest"] == "held"
    assert made["honest"]["least"] == 1
    text = (played[0] / "public" / "report.csv").read_text(encoding="utf-8")
    assert "ru-2000" not in text
    assert "+375" not in text


def test_both_parties_publish_and_agree(played, paired):
    """Signed by each, compared, seen by each: what BY told is what RU heard."""
    folder, calls, _ = played
    one = report(played, "BY", "by", "--least", 1)
    two = report(played, "RU", "ru", "--least", 1, "--paired", paired)
    assert one["halves"]["told"] == two["halves"]["heard"] == calls.told
    assert one["verified"]["total"] == 0
    notes = {party: folder / f"{party}.note" for party in ("BY", "RU")}
    terms = ("--terms", folder / "terms.toml")
    for party, note in notes.items():
        made = folder / party.lower() / "report.json"
        key = ("--own", folder / f"{party}.key")
        status, said = run("harm", "sign", made, *key, *terms, "--out", note)
        assert (status, f"{party} reported harm/" in said) == (0, True)
    status, said = run("harm", "compare", *notes.values(), *terms)
    assert (status, said.splitlines()[-1]) == (0, "agreed")
    seen = folder / "seen.note"
    both_ = [word for note in notes.values() for word in ("--seen", note)]
    key = ("--own", folder / "RU.key")
    status, _ = run("harm", "sign", notes["BY"], *key, *terms, *both_, "--out", seen)
    assert status == 0
    out = folder / "both"
    status, said = run("harm", "compare", *notes.values(), seen, *terms, "--out", out)
    assert status == 0
    assert "both seen by RU" in said
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_changed_report_is_refused_and_a_different_one_named(played):
    """One byte changed under a signature; one departure more than was heard."""
    folder, _, _ = played
    report(played, "BY", "by2", "--least", 1)
    report(played, "RU", "ru2", "--least", 1)
    made = folder / "by2" / "report.json"
    value = json.loads(made.read_bytes())
    value["halves"]["told"] += 1
    made.write_text(json.dumps(value), encoding="utf-8")
    ru = folder / "ru2" / "report.json"
    status, said = run("harm", "compare", made, ru, "--out", folder / "differ")
    assert status == 1
    assert said.splitlines()[-2] == "differs"
    assert "told-heard of BY" in said
    note = folder / "by2.note"
    terms = ("--terms", folder / "terms.toml")
    run("harm", "sign", ru, "--own", folder / "RU.key", *terms, "--out", note)
    note.write_bytes(note.read_bytes().replace(b'"told":0', b'"told":9'))
    with pytest.raises(Exception, match="was changed after RU had signed") as told:
        run("harm", "compare", note, *terms)
    assert told.value.code == "note-signature"


def test_commands_say_what_is_wrong(played):
    """Each mistake has its sentence, and nothing is written."""
    folder, _, (start, until) = played
    usual = {
        "--verdicts": folder / "RU" / "verdicts",
        "--party": "RU",
        "--peer": "BY",
        "--from": moment(start),
        "--until": moment(until),
        "--at": moment(until),
        "--out": folder / "never",
    }
    for change, code in (
        ({}, "harm-early"),
        ({"--from": "yesterday"}, "harm-moment"),
        ({"--from": moment(until)}, "harm-period"),
        ({"--least": 2}, "harm-terms"),
        ({"--after-days": 0, "--verdicts": folder / "nowhere"}, "harm-verdicts"),
    ):
        words = [word for pair in (usual | change).items() for word in pair]
        with pytest.raises(Exception, match=r".") as told:
            run("harm", "report", *words)
        assert told.value.code == code
    with pytest.raises(Exception, match="Two reports") as told:
        run("harm", "compare", folder / "terms.toml")
    assert told.value.code == "harm-two"
    assert not (folder / "never").exists()
