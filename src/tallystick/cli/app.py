"""The command line: `tally NOUN VERB`.

Only this package and the engines read the clock and the environment. Commands import
what they need when they run, so that `tally --help` stays quick.
"""

import sys

import typer

from tallystick import __version__
from tallystick.model import TallystickError

EXIT_NOTHING, EXIT_FINDINGS, EXIT_COULD_NOT = 0, 1, 2


def make_app() -> typer.Typer:
    """Put the commands together."""
    from tallystick.cli import (
        agreement,
        blind,
        cases,
        console,
        explain,
        harm,
        keys,
        node,
        office,
        pair,
        proof,
        records,
        score,
        simulate,
        store,
    )
    from tallystick.cli.demo import day

    app = typer.Typer(
        name="tally",
        help="Pair the two halves that every border crossing leaves.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode=None,
    )
    app.add_typer(pair.app, name="pair")
    app.add_typer(records.app, name="records")
    app.add_typer(keys.app, name="keys")
    app.add_typer(blind.app, name="blind")
    app.add_typer(cases.app, name="cases")
    app.add_typer(node.app, name="node")
    app.add_typer(harm.app, name="harm")
    app.add_typer(agreement.app, name="agreement")
    app.add_typer(proof.app, name="proof")
    app.add_typer(console.app, name="console")
    app.add_typer(office.app, name="office")
    app.add_typer(store.app, name="store")
    app.command()(explain.explain)
    app.add_typer(simulate.app, name="simulate")
    app.command()(score.score)
    app.command()(day.demo)
    app.command()(version)
    return app


def version() -> None:
    """Print the version."""
    typer.echo(f"tallystick {__version__}")


def main() -> None:
    """Run a command; turn an error into a sentence and exit status 2."""
    try:
        make_app()()
    except TallystickError as error:
        typer.echo(f"tally: {error}", err=True)
        sys.exit(EXIT_COULD_NOT)
    except KeyboardInterrupt:
        typer.echo("tally: stopped; nothing half-written is left to trust.", err=True)
        sys.exit(EXIT_COULD_NOT)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        typer.echo(
            f"tally: the system would not let it: {error.strerror or error}{where}.",
            err=True,
        )
        sys.exit(EXIT_COULD_NOT)
