"""`tally pair blinded`: pair own records with the peer's two blinded files."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.blind import (
    AgreementFile,
    ArrivalCountry,
    ChannelFile,
    DepartureCountry,
    Domestic,
    Epoch,
    LogFolder,
    MappingFile,
    Memory,
    NumberingFile,
    OwnSide,
    Records,
    Threads,
    Work,
    Zone,
)
from tallystick.cli.options import Own_


def blinded(
    records: Records,
    side: OwnSide,
    own: Own_,
    channel: ChannelFile,
    epoch: Epoch,
    peer: Annotated[Path, typer.Option("--peer", help="The peer's first file.")],
    peer_2: Annotated[Path, typer.Option("--peer-2", help="The peer's second file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the result.")],
    domestic: Domestic = None,
    numbering: NumberingFile = None,
    departure_country: DepartureCountry = None,
    arrival_country: ArrivalCountry = None,
    mapping: MappingFile = None,
    zone: Zone = None,
    agreement: AgreementFile = None,
    accused_per_million: Annotated[
        float,
        typer.Option(
            min=0.0, help="Honest calls that may wrongly be named, per million."
        ),
    ] = 1.0,
    false_discovery_rate: Annotated[
        float,
        typer.Option(
            min=0.0, max=0.5, help="Largest expected share of wrong findings."
        ),
    ] = 0.005,
    memory: Memory = "4GB",
    threads: Threads = None,
    show_numbers: Annotated[
        bool, typer.Option("--show-numbers", help="Write your own numbers in full.")
    ] = False,
    work: Work = None,
    log: LogFolder = None,
) -> None:
    """Pair your own records with what the peer blinded.

    Example: tally pair blinded departures.csv --side departures --own by.key
    --channel channel.toml --epoch 2026-03-10 --peer ru-1.tally --peer-2 ru-2.tally
    --out result
    """
    from tallystick.cli.blind import at_home
    from tallystick.cli.pair import show_summary
    from tallystick.cli.progress import Stages
    from tallystick.engines.exchanged import round_entry
    from tallystick.engines.rounds import pair_blinded
    from tallystick.report import write_report
    from tallystick.store.log import check_log, lay_in

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
        accused_per_million=accused_per_million,
        false_discovery_rate=false_discovery_rate,
    )
    with Stages() as stages:
        told = pair_blinded(
            home,
            out,
            peer=peer,
            peer_2=peer_2,
            show_numbers=show_numbers,
            command=shlex.join(["tally", *sys.argv[1:]]),
            progress=stages,
        )
        stages("draw the report", 0, 1)
        page = write_report(out)
    if log is not None:
        found = round_entry([peer, peer_2], pairs=told["pairs"]["total"])
        lay_in(log, "round", found)
    show_summary(told, page)
    raise typer.Exit(1 if told["findings"]["accusing"] else 0)
