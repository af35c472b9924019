"""`tally store`: back a store up, restore it, check it, let go of what is too old."""

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.options import Store_
from tallystick.cli.store_expire import expire

app = typer.Typer(
    name="store",
    help="Back a store up, restore it, check it, let go of what is too old.",
    no_args_is_help=True,
)


@app.command()
def backup(
    store: Store_,
    out: Annotated[Path, typer.Option("--out", help="The file; it must not be there.")],
) -> None:
    """Write all that a store holds into one file, while everybody works on.

    Example: tally store backup --store sqlite:///by.db --out by-2026-03-01.backup
    """
    import time

    from tallystick.cli.progress import Stages
    from tallystick.store.backup import back_up

    now_ms = time.time_ns() // 1_000_000
    with Stages(unit="rows") as stages:
        copied = back_up(store, out, now_ms=now_ms, progress=stages)
    typer.echo(f"{copied.all_rows:,} rows; {out.stat().st_size / 1e6:,.1f} MB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `tally store backup` wrote.")],
    store: Store_,
) -> None:
    """Fill an empty store, of either kind, with a backup.

    Example: tally store restore by-2026-03-01.backup --store postgresql://tally@/tally
    """
    from tallystick.cli.progress import Stages
    from tallystick.store.backup import restore as fill

    with Stages(unit="rows") as stages:
        copied = fill(file, store, progress=stages)
    typer.echo(f"{copied.all_rows:,} rows")


@app.command()
def check(
    store: Store_ = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="A backup, read from end to end.")
    ] = None,
) -> None:
    """Look whether a store, or a backup, is sound; change nothing.

    Example: tally store check --file by-2026-03-01.backup
    """
    from tallystick.cli.progress import Stages
    from tallystick.model import ConfigError
    from tallystick.store.backup import check_backup, look_at

    if bool(store) == (file is not None):
        raise ConfigError(
            "store-which",
            "Either --store or --file says what to look at.",
            advice="Give one of them.",
        )
    if file is not None:
        with Stages(unit="rows") as stages:
            head = check_backup(file, progress=stages)
        rows, revision, ago = head.rows, head.revision, ""
    else:
        looked = look_at(store)
        rows, revision = looked.rows, looked.revision
        ago = "" if looked.today else "  older; the next program that opens it updates"
    for name, count in rows.items():
        typer.echo(f"{count:12,}  {name}")
    typer.echo(f"tables {revision}{ago}")


app.command()(expire)
