"""Pair without showing records: what each side does, round by round.

1. `blind_first`: all own halves, as tokens of both numbers.
2. `blind_second`: pair what both first files hold. Of the halves that stay open,
   tokens of each number by itself, and what is needed to judge them.
3. `pair_blinded`: the same pairing as of clear records, from the own records and the
   peer's two files.

Source: spec/tokens.md, "The two rounds".
"""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from tallystick.blinding import BlindedHeader, read_header, write_blinded
from tallystick.domains.calls import SPEC
from tallystick.engines.batch import PairJob, Run, carry_out
from tallystick.engines.blinded import (
    FIRST,
    Names,
    Second,
    first_rows,
    parts_of,
    read_second,
    second_columns,
    second_rows,
    serial_facts,
)
from tallystick.engines.duck import DuckEngine
from tallystick.engines.home import Home, Keys, Progress, read_own
from tallystick.engines.meeting import Meeting, count_own, meet
from tallystick.engines.told import (
    answer_domestic,
    check_asked,
    check_ceiling,
    check_marks,
    check_told,
    halves_inside,
    load_domestic,
    load_told,
    own_tokens,
    tell,
    tell_domestic,
)
from tallystick.engines.workspace import Workspace
from tallystick.model import ConfigError
from tallystick.pairing.completeness import Serials
from tallystick.pairing.exact import load_side_step
from tallystick.pairing.knowledge import Knowledge
from tallystick.pairing.plan import (
    SideInput,
    State,
    learn,
    learn_completeness,
    pair_all,
)

CEILING: Final = 0.2
"""Share of the own halves that the second file may hold, unless told otherwise."""


def blind_first(
    home: Home,
    out: Path,
    *,
    allow_labels: frozenset[str] = frozenset(),
    progress: Progress = lambda *_: None,
) -> BlindedHeader:
    """Write the first file for the peer: every half, as a token of both numbers.

    Args:
        home: The own side.
        out: The file.
        allow_labels: Names of trunks and carriers that look like a telephone number
            and may leave all the same.
        progress: Told what is being done, how much is done, and of how much.

    Returns:
        What the file says of itself.

    What may not leave is refused with RefusedError as in `write_blinded`, and no file
    is left behind.
    """
    keys = Keys.of(home)
    with home.at_work() as (engine, folder):
        read = read_own(home, keys, folder, progress)
        place = folder / "halves"
        place.mkdir()
        given, mark = count_own(engine, read, Workspace(place, 1))
        names = Names(read.files.points, read.files.carriers)
        header = keys.header(
            home,
            read.files,
            round_number=1,
            columns=FIRST,
            extra={
                "rejected": read.files.rejected,
                "repeated": read.files.repeated,
                "other_direction": read.files.other,
                "content": mark.text,
            },
        )
        progress("write the file", 0, 1)
        # In the order of tokens, the place of a row says nothing.
        halves = engine.stream(
            f"SELECT * FROM {given.everything} ORDER BY key_hi, key_lo, row"
        )
        rows = (first_rows(frame, names) for frame in halves)
        return write_blinded(out, header, rows, allow_labels=allow_labels)


def blind_second(
    home: Home,
    out: Path,
    *,
    peer: Path,
    peer_2: Path | None = None,
    ceiling: float = CEILING,
    allow_labels: frozenset[str] = frozenset(),
    progress: Progress = lambda *_: None,
) -> BlindedHeader:
    """Write the second file for the peer: what it needs to know of open halves.

    Args:
        home: The own side.
        out: The file.
        peer: The peer's first file.
        peer_2: The departure side's second file: answer what it asks about domestic
            calls.
        ceiling: Largest share of own halves, and of own domestic calls, that the
            file may hold; and of the peer's halves that it may ask about.
        allow_labels: As for the first file.
        progress: Likewise.

    Returns:
        What the file says of itself.

    Raises:
        ConfigError: "domestic": there are questions about domestic calls and no
            records to answer from, or the other way round.

    A share above the ceiling is refused with RefusedError, files of the peer that do
    not belong here with VerificationError; no file is left behind.
    """
    if (peer_2 is not None) != bool(home.domestic):
        raise ConfigError(
            "domestic",
            "The peer's second file asks about domestic calls, and domestic records "
            "answer it: one was given without the other.",
            advice="Give --peer-2 and --domestic, or neither. The departure side "
            "writes its second file first, without either.",
        )
    keys = Keys.of(home)
    if peer_2 is not None:  # whatever is wrong with it, say so before the work
        read_header(peer_2, expected=keys.expected(home.other, 2))
    with home.at_work() as (engine, folder):
        meeting = meet(home, keys, engine, folder, peer=peer, progress=progress)
        state = _pair(engine, home, meeting, progress)
        progress("blind what is open", 0, 1)
        second = tell(engine, state, home.side, keys)
        inside = halves_inside(engine, state, home.side)
        check_ceiling(second.open.height, inside, ceiling, home.side)
        if peer_2 is not None:
            asked = _hear(home, keys, meeting, peer, peer_2)
            check_told(engine, state, asked, peer_2, home.other)
            check_asked(asked, meeting.header, ceiling)
            load_told(engine, home.other, asked)
            files, given = answer_domestic(
                home, keys, engine, meeting, folder, progress
            )
            rows = tell_domestic(
                engine, state, given, Names(files.points, files.carriers)
            )
            shown = second.open.height + rows.height
            of = inside + files.rows
            check_ceiling(shown, of, ceiling, f"{home.side} and domestic calls")
            second = replace(second, domestic=rows)
        header = keys.header(
            home,
            meeting.files[home.side],
            round_number=2,
            columns=second_columns(second),
            extra=_facts(second, meeting, home, inside),
        )
        rows_of = second_rows(second, meeting.names[home.side])
        return write_blinded(out, header, rows_of, allow_labels=allow_labels)


def _facts(
    second: Second, meeting: Meeting, home: Home, inside: int
) -> dict[str, str | float | bool]:
    """Return what the second file's header says besides."""
    facts: dict[str, str | float | bool] = {
        "of": meeting.marks[home.side],
        "against": meeting.marks[home.other],
        "open": second.open.height,
        "open_percent": round(100 * second.open.height / max(inside, 1), 1),
        **serial_facts(second.serials),
    }
    if second.domestic is not None:
        facts["domestic"] = second.domestic.height
    return facts


def _pair(
    engine: DuckEngine, home: Home, meeting: Meeting, progress: Progress
) -> State:
    """Pair what both first files hold."""
    progress("learn clocks and window", 0, 1)
    departures, arrivals = meeting.inputs["departures"], meeting.inputs["arrivals"]
    state = learn(engine, SPEC, home.options, departures, arrivals)
    state.knowledge = Knowledge(own=home.side)
    pair_all(
        engine,
        state,
        on_pairs=lambda _: None,
        on_bucket=lambda done, of: progress("pair", done, of),
    )
    learn_completeness(engine, state)
    return state


def _hear(home: Home, keys: Keys, meeting: Meeting, peer: Path, peer_2: Path) -> Second:
    """Read the peer's second file."""
    header = read_header(peer_2, expected=keys.expected(home.other, 2))
    check_marks(meeting, header, peer_2, peer)
    return read_second(peer_2, header, meeting.names[home.other])


def pair_blinded(
    home: Home,
    out: Path,
    *,
    peer: Path,
    peer_2: Path,
    show_numbers: bool = False,
    command: str = "",
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Pair the own records with the peer's two files; write the result directory.

    Args:
        home: The own side.
        out: Result directory; made if absent.
        peer: The peer's first file.
        peer_2: The peer's second file.
        show_numbers: Write the own numbers in full.
        command: The command that asks for this, to be told with the result.
        progress: Told what is being done, how much is done, and of how much.

    Returns:
        The summary, as written to summary.json.
    """
    keys = Keys.of(home)
    for number, path in ((1, peer), (2, peer_2)):
        read_header(path, expected=keys.expected(home.other, number))
    sides = {home.side: home.records, home.other: (peer, peer_2)}
    job = PairJob(
        departures=sides["departures"],
        arrivals=sides["arrivals"],
        domestic=home.domestic,
        out=out,
        options=home.options,
        memory_mb=home.memory_mb,
        threads=home.threads,
        show_numbers=show_numbers,
        work=home.work,
        command=command,
        epoch=home.epoch,
    )
    run_of = partial(_BlindedRun, home=home, keys=keys, peer=peer, peer_2=peer_2)
    return carry_out(job, run_of, progress)


@dataclass(slots=True, kw_only=True)
class _BlindedRun(Run):
    """One run from own records and the peer's two files to findings."""

    home: Home
    keys: Keys
    peer: Path
    peer_2: Path
    meeting: Meeting = field(init=False)
    second: Second = field(init=False)

    def read(self) -> None:
        """Read the own records and the peer's files into the workspace."""
        home = self.home
        self.meeting = meeting = meet(
            home,
            self.keys,
            self.engine,
            self.folder,
            peer=self.peer,
            progress=self.progress,
        )
        self.files, self.inputs = dict(meeting.files), dict(meeting.inputs)
        self.files[home.other].paths = (self.peer, self.peer_2)
        self.second = _hear(home, self.keys, meeting, self.peer, self.peer_2)
        told: dict[str, Serials] = {home.other: self.second.serials}
        self.knowledge = Knowledge(own=home.side, told=told)
        declared = dict.fromkeys((*home.options.declared_gaps, *meeting.gaps()))
        options = replace(home.options, declared_gaps=tuple(declared))
        self.job = replace(self.job, options=options)

    def load_domestic(self) -> str | None:
        """Load what the second round tells, and domestic halves if it tells of any."""
        home, engine, state = self.home, self.engine, self.state
        check_told(engine, state, self.second, self.peer_2, home.other)
        tokens = own_tokens(engine, state, home.side, self.keys)
        engine.load(f"parts_{home.side}", parts_of(tokens))
        load_told(engine, home.other, self.second)
        given = self._domestic()
        if given is None or given.rows == 0:
            return None
        self.inputs["domestic"] = given
        engine.run(load_side_step("domestic", given.everything, SPEC))
        return given.everything

    def _domestic(self) -> SideInput | None:
        if self.home.domestic:
            files, given = answer_domestic(
                self.home,
                self.keys,
                self.engine,
                self.meeting,
                self.folder,
                self.progress,
            )
        elif self.second.domestic is not None:
            files, given = load_domestic(
                self.engine,
                self.second.domestic,
                self.meeting.header.party,
                self.folder,
                self.peer_2,
            )
        else:
            return None
        self.files["domestic"] = files
        return given
