"""One side at home: its keys, and its records as halves under tokens.

Source: spec/tokens.md, "The two rounds".
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final, Literal

import polars as pl

from tallystick.blinding import (
    Agreement,
    BlindedHeader,
    Channel,
    Expected,
    Gap,
    PrivateKey,
    TokenKey,
    agree,
    token_columns,
    token_key,
)
from tallystick.domains.calls.numbers import Learned, Numbering
from tallystick.domains.calls.records import Mapping as RecordMapping
from tallystick.engines.blinded import DOMAIN, EARLIEST_MS, LATEST_MS, Content
from tallystick.engines.duck import DuckEngine
from tallystick.engines.ingest import SideFiles, ingest, learn_numbers, side_input
from tallystick.engines.workspace import Workspace
from tallystick.model import ConfigError
from tallystick.pairing.plan import SideInput
from tallystick.pairing.spec import Options

Side = Literal["departures", "arrivals"]
Progress = Callable[[str, int, int], None]  # what, done, of

# By which handles are counted: what a row shows anyway, then what breaks ties at home.
_ORDER: Final = "at_ms, key_hi, key_lo, end_ms DESC NULLS LAST, record_id, point"
_ROUND_OF: Final = {"pair": 1, "called": 2, "calling": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What one side has at home.

    Attributes:
        side: Which halves of the calls its records are.
        records: Its record files.
        own: Its private key.
        channel: The two public keys it was agreed to use.
        epoch: The label both sides agreed for these records.
        domestic: The arrival side's domestic records.
        numbering: How trunks write numbers.
        departure_country: ISO 3166 code; read from the records if not given.
        arrival_country: The same.
        mapping: How to read files of a format of one's own.
        options: What the statistics may do; its declared gaps of the own side are
            told to the peer.
        memory_mb: Limit for the engine.
        threads: Worker threads.
        work: Folder for intermediate files; a temporary one if not given.
    """

    side: Side
    records: tuple[Path, ...]
    own: PrivateKey
    channel: Channel
    epoch: str
    domestic: tuple[Path, ...] = ()
    numbering: Numbering | None = None
    departure_country: str | None = None
    arrival_country: str | None = None
    mapping: RecordMapping | None = None
    options: Options = field(default_factory=Options)
    memory_mb: int = 4096
    threads: int | None = None
    work: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: "domestic".
        """
        if self.domestic and self.side != "arrivals":
            raise ConfigError(
                "domestic",
                "Domestic records are those of the arrival side: calls that left as "
                "international ones may be among them.",
                advice="Leave --domestic out.",
            )

    @property
    def other(self) -> Side:
        """The peer's side."""
        return "arrivals" if self.side == "departures" else "departures"

    @contextmanager
    def at_work(self) -> Generator[tuple[DuckEngine, Path], None, None]:
        """Give an engine and a folder that is gone afterwards.

        Yields:
            The engine, which spills into the folder, and the folder.
        """
        folder = Path(mkdtemp(prefix="tally-", dir=self.work))
        try:
            with DuckEngine(
                folder=folder, memory_mb=self.memory_mb, threads=self.threads
            ) as engine:
                yield engine, folder
        finally:
            rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one epoch between two parties, and what their files say."""

    agreement: Agreement
    epoch: str

    @classmethod
    def of(cls, home: Home) -> "Keys":
        """Agree with the peer that the channel names."""
        peer = home.channel.peer_of(home.own.public())
        return cls(agree(home.own, peer), home.epoch)

    def key(self, purpose: str) -> TokenKey:
        """Return the key of one purpose, in the round that knows it."""
        return token_key(
            self.agreement,
            domain=DOMAIN,
            epoch=self.epoch,
            round_number=_ROUND_OF[purpose],
            purpose=purpose,
        )

    def expected(self, side: Side, round_number: int) -> Expected:
        """Return what a file of the peer must say."""
        return Expected(
            own=self.agreement.own.party,
            peer=self.agreement.peer.party,
            agreement=self.agreement.identifier,
            domain=DOMAIN,
            epoch=self.epoch,
            round_number=round_number,
            sides=(side,),
        )

    def header(
        self,
        home: Home,
        files: SideFiles,
        *,
        round_number: int,
        columns: tuple[str, ...],
        extra: Mapping[str, str | float | bool],
    ) -> BlindedHeader:
        """Return what an own file says of itself."""
        return BlindedHeader(
            domain=DOMAIN,
            round_number=round_number,
            epoch=self.epoch,
            side=home.side,
            party=self.agreement.own.party,
            peer=self.agreement.peer.party,
            agreement=self.agreement.identifier,
            columns=columns,
            coverage_from_ms=files.from_ms or 0,
            coverage_to_ms=files.to_ms or 0,
            gaps=tuple(
                Gap(from_ms=gap.from_ms, to_ms=gap.to_ms, trunk=gap.point, why=gap.why)
                for gap in home.options.declared_gaps
                if gap.side == home.side
            ),
            extra=extra,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Own records as they were read: halves under tokens, in no order yet.

    Attributes:
        files: Counts and names.
        source: A table expression: HALF_SCHEMA, key_hi and key_lo being tokens, and
            `calling`, `called` in clear.
        learned: How the numbers of each side are written.
    """

    files: SideFiles
    source: str
    learned: Mapping[str, Learned]


def read_own(home: Home, keys: Keys, folder: Path, progress: Progress) -> Read:
    """Read and blind the own records.

    Raises:
        ConfigError: "no-records".
    """
    files = SideFiles(home.side, home.records)
    sides = [files]
    if home.domestic:
        sides.append(SideFiles("domestic", home.domestic))
    progress("see how numbers are written", 0, 1)
    learned = learn_numbers(
        sides,
        numbering=home.numbering,
        departure_country=home.departure_country,
        arrival_country=home.arrival_country,
        mapping=home.mapping,
    )
    change = partial(_blinded, parts=("calling", "called"), key=keys.key("pair"))
    source = _read(home, files, learned, folder, change, progress)
    if files.rows == 0:
        raise ConfigError(
            "no-records",
            f"There are no call records to blind among the {home.side} "
            f"({', '.join(path.name for path in files.paths)}): {files.rejected} rows "
            f"were rejected, {files.other} have another direction.",
            advice="`tally records inspect FILE` shows how the file is read.",
        )
    return Read(files=files, source=source, learned=learned)


def read_domestic(
    home: Home,
    keys: Keys,
    learned: Mapping[str, Learned],
    folder: Path,
    progress: Progress,
) -> Read:
    """Read the own domestic records; their key is the token of the called number."""
    files = SideFiles("domestic", home.domestic)
    change = partial(_blinded, parts=("called",), key=keys.key("called"))
    source = _read(home, files, learned, folder, change, progress)
    return Read(files=files, source=source, learned=learned)


def _read(
    home: Home,
    files: SideFiles,
    learned: Mapping[str, Learned],
    folder: Path,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    progress: Progress,
) -> str:
    place = folder / "read"
    place.mkdir(exist_ok=True)
    given = ingest(
        files,
        Workspace(place, 1),
        numbering=home.numbering,
        learned=learned.get(files.side),
        mapping=home.mapping,
        report=lambda what, _, done, of: progress(f"read {what}", done, of),
        change=change,
    )
    return given.everything


def _blinded(
    halves: pl.DataFrame, *, parts: tuple[str, ...], key: TokenKey
) -> pl.DataFrame:
    """Put tokens in the place of the match key; keep the numbers beside them."""
    halves = halves.with_columns(
        pl.col("key_hi").alias("calling"), pl.col("key_lo").alias("called")
    )
    return halves.with_columns(token_columns(halves, parts=parts, key=key, name="key"))


def count_halves(
    engine: DuckEngine, read: Read, workspace: Workspace, *, where: str = "true"
) -> tuple[SideInput, Content]:
    """Give own halves their handles, and put them into buckets.

    A handle is the count in order of time: it says nothing that the row does not
    show. Halves whose clock is decades off, which no file can hold, are left out.

    Returns:
        The halves for the plan, and the mark of their content.
    """
    writer = workspace.writer(read.files.side)
    content = Content()
    timely = f"at_ms BETWEEN {EARLIEST_MS} AND {LATEST_MS}"
    for frame in engine.stream(
        f"SELECT * EXCLUDE (row) FROM {read.source} WHERE {timely} AND {where}"
        f" ORDER BY {_ORDER}"
    ):
        first = writer.rows
        rows = pl.int_range(first, first + pl.len(), dtype=pl.Int64)
        counted = frame.with_columns(rows.alias("row"))
        content.add(counted)
        writer.add(counted)
    writer.close()
    return replace(side_input(read.files, workspace), rows=writer.rows), content
