"""Findings: which are shown, how they are weighed, how they are told."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tallystick.cli.explain import explain
from tallystick.domains.calls.schema import KINDS
from tallystick.model import ConfigError, UnavailableError
from tallystick.report.findings import (
    Evidence,
    Finding,
    Half,
    choose_strongest,
    read_finding,
    scan_findings,
    tally_kinds,
)
from tallystick.report.halves import DIFFERS, NONE, SAME, compare_halves, draw_halves
from tallystick.report.reckoning import confidence, particulars, reckon
from tallystick.report.stories import tell_finding
from tallystick.report.telling import explain_finding
from tallystick.report.texts import LANGUAGES, texts_in

from .builder import BUDGET

TEXTS = texts_in("en")
HALF = Half(
    side="departures",
    record_id="D1",
    at=datetime(2025, 3, 3, 12, 0, tzinfo=UTC),
    answered=True,
    answer_ms=8000,
    duration_s=60.0,
    trunk="T",
    carrier="C",
    calling="+375291234567",
    called="+79161234567",
)
FINDING = Finding(
    finding_id="F1",
    kind="stretched",
    at=HALF.at,
    confidence=0.99,
    reasons=["billed_longer"],
    offset_ms=120,
    departure=HALF,
    arrival=replace(HALF, side="arrivals", record_id="A1", duration_s=37.0),
    evidence=[
        Evidence(code="prior", bits=-6.0, detail={"rate": 0.015}),
        Evidence(code="billed_longer", bits=12.6, detail={"excess_s": 23.0}),
    ],
)


def compared(finding):
    """Return how the halves compare, by the name of the attribute."""
    return {line.name: line.compared for line in compare_halves(finding, TEXTS)}


def test_strongest_are_spread_over_kinds_and_routes(day):
    """Twenty, every kind among them, strongest first, routes taking turns."""
    strongest = choose_strongest(day)
    counts = Counter(finding.kind for finding in strongest)
    assert len(strongest) == 20
    assert set(counts) == set(KINDS)
    assert counts["unproven"] == 1
    order = [KINDS.index(finding.kind) for finding in strongest]
    assert order == sorted(order)
    carriers = {f.departure.carrier for f in strongest if f.kind == "domestic_arrival"}
    assert len(carriers) > 1


def test_strongest_come_with_their_evidence_in_order(day):
    """The reckoning begins with the prior and ends in the confidence."""
    for finding in choose_strongest(day, most=5):
        assert finding.evidence[0].code == "prior"
        assert finding.confidence == pytest.approx(1 / (1 + 2.0**-finding.bits))


def test_expected_wrong_is_the_sum_of_doubt(day):
    """The tallies add one minus confidence, kind by kind."""
    frame = pl.read_parquet(day / "findings.parquet")
    tallies = tally_kinds(scan_findings(day))
    for kind, part in frame.group_by("kind"):
        doubt = (1 - part["confidence"]).sum()
        assert tallies[str(kind[0])].wrong_expected == pytest.approx(doubt)
        assert tallies[str(kind[0])].count == part.height


def test_findings_of_an_older_version_are_read(tmp_path):
    """Columns that are not there are not known; they do not stop the reader."""
    frame = pl.DataFrame({"finding_id": ["F1"], "kind": ["loop"], "confidence": [0.9]})
    frame.write_parquet(tmp_path / "findings.parquet")
    (finding,) = choose_strongest(tmp_path)
    assert not finding.departure.exists
    assert finding.evidence == []


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("F12", "F0000012"), ("12", "F0000012"), ("nonsense", "F0000001")],
)
def test_unknown_id_names_near_ones(day, wanted, near):
    """A mistyped id is answered with ids that exist."""
    with pytest.raises(ConfigError, match=near) as caught:
        read_finding(day, wanted)
    assert caught.value.code == "finding-unknown"


def test_no_findings_at_all_is_said(tmp_path):
    """Where nothing was found, no id is near."""
    frame = pl.DataFrame(schema={"finding_id": pl.String, "kind": pl.String})
    frame.write_parquet(tmp_path / "findings.parquet")
    with pytest.raises(ConfigError, match="no findings at all"):
        read_finding(tmp_path, "F1")


def test_waterfall_adds_up():
    """Each step begins where the one before ended; the last ends in the sum."""
    whole = reckon(FINDING, TEXTS)
    assert [(step.before, step.after) for step in whole.steps] == [
        (0.0, -6.0),
        (-6.0, pytest.approx(6.6)),
    ]
    assert (whole.low, whole.high) == (-6.0, pytest.approx(6.6))
    assert "about one in 100 such findings wrong" in tell_finding(FINDING, TEXTS).sure


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.0, "> 99.9999%"), (0.9999999, "> 99.9999%"), (0.9987, "99.87%"), (0.0, "0%")],
)
def test_confidence_ends_where_it_means_nothing(value, said):
    """Nobody is certain to seven nines."""
    assert confidence(value, TEXTS.formats) == said


@pytest.mark.parametrize(
    ("certain", "said"),
    [(True, "finding.certain"), (False, "finding.indication"), (None, "")],
)
def test_certain_and_indication_are_told_apart(certain, said):
    """Where the result grades its findings, so does the story; else it is silent."""
    story = tell_finding(replace(FINDING, certain=certain), TEXTS)
    assert story.grade == (TEXTS.say(said) if said else "")
    unproven = replace(FINDING, kind="unproven", certain=certain)
    assert not tell_finding(unproven, TEXTS).grade


def test_certain_findings_are_counted_and_told_in_the_terminal(day, tmp_path):
    """The tallies count what is marked; a result without marks has none."""
    frame = pl.read_parquet(day / "findings.parquet")
    tallies = tally_kinds(scan_findings(day)).values()
    assert sum(one.certain for one in tallies) == frame["certain"].sum() > 0
    assert 0 < sum(one.certain_wrong for one in tallies) <= BUDGET
    for certain, said in ((True, "finding.certain"), (False, "finding.indication")):
        graded = frame.filter(
            pl.col("certain") == certain, pl.col("kind") != "unproven"
        )
        text = explain_finding(day, graded["finding_id"][0], width=200)
        assert TEXTS.say(said) in text
    frame.drop("certain").write_parquet(tmp_path / "findings.parquet")
    older = tally_kinds(scan_findings(tmp_path)).values()
    assert {(one.certain, one.certain_wrong) for one in older} == {(None, 0.0)}
    assert not any(one.certain for one in choose_strongest(tmp_path))


def test_unproven_is_never_called_sure():
    """Whatever was reckoned, an unproven finding accuses nobody."""
    story = tell_finding(replace(FINDING, kind="unproven"), TEXTS)
    assert story.sure == TEXTS.say("finding.unproven")
    assert "%" not in story.total


def test_particulars_are_written_by_their_unit():
    """Known names are translated, units follow the name, unknown names stay."""
    detail = {"offset_ms": 214, "share": 0.31, "calls": 1200, "odd": "x", "flag": True}
    said = particulars(detail, TEXTS).replace("\N{NO-BREAK SPACE}", " ")
    assert said == "offset +214 ms; share 31.0%; calls: 1,200; odd x; flag yes"


def test_comparison_names_what_differs():
    """Times and durations are subtracted, numbers told apart."""
    arrival = replace(FINDING.arrival, calling="+4912345678", answer_ms=7800)
    said = compared(replace(FINDING, arrival=arrival))
    assert said[TEXTS.say("half.calling")] == DIFFERS
    assert said[TEXTS.say("half.called")] == SAME
    assert "23" in said[TEXTS.say("half.duration")]
    assert "200" in said[TEXTS.say("half.answer")]


def test_masked_numbers_that_look_alike_are_not_called_equal():
    """A mask hides the digits in which two numbers may differ."""
    masked = {"calling": "+37529*****67", "called": "+7916*****12"}
    finding = replace(
        FINDING,
        departure=replace(HALF, **masked),
        arrival=replace(FINDING.arrival, **masked),
    )
    assert SAME not in compared(finding).values()


def test_hidden_withheld_and_absent_are_three_things():
    """Not shown, none, and no record at all read differently."""
    hidden = replace(HALF, calling=None)
    withheld = replace(HALF, calling="")
    absent = replace(HALF, record_id=None, at=None)
    said = []
    for arrival in (hidden, withheld, absent):
        lines = compare_halves(replace(FINDING, arrival=arrival), TEXTS)
        name = TEXTS.say("half.calling")
        said += [line.arrival for line in lines if line.name == name]
    assert said == [TEXTS.say("half.hidden"), TEXTS.say("half.withheld"), NONE]


@pytest.mark.property
@given(
    answer_ms=st.none() | st.integers(0, 10**7),
    duration_s=st.none() | st.floats(0, 10**6),
    answered=st.none() | st.booleans(),
)
def test_halves_can_always_be_drawn(answer_ms, duration_s, answered):
    """Whatever a record does not say, the bars stay on the paper."""
    arrival = replace(
        FINDING.arrival, answer_ms=answer_ms, duration_s=duration_s, answered=answered
    )
    svg = draw_halves(replace(FINDING, arrival=arrival), TEXTS)
    assert "nan" not in svg
    assert 'width="-' not in svg


@pytest.mark.parametrize("language", LANGUAGES)
def test_terminal_tells_all(day, language):
    """Both halves, the waterfall, honest explanations and next steps are told."""
    texts = texts_in(language)
    text = explain_finding(day, "F0000001", language=language, width=96)
    assert "F0000001" in text
    assert texts.say("half.departure") in text
    assert texts.say("finding.why") in text
    assert texts.say("kinds.innocent") in text
    assert texts.say("kinds.action") in text
    assert max(len(line) for line in text.splitlines()) <= 96
    assert "█" in text
    assert "░" in text


def test_terminal_is_not_steered_by_records(tmp_path):
    """A carrier's name cannot move the cursor or turn the writing direction."""
    frame = pl.DataFrame(
        {
            "finding_id": ["F1"],
            "kind": ["loop"],
            "departure_id": ["D1"],
            "departure_carrier": ["\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}[red]x"],
            "confidence": [0.9],
        }
    )
    frame.write_parquet(tmp_path / "findings.parquet")
    text = explain_finding(tmp_path, "F1")
    assert "\x1b" not in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert "[red]x" in text


def test_command_prints_a_finding_and_refuses_an_unknown_one(day, tmp_path):
    """`tally explain` prints; an unknown id or directory is an error of ours."""
    app = typer.Typer()
    app.command()(explain)
    runner = CliRunner()
    done = runner.invoke(app, [str(day), "F0000001", "--language", "ru"])
    assert done.exit_code == 0
    assert texts_in("ru").say("half.departure") in done.output
    done = runner.invoke(app, [str(day), "F9"])
    assert isinstance(done.exception, ConfigError)
    done = runner.invoke(app, [str(tmp_path), "F9"])
    assert isinstance(done.exception, UnavailableError)
