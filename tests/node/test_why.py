"""`tally node why`: what was said of a call, in the reader's language."""

from collections import deque
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tallystick.agreement import LANGUAGES, Evidence, decide, default_rules, sentence
from tallystick.cli import make_app
from tallystick.node.calls.arrivals import Answered
from tallystick.node.kept.courses import Strange

from .pair import agreed, node_of


def kept(folder: Path, *, corrected: bool, sign: str = "") -> None:
    """Keep one verdict, and what its ends said, as a node does."""
    agreed(folder)
    node = node_of(folder, "RU", peer=None)
    evidence = Evidence("paired", "key", covered=True)
    answered = Answered(
        call_id="a1",
        at_ms=1,
        trunk="t",
        carrier="c",
        verdict=decide(evidence, default_rules()),
        evidence=evidence,
        waited_ms=3,
        offset_ms=50,
        corrected=corrected,
    )
    node.verdicts.write(deque([answered]), now_ms=10)
    if sign:
        strange = Strange("a1", 1, "t", "c", sign, 6_000, 9, "00", 7)
        node.courses.write(deque([strange]), now_ms=10)
    assert (node.verdicts.lost, node.courses.lost) == (0, 0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sign", ["", "false_answer", "stretched"])
@pytest.mark.parametrize("corrected", [True, False])
def test_all_that_is_known_of_a_call_is_said(
    tmp_path: Path, language, sign: str, corrected: bool
):
    """Reasons, a correction, and what its two ends said, and nothing else."""
    kept(tmp_path, corrected=corrected, sign=sign)
    config = ("--config", str(tmp_path / "RU.toml"), "--language", language)
    done = CliRunner().invoke(make_app(), ["node", "why", "a1", *config])
    assert done.exit_code == 0, done.output
    wanted = [sentence("half_paired", language)]
    wanted += [sentence("corrected", language)] if corrected else []
    wanted += [sentence(f"course_{sign}", language)] if sign else []
    assert done.output.splitlines() == ["paired, pass by paired", *wanted]
