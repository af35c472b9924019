"""`tally blind calls`: write the files that two sides exchange in place of records."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.options import Own_

if TYPE_CHECKING:
    from tallystick.blinding import BlindedHeader
    from tallystick.engines.home import Home

app = typer.Typer(
    name="blind",
    help="Write what the other side may see of your records: tokens, no numbers.",
    no_args_is_help=True,
)


class Side(StrEnum):
    """Which halves of the calls one's own records are."""

    DEPARTURES = "departures"
    ARRIVALS = "arrivals"


Records = Annotated[list[Path], typer.Argument(help="Your own call records.")]
OwnSide = Annotated[
    Side, typer.Option("--side", help="Which halves of the calls your records are.")
]
ChannelFile = Annotated[
    Path, typer.Option("--channel", help="What `tally keys agree --out` wrote.")
]
Epoch = Annotated[
    str, typer.Option("--epoch", help="The label both sides agreed for these records.")
]
Domestic = Annotated[
    list[Path] | None,
    typer.Option("--domestic", help="Your domestic records (arrivals side)."),
]
NumberingFile = Annotated[
    Path | None, typer.Option("--numbering", help="How each trunk writes numbers.")
]
DepartureCountry = Annotated[
    str | None, typer.Option("--departure-country", help="ISO code, such as BY.")
]
ArrivalCountry = Annotated[
    str | None, typer.Option("--arrival-country", help="ISO code, such as RU.")
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="How to read your own format.")
]
Zone = Annotated[
    str | None, typer.Option("--zone", help="Time zone of records that name none.")
]
AgreementFile = Annotated[
    Path | None, typer.Option("--agreement", help="Declared gaps (TOML).")
]
Memory = Annotated[str, typer.Option("--memory", help="Limit, such as 8GB.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Worker threads.")]
Work = Annotated[
    Path | None, typer.Option("--work", help="Folder for intermediate files.")
]

LogFolder = Annotated[
    Path | None,
    typer.Option("--log", help="Your log: what is exchanged is laid in, to be logged."),
]


@app.callback()
def group() -> None:
    """Write what the other side may see of your records: tokens, no numbers."""


@app.command()
def calls(
    records: Records,
    side: OwnSide,
    own: Own_,
    channel: ChannelFile,
    epoch: Epoch,
    out: Annotated[Path, typer.Option("--out", help="The file for the peer.")],
    peer: Annotated[
        Path | None,
        typer.Option("--peer", help="The peer's first file: write your second one."),
    ] = None,
    peer_2: Annotated[
        Path | None,
        typer.Option(
            "--peer-2", help="The peer's second file: answer it from --domestic."
        ),
    ] = None,
    ceiling: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            help="Second file: percent of your halves it may hold, at most.",
        ),
    ] = 20.0,
    domestic: Domestic = None,
    numbering: NumberingFile = None,
    departure_country: DepartureCountry = None,
    arrival_country: ArrivalCountry = None,
    mapping: MappingFile = None,
    zone: Zone = None,
    agreement: AgreementFile = None,
    allow_label: Annotated[
        list[str] | None,
        typer.Option(help="A trunk or carrier name with seven digits that may leave."),
    ] = None,
    memory: Memory = "4GB",
    threads: Threads = None,
    work: Work = None,
    log: LogFolder = None,
) -> None:
    """Write the first file for the peer; with --peer, the second.

    Example: tally blind calls departures.csv --side departures --own by.key
    --channel channel.toml --epoch 2026-03-10 --out by-1.tally
    """
    from tallystick.cli.progress import Stages
    from tallystick.engines.exchanged import round_entry
    from tallystick.engines.rounds import blind_first, blind_second
    from tallystick.model import ConfigError
    from tallystick.store.log import check_log, lay_in

    if peer_2 is not None and peer is None:
        raise ConfigError(
            "rounds",
            "--peer-2 was given without --peer.",
            advice="Give the peer's first file with --peer and the second with "
            "--peer-2.",
        )
    if log is not None:
        check_log(log)
    home = at_home(
        records=records,
        side=side,
        own=own,
        channel=channel,
        epoch=epoch,
        domestic=domestic,
        numbering=numbering,
        departure_country=departure_country,
        arrival_country=arrival_country,
        mapping=mapping,
        zone=zone,
        agreement=agreement,
        memory=memory,
        threads=threads,
        work=work,
    )
    labels = frozenset(allow_label or ())
    with Stages() as stages:
        if peer is None:
            header = blind_first(home, out, allow_labels=labels, progress=stages)
        else:
            header = blind_second(
                home,
                out,
                peer=peer,
                peer_2=peer_2,
                ceiling=ceiling / 100,
                allow_labels=labels,
                progress=stages,
            )
    if log is not None:
        lay_in(log, "round", round_entry([out]))
    show_file(out, header)


def at_home(
    *,
    records: list[Path],
    side: Side,
    own: Path,
    channel: Path,
    epoch: str,
    domestic: list[Path] | None,
    numbering: Path | None,
    departure_country: str | None,
    arrival_country: str | None,
    mapping: Path | None,
    zone: str | None,
    agreement: Path | None,
    memory: str,
    threads: int | None,
    work: Path | None,
    accused_per_million: float = 1.0,
    false_discovery_rate: float = 0.005,
) -> "Home":
    """Put together what one side has at home; arguments as of the commands."""
    from tallystick.blinding import read_channel, read_private_key
    from tallystick.cli.pair import declared_gaps, megabytes, reading
    from tallystick.domains.calls.numbers import Numbering
    from tallystick.domains.calls.records import Mapping
    from tallystick.engines.home import Home
    from tallystick.pairing.spec import Options

    return Home(
        side=side.value,
        records=tuple(records),
        domestic=tuple(domestic or ()),
        own=read_private_key(own),
        channel=read_channel(channel),
        epoch=epoch,
        numbering=Numbering.load(numbering) if numbering else None,
        departure_country=departure_country,
        arrival_country=arrival_country,
        mapping=reading(Mapping.load(mapping) if mapping else Mapping(), zone),
        options=Options(
            accused_per_million=accused_per_million,
            false_discovery_rate=false_discovery_rate,
            declared_gaps=declared_gaps(agreement),
        ),
        memory_mb=megabytes(memory),
        threads=threads,
        work=work,
    )


def show_file(out: Path, header: "BlindedHeader") -> None:
    """Say what was written and for whom."""
    size = out.stat().st_size / 1e6
    said = {
        1: f"{header.rows:,} {header.side}, numbers as tokens",
        2: f"{header.extra.get('open', 0):,} {header.side} without a partner"
        f" ({header.extra.get('open_percent', 0)} % of yours)"
        + (
            f", {header.extra['domestic']:,} domestic calls to numbers asked about"
            if "domestic" in header.extra
            else ""
        ),
    }[header.round_number]
    typer.echo(f"{out}: {said}; {size:.1f} MB.")
    typer.echo(
        f"For {header.peer}, epoch {header.epoch}, round {header.round_number}. Nobody"
        f" without a key of {header.party} or {header.peer} can read a number from it;"
        f" {header.peer} can test guesses."
    )
