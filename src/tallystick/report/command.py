"""The command that made a result, or one that would make it."""

import shlex
from pathlib import PurePath
from typing import Final

from tallystick.report.result import SIDES, Summary

ZONE: Final = "--zone"  # its value has a slash, too, and is no path


def command_of(summary: Summary) -> str:
    """Return the command as it was given, without folders: those may name people.

    A result that does not tell its command gets one made of its file names.
    """
    return without_folders(summary.command) or _made_up(summary)


def without_folders(command: str) -> str:
    """Return `command` with its paths cut to names; "" where it cannot be read."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    before = ["", *words]
    return shlex.join(
        word if last == ZONE or word.startswith(f"{ZONE}=") else _name(word)
        for last, word in zip(before, words, strict=False)
    )


def _name(word: str) -> str:
    option, sign, value = word.partition("=")
    if sign and option.startswith("--"):
        return f"{option}={PurePath(value).name or value}"
    return PurePath(word).name or word


def _made_up(summary: Summary) -> str:
    departures, arrivals = (_arguments(summary, side) for side in SIDES)
    several = len(departures) + len(arrivals) > len(SIDES)
    words = [*departures, *(["with"] if several else []), *arrivals]
    if summary.domestic:
        words += [f"--domestic {name}" for name in _arguments(summary, "domestic")]
    return " ".join(["tally pair calls", *words, "--out DIR"])


def _arguments(summary: Summary, side: str) -> list[str]:
    names = [PurePath(name).name for name in summary.inputs[side].files]
    return [shlex.quote(name) for name in names] or [side.upper()]
