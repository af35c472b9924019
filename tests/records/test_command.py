"""`tally records inspect` and `tally records convert`."""

import tomllib
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from tallystick.cli.records import app, hidden
from tallystick.domains.calls.records import Mapping
from tallystick.model.errors import ConfigError, MalformedError

from .files import PLAIN, plain_row, plain_with, read, sample, saved
from .sip import Packet, answered_call, datagram, pcap, request

NUMBERS = ("375290000001", "79160000011")


def run(*words: object) -> Result:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_inspect(tmp_path):
    """Format, counts, first rows, rejects, trunks and a numbering file."""
    text = PLAIN + plain_row(record_id="D5", duration_s="x") + "\n"
    done = run("inspect", saved(tmp_path, text))
    assert "plain (plain table)" in done.output
    assert "2026-03-01 06:13:22.000 UTC" in done.output
    assert "answered +7 s" in done.output
    assert "not answered" in done.output
    assert "number withheld" in done.output
    assert (
        "duration_s: The duration is not a number of seconds. (line 6)" in done.output
    )
    assert "2  MSQ-106" in done.output
    assert "[departures]" in done.output
    assert not any(number in done.output for number in NUMBERS)
    assert "+37529*****01" in done.output


def test_inspect_shows_numbers_when_asked(tmp_path):
    """One's own numbers may be shown."""
    done = run("inspect", saved(tmp_path, PLAIN), "--show-numbers")
    assert all(number in done.output for number in NUMBERS)


def test_inspect_with_a_zone_and_a_side(tmp_path):
    """A handset log as arrivals; trunks that are numbers stay hidden."""
    path = saved(tmp_path, sample("handsets.csv"))
    done = run("inspect", path, "--side", "arrivals", "--zone", "Europe/London")
    assert "records            2" in done.output
    assert "other direction    3" in done.output
    assert "dated before 1990" not in done.output
    assert "telephone numbers" in done.output
    assert "07000000002" not in done.output


def test_inspect_proposes_a_mapping(tmp_path):
    """An unknown table: the reason on stderr, a mapping file on stdout."""
    text = "caller;callee;start;dur\n375290000001;79160000011;01.03.2026 09:00:00;5\n"
    path = saved(tmp_path, text)
    done = CliRunner().invoke(app, ["inspect", str(path)])
    assert isinstance(done.exception, MalformedError)
    proposal = saved(tmp_path, done.stdout, "mapping.toml")
    assert tomllib.loads(done.stdout)["columns"]["calling_number"] == "caller"
    again = run("inspect", path, "--mapping", proposal, "--zone", "Europe/Minsk")
    assert "records            1" in again.output
    assert not any(number in done.output for number in NUMBERS)


def test_inspect_notes(tmp_path):
    """Values that were left out are listed apart from rejects."""
    done = run("inspect", saved(tmp_path, plain_with(plain_row(direction="odd"))))
    assert "Values left out of rows that were kept:" in done.output
    assert "rejected           0" in done.output


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_convert_round_trip(suffix, tmp_path):
    """The plain table that is written is read back as the same records."""
    text = "account," + PLAIN.replace("\n", "\nx7,").removesuffix("x7,")
    path = saved(tmp_path, text)
    out = tmp_path / f"plain{suffix}"
    done = run("convert", path, "--out", out)
    assert "4 records" in done.output
    before, after = read(path), read(out)
    assert after.records.drop("line").equals(before.records.drop("line"))
    assert after.column("account") == ["x7"] * 4
    assert not list(tmp_path.glob("*.part"))


def test_convert_writes_rejects_beside(tmp_path):
    """rejects.csv holds what was left out, and no number."""
    path = saved(tmp_path, PLAIN + plain_row(record_id="D5", duration_s="x") + "\n")
    folder = tmp_path / "out"
    folder.mkdir()
    done = run("convert", path, "--out", folder / "calls.csv")
    assert "1 rows left out" in done.output
    rejects = pl.read_csv(folder / "rejects.csv")
    assert rejects["line"].to_list() == [6]
    assert "375290000001" not in (folder / "rejects.csv").read_text()


def test_convert_leaves_open_calls_to_the_rejects(tmp_path):
    """A call whose end was not seen has no duration to write."""
    packed = [*answered_call(), Packet(40.0, request("INVITE", call_id="c2"))]
    frames = [(packet.at_s, datagram(packet)) for packet in packed]
    path = saved(tmp_path, pcap(frames), "border.pcap")
    run("convert", path, "--out", tmp_path / "calls.csv")
    assert read(tmp_path / "calls.csv").column("record_id") == ["c1"]
    (row,) = pl.read_csv(tmp_path / "rejects.csv").iter_rows(named=True)
    assert row["line"] == len(packed)
    assert "end of the call" in row["reason"]


def test_convert_refuses_other_suffixes(tmp_path):
    """What is to be written must be clear."""
    done = CliRunner().invoke(
        app, ["convert", str(saved(tmp_path, PLAIN)), "--out", "calls.xlsx"]
    )
    assert isinstance(done.exception, ConfigError)
    assert done.exception.code == "out-suffix"


def test_convert_that_fails_leaves_nothing(tmp_path):
    """No half-written file is left under the name that was asked for."""
    path = saved(tmp_path, sample("freeswitch.csv"))
    out = tmp_path / "out"
    out.mkdir()
    done = CliRunner().invoke(app, ["convert", str(path), "--out", str(out / "a.csv")])
    assert isinstance(done.exception, ConfigError)
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+375290000001", "+37529*****01"),
        ("80290000001", "80290****01"),
        ("1234567", "1****67"),
        ("123456", "123456"),
        ("anonymous", "anonymous"),
        ("sip:375290000001@gw", "sip:37529*****01@gw"),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_hidden(text, expected):
    """Only the middle of long runs of digits is hidden."""
    assert hidden(text) == expected


def test_every_format_is_documented():
    """The reference page names every format and every key of a mapping."""
    from tallystick.domains.calls.records.formats import FORMATS, MAPPED
    from tallystick.domains.calls.records.mapping import _KEYS

    page = Path(__file__).parents[2] / "docs" / "reference" / "record-formats.md"
    text = page.read_text(encoding="utf-8")
    assert all(f"`{one.name}`" in text for one in (*FORMATS, MAPPED))
    assert all(place[-1] in text for place in _KEYS.values())
    assert Mapping().time_format == "iso"
