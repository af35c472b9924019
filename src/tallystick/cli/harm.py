"""`tally harm`: what was done to calls, and to how many honest ones."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tallystick.cli.options import Own_, Terms_, TermsIfAny_

if TYPE_CHECKING:
    from tallystick.channel import Terms
    from tallystick.harm import HarmState

app = typer.Typer(
    name="harm",
    help="Report what was done to calls, and to how many honest ones.",
    no_args_is_help=True,
)

_At = Annotated[
    str | None,
    typer.Option("--at", help="The present time, ISO 8601; without it the clock's."),
]
_Language = Annotated[
    Literal["en", "ru", "be"], typer.Option("--language", help="Of page and PDF.")
]
_FINDINGS = 1


@app.command()
def report(
    verdicts: Annotated[
        list[Path],
        typer.Option("--verdicts", help="A node's folder `verdicts`; may be repeated."),
    ],
    party: Annotated[str, typer.Option("--party", help="Your name, for example RU.")],
    peer: Annotated[str, typer.Option("--peer", help="Where the calls came from.")],
    from_: Annotated[
        str, typer.Option("--from", help="The first day, or moment; UTC.")
    ],
    until: Annotated[
        str, typer.Option("--until", help="The day, or moment, after the last.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")],
    paired: Annotated[
        list[Path] | None,
        typer.Option("--paired", help="A later result of `tally pair`; repeatable."),
    ] = None,
    redress: Annotated[
        Path | None,
        typer.Option("--redress", help="CSV: reference, call_id, outcome."),
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            "--store", help="Where objections and cases are kept, to be counted."
        ),
    ] = "",
    channel: Annotated[
        Path | None,
        typer.Option("--channel", help="The channel file, with --store."),
    ] = None,
    open_cases: Annotated[
        int | None, typer.Option("--open", min=0, help="Cases that are open.")
    ] = None,
    overdue: Annotated[
        int | None, typer.Option("--overdue", min=0, help="Of them, past deadline.")
    ] = None,
    book: Annotated[
        Path | None,
        typer.Option(
            "--book", help="The agreement's book, to publish as it says then."
        ),
    ] = None,
    least: Annotated[
        int | None,
        typer.Option(
            "--least",
            help="Smaller numbers are held back, others rounded down; else 10.",
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--after-days", help="So long after its end; else 7."),
    ] = None,
    carriers: Annotated[
        bool | None, typer.Option("--carriers", help="Name carriers.")
    ] = None,
    at: _At = None,
    language: _Language = "en",
) -> None:
    """Report a period: report.json, report.csv, report.html and report.pdf.

    Example: tally harm report --verdicts ru/verdicts --party RU --peer BY --from
    2026-10-01 --until 2026-11-01 --paired result --out harm-2026-10
    """
    from tallystick.cli.harm_store import count_store
    from tallystick.cli.harm_terms import terms_of
    from tallystick.engines.kept import HarmJob, count_harm
    from tallystick.harm import Period, check_delay, publish
    from tallystick.report.harm import write_harm

    period = Period(from_ms=_moment_ms(from_), until_ms=_moment_ms(until))
    said = {"least": least, "days": days, "carriers": carriers}
    terms = terms_of(book, said, at_ms=period.until_ms)
    check_delay(period, days=terms.days, now_ms=_now_ms(at))
    counted = count_store(store, channel, period, now_ms=_now_ms(at))
    job = HarmJob(
        party=party,
        peer=peer,
        period=period,
        verdicts=tuple(verdicts),
        paired=tuple(paired or ()),
        redress=redress,
        objections=counted.objections,
        open_cases=counted.open_cases if open_cases is None else open_cases,
        overdue_cases=counted.overdue_cases if overdue is None else overdue,
    )
    made = publish(count_harm(job), terms)
    page = write_harm(made, out, language=language)
    typer.echo(_brief(made))
    typer.echo(f"Report: {page}")


@app.command()
def sign(
    made: Annotated[
        Path, typer.Argument(help="report.json; or the peer's, with --seen.")
    ],
    own: Own_,
    terms: Terms_,
    out: Annotated[
        Path | None, typer.Option("--out", help="The signed statement.")
    ] = None,
    store: Annotated[
        str,
        typer.Option("--store", help="Keep it there: the office sends it to the peer."),
    ] = "",
    seen: Annotated[
        list[Path] | None,
        typer.Option(
            "--seen",
            help="Both signed reports: sign that you saw them; repeatable.",
        ),
    ] = None,
    at: _At = None,
) -> None:
    """Sign a report as a statement that the peer, and anybody else, can check.

    With --store it is kept there, and the office brings it to the peer.

    Example: tally harm sign harm-2026-10/report.json --own ru.key --terms terms.toml
    --out ru-2026-10.note
    """
    from tallystick.blinding.keyfile import read_private_key
    from tallystick.cli.harm_store import keep_signed
    from tallystick.harm import countersigned, read_report, reported
    from tallystick.model import ConfigError
    from tallystick.proof import sign_statement, signing_key

    if out is None and not store:
        raise ConfigError(
            "harm-out",
            "It is not said where the signed statement goes.",
            advice="Give --out FILE, --store URL, or both.",
        )
    key, agreed = signing_key(read_private_key(own)), _agreed(terms)
    channel, now_ms = agreed.channel.hex(), _now_ms(at)
    if seen:
        state = _state(seen, agreed)
        statement = countersigned(state, by=key.party, channel=channel, at_ms=now_ms)
    else:
        report_ = _json(made)
        read_report(report_, origin=made.name)
        statement = reported(report_, channel=channel, at_ms=now_ms)
    if store:
        signed = keep_signed(store, statement, key, now_ms=now_ms)
    else:
        signed = sign_statement(statement, key)
    if out is not None:
        out.write_bytes(signed.note)
    typer.echo(f"{statement.by} {statement.kind} {statement.about}: {signed.id}")


@app.command("seen")
def seen_(
    period: Annotated[str, typer.Argument(help="Such as 2026-10.")],
    own: Own_,
    terms: Terms_,
    store: Annotated[
        str, typer.Option("--store", help="Where both reports are; it goes there, too.")
    ],
    at: _At = None,
) -> None:
    """Sign that you have seen both reports of a period that the store holds.

    Example: tally harm seen 2026-10 --own ru.key --terms terms.toml
    --store sqlite:///ru.db
    """
    from tallystick.blinding.keyfile import read_private_key
    from tallystick.cli.harm_store import keep_signed, published
    from tallystick.harm import countersigned
    from tallystick.model import ConfigError
    from tallystick.proof import signing_key

    key, agreed = signing_key(read_private_key(own)), _agreed(terms)
    state = published(store, agreed.channel.hex(), period)
    if len(state.reports) < 2:
        raise ConfigError(
            "harm-two",
            "Two reports are seen, one of each party; the store does not hold both.",
            advice="Sign your own with --store, and let the office run until the "
            "peer's has come.",
        )
    now_ms = _now_ms(at)
    statement = countersigned(
        state, by=key.party, channel=agreed.channel.hex(), at_ms=now_ms
    )
    signed = keep_signed(store, statement, key, now_ms=now_ms)
    typer.echo(f"{statement.by} {statement.kind} {statement.about}: {signed.id}")


@app.command("compare")
def compare_reports(
    statements: Annotated[
        list[Path], typer.Argument(help="Signed statements; or two report.json.")
    ],
    terms: TermsIfAny_ = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write page, PDF and table of both."),
    ] = None,
    language: _Language = "en",
) -> None:
    """See whether both parties' reports agree where they must; exit 1 if not.

    Example: tally harm compare by-2026-10.note ru-2026-10.note --terms terms.toml
    """
    from tallystick.harm import compare, read_report
    from tallystick.model import ConfigError
    from tallystick.report.harm import write_pages

    if terms is not None:
        state = _state(statements, _agreed(terms))
        reports = [
            state.reports[p].statement.body["report"] for p in sorted(state.reports)
        ]
        for ident, why in state.passed_over:
            typer.echo(f"passed over ({why}): {ident}")
        for party, one in sorted(state.reports.items()):
            typer.echo(f"reported by {party}: {one.id}")
        for party in sorted(state.countersigned):
            typer.echo(f"both seen by {party}")
        differences, standing = list(state.differences), state.standing
    else:
        if len(statements) != 2:
            raise ConfigError(
                "harm-two",
                "Two reports are compared, one of each party.",
                advice="Give two report.json, or signed statements with --terms.",
            )
        reports = [_json(path) for path in statements]
        for path, one in zip(statements, reports, strict=True):
            read_report(one, origin=path.name)
        differences = compare(*reports)
        standing = "differs" if differences else "agreed"
        typer.echo("No signature was checked: give --terms for that.")
    for found in differences:
        whose = f" of {found.of}" if found.of else ""
        first, second = _said(found.first), _said(found.second)
        typer.echo(f"{found.code}{whose}: {first} and {second}")
    typer.echo(standing)
    if out is not None and reports:
        typer.echo(f"Report: {write_pages(reports, out, language=language)}")
    if standing != "agreed":
        raise typer.Exit(_FINDINGS)


def _state(paths: list[Path], terms: "Terms") -> "HarmState":
    from tallystick.harm import read_harm
    from tallystick.model import MalformedError
    from tallystick.proof import read_statement

    keys = terms.verifying_keys
    read = {}
    for path in paths:
        one = read_statement(
            path.read_bytes(), keys, channel=terms.channel.hex(), origin=path.name
        )
        read[one.id] = one
    periods = {one.statement.about.partition("/") for one in read.values()}
    if len(periods) != 1 or next(iter(periods))[0] != "harm":
        raise MalformedError(
            "harm-periods",
            "These statements are not about one and the same harm report.",
            advice="Give those of one period.",
        )
    parties = tuple(key.party for key in keys)
    return read_harm(
        list(read.values()), (parties[0], parties[1]), period=next(iter(periods))[2]
    )


def _agreed(path: Path) -> "Terms":
    from tallystick.channel import parse_agreement

    text = path.read_text(encoding="ascii", errors="replace")
    return parse_agreement(text, origin=path.name).terms


def _json(path: Path) -> dict[str, Any]:
    from tallystick.model import MalformedError

    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise MalformedError(
            "harm-report",
            f"{path.name} is not a harm report of this version, at $.",
            advice="Take `report.json` as `tally harm report` wrote it.",
        )
    return value


def _moment_ms(text: str) -> int:
    from tallystick.model import ConfigError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            "harm-moment",
            "A moment cannot be read.",
            advice="Write 2026-10-01, or 2026-10-01T12:00:00Z; UTC where no zone is"
            " named.",
        ) from None
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(whole.timestamp() * 1000)


def _now_ms(at: str | None) -> int:
    return time.time_ns() // 1_000_000 if at is None else _moment_ms(at)


def _brief(made: dict[str, Any]) -> str:
    honest = made["honest"]
    rate = honest["per_million"]
    proven = "" if honest["proven"] else "; unproven beyond that"
    return (
        f"{made['peer']} to {made['by']}, {made['period']['name']}:"
        f" {_said(made['verified']['total'])} calls verified,"
        f" {_said(made['acted']['total'])} acted on,"
        f" honest ones touched {honest['least']} to {honest['most']},"
        f" {rate['low']:g} to {rate['high']:g} per million{proven}."
    )


def _said(value: object) -> str:
    if value is None:
        return "not counted"
    return f"{value:,}" if isinstance(value, int) else str(value)
