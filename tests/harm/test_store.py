"""`tally harm` and the store: what it counts there, and what it puts there."""

import json

import pytest
from typer.testing import CliRunner

from node.pair import agreed
from tallystick.blinding.channel import channel_between
from tallystick.blinding.keyfile import read_private_key, write_channel
from tallystick.cli import make_app
from tallystick.harm import Figures, PublishTerms, publish
from tallystick.model import TallystickError
from tallystick.proof import kept_statement
from tallystick.store import StatementBook, open_store
from tallystick.store.cases import ObjectionBook, ObjectionRow
from tallystick.store.harm import HarmBook

from .drawn import OCTOBER
from .test_counting import FROM_MS, write

RUN = CliRunner()
LATER = "2027-01-01"


@pytest.fixture
def place(tmp_path):
    """Return a folder with both keys, their channel and the terms of it."""
    agreed(tmp_path)
    keys = [read_private_key(tmp_path / f"{party}.key") for party in ("BY", "RU")]
    channel = channel_between(*(key.public() for key in keys))
    write_channel(tmp_path / "channel.toml", channel)
    return tmp_path, channel.identifier


def tally(*command):
    """Run a command; return what it says."""
    result = RUN.invoke(make_app(), ["harm", *map(str, command)])
    if result.exception is not None:
        raise result.exception
    return result.output


def objection(number, *, outcome="", received=True, at_ms=FROM_MS):
    """Return an objection about a call."""
    return ObjectionRow(
        reference=f"REF{number}",
        verdict=f"c{number}",
        action="mask",
        rule="missing",
        verdict_ms=at_ms,
        received_ms=at_ms + 1 if received else None,
        state="decided" if outcome else "received",
        outcome=outcome,
    )


def test_objections_are_counted_out_of_the_store(place):
    """Those of the period, as they were decided; references nobody used are none."""
    folder, channel = place
    url = f"sqlite:///{folder}/ru.db"
    store = open_store(url)
    book = ObjectionBook(store, channel)
    for row in (
        *(objection(n, outcome="upheld") for n in range(10)),
        *(objection(n, outcome="dismissed") for n in range(10, 30)),
        *(objection(n) for n in range(30, 60)),
        *(objection(n, received=False) for n in range(60, 80)),
        *(objection(n, outcome="upheld", at_ms=FROM_MS - 1) for n in range(80, 99)),
    ):
        book.give(row)
    store.close()
    touched = {
        "outcome": "no_departure",
        "action": "mask",
        "rule": "missing",
        "mode": "live",
        "would": "mask",
        "acting": "missing",
        "carrier": "Elm",
        "waited_ms": 1,
        "covered": True,
        "watched": False,
    }
    rows = [touched | {"call_id": f"c{n}", "at_ms": FROM_MS} for n in range(20)]
    write(folder / "verdicts", rows)
    given = ("report", "--verdicts", folder / "verdicts", "--party", "RU")
    given += ("--peer", "BY", "--from", "2026-10-01", "--until", "2026-11-01")
    given += ("--out", folder / "out", "--store", url, "--at", LATER)
    with pytest.raises(TallystickError) as caught:
        tally(*given)
    assert caught.value.code == "harm-channel"
    tally(*given, "--channel", folder / "channel.toml")
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["redress"] == {"upheld": 10, "refused": 20, "open": 30}
    assert report["honest"]["least"] == 10
    assert report["open"] == {"cases": 0, "overdue": 0}


def test_a_signed_report_lies_in_the_store_for_the_office(place):
    """Behind what was said before; both seen, once both are there."""
    folder, channel = place
    url = f"sqlite:///{folder}/ru.db"
    for party, peer in (("RU", "BY"), ("BY", "RU")):
        figures = Figures(
            party=party, peer=peer, period=OCTOBER, outcomes={"paired": 100}
        )
        report = publish(figures, PublishTerms())
        (folder / f"{party}.json").write_text(json.dumps(report))
    with pytest.raises(TallystickError) as caught:
        tally("sign", folder / "RU.json", *own(folder, "RU"))
    assert caught.value.code == "harm-out"
    stored = ("--store", url, "--at", LATER)
    with pytest.raises(TallystickError) as caught:
        tally("seen", "2026-10", *own(folder, "RU"), *stored)
    assert caught.value.code == "harm-two"
    for party in ("RU", "BY"):
        tally("sign", folder / f"{party}.json", *own(folder, party), *stored)
    tally("seen", "2026-10", *own(folder, "RU"), *stored)
    store = open_store(url)
    kept = StatementBook(store, channel).unsent()
    said = [kept_statement(one.note) for one in kept]
    first, second = (one for one in said if one.statement.kind == "reported")
    assert {first.id, second.id} >= set(first.statement.after + second.statement.after)
    (found,) = HarmBook(store).every()
    assert found.state.standing == "agreed"
    assert found.state.countersigned == {"RU"}
    store.close()


def own(folder, party):
    """Return the options that say who signs."""
    return ("--own", folder / f"{party}.key", "--terms", folder / "terms.toml")
