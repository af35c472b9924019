"""What the live tutorial tells a reader to type does what it says, on real switches."""

import re

from .console import commands_of, fits, run
from .places import LIVE_TUTORIAL

COMMANDS = commands_of(LIVE_TUTORIAL.read_text(encoding="utf-8"))


def test_every_command_prints_what_is_shown(debian_command, tmp_path):
    """Outputs have the shape that the page shows, and nobody honest is touched."""
    debian_command("kamailio", package="kamailio")
    debian_command("sipp", package="sip-tester")
    outputs = [run(command.line, tmp_path) for command in COMMANDS]
    odd = [
        (command.line, output)
        for command, output in zip(COMMANDS, outputs, strict=True)
        if not fits(command.output, output)
    ]
    assert not odd
    # The counts are fixed: all that was spoofed is refused, all else put through.
    assert re.search(r"honest calls touched: 0 of 45$", outputs[0], re.MULTILINE)
    assert re.search(r"refused .*: 28 of 28$", outputs[0], re.MULTILINE)
