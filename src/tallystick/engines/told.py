"""What is told in the second round: put together, looked through, made use of.

Source: spec/tokens.md, "The two rounds".
"""

from pathlib import Path
from typing import Final

import polars as pl

from tallystick.blinding import BlindedHeader
from tallystick.blinding.allowed import DOMESTIC
from tallystick.domains.calls import SPEC
from tallystick.domains.calls.halves import PRESENT
from tallystick.engines.blinded import (
    Names,
    Second,
    blind_open,
    empty_rows,
    halves_from_rows,
    parts_of,
)
from tallystick.engines.duck import DuckEngine
from tallystick.engines.home import (
    Home,
    Keys,
    Progress,
    count_halves,
    read_domestic,
)
from tallystick.engines.ingest import SideFiles, side_input
from tallystick.engines.meeting import Meeting
from tallystick.engines.workspace import Workspace
from tallystick.model import RefusedError, VerificationError
from tallystick.pairing.exact import load_side_step
from tallystick.pairing.knowledge import spoken_for
from tallystick.pairing.plan import SideInput, State
from tallystick.pairing.step import Step

_NO_SUPPORT: Final = ("alias_calling", "alias_called")


def tell(engine: DuckEngine, state: State, side: str, keys: Keys) -> Second:
    """Put together what the peer needs to know of the own open halves."""
    tokens = own_tokens(engine, state, side, keys)
    state.knowledge.company(engine, state, side)
    company = engine.fetch(
        f"SELECT row, partnered AS paired_near, open_near FROM company_{side}"
    )
    return Second(
        open=tokens.join(company, on="row", how="left", maintain_order="left"),
        cells=engine.fetch(f"SELECT * FROM cells_{side}"),
        serials=state.serials[side],
    )


def own_tokens(engine: DuckEngine, state: State, side: str, keys: Keys) -> pl.DataFrame:
    """Return the tokens of single numbers, of the own open halves."""
    numbers = engine.fetch(
        f"SELECT n.row, n.calling, n.called, n.alias FROM"
        f" {state.input(side).everything} n SEMI JOIN ({_open(state, side)}) o"
        f" USING (row) ORDER BY n.row"
    )
    purposes = ("calling", "called")
    return blind_open(numbers, {purpose: keys.key(purpose) for purpose in purposes})


def _open(state: State, side: str) -> str:
    return f"SELECT row FROM all_open_{side} WHERE {spoken_for(state, side)}"


def check_told(
    engine: DuckEngine, state: State, told: Second, path: Path, side: str
) -> None:
    """Raise unless the peer tells of just those halves that are open here, too.

    It must not be able to ask about numbers at will, nor to keep halves back.

    Raises:
        VerificationError: "round-open".
    """
    here = engine.fetch(f"{_open(state, side)} ORDER BY row")["row"]
    there = told.open["row"].sort()
    if not here.equals(there):
        raise VerificationError(
            "round-open",
            f"{path} tells of {len(there):,} halves without a partner; by the first "
            f"files there are {len(here):,}, and they are not the same.",
            advice="Both sides must go by the same two first files and use the same "
            "version of Tallystick: blind the second round anew.",
        )


def check_marks(
    meeting: Meeting, header: BlindedHeader, path: Path, peer: Path
) -> None:
    """Raise unless a second file belongs to the two first ones.

    Raises:
        VerificationError: "round-other".
    """
    own = next(side for side in meeting.marks if side != header.side)
    if header.extra.get("of") != meeting.marks[header.side]:
        raise VerificationError(
            "round-other",
            f"{path} does not belong to {peer}: {header.party} made it after another "
            f"first file.",
            advice=f"Give the first file that {header.party} sent last.",
        )
    if header.extra.get("against") != meeting.marks[own]:
        raise VerificationError(
            "round-other",
            f"{path} was made against another first file of {header.peer} than these "
            "records give.",
            advice="Give the same records with the same options as for the first "
            "file, or exchange both rounds anew.",
        )


def halves_inside(engine: DuckEngine, state: State, side: str) -> int:
    """Return how many own halves the peer's record can speak of."""
    times = f"(SELECT at_ms AS t FROM {state.input(side).everything})"
    rows = engine.fetch(f"SELECT count(*) FROM {times} WHERE {spoken_for(state, side)}")
    return int(rows.item())


def check_ceiling(count: int, of: int, ceiling: float, what: str) -> None:
    """Raise if the second file would show more than agreed.

    Args:
        count: How many it would hold.
        of: Of how many.
        ceiling: Largest share.
        what: What is counted.

    Raises:
        RefusedError: "round-ceiling".
    """
    if count > ceiling * of:
        raise RefusedError(
            "round-ceiling",
            f"The second file would show the peer {count:,} of your {of:,} {what}: "
            f"{100 * count / of:.1f} %, more than the {100 * ceiling:g} % allowed. "
            "Nothing was written.",
            advice="The peer's file may be incomplete, or made to be: ask first. "
            "--ceiling allows more.",
        )


def check_asked(told: Second, header: BlindedHeader, ceiling: float) -> None:
    """Raise if the peer asks about the called numbers of too many halves.

    Raises:
        RefusedError: "round-asked".
    """
    if told.open.height > ceiling * header.rows:
        raise RefusedError(
            "round-asked",
            f"{header.party} asks about {told.open.height:,} of its {header.rows:,} "
            f"halves: {100 * told.open.height / header.rows:.1f} %, more than the "
            f"{100 * ceiling:g} % allowed. Nothing was written.",
            advice="Each question shows it the domestic calls to a number: ask first. "
            "--ceiling allows more.",
        )


def load_told(engine: DuckEngine, side: str, told: Second) -> None:
    """Give the engine what the peer told, as `Knowledge` wants it."""
    engine.load(f"parts_{side}", parts_of(told.open))
    engine.load(f"told_{side}", told.open.select("row", "paired_near", "open_near"))
    engine.load(f"told_cells_{side}", told.cells)


def answer_domestic(
    home: Home,
    keys: Keys,
    engine: DuckEngine,
    meeting: Meeting,
    folder: Path,
    progress: Progress,
) -> tuple[SideFiles, SideInput]:
    """Read the own domestic calls to numbers asked about.

    The engine holds `parts_departures`. Makes `parts_domestic`: which calls share a
    calling number is shown by a count, which nobody can guess a number from.
    """
    read = read_domestic(home, keys, meeting.read.learned, folder, progress)
    engine.run(
        Step(
            "asked",
            "SELECT DISTINCT p.called FROM parts_departures p JOIN"
            f" all_open_departures o USING (row) WHERE o.called_state = {PRESENT}",
        )
    )
    place = folder / "domestic"
    place.mkdir()
    given, _ = count_halves(
        engine,
        read,
        Workspace(place, 1),
        where=f"called_state = {PRESENT} AND key_hi IN (SELECT called FROM asked)",
    )
    if given.rows:
        callers = engine.fetch(
            f"SELECT row, key_hi, key_lo, calling FROM {given.everything}"
            " ORDER BY key_hi, key_lo, row"
        )
        engine.load("parts_domestic", _support(callers))
    return read.files, given


def _support(callers: pl.DataFrame) -> pl.DataFrame:
    """Number calling numbers as they come in the order of the file."""
    numbers = callers.select(pl.col("calling").unique(maintain_order=True))
    codes = numbers.with_row_index("support")
    return callers.join(codes, on="calling", how="left", maintain_order="left").select(
        "row",
        pl.col("support").cast(pl.Int64).alias("calling"),
        pl.col("key_hi").alias("called"),
        *(pl.lit(0, pl.Int64).alias(name) for name in _NO_SUPPORT),
    )


def tell_domestic(
    engine: DuckEngine, state: State, given: SideInput, names: Names
) -> pl.DataFrame:
    """Return the rows of domestic calls for the second file."""
    if not given.rows:
        return empty_rows(DOMESTIC)
    engine.run(load_side_step("domestic", given.everything, SPEC))
    at = pl.col("at_ms")
    rows = engine.fetch(
        f"SELECT h.*, p.calling AS support FROM {given.everything} h"
        f" JOIN parts_domestic p USING (row) SEMI JOIN (SELECT row FROM domestic"
        f" WHERE {spoken_for(state, 'domestic')}) d USING (row)"
        f" ORDER BY key_hi, key_lo, row"
    )
    return rows.select(
        "row",
        at.alias("started_at_ms"),
        (at + pl.col("answer_ms")).alias("answered_at_ms"),
        (at + pl.col("end_ms")).alias("released_at_ms"),
        "duration_ms",
        "answered",
        *names.labels(),
        pl.col("key_hi").alias("called_hi"),
        pl.col("key_lo").alias("called_lo"),
        "support",
    )


def load_domestic(
    engine: DuckEngine, rows: pl.DataFrame, party: str, folder: Path, path: Path
) -> tuple[SideFiles, SideInput]:
    """Read the peer's domestic calls, told in its second file."""
    names = Names()
    nothing = (
        "restricted",
        "calling_absent",
        "calling_unreadable",
        "called_absent",
        "called_unreadable",
    )
    halves = halves_from_rows(
        rows.with_columns(
            pl.col("called_hi").alias("pair_hi"),
            pl.col("called_lo").alias("pair_lo"),
            *(pl.lit(None, pl.Boolean).alias(name) for name in nothing),
        ),
        f"{party}:domestic",
        names,
    )
    place = folder / "domestic"
    place.mkdir()
    workspace = Workspace(place, 1)
    writer = workspace.writer("domestic")
    writer.add(halves)
    writer.close()
    engine.load(
        "parts_domestic",
        rows.select(
            "row",
            pl.col("support").alias("calling"),
            pl.col("called_hi").alias("called"),
            *(pl.lit(0, pl.Int64).alias(name) for name in _NO_SUPPORT),
        ),
    )
    files = SideFiles(
        "domestic",
        (path,),
        rows=halves.height,
        from_ms=rows["started_at_ms"].min(),  # type: ignore[arg-type]
        to_ms=rows["started_at_ms"].max(),  # type: ignore[arg-type]
        points=names.points,
        carriers=names.carriers,
    )
    return files, side_input(files, workspace)
