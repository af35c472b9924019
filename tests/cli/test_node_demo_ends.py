"""`tally node demo`, stopped half way."""

import os
import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
import time

import pytest

from .at_work import at_work

TALLY = (sys.executable, "-m", "tallystick")


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_half_way_it_ends_what_it_began(tmp_path, word):
    """Ctrl-C, `kill` and `kill -9` leave no node behind."""
    out = tmp_path / "demo"
    with (tmp_path / "said").open("w") as said:
        demo = subprocess.Popen(
            [*TALLY, "node", "demo", "--http", "--out", str(out)],
            stdout=said,
            stderr=said,
            env=os.environ | {"COLUMNS": "80"},
        )
        try:
            ends = time.monotonic() + 20
            while len(at_work(out)) < 2:
                assert time.monotonic() < ends
                assert demo.poll() is None
                time.sleep(0.05)
            demo.send_signal(word)
            assert demo.wait(15) != 0
        finally:
            demo.kill()
            demo.wait()
    ends = time.monotonic() + 15
    while word == signal.SIGKILL and at_work(out):
        # It could wait for nothing: they end by themselves.
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert at_work(out) == []
    assert "Traceback" not in (tmp_path / "said").read_text()
