"""Whatever is handed in, the answer is a sentence, a status, and no number."""

from pathlib import Path

import pytest

from .spoilt import ALL_NUMBERS, KINDS, Spoilt
from .told import Told, inspect, pair


def check(told: Told, *, status: int, says: str) -> None:
    """Hold what was left behind against what must hold for any input."""
    everything = told.everything
    said = " ".join(everything.split())
    assert told.status == status, everything
    assert says in said
    assert "Traceback" not in everything
    assert [number for number in ALL_NUMBERS if number in everything] == []
    if status == 2:
        assert told.err.count("tally: ") == 1
        assert "summary.json" not in told.files


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_pairing_broken_input(kind: Spoilt, tmp_path: Path) -> None:
    """What can be read is paired, what cannot is named."""
    check(pair(kind, tmp_path), status=kind.pair, says=kind.says)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.inspect is not None], ids=lambda k: k.name
)
def test_inspecting_broken_input(kind: Spoilt, tmp_path: Path) -> None:
    """The same file, looked at first."""
    told = inspect(kind, tmp_path)
    same = kind.inspect == kind.pair and kind.arrivals is KINDS[0].arrivals
    check(told, status=kind.inspect or 0, says=kind.says if same else "")


def test_an_older_result_does_not_outlive_a_failed_run(tmp_path: Path) -> None:
    """Without summary.json a folder is no result."""
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "summary.json").write_text("{}", encoding="utf-8")
    told = pair(next(k for k in KINDS if k.name == "negative durations"), tmp_path)
    assert told.status == 2
    assert not (tmp_path / "result" / "summary.json").exists()
