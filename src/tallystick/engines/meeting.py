"""Bring the own halves and the peer's first file together, in one working folder."""

from dataclasses import dataclass
from pathlib import Path

from tallystick.blinding import BlindedHeader, read_header
from tallystick.engines.blinded import Content, Names, read_first
from tallystick.engines.duck import DuckEngine
from tallystick.engines.home import (
    Home,
    Keys,
    Progress,
    Read,
    count_halves,
    read_own,
)
from tallystick.engines.ingest import SideFiles, side_input
from tallystick.engines.workspace import Workspace, buckets_for
from tallystick.model import MalformedError
from tallystick.pairing.plan import SideInput
from tallystick.pairing.spec import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Both sides' halves under tokens.

    Attributes:
        read: The own records.
        header: Of the peer's first file.
        files: What reading gave, by side.
        inputs: The halves for the plan, by side.
        names: Codes of trunks and carriers, by side.
        marks: Mark of each side's content.
    """

    read: Read
    header: BlindedHeader
    files: dict[str, SideFiles]
    inputs: dict[str, SideInput]
    names: dict[str, Names]
    marks: dict[str, str]

    def gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that the peer declares."""
        return tuple(
            Gap(
                side=self.header.side,
                from_ms=gap.from_ms,
                to_ms=gap.to_ms,
                point=gap.trunk,
                why=gap.why,
            )
            for gap in self.header.gaps
        )


def meet(
    home: Home,
    keys: Keys,
    engine: DuckEngine,
    folder: Path,
    *,
    peer: Path,
    progress: Progress,
) -> Meeting:
    """Read the own records and the peer's first file into buckets.

    Both sides split by token into as many buckets, so that both see the same.
    """
    header = read_header(peer, expected=keys.expected(home.other, 1))
    read = read_own(home, keys, folder, progress)
    place = folder / "halves"
    place.mkdir()
    workspace = Workspace(place, buckets_for(max(read.files.rows, header.rows)))
    own, mark = count_own(engine, read, workspace)
    progress("read the peer's file", 0, 1)
    files, given, names, peer_mark = _read_peer(engine, workspace, peer, header)
    return Meeting(
        read=read,
        header=header,
        files={home.side: read.files, home.other: files},
        inputs={home.side: own, home.other: given},
        names={
            home.side: Names(read.files.points, read.files.carriers),
            home.other: names,
        },
        marks={home.side: mark.text, home.other: peer_mark.text},
    )


def count_own(
    engine: DuckEngine, read: Read, workspace: Workspace
) -> tuple[SideInput, Content]:
    """Give the own halves their handles; what no file can hold counts as rejected."""
    given, mark = count_halves(engine, read, workspace)
    files = read.files
    files.rejected += files.rows - given.rows
    files.rows = given.rows
    if given.rows:
        ends = engine.fetch(f"SELECT min(at_ms), max(at_ms) FROM {given.everything}")
        files.from_ms, files.to_ms = ends.row(0)
    return given, mark


def _read_peer(
    engine: DuckEngine, workspace: Workspace, path: Path, header: BlindedHeader
) -> tuple[SideFiles, SideInput, Names, Content]:
    names, mark = Names(), Content()
    writer = workspace.writer(header.side)
    for halves in read_first(path, header, names):
        mark.add(halves)
        writer.add(halves)
    writer.close()
    files = SideFiles(
        header.side,  # type: ignore[arg-type]
        (path,),
        rows=writer.rows,
        rejected=_count(header, "rejected"),
        repeated=_count(header, "repeated"),
        other=_count(header, "other_direction"),
        from_ms=header.coverage_from_ms,
        to_ms=header.coverage_to_ms,
        points=names.points,
        carriers=names.carriers,
    )
    given = side_input(files, workspace)
    if not writer.rows:
        raise MalformedError(
            "round-empty",
            f"{path} holds no halves: there is nothing to pair with.",
            advice="Ask the peer which records it was made from.",
        )
    distinct = engine.fetch(f"SELECT count(DISTINCT row) FROM {given.everything}")
    if distinct.item() != writer.rows:
        raise MalformedError(
            "round-handles",
            f"{path} has a handle that stands for several halves.",
            advice="Ask the peer to blind again.",
        )
    return files, given, names, mark


def _count(header: BlindedHeader, name: str) -> int:
    value = header.extra.get(name)
    return value if isinstance(value, int) else 0
