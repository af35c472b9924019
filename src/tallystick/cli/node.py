"""`tally node`: a verdict for every call while it rings."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli import node_demo
from tallystick.cli.options import Json_, Own_, Set_

if TYPE_CHECKING:
    from tallystick.node.config.settings import NodeSettings

app = typer.Typer(
    name="node",
    help="Run a node beside the switch: a verdict for every call while it rings.",
    no_args_is_help=True,
)
config = typer.Typer(
    name="config", help="What the node is told, and by whom.", no_args_is_help=True
)
app.add_typer(config, name="config")
app.command()(node_demo.demo)

_Config = Annotated[Path, typer.Option("--config", help="The settings file (TOML).")]
_DEFAULT = Path("node.toml")


@app.command()
def run(
    config_file: _Config = _DEFAULT,
    http: Annotated[
        str | None,
        typer.Option("--http", help="Listen here for switches: --set listen.http=…"),
    ] = None,
    settings: Set_ = None,
    worker: Annotated[str, typer.Option("--worker", hidden=True)] = "",
) -> None:
    """Run the node until it is stopped (SIGTERM or Ctrl-C).

    SIGHUP makes it read settings, rules, keys, terms and certificates again.

    Example: tally node run --config node.toml --set listen.http=127.0.0.1:8080
    """
    import uvloop

    from tallystick.node.beside import beside, rooms_of
    from tallystick.node.build import build
    from tallystick.node.cluster.membership import settings_of, worker_of
    from tallystick.node.config.flags import parse_flags
    from tallystick.node.config.settings import NodeSettings, load_settings
    from tallystick.node.process import serve

    said = [*(settings or ()), *([f"listen.http={http}"] if http else ())]
    flags = parse_flags(said)
    own = worker_of(worker)

    def read() -> NodeSettings:
        return settings_of(load_settings(config_file, flags).settings, own)

    told = read()
    more = [part for one in said for part in ("--set", one)]
    arguments = ("--config", str(config_file), *more)
    if told.workers > 1 and own is None:
        _run_workers(told, arguments)
        return
    node = build(told, again=read, worker=own)
    rooms = rooms_of(told) if own is None else ()

    def started(one: object) -> None:
        del one
        if own is not None and own.number > 1:
            return  # the first of several says it for all
        for name, (host, port) in node.addresses.items():
            typer.echo(f"{name:8} {host}:{port}")
        typer.echo(f"{node.secrets.party} answers; peer {node.secrets.peer}")

    async def work() -> None:
        async with beside(rooms, arguments, log=node.log):
            await serve(node, started=started)

    uvloop.run(work())


def _run_workers(settings: "NodeSettings", arguments: tuple[str, ...]) -> None:
    """Run several processes, after a look whether one of them could be put together."""
    import uvloop

    from tallystick.node.beside import beside, rooms_of
    from tallystick.node.build import build
    from tallystick.node.cluster.membership import keep_ms
    from tallystick.node.cluster.workers import Workers, check_ports, worker_command

    check_ports(settings)

    alone = settings.model_copy(update={"workers": 1, "cluster": None})
    node = build(alone)
    kept_ms = keep_ms(node.arrivals.hold.matcher.window)
    workers = Workers(
        worker_command(arguments),
        settings.workers,
        log_keep_ms=kept_ms if settings.cluster is None else None,
    )

    async def work() -> None:
        async with beside(rooms_of(settings), arguments, log=node.log):
            await workers.serve()

    uvloop.run(work())


@app.command()
def check(config_file: _Config = _DEFAULT, settings: Set_ = None) -> None:
    """Try everything before going live: files, keys, ports, the peer, both clocks.

    May be used beside the running node, too.

    Example: tally node check --config node.toml
    """
    import uvloop

    from tallystick.node.config.check import check_node
    from tallystick.node.config.flags import parse_flags
    from tallystick.node.config.settings import load_settings

    flags = parse_flags(settings or ())
    results = uvloop.run(check_node(load_settings(config_file, flags).settings))
    for one in results:
        typer.echo(f"{'ok' if one.good else 'NO':3} {one.what}: {one.said}")
    if not all(one.good for one in results):
        raise typer.Exit(2)


@config.command()
def show(
    config_file: _Config = _DEFAULT,
    settings: Set_ = None,
    as_json: Json_ = False,
) -> None:
    """List every value in force, as TOML, and where it came from.

    Example: tally node config show --config node.toml
    """
    import json

    from tallystick.node.config.flags import parse_flags, shown, told
    from tallystick.node.config.settings import load_settings

    loaded = load_settings(config_file, parse_flags(settings or ()))
    if as_json:
        typer.echo(json.dumps(told(loaded), ensure_ascii=False, indent=2))
        return
    for line in shown(loaded):
        typer.echo(line)


@app.command()
def top(
    config_file: _Config = _DEFAULT,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Where the node answers, if not by the settings."),
    ] = None,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, max=60, help="Seconds.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Print one frame.")] = False,
) -> None:
    """Watch a running node: verdicts, times, the peer, queues. The key q quits.

    Example: tally node top --url http://127.0.0.1:8080
    """
    from tallystick.cli.top import reader, show, show_once
    from tallystick.node.config.settings import load_settings
    from tallystick.node.watch.ask import url_of

    again = reader(url or url_of(load_settings(config_file).settings))
    (show_once if once else show)(again, interval_s=interval)


@app.command()
def why(
    call: Annotated[str, typer.Argument(help="The switch's id of the call.")],
    config_file: _Config = _DEFAULT,
    language: Annotated[str, typer.Option("--language", help="en, ru or be.")] = "en",
) -> None:
    """Say why a call got its verdict.

    Example: tally node why 7f3a@sbc-1 --language ru
    """
    from tallystick.agreement import LANGUAGES, sentence
    from tallystick.model import ConfigError
    from tallystick.node.cluster.membership import folders_of
    from tallystick.node.config.settings import load_settings
    from tallystick.node.kept.courses import find_course
    from tallystick.node.kept.verdicts import find_verdict

    chosen = next((one for one in LANGUAGES if one == language), None)
    if chosen is None:
        raise ConfigError(
            "language", "That language is not spoken here.", advice="en, ru or be."
        )
    folders = folders_of(load_settings(config_file).settings)
    found, folder = next(
        (
            (row, one)
            for one in folders
            if (row := find_verdict(one / "verdicts", call)) is not None
        ),
        (None, folders[0]),
    )
    if found is None:
        raise ConfigError(
            "node-call",
            "No verdict on this call is on disk.",
            advice="The last ten seconds are only in the node's memory:"
            " ask it by GET /v1/verdicts?call_id=…",
        )
    typer.echo(f"{found['outcome']}, {found['action']} by {found['rule']}")
    if found["would"] != found["action"]:
        typer.echo(f"a dry run would: {found['would']}")
    if found.get("reference"):
        typer.echo(f"reference {found['reference']}")
    course = find_course(folder / "courses", call)
    codes = [*str(found["reasons"]).split(";")]
    codes += ["corrected"] if found.get("corrected") else []
    codes += [f"course_{course['sign']}"] if course else []
    for code in codes:
        typer.echo(sentence(code, chosen))


@app.command()
def terms(
    own: Own_,
    out: Annotated[Path, typer.Option("--out", help="The terms, to be signed.")],
    peer: Annotated[
        Path | None,
        typer.Option("--peer", help="The peer's public key file, to write new terms."),
    ] = None,
    peer_signing: Annotated[
        str,
        typer.Option(
            "--peer-signing", help="The peer's signing key, as `signing-key` prints it."
        ),
    ] = "",
    begins: Annotated[
        datetime | None, typer.Option("--from", help="When it begins to hold.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="For how long.")] = 365,
) -> None:
    """Write a channel's terms, or add your signature to those that are there.

    The first party writes and signs; the second signs the same file.

    Example: tally node terms --own by.key --peer ru.pub --peer-signing "…" --out t.toml
    """
    from datetime import UTC

    from tallystick.model import ConfigError
    from tallystick.node.config.terms import new_terms, sign_file, write_terms
    from tallystick.node.service import now_ms

    if (peer is None) == bool(peer_signing):
        raise ConfigError(
            "node-terms",
            "New terms need both the peer's public key and its signing key.",
            advice="Give --peer and --peer-signing; to sign what is there, neither.",
        )
    if peer is not None:
        moment = begins or datetime.fromtimestamp(now_ms() / 1000, UTC)
        text = new_terms(own, peer, peer_signing, begins=moment, days=days)
        write_terms(out, text)
    sign_file(out, own)
    typer.echo(f"{out}: signed.")


@app.command(name="signing-key")
def signing(
    own: Annotated[Path, typer.Argument(help="Your private key file.")],
) -> None:
    """Print your public signing key, to be given to the peer with the public key.

    Example: tally node signing-key by.key
    """
    from tallystick.blinding import read_private_key
    from tallystick.channel import encode_verifying_key, signing_key

    typer.echo(encode_verifying_key(signing_key(read_private_key(own)).public()))
