"""`tally console`: the web pages people work in, and the accounts of those people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.demo import two
from tallystick.cli.options import Cert_, Days_, Set_, Store_

if TYPE_CHECKING:
    from tallystick.console.people.accounts import Accounts
    from tallystick.store import Account

app = typer.Typer(
    name="console",
    help="The web pages people work in, and their accounts.",
    no_args_is_help=True,
)
accounts_app = typer.Typer(
    name="account", help="Who may sign in, and as what.", no_args_is_help=True
)
app.add_typer(accounts_app, name="account")
app.command(name="demo")(two.two)

_Name = Annotated[str, typer.Argument(help="The name they sign in with.")]
_Role = Annotated[
    str,
    typer.Option(
        "--role", help="analyst, officer, operator, auditor or administrator."
    ),
]
_Trunks = Annotated[
    str, typer.Option("--trunks", help="Of an operator: those they see, by commas.")
]


@app.command()
def run(
    store: Store_ = "",
    listen: Annotated[
        str, typer.Option("--listen", help="HOST:PORT.")
    ] = "127.0.0.1:8443",
    cert: Cert_ = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its key, PEM.")] = None,
    address: Annotated[
        str,
        typer.Option(
            "--address", help="What people type, if not https:// and --listen."
        ),
    ] = "",
    node: Annotated[
        str, typer.Option("--node", help="Where the node answers, to show its figures.")
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="A node's settings file: to be shown, and, with [console] in it, "
            "instead of all other options.",
        ),
    ] = None,
    settings: Set_ = None,
    verdicts: Annotated[
        Path | None,
        typer.Option("--verdicts", help="The node's folder `verdicts`, to be counted."),
    ] = None,
    party: Annotated[
        str, typer.Option("--party", help="Our own name, as people see it.")
    ] = "",
    days: Days_ = "",
    secrets: Annotated[
        Path | None,
        typer.Option(
            "--secrets",
            help="The key that seals authenticators' secrets, if not beside the store.",
        ),
    ] = None,
    insecure_http: Annotated[
        bool,
        typer.Option(
            "--insecure-http", help="Without TLS; for demonstrations on this machine."
        ),
    ] = False,
) -> None:
    """Open the console for people until it is stopped (SIGTERM or Ctrl-C).

    `tally node run` opens the console of its settings file by itself. Only a console
    with a settings file has the party's key, so that people can say something in it.

    Example: tally console run --config node.toml
    """
    from tallystick.cases.course import parse_days
    from tallystick.console.people.sealing import key_place, open_sealer
    from tallystick.console.serving import Listening, serve
    from tallystick.console.settings import ConsoleSettings
    from tallystick.console.told import console_told
    from tallystick.model import ConfigError
    from tallystick.node.config.flags import parse_flags
    from tallystick.node.config.settings import load_settings
    from tallystick.office import open_side
    from tallystick.store import People, open_store

    flags = parse_flags(settings or ())
    if config is not None and not store:
        told = console_told(load_settings(config, flags).settings, file=config)
        with open_side(told.office) as side:
            serve(
                side.store,
                told.listening,
                told.settings(side),
                public=told.public,
                started=typer.echo,
            )
        return
    if not store:
        raise ConfigError(
            "console-store",
            "The console was not told what to show.",
            advice="Give --store, or --config with a settings file that has [console].",
        )
    listening = Listening.read(
        listen, cert=cert, key=key, address=address, insecure_http=insecure_http
    )
    opened = open_store(store)
    try:
        serve(
            opened,
            listening,
            ConsoleSettings(
                address=listening.address,
                sealer=open_sealer(key_place(secrets, store), People(opened)),
                node=node,
                node_settings=config,
                verdicts=verdicts,
                party=party,
                terms=parse_days(days),
            ),
            started=typer.echo,
        )
    finally:
        opened.close()


@accounts_app.command()
def add(
    store: Store_,
    name: _Name,
    role: _Role,
    trunks: _Trunks = "",
    issuer: Annotated[
        str,
        typer.Option(
            "--issuer", help="The identity provider that knows them by that name."
        ),
    ] = "",
) -> None:
    """Make an account; its password is printed once, to be replaced in three days.

    Example: tally console account add anna --role administrator --store sqlite:///c.db
    """
    _, password = _accounts(store).add(name, role, trunks.split(","), issuer=issuer)
    if password:
        typer.echo(password)


@accounts_app.command(name="list")
def list_accounts(store: Store_) -> None:
    """List all accounts: name, role, last signed in (UTC), locked.

    Example: tally console account list --store sqlite:///c.db
    """
    from datetime import UTC, datetime

    for one in _accounts(store).people.all():
        seen = (
            f"{datetime.fromtimestamp(one.seen_ms / 1000, UTC):%Y-%m-%d %H:%M}"
            if one.seen_ms
            else "never"
        )
        locked = "  locked" if one.locked_ms else ""
        trunks = f"  {','.join(one.trunks)}" if one.trunks else ""
        typer.echo(f"{one.name:24} {one.role:14} {seen:16}{locked}{trunks}".rstrip())


@accounts_app.command()
def lock(
    store: Store_,
    name: _Name,
    undo: Annotated[bool, typer.Option("--undo", help="Let them in again.")] = False,
) -> None:
    """Let somebody in no more, at once; or again.

    Example: tally console account lock boris --store sqlite:///c.db
    """
    accounts = _accounts(store)
    one = _found(accounts, name)
    if undo:
        accounts.unlock(one)
    else:
        accounts.lock(one)


@accounts_app.command()
def reset(store: Store_, name: _Name) -> None:
    """Give a new password and let them enrol anew; for who lost their telephone.

    Example: tally console account reset boris --store sqlite:///c.db
    """
    accounts = _accounts(store)
    password = accounts.reset(_found(accounts, name))
    typer.echo(password or "They connect an authenticator anew.")


@accounts_app.command()
def role(store: Store_, name: _Name, role: _Role, trunks: _Trunks = "") -> None:
    """Give somebody another role; they must sign in again.

    Example: tally console account role boris --role auditor --store sqlite:///c.db
    """
    accounts = _accounts(store)
    accounts.set_role(_found(accounts, name), role, trunks.split(","))


def _accounts(url: str) -> "Accounts":
    from tallystick.console.people.accounts import Accounts, Actor
    from tallystick.node.service import now_ms
    from tallystick.store import open_store

    return Accounts(open_store(url), Actor(name="(command line)"), now_ms)


def _found(accounts: "Accounts", name: str) -> "Account":
    from tallystick.model import ConfigError

    found = accounts.people.named(name)
    if found is None:
        raise ConfigError(
            "account-unknown",
            "There is no account of that name.",
            advice="See `tally console account list`.",
        )
    return found
