"""`tally cases`: from findings to cases, and each case to its end."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import polars as pl

    from tallystick.cases.letter import Letter
    from tallystick.cases.state import State
    from tallystick.proof import SigningKey
    from tallystick.store.cases import CaseDesk, CaseRow

app = typer.Typer(
    name="cases",
    help="Group findings into cases and bring each to its end.",
    no_args_is_help=True,
)

NAMED_MOST = 50
CROSSINGS_MOST = 100_000
Store_ = Annotated[
    str, typer.Option("--store", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
]
Key_ = Annotated[Path, typer.Option("--key", help="Your private key file.")]
Channel_ = Annotated[
    Path, typer.Option("--channel", help="The channel file of `tally keys agree`.")
]
Days_ = Annotated[
    str,
    typer.Option(
        "--days", help="Days that steps may take, such as ask=14,answer=30,appeal=14."
    ),
]
Case_ = Annotated[
    str, typer.Argument(help="The case, or the reference of an objection.")
]
Text_ = Annotated[str, typer.Option("--text", help="In words; the peer reads it.")]
Json_ = Annotated[
    bool, typer.Option("--json", help="Print plain values for a program.")
]
From_ = Annotated[
    str, typer.Option("--from", help="From when: a date, such as 2026-03-01.")
]
Until_ = Annotated[
    str | None, typer.Option("--until", help="Until when; without it for good.")
]


class Tongue(StrEnum):
    """Languages of letters."""

    BE = "be"
    RU = "ru"
    EN = "en"


class Covers(StrEnum):
    """What of a case is lawful."""

    BOTH = "both"
    ACTOR = "actor"
    OBJECT = "object"


@app.callback()
def group() -> None:
    """Group findings into cases and bring each to its end."""


@app.command("import")
def import_(
    result: Annotated[Path, typer.Argument(help="The folder `tally pair` wrote.")],
    store: Store_,
    key: Key_,
    channel: Channel_,
    departure: Annotated[
        str, typer.Option("--departure", help="The party whose side the calls left.")
    ],
    rates: Annotated[
        Path | None,
        typer.Option("--rates", help="CSV with prefix, rate (a minute), currency."),
    ] = None,
) -> None:
    """Group a result's findings into cases, or add them to those that are open.

    Example: tally cases import result --store sqlite:///cases.db --key by.key
    --channel channel.toml --departure BY --rates rates.csv
    """
    from tallystick.cases.grouping import group as group_findings
    from tallystick.cases.money import read_rates
    from tallystick.domains.calls.cases import RULES, sort_findings
    from tallystick.model import ConfigError
    from tallystick.node.config.files import read_text
    from tallystick.store.cases import gather

    with _desk(store, key, channel) as (desk, _):
        if departure not in desk.parties:
            raise ConfigError(
                "case-party",
                f"The channel is not one of {departure}.",
                advice=f"Its parties are {' and '.join(desk.parties)}.",
            )
        (arrival,) = set(desk.parties) - {departure}
        way = {"domain": "calls", "departure": departure, "arrival": arrival}
        grouped = group_findings(
            sort_findings(_findings(result)),
            **way,
            secret=desk.secret,
            lawful=desk.cases.lawful(),
        )
        deck = None
        if rates is not None:
            text = read_text(rates, code="rate-deck", what="The rate deck")
            deck = read_rates(text, origin=str(rates))
        taken = gather(
            desk.store,
            desk.channel,
            grouped,
            **way,
            secret=desk.secret,
            rules=RULES,
            deck=deck,
        )
        typer.echo(
            f"{taken.new:,} crossings taken in, {taken.repeated:,} were there already; "
            f"{len(taken.opened)} new cases, {len(taken.joined)} that were there."
        )
        for row in taken.left.iter_rows(named=True):
            why = LEFT.get(row["why"], row["why"])
            typer.echo(f"  no case: {row['crossings']:,} {row['finding']}: {why}")


LEFT = {
    "unproven": "nothing is claimed of them",
    "explained": "they were explained as lawful",
    "nameless": "no carrier is named",
    "few": "too few yet; they are gathered",
    "unknown": "a kind that no case gathers",
}


@app.command("list")
def list_(
    store: Store_,
    channel: Channel_,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only these states.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only these kinds.")
    ] = None,
    search: Annotated[
        str, typer.Option("--search", help="Part of a name, carrier, trunk or range.")
    ] = "",
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those whose time is up.")
    ] = False,
    page: Annotated[int, typer.Option("--page", min=1, help="Which page.")] = 1,
    json_: Json_ = False,
) -> None:
    """List cases, the latest first.

    Example: tally cases list --store sqlite:///cases.db --channel channel.toml
    """
    import json
    from dataclasses import asdict

    from tallystick.blinding.keyfile import read_channel
    from tallystick.store import open_store
    from tallystick.store.cases import CaseBook, CaseQuery

    opened = open_store(store)
    try:
        found = CaseBook(opened, read_channel(channel).identifier).find(
            CaseQuery(
                states=state or (),
                kinds=kind or (),
                text=search,
                overdue_ms=_now_ms() if overdue else None,
                page=page - 1,
            )
        )
    finally:
        opened.close()
    if json_:
        rows = [asdict(row) for row in found.rows]
        typer.echo(json.dumps({"total": found.total, "cases": rows}, indent=1))
        return
    for row in found.rows:
        typer.echo(_line(row))
    typer.echo(f"{len(found.rows)} of {found.total} cases.")


@app.command()
def show(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    days: Days_ = "",
) -> None:
    """Show where a case stands, whose turn it is, and what may be asked of whom.

    Example: tally cases show 7QF2M9XT4CW0AB12 --store sqlite:///cases.db --key by.key
    --channel channel.toml
    """
    with _desk(store, key, channel, days) as (desk, _):
        about, name = _about(case)
        state = desk.state(about, now_ms=_now_ms())
        if about.startswith("case/"):
            row = desk.cases.case(name)
            typer.echo(_line(row))
            for day in desk.cases.trend(name):
                typer.echo(f"  {_date(day.day * 86_400_000)}  {day.crossings:,} calls")
            for whom, question in _questions(row.kind):
                typer.echo(f"  may be asked of {whom}: {question}")
        else:
            typer.echo(f"{name}  {_objection(desk, about, name)}  {state.state}")
        for line in _told(state):
            typer.echo(line)


@app.command()
def ask(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    question: Annotated[str, typer.Option("--question", help="As `show` lists them.")],
    operator: Annotated[
        str, typer.Option("--operator", help="Whose knowledge is wanted.")
    ] = "",
    own: Annotated[
        bool, typer.Option("--own", help="The operator is of the own side.")
    ] = False,
    most: Annotated[
        int,
        typer.Option(
            "--crossings", min=0, max=1000, help="Name so many, the surest first."
        ),
    ] = NAMED_MOST,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Ask the peer, or an operator, about a case; raise it where nobody has yet.

    Example: tally cases ask 7QF2M9XT4CW0AB12 --question as-answered
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    with _desk(store, key, channel, days) as (desk, signing):
        about, name = _about(case)
        if desk.state(about, now_ms=_now_ms()).state == "none":
            row = desk.cases.case(name)
            _say(desk, signing, about, "raised", _raised(row))
        (peer,) = set(desk.parties) - {signing.party}
        named = desk.cases.surest(name, most=most) if about[:5] == "case/" else ()
        body = {
            "whom": signing.party if own else peer,
            "question": question,
            "operator": operator,
            "crossings": list(named),
            "text": text,
        }
        _say(desk, signing, about, "asked", body)


@app.command("open")
def open_(
    case: Case_, store: Store_, key: Key_, channel: Channel_, days: Days_ = ""
) -> None:
    """Open your own halves of the crossings that were asked about, and of no others.

    Example: tally cases open 7QF2M9XT4CW0AB12 --store sqlite:///cases.db --key by.key
    --channel channel.toml
    """
    from tallystick.model import RefusedError

    with _desk(store, key, channel, days) as (desk, signing):
        about, name = _about(case)
        state = desk.state(about, now_ms=_now_ms())
        named = {one for asked in state.asked for one in asked.crossings}
        named -= state.opened.get(signing.party, {}).keys()
        row = desk.cases.case(name)
        side = "departure" if row.departure == signing.party else "arrival"
        halves = {}
        for one in desk.cases.named(sorted(named)):
            if getattr(one, f"{side}_id") is not None:
                halves[one.handle] = {
                    "record": getattr(one, f"{side}_id"),
                    "at_ms": one.at_ms,
                    "trunk": getattr(one, f"{side}_point"),
                    "calling": getattr(one, f"{side}_calling"),
                    "called": getattr(one, f"{side}_called"),
                }
        if not halves:
            raise RefusedError(
                "case-halves",
                "There is no half of yours to open among the crossings asked about.",
                advice="Import the result that holds them; what is missing is an "
                "answer, too: no-evidence.",
            )
        _say(desk, signing, about, "opened", {"halves": halves})


@app.command()
def answer(
    case: Case_,
    answer: Annotated[
        str,
        typer.Argument(help="confirmed, explained, contested or no-evidence."),
    ],
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Answer what was asked.

    Example: tally cases answer 7QF2M9XT4CW0AB12 confirmed --store sqlite:///cases.db
    --key ru.key --channel channel.toml
    """
    with _desk(store, key, channel, days) as (desk, signing):
        about, _ = _about(case)
        _say(desk, signing, about, "answered", {"answer": answer, "text": text})


@app.command()
def decide(
    case: Case_,
    decision: Annotated[
        str,
        typer.Argument(
            help="confirmed, lawful or unproven; of an objection upheld or dismissed."
        ),
    ],
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    covers: Annotated[
        Covers, typer.Option("--covers", help="What is lawful: of the case's key.")
    ] = Covers.BOTH,
    from_: From_ = "1970-01-01",
    until: Until_ = None,
    days: Days_ = "",
) -> None:
    """Decide a case, or, after an appeal, say what you decide.

    Example: tally cases decide 7QF2M9XT4CW0AB12 lawful --until 2027-01-01
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    body: dict[str, Any] = {"decision": decision, "text": text}
    if decision == "lawful":
        body["lawful"] = {
            "covers": covers.value,
            "from_ms": _ms(from_),
            "until_ms": None if until is None else _ms(until),
        }
    with _desk(store, key, channel, days) as (desk, signing):
        _say(desk, signing, _about(case)[0], "decided", body)


@app.command()
def appeal(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Appeal against the other side's decision.

    Example: tally cases appeal 7QF2M9XT4CW0AB12 --text "The trunk was renumbered."
    --store sqlite:///cases.db --key ru.key --channel channel.toml
    """
    with _desk(store, key, channel, days) as (desk, signing):
        _say(desk, signing, _about(case)[0], "appealed", {"text": text})


@app.command()
def close(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Say that what was decided is done, or withdraw; or that the caller was told.

    Example: tally cases close 7QF2M9XT4CW0AB12 --store sqlite:///cases.db --key by.key
    --channel channel.toml
    """
    with _desk(store, key, channel, days) as (desk, signing):
        about, _ = _about(case)
        kind = "closed" if about.startswith("case/") else "told"
        _say(desk, signing, about, kind, {"text": text})


@app.command("object")
def object_(
    reference: Annotated[str, typer.Argument(help="As the caller was given it.")],
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Take the objection of a caller who was refused or masked.

    Example: tally cases object K7QF-2M9X-T4C3 --store sqlite:///cases.db --key ru.key
    --channel channel.toml
    """
    from tallystick.cases.reference import read_reference

    name = read_reference(reference)
    with _desk(store, key, channel, days) as (desk, signing):
        given = desk.objections.objection(name)
        body = {
            "domain": "calls",
            "action": given.action,
            "rule": given.rule,
            "text": text,
        }
        _say(desk, signing, f"objection/{name}", "received", body)


@app.command()
def explain(
    store: Store_,
    key: Key_,
    channel: Channel_,
    why: Annotated[str, typer.Option("--why", help="Why it is lawful.")],
    carrier: Annotated[str, typer.Option("--carrier", help="Of this carrier.")] = "",
    about: Annotated[
        str, typer.Option("--about", help="Of this trunk, or range (by its prefix).")
    ] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only cases of this kind.")] = "",
    from_: From_ = "1970-01-01",
    until: Until_ = None,
) -> None:
    """Keep that a carrier or a range is lawful, so that it does not come back.

    Example: tally cases explain --about +37517 --until 2027-01-01
    --why "A call centre presents its own numbers from abroad."
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    import hashlib
    from dataclasses import astuple

    from tallystick.cases.lawful import Lawful
    from tallystick.model import ConfigError

    if not (carrier or about):
        raise ConfigError(
            "case-lawful",
            "It is not said what is lawful.",
            advice="Give --carrier, --about, or both.",
        )
    lawful = Lawful(
        kind=kind,
        actor=carrier,
        object=about,
        from_ms=_ms(from_),
        until_ms=None if until is None else _ms(until),
    )
    name = hashlib.sha256(repr(astuple(lawful)).encode()).hexdigest()
    with _desk(store, key, channel) as (desk, _):
        desk.cases.keep_lawful(name, lawful, why=why)
    typer.echo("Kept. Findings that it covers are no part of a case from now on.")


@app.command()
def letter(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    out: Annotated[Path, typer.Option("--out", help="A file: .txt, .docx or .pdf.")],
    language: Annotated[
        Tongue, typer.Option("--language", help="Of the letter.")
    ] = Tongue.EN,
    days: Days_ = "",
) -> None:
    """Write the request that was last asked as a letter.

    Example: tally cases letter 7QF2M9XT4CW0AB12 --language be --out request.docx
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    from tallystick.cases.letter import Subject, write_letter
    from tallystick.model import ConfigError, RefusedError

    if out.suffix not in {".txt", ".docx", ".pdf"}:
        raise ConfigError(
            "case-suffix",
            f"A letter cannot be written as {out.name}.",
            advice="Name a file that ends in .txt, .docx or .pdf.",
        )
    with _desk(store, key, channel, days) as (desk, _):
        about, name = _about(case)
        state = desk.state(about, now_ms=_now_ms())
        if not state.asked or not about.startswith("case/"):
            raise RefusedError(
                "case-unasked",
                "Nobody was asked about this case yet.",
                advice="`tally cases ask` asks; the letter repeats it.",
            )
        row, asked = desk.cases.case(name), state.asked[-1]
        fields = Subject.__slots__
        written = write_letter(
            Subject(case=name, **{f: getattr(row, f) for f in fields if f != "case"}),
            language=language.value,
            sender=asked.by,
            whom=asked.operator or asked.whom,
            question=asked.question,
            handles=asked.crossings,
            due_ms=state.due_ms if state.state == "asked" else None,
        )
        out.write_bytes(_as(out.suffix, written, language))
    typer.echo(f"Written: {out}")


@app.command()
def export(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    out: Annotated[Path, typer.Option("--out", help="A file: .json or .xlsx.")],
    days: Days_ = "",
) -> None:
    """Write all that is held of a case: its crossings and everything that was said.

    Example: tally cases export 7QF2M9XT4CW0AB12 --out case.xlsx
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    from dataclasses import asdict

    from tallystick.model import ConfigError
    from tallystick.report.cases import Dossier, dossier_json, dossier_xlsx

    if out.suffix not in {".json", ".xlsx"}:
        raise ConfigError(
            "case-suffix",
            f"A case cannot be written as {out.name}.",
            advice="Name a file that ends in .json or .xlsx.",
        )
    with _desk(store, key, channel, days) as (desk, _):
        about, name = _about(case)
        dossier = Dossier(
            case=asdict(desk.cases.case(name)),
            state=asdict(desk.state(about, now_ms=_now_ms())),
            days=[asdict(day) for day in desk.cases.trend(name)],
            crossings=[asdict(one) for one in _crossings(desk, name)],
            statements=[one.note.decode() for one in desk.said(about)],
        )
        if out.suffix == ".json":
            out.write_text(dossier_json(dossier), encoding="utf-8")
        else:
            out.write_bytes(dossier_xlsx(dossier, at_ms=_now_ms()))
    typer.echo(f"Written: {out}")


@contextmanager
def _desk(
    store: str, key: Path, channel: Path, days: str = ""
) -> Generator[tuple[CaseDesk, SigningKey]]:
    """Open a desk, and close its store behind it.

    Yields:
        It, once, and the key to sign with.
    """
    from tallystick.blinding.agreement import agree
    from tallystick.blinding.keyfile import read_channel, read_private_key
    from tallystick.cases.key import case_secret
    from tallystick.proof import signing_key
    from tallystick.store import open_store
    from tallystick.store.cases import CaseDesk

    own, agreed = read_private_key(key), read_channel(channel)
    secret = case_secret(agree(own, agreed.peer_of(own.public())))
    one, other = agreed.keys
    opened = open_store(store)
    try:
        yield (
            CaseDesk(
                store=opened,
                channel=agreed.identifier,
                parties=(one.party, other.party),
                secret=secret,
                terms=read_days(days),
            ),
            signing_key(own),
        )
    finally:
        opened.close()


def read_days(days: str) -> Any:  # ruff: ignore[any-type] (imported when it runs)
    """Read the days of steps.

    Raises:
        ConfigError: "case-days".
    """
    from tallystick.cases.course import Terms
    from tallystick.model import ConfigError

    pairs = [one.partition("=") for one in days.split(",") if one]
    known = Terms.__slots__
    if all(name in known and value.isdecimal() for name, _, value in pairs):
        return Terms(**{name: int(value) for name, _, value in pairs})
    raise ConfigError(
        "case-days",
        "The days of the steps cannot be read.",
        advice=f"Give them as {','.join(f'{name}=14' for name in known)}.",
    )


def _now_ms() -> int:
    import time

    return time.time_ns() // 1_000_000


def _ms(date: str) -> int:
    """Read a date.

    Raises:
        ConfigError: "case-date".
    """
    from datetime import UTC, datetime

    from tallystick.model import ConfigError

    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        raise ConfigError(
            "case-date", "A date cannot be read.", advice="Write it as 2026-03-01."
        ) from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(zoned.timestamp() * 1000)


def _date(at_ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _findings(result: Path) -> pl.LazyFrame:
    """Read the findings of a result folder.

    Raises:
        MalformedError: "case-result".
    """
    import polars as pl

    from tallystick.model import MalformedError

    if not (result / "summary.json").is_file():
        raise MalformedError(
            "case-result",
            f"{result} is not a result: it has no summary.json.",
            advice="Give the folder that `tally pair` wrote.",
        )
    try:
        return pl.scan_parquet(result / "findings.parquet").collect().lazy()
    except (OSError, pl.exceptions.PolarsError):
        raise MalformedError(
            "case-result",
            f"The findings in {result} cannot be read.",
            advice="Let `tally pair` write the result again.",
        ) from None


def _about(case: str) -> tuple[str, str]:
    """Return what statements are about, and the name: of a case, or an objection."""
    from tallystick.cases.reference import read_reference

    if "-" in case:
        name = read_reference(case)
        return f"objection/{name}", name
    return f"case/{case.upper()}", case.upper()


def _objection(desk: CaseDesk, about: str, name: str) -> str:
    """Return what was done to the call, as this side or the peer keeps it."""
    for one in desk.said(about):
        if one.statement.kind == "received":
            body = one.statement.body
            return f"{body.get('action')} by {body.get('rule')}"
    given = desk.objections.objection(name)
    return f"{given.action} by {given.rule}"


def _raised(row: CaseRow) -> dict[str, Any]:
    names = ("domain", "kind", "departure", "arrival", "actor", "object", "crossings")
    more = ("ms", "first_ms", "last_ms", "confidence_ppm")
    return {name: getattr(row, name) for name in (*names, *more)}


def _say(
    desk: CaseDesk, key: SigningKey, about: str, kind: str, body: dict[str, Any]
) -> None:
    desk.say(about, kind, body, key=key, now_ms=_now_ms())
    typer.echo(f"Signed and kept: {kind}. It goes to the peer with the next delivery.")


def _line(row: CaseRow) -> str:
    about = f" {row.object}" if row.object else ""
    cost = f"  {row.money / 100:,.2f} {row.currency}" if row.currency else ""
    return (
        f"{row.id}  {row.state:<9}  {row.kind}: {row.actor}{about}"
        f" ({row.departure} to {row.arrival})  {row.crossings:,} calls,"
        f" {row.stake_ms / 60_000:,.1f} min{cost}"
        f"  {row.confidence_ppm / 10_000:.2f} %  last {_date(row.last_ms)}"
    )


def _told(state: State) -> list[str]:
    """Say where a case stands, line by line."""
    from tallystick.cases.state import overdue

    lines = [f"  state: {state.state}"]
    if state.outcome:
        lines.append(f"  outcome: {state.outcome}")
    if state.due_ms is not None:
        late = " (overdue)" if overdue(state, _now_ms()) else ""
        turn = " and ".join(state.turn)
        lines.append(f"  turn of {turn} until {_date(state.due_ms)}{late}")
    for one in state.asked:
        whom = one.operator or one.whom
        named = f"{len(one.crossings)} crossings"
        said = one.answer or "no answer yet"
        lines.append(f"  {one.by} asked {whom}: {one.question}, {named}: {said}")
    lines += [f"  opened by {by}: {len(some)}" for by, some in state.opened.items()]
    lines += [f"  passed over: {name[:12]} ({why})" for name, why in state.passed_over]
    return lines


def _questions(kind: str) -> list[tuple[str, str]]:
    from tallystick.domains.calls.cases import RULES

    return [one for rule in RULES if rule.kind == kind for one in rule.asks]


def _as(suffix: str, written: Letter, language: Tongue) -> bytes:
    from tallystick.report.cases import letter_docx, letter_pdf

    if suffix == ".docx":
        return letter_docx(written, language=language.value, at_ms=_now_ms())
    if suffix == ".pdf":
        return letter_pdf(written, language=language.value)
    return written.text.encode()


def _crossings(desk: CaseDesk, name: str) -> Sequence[Any]:
    """Return a case's crossings, at most as many as a workbook can show."""
    every: list[Any] = []
    after = None
    while len(every) < CROSSINGS_MOST:
        some = desk.cases.crossings(name, after=after, size=500)
        every += some
        if len(some) < 500:
            break
        after = (some[-1].at_ms, some[-1].handle)
    return every
