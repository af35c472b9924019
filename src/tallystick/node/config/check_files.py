"""What a node needs that lies on disk, tried: terms, certificates, room."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.channel import Terms
from tallystick.model import TallystickError
from tallystick.node.config.dates import Dated, certificate_dates
from tallystick.node.config.settings import NodeSettings

LEAST_DAYS: Final = 14
DAY_S: Final = 86_400
_KINDS: Final = {
    "tls": "certificate for the peer",
    "trust": "trust list",
    "signer": "certificate of a signer",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was tried.

    Attributes:
        what: What.
        good: Whether it can be used.
        said: A sentence.
    """

    what: str
    good: bool
    said: str


def try_terms(terms: Terms, following: Terms | None, *, now_ms: int) -> Result:
    """Tell whether terms are in force, and for how long."""
    until_ms = following.until_ms if following else terms.until_ms
    left_days = (until_ms - now_ms) / 1000 / DAY_S
    good = terms.is_in_force(now_ms)
    said = f"in force, {left_days:.0f} days left" if good else "not in force now"
    if good and following is not None:
        said += ", those that follow included"
    if good and left_days < LEAST_DAYS:
        said += "; agree new ones soon"
    return Result("terms", good, said)


def try_certificates(settings: NodeSettings, *, now_s: float) -> list[Result]:
    """Tell of each file of certificates whether it holds now, and how long."""
    try:
        dates = certificate_dates(settings)
    except TallystickError as error:
        return [Result("certificates", good=False, said=str(error))]
    return [_certificate(one, now_s) for one in dates]


def _certificate(one: Dated, now_s: float) -> Result:
    left_days = (one.until_s - now_s) / DAY_S
    what = _KINDS[one.kind]
    if one.from_s > now_s:
        return Result(what, good=False, said=f"{one.path} does not hold yet")
    if left_days <= 0:
        return Result(what, good=False, said=f"{one.path} has ended")
    soon = "; renew it soon" if left_days < LEAST_DAYS else ""
    return Result(what, good=True, said=f"{one.path}, {left_days:.0f} days left{soon}")


def try_folder(settings: NodeSettings) -> list[Result]:
    """Try whether verdicts could be written; the folder itself is made by `run`."""
    path = settings.folder
    there = next(
        one for one in (path.absolute(), *path.absolute().parents) if one.exists()
    )
    try:
        probe = there / ".tally-check"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}"
        return [Result("folder", good=False, said=said)]
    return [
        Result("folder", good=True, said=f"{path} can be written"),
        _room(settings, there),
    ]


def _room(settings: NodeSettings, there: Path) -> Result:
    """Tell whether verdicts find the room that they may take."""
    held = sum(one.stat().st_size for one in settings.folder.glob("*/*.parquet"))
    free_mb = (shutil.disk_usage(there).free + held) >> 20
    # An eighth more is for crossings whose ends disagree.
    most_mb = settings.limits.verdicts_mb * 9 // 8
    said = f"{free_mb:,} MB for verdicts, which may take {most_mb:,} MB"
    if free_mb < most_mb:
        said += "; make room, or lower limits.verdicts_mb"
    return Result("room", good=free_mb >= most_mb, said=said)
