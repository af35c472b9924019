"""Trying rules: what a draft would have done with a day, counted a second time."""

import json
from pathlib import Path

import polars as pl
import pytest

from cli.told import tally
from tallystick.agreement import Evidence, decide
from tallystick.agreement.text import parse_text, starting_rules
from tallystick.engines.trial import arriving_party, beside, read_crossings, try_rules
from tallystick.model import ConfigError, UnavailableError

from .agreed import text


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Path:
    """Return the result of a simulated day from BY to RU."""
    folder = tmp_path_factory.mktemp("trial")
    day = ("--calls", "6000", "--seed", "4", "--plant", "high", "--out", "day")
    assert tally("simulate", "calls", *day, folder=folder).status == 0
    both = ("day/departures.csv", "day/arrivals.csv", "--numbering")
    more = ("day/numbering.toml", "--domestic", "day/domestic.csv", "--out", "result")
    assert tally("pair", "calls", *both, *more, folder=folder).status == 1
    return folder / "result"


def trial(result: Path, start: str = "bilateral", arrivals: str = "RU"):
    """Return what a table to start from would have done, by rule."""
    made = text().split("[[rules]]", maxsplit=1)[0] + starting_rules(start)
    told = try_rules(parse_text(made), read_crossings(result), arrivals=arrivals)
    return told, {one.rule: one for one in told.rules}


def tables(result: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return findings at the border, and pairs of which there is no finding."""
    found = pl.read_parquet(result / "findings.parquet").filter(
        pl.col("arrival_side") == "arrivals"
    )
    pairs = pl.read_parquet(result / "pairs.parquet")
    return found, pairs.join(found, on="arrival_id", how="anti")


def test_every_arrival_is_counted_once(result):
    """Each under the rule that decides on it."""
    told, rules = trial(result)
    found, pairs = tables(result)
    assert told.crossings == found.height + pairs.height
    assert sum(one.calls for one in rules.values()) == told.crossings
    everything = pl.read_parquet(result / "findings.parquet").height
    assert told.not_judged == everything - found.height


def test_a_rule_counts_what_it_would_do(result):
    """The missing ones with a number of the other side, and no other."""
    _, rules = trial(result)
    found, _ = tables(result)
    missing = found.filter(
        (pl.col("kind") == "no_departure")
        & pl.col("arrival_calling").str.starts_with("+375")
    )
    one = rules["missing"]
    assert missing.height > 10
    assert one.calls == missing.height
    assert one.certain == missing["certain"].sum()
    assert one.carriers == missing["arrival_carrier"].n_unique()
    assert one.partner == 0
    assert one.wrong == pytest.approx((1 - missing["confidence"]).sum())


def test_a_rule_that_hits_calls_whose_half_is_there_is_shown_to(result):
    """Own numbers from abroad are also on calls that were merely altered."""
    _, rules = trial(result, "de")
    found, _ = tables(result)
    own = found.filter(
        pl.col("arrival_calling").str.contains(r"^\+7[3489]")
        & ~pl.col("kind").is_in(["stretched", "false_answer"])
    )
    one = rules["own-from-abroad"]
    there = own.filter(pl.col("departure_id").is_not_null())
    assert there.height > 0
    assert abs(one.partner - there.height) <= found.height - own.height
    assert one.partner >= there.height
    assert one.calls >= own.height


def test_facts_that_a_result_does_not_show_make_a_range(result):
    """Special numbers: none is known, so at most all that are not paired."""
    _, rules = trial(result, "de")
    one = rules["special-number"]
    assert (one.calls, one.partner) == (0, 0)
    assert one.at_most > 0
    for each in rules.values():
        assert each.calls <= each.at_most


def test_a_crossing_of_each_kind_is_decided_as_a_node_would(result):
    """By the decision that a node makes, asked call by call."""
    _, rules = trial(result)
    found, pairs = tables(result)
    words = {
        "no_departure": "no_departure",
        "loop": "repeated",
        "unproven": "unproven",
        "stretched": "paired",
        "false_answer": "paired",
    }
    table = parse_text(text()).table()
    counted = dict.fromkeys(rules, 0)
    for kind, number in found.select("kind", "arrival_calling").iter_rows():
        half = words.get(kind, "altered")
        origin = "peer" if (number or "").startswith("+375") else "third"
        verdict = decide(Evidence(half=half, origin=origin, covered=True), table)
        counted[verdict.rule] += 1
    counted["paired"] += pairs.filter(pl.col("pass") != "called_usual").height
    counted["altered"] += pairs.filter(pl.col("pass") == "called_usual").height
    assert {name: one.calls for name, one in rules.items()} == counted


def test_whose_border_it_was_is_read_from_the_called_numbers(result):
    """Or said; nobody else's."""
    value, crossings = parse_text(text()), read_crossings(result)
    assert arriving_party(value, crossings) == "RU"
    with pytest.raises(ConfigError, match="none of this agreement's"):
        try_rules(value, crossings, arrivals="KZ")
    nobody = parse_text(text().replace('country = "RU"', 'country = "FR"'))
    crossings.called = {"RU": 5}
    with pytest.raises(ConfigError, match="--arrivals"):
        arriving_party(nobody, crossings)


def test_two_drafts_stand_side_by_side(result):
    """A rule that one of them has not is said to be none."""
    both = [trial(result)[0], trial(result, "de")[0]]
    shown = dict(beside(both))
    assert shown["missing"][1] is None
    assert shown["special-number"][0] is None
    assert shown["paired"][0] == shown["paired"][1]


def test_the_command_shows_counts_and_no_number(result):
    """Neither of a caller nor of a range."""
    folder = result.parent
    (folder / "a.toml").write_text(text(), encoding="utf-8")
    de = text().split("[[rules]]", maxsplit=1)[0] + starting_rules("de")
    (folder / "b.toml").write_text(de, encoding="utf-8")
    words = ("agreement", "try", "a.toml", "--on", "result", "--beside", "b.toml")
    done = tally(*words, folder=folder)
    assert done.status == 0, done.err
    assert "+375" not in done.out
    assert "has no such rule  (b.toml)" in done.out
    told = json.loads(tally(*words, "--json", folder=folder).out)
    assert [one["arrivals"] for one in told] == ["RU", "RU"]


def test_a_folder_that_is_no_result_is_refused(tmp_path):
    """In a sentence."""
    with pytest.raises(UnavailableError, match="holds no complete result"):
        read_crossings(tmp_path)
