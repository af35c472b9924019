"""Count what nodes kept, by DuckDB: any number of verdicts, in bounded memory.

Verdicts are Parquet files as a node keeps them; what later evidence says comes from
results of pairing in batch, and from a list of objections.

Source: spec/harm.md, "What is counted".
"""

import csv
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.engines.duck import DuckEngine
from tallystick.harm import (
    NOTICED,
    Figures,
    Moved,
    Period,
    Redress,
    Replay,
    RuleFigures,
)
from tallystick.harm.period import MINUTE_MS
from tallystick.model import MalformedError, UnavailableError
from tallystick.pairing.step import Step

VERDICTS: Final = "verdicts"
COUNTS: Final = "counts"
MEMORY_MB: Final = 2048
UNKNOWN: Final = "unknown"
"""The acting rule of a verdict kept by a node that did not write it down."""

ROWS_LIMIT: Final = 1_000_000  # of a list of objections

# What batch says of an arrival; "unproven" and kinds it does not know say nothing.
CONFIRMED: Final = (
    "calling_number_altered",
    "calling_number_removed",
    "called_number_altered",
    "loop",
    "no_departure",
)
HONEST: Final = ("false_answer", "stretched")
"""Kinds of pairs: both halves are there, whatever was billed for them."""

REDRESS_COLUMNS: Final = ("reference", "call_id", "outcome")
REDRESS_OUTCOMES: Final = ("upheld", "refused", "open")

MERGED: Final = b"tally.merged"
"""Under this name a merged file lists those whose rows it holds."""
_NEEDED: Final = ("call_id", "at_ms", "outcome", "action", "rule", "mode", "would")
_OTHERS: Final = {
    "carrier": "''",
    "acting": "''",
    "covered": "false",
    "waited_ms": "NULL",
    "corrected": "false",
    "watched": "false",
}
_KNOWN: Final = "(covered OR outcome = 'paired')"
"""Of a call that is paired the peer's half was there, however soon it came: the peer's
promise reaches its time only after the answer."""
_ACTED: Final = ", ".join(f"'{action}'" for action in NOTICED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmJob:
    """What a report is counted from.

    Attributes:
        party: Who counts.
        peer: Where the crossings come from.
        period: From when until when.
        verdicts: Folders with kept verdicts, and the nodes' counts, below them.
        paired: Result directories of later pairings in batch.
        redress: A file with a list of objections; None: there is none.
        objections: The same as `read_redress` reads it, in its place; with neither,
            nobody told.
        open_cases: Cases open; None: nobody told.
        overdue_cases: Of them, past their deadline.
        memory_mb: Limit given to DuckDB.
    """

    party: str
    peer: str
    period: Period
    verdicts: tuple[Path, ...]
    paired: tuple[Path, ...] = ()
    redress: Path | None = None
    objections: Sequence[dict[str, str]] | None = None
    open_cases: int | None = None
    overdue_cases: int | None = None
    memory_mb: int = MEMORY_MB


def count_harm(job: HarmJob) -> Figures:
    """Count the verdicts of a period, and what later evidence says of them.

    Args:
        job: What to count from.

    Returns:
        Exact figures; not for publication as they are.

    A file that cannot be read is an error, not a gap: a count that is short without
    anybody noticing would be a wrong one.

    Raises:
        UnavailableError: "harm-verdicts" where there are none; "result-missing".
        MalformedError: "harm-verdicts-damaged", "harm-redress".
    """
    files = kept_files(job.verdicts, VERDICTS)
    counts = kept_files(job.verdicts, COUNTS)
    if not files and not counts:
        raise UnavailableError(
            "harm-verdicts",
            "There are no kept verdicts in "
            f"{', '.join(str(folder) for folder in job.verdicts)}.",
            advice="Name the folder `verdicts` below the node's `folder`.",
        )
    for result in job.paired:
        _check_result(result)
    objections = job.objections
    if job.redress is not None:
        objections = read_redress(job.redress)
    with (
        tempfile.TemporaryDirectory(prefix="tally-harm-") as folder,
        DuckEngine(Path(folder), memory_mb=job.memory_mb) as engine,
    ):
        engine.load("objection", _frame(objections or []))
        kept = _kept(files, job.period)
        engine.run_all(_steps(kept, job.paired))
        told, heard = _told_heard(engine, counts, job.period)
        return Figures(
            party=job.party,
            peer=job.peer,
            period=job.period,
            outcomes=_by_name(engine, "SELECT name, n FROM outcome"),
            rules=_rules(engine),
            redress=None if objections is None else _redress(engine),
            waited_ms=_by_name(
                engine,
                f"""
                SELECT waited_ms, count(*) FROM {kept}
                WHERE NOT corrected AND waited_ms IS NOT NULL GROUP BY 1""",
            ),
            moved=_moved(engine, kept),
            replayed=bool(job.paired),
            told=told,
            heard=heard,
            open_cases=job.open_cases,
            overdue_cases=job.overdue_cases,
            **_row(
                engine,
                f"""
                SELECT count(*) FILTER ({_KNOWN}) AS covered FROM {kept}
                WHERE NOT corrected""",
            ),
            **_row(
                engine,
                f"""
                SELECT count(*) AS minutes_seen,
                    count(*) FILTER (whole) AS minutes_covered
                FROM (SELECT bool_and({_KNOWN}) AS whole FROM {kept}
                    WHERE NOT corrected GROUP BY at_ms // {MINUTE_MS})""",
            ),
            **_row(
                engine,
                """
                SELECT count(*) AS lost FROM correction
                ANTI JOIN corrected USING (call_id, at_ms)""",
            ),
        )


def kept_files(folders: Iterable[Path], kind: str) -> list[Path]:
    """Return a node's files of a kind, without those whose rows another one holds.

    Raises:
        MalformedError: "harm-verdicts-damaged".
    """
    found = sorted({p for f in folders for p in f.rglob(f"{kind}-*.parquet")})
    held: set[Path] = set()
    for path in found:
        try:
            noted = (pq.read_metadata(path).metadata or {}).get(MERGED, b"")
        except (OSError, pa.ArrowException):
            raise MalformedError(
                "harm-verdicts-damaged",
                f"{path.name} of the kept verdicts cannot be read.",
                advice="Take it again from a copy, or remove it: then its crossings"
                " are missing from the report.",
            ) from None
        held |= {path.with_name(name) for name in noted.decode().split("\n") if name}
    return [path for path in found if path not in held]


def read_redress(path: Path) -> list[dict[str, str]]:
    """Read a list of objections: reference, call_id (may be empty), outcome.

    Raises:
        MalformedError: "harm-redress".
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (UnicodeDecodeError, csv.Error):
        _refuse_redress(path.name, 1, "cannot be read as CSV in UTF-8")
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        if line > ROWS_LIMIT or None in row or None in row.values():
            _refuse_redress(path.name, line, "has too many lines, or columns")
        missing = [name for name in REDRESS_COLUMNS if name not in row]
        if missing:
            _refuse_redress(path.name, 1, f"has no column `{missing[0]}`")
        if row["outcome"] not in REDRESS_OUTCOMES:
            words = ", ".join(REDRESS_OUTCOMES)
            _refuse_redress(path.name, line, f"has an outcome that is none of {words}")
        if not row["reference"] or row["reference"] in seen:
            _refuse_redress(path.name, line, "has a reference twice, or none")
        seen.add(row["reference"])
    return rows


def _check_result(folder: Path) -> None:
    if not (folder / "summary.json").is_file():
        raise UnavailableError(
            "result-missing",
            f"{folder} holds no readable summary.json.",
            advice="Name the directory that `tally pair calls ... --out DIR` wrote.",
        )


def _refuse_redress(name: str, line: int, why: str) -> NoReturn:
    raise MalformedError(
        "harm-redress",
        f"The list of objections {name} {why} (line {line}).",
        advice=f"It has the columns {', '.join(REDRESS_COLUMNS)}.",
    )


def _kept(files: Sequence[Path], period: Period) -> str:
    """Return the rows of a period as a table to select from; columns may be older."""
    if not files:  # a node that only told of calls
        columns = dict.fromkeys(_NEEDED, "''") | _OTHERS | {"at_ms": "0::BIGINT"}
        columns |= {"filename": "''", "file_row_number": "0"}
        rows = ", ".join(f"{usual} AS {name}" for name, usual in columns.items())
        return f"(SELECT {rows} WHERE false)"
    known = {name for path in files for name in pq.read_schema(path).names}
    others = ", ".join(
        f"coalesce({name}, {usual}) AS {name}"
        if name in known
        else f"{usual} AS {name}"
        for name, usual in _OTHERS.items()
    )
    return f"""(
        SELECT {", ".join(_NEEDED)}, {others}, filename, file_row_number
        FROM read_parquet({_names(files)}, union_by_name=true, filename=true,
            file_row_number=true)
        WHERE at_ms >= {period.from_ms} AND at_ms < {period.until_ms})"""


def _steps(kept: str, results: Sequence[Path]) -> list[Step]:
    """Return the steps from rows to what later evidence says of each that counts.

    Only what a rule touched, or was corrected, is held: all else is counted and let go.
    """
    return [
        # The last word on a crossing, where the first was not.
        Step(
            "correction",
            f"""SELECT call_id, at_ms,
                arg_max(outcome, (filename, file_row_number)) AS outcome
            FROM {kept} WHERE corrected GROUP BY ALL""",
        ),
        Step(
            "corrected",
            f"""SELECT call_id, at_ms, any_value(k.outcome) AS before, count(*) AS rows
            FROM {kept} k JOIN correction USING (call_id, at_ms)
            WHERE NOT k.corrected GROUP BY ALL""",
        ),
        Step(
            "outcome",
            f"""SELECT name, sum(n)::BIGINT AS n FROM (
                SELECT outcome AS name, count(*) AS n FROM {kept}
                WHERE NOT corrected GROUP BY ALL
                UNION ALL
                SELECT before, -count(*) FROM corrected GROUP BY ALL
                UNION ALL
                SELECT outcome, count(*) FROM correction GROUP BY ALL)
            GROUP BY ALL""",
        ),
        Step(
            "touched",
            f"""SELECT call_id, at_ms, carrier, action, rule, mode, would, watched,
                CASE WHEN acting <> '' THEN acting
                    WHEN mode = 'live' THEN rule ELSE '{UNKNOWN}' END AS acting
            FROM {kept} WHERE NOT corrected
                AND (action IN ({_ACTED}) OR mode = 'dry-run' AND would IN ({_ACTED}))
            """,
        ),
        Step("batch", _batch(results)),
        Step(
            "later",
            """SELECT t.*, CASE
                WHEN call_id IN (
                    SELECT call_id FROM objection
                    WHERE outcome = 'upheld' AND call_id <> '')
                    OR c.outcome = 'paired' OR b.honest THEN 'honest'
                WHEN b.confirmed THEN 'confirmed' ELSE 'unproven' END AS said
            FROM touched t LEFT JOIN correction c USING (call_id, at_ms)
                LEFT JOIN batch b USING (call_id)""",
        ),
    ]


def _batch(results: Sequence[Path]) -> str:
    """Select what results say of the arrivals that a rule touched, each once.

    One result that has the other half is enough to call a crossing honest.
    """
    parts = ["SELECT '' AS call_id, 0 AS result, '' AS kind WHERE false"]
    for number, folder in enumerate(results):
        for name, kind in (("pairs", "'paired'"), ("findings", "kind")):
            path = folder / f"{name}.parquet"
            if not path.exists():
                continue
            at_home = "arrival_side" in pq.read_schema(path).names
            other = " AND coalesce(arrival_side, '') <> 'domestic'" if at_home else ""
            parts.append(
                f"SELECT arrival_id, {number}, {kind} FROM"
                f" read_parquet({_names([path])}) WHERE arrival_id IN"
                f" (SELECT call_id FROM touched){other}"
            )
    honest = ", ".join(f"'{kind}'" for kind in ("paired", *HONEST))
    confirmed = ", ".join(f"'{kind}'" for kind in CONFIRMED)
    return f"""
        SELECT call_id, bool_or(honest AND NOT confirmed) AS honest,
            bool_or(confirmed) AS confirmed
        FROM (SELECT call_id, result, bool_or(kind IN ({honest})) AS honest,
                bool_or(kind IN ({confirmed})) AS confirmed
            FROM ({" UNION ALL ".join(parts)}) GROUP BY ALL)
        GROUP BY ALL"""


def _rules(engine: DuckEngine) -> tuple[RuleFigures, ...]:
    rows = engine.fetch(f"""
        SELECT rule, mode, action, count(*) FILTER (said = 'honest') AS honest,
            count(*) FILTER (said = 'confirmed') AS confirmed,
            count(*) FILTER (said = 'unproven') AS unproven
        FROM (
            SELECT acting AS rule, 'live' AS mode, action, said FROM later
            WHERE action IN ({_ACTED})
            UNION ALL
            SELECT rule, mode, would, said FROM later
            WHERE mode = 'dry-run' AND would IN ({_ACTED}))
        GROUP BY ALL ORDER BY ALL""")
    return tuple(
        RuleFigures(
            rule=row["rule"],
            mode=row["mode"],
            action=row["action"],
            replay=Replay(
                honest=row["honest"],
                confirmed=row["confirmed"],
                unproven=row["unproven"],
            ),
        )
        for row in rows.iter_rows(named=True)
    )


def _redress(engine: DuckEngine) -> Redress:
    counted = _by_name(engine, "SELECT outcome, count(*) FROM objection GROUP BY ALL")
    unmatched = _row(
        engine,
        f"""SELECT count(*) AS n FROM objection WHERE outcome = 'upheld' AND call_id
        NOT IN (SELECT call_id FROM touched WHERE action IN ({_ACTED}))""",
    )
    return Redress(**counted, unmatched=unmatched["n"])


def _moved(engine: DuckEngine, kept: str) -> tuple[Moved, ...]:
    """Return, for each rule that went live in the period, what it held for when."""
    rules = engine.fetch(f"""
        SELECT rule, min(at_ms) FILTER (mode = 'live') AS since FROM touched
        WHERE NOT watched AND would IN ({_ACTED}) GROUP BY ALL
        HAVING min(at_ms) FILTER (mode = 'dry-run') < since ORDER BY rule""")
    found = []
    for rule, since_ms in rules.iter_rows():
        name = rule.replace("'", "''")
        sides = engine.fetch(f"""
            SELECT carrier, count(*) FILTER (at_ms < {since_ms}) AS before,
                count(*) FILTER (at_ms >= {since_ms}) AS after
            FROM touched WHERE rule = '{name}' AND NOT watched
                AND would IN ({_ACTED}) GROUP BY ALL ORDER BY ALL""")
        rows = sides.rows()
        found.append(
            Moved(
                rule=rule,
                since_ms=since_ms,
                before={carrier: before for carrier, before, _ in rows},
                after={carrier: after for carrier, _, after in rows},
                **_row(
                    engine,
                    f"""SELECT count(*) FILTER (at_ms < {since_ms}) AS all_before,
                        count(*) FILTER (at_ms >= {since_ms}) AS all_after
                    FROM {kept} WHERE NOT corrected""",
                ),
            )
        )
    return tuple(found)


def _told_heard(
    engine: DuckEngine, files: Sequence[Path], period: Period
) -> tuple[int | None, int | None]:
    """Return own departures told and the peer's heard, by when they left."""
    if not files:
        return None, None
    row = _row(
        engine,
        f"""SELECT sum(told)::BIGINT AS told, sum(heard)::BIGINT AS heard
        FROM read_parquet({_names(files)}, union_by_name=true)
        WHERE at_ms >= {period.from_ms} AND at_ms < {period.until_ms}""",
    )
    return row["told"], row["heard"]


def _frame(objections: Sequence[dict[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {name: [row[name] for row in objections] for name in REDRESS_COLUMNS},
        schema=dict.fromkeys(REDRESS_COLUMNS, pl.String),
    )


def _by_name(engine: DuckEngine, query: str) -> dict[Any, int]:
    return {name: n for name, n in engine.fetch(query).iter_rows() if n}


def _row(engine: DuckEngine, query: str) -> dict[str, int]:
    return engine.fetch(query).row(0, named=True)


def _names(files: Iterable[Path]) -> str:
    spelt = ("'" + str(path).replace("'", "''") + "'" for path in files)
    return f"[{', '.join(spelt)}]"
