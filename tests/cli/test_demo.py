"""The demo finds foreign data where they lie, and never needs them."""

import json
from pathlib import Path

import pytest

from tallystick.cli.demo.day import find_nodobo
from tallystick.model import UnavailableError

from .told import tally


def test_logs_are_found_beside_or_where_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, a file, or the shared place; else none."""
    monkeypatch.setenv("TALLY_SHARED", str(tmp_path / "shared"))
    assert find_nodobo(None) is None
    folder = tmp_path / "shared" / "data" / "telephony" / "nodobo-calls"
    folder.mkdir(parents=True)
    logs = folder / "calls.csv"
    logs.write_text("user,other,direction,duration,timestamp\n", encoding="utf-8")
    assert find_nodobo(None) == logs
    assert find_nodobo(folder) == logs
    assert find_nodobo(logs) == logs


def test_logs_that_are_not_where_said_are_missed(tmp_path: Path) -> None:
    """Who names a place wants it."""
    with pytest.raises(UnavailableError, match=r"no calls\.csv") as caught:
        find_nodobo(tmp_path)
    assert caught.value.code == "nodobo-missing"


def test_real_logs_are_paired_too(shared_data: Path, tmp_path: Path) -> None:
    """Both handsets of a call are its two halves; nobody is accused."""
    logs = shared_data / "telephony" / "nodobo-calls"
    if not logs.is_dir():
        pytest.skip("the Nodobo logs are not among the shared test data")
    told = tally(
        *("demo", "--calls", "2000", "--out", "demo", "--nodobo", str(logs)),
        folder=tmp_path,
    )
    assert told.status == 0, told.err
    assert "cite" in told.out
    result = json.loads((tmp_path / "demo" / "nodobo" / "summary.json").read_text())
    assert result["pairs"]["total"] >= 225
    assert result["findings"]["accusing"] == 0
    assert (tmp_path / "demo" / "nodobo" / "report.html").is_file()
