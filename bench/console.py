"""How quickly the console's pages come, with 10,000 cases and 1,000,000 findings,
and 2,000,000 verdicts that a node kept.

    python bench/console.py --store sqlite:////tmp/console.db
    python bench/console.py --store postgresql://tally@/bench?host=/tmp

Every page is asked of the application itself, as a browser would ask it, by an analyst,
an auditor and an operator. The store is to be empty; what is written stays there, to be
looked at again. Ends with status 1 where a page is slower than `--most-ms` at the 95th
percentile.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from sqlalchemy import text

from cases import CHANNEL, DAY_MS, SECRET, T0, WAY, findings
from tallystick.cases.grouping import group
from tallystick.console import ConsoleSettings, app
from tallystick.console.pages.verdicts import OUTCOMES
from tallystick.console.people.entry import Entry
from tallystick.console.people.sealing import Sealer
from tallystick.domains.calls.cases import RULES
from tallystick.harm import Figures, Period, PublishTerms, publish, reported
from tallystick.node.kept.merging import write_whole
from tallystick.node.kept.verdicts import SCHEMA
from tallystick.proof import SigningKey, sign_statement
from tallystick.store import Account, People, StatementBook, Store, open_store
from tallystick.store.cases import CaseBook, CaseQuery, gather
from tallystick.store.findings import ResultFigures, RouteDay

NOW_MS = T0 + 90 * DAY_MS
ADDRESS = "https://console.example"
LOOSE = {"unproven": "unproven", "explained": "no_arrival", "nameless": "no_departure"}
EVIDENCE = '{"code":"prior","bits":-9.5,"detail":"{}"}\n' * 4
AUGUST = Period(from_ms=1_785_542_400_000, until_ms=1_788_220_800_000)


def loose(many: int, seed: int) -> pl.DataFrame:
    """Return findings that no case gathers: most unproven, some rare."""
    draw = np.random.default_rng(seed)
    whys = draw.choice(list(LOOSE), many, p=[0.97, 0.02, 0.01])
    of = draw.integers(0, 9_000, many)
    frame = pl.DataFrame(
        {"why": whys, "of": of, "at_ms": T0 + draw.integers(0, 90 * DAY_MS, many)}
    )
    return frame.select(
        "why",
        pl.col("why").replace_strict(LOOSE).alias("finding"),
        pl.format("loose{}", pl.int_range(pl.len())).alias("departure_id"),
        "at_ms",
        pl.lit(60_000).cast(pl.Int64).alias("ms"),
        pl.lit(60_000).cast(pl.Int64).alias("stake_ms"),
        pl.lit(0.6).alias("confidence"),
        pl.lit(value=False).alias("certain"),
        pl.format("BY-{}", "of").alias("departure_point"),
        pl.format("Carrier {}", pl.col("of") % 400).alias("departure_carrier"),
    )


def fill(store: Store, cases: int, crossings: int) -> None:
    """Write what pages are made of."""
    claimed = findings(cases, crossings * 8 // 10, seed=1).with_columns(
        arrival_point=pl.format("RU-{}", pl.col("at_ms") % 60),
        arrival_carrier=pl.format("Transit {}", pl.col("at_ms") % 20),
        departure_at_ms=pl.col("at_ms"),
        evidence=pl.lit(EVIDENCE),
    )
    every = pl.concat([claimed, loose(crossings * 2 // 10, 3)], how="diagonal")
    start = time.perf_counter()
    grouped = group(every, **WAY, secret=SECRET)
    told = time.perf_counter()
    print(f"grouped {every.height:,} findings in {told - start:.1f} s")
    figures = ResultFigures(
        id="b" * 16,
        from_ms=T0,
        until_ms=NOW_MS,
        routes=[
            RouteDay(
                day=T0 // DAY_MS + day,
                side="departure",
                carrier=f"Carrier {trunk % 400}",
                point=f"BY-{trunk}",
                paired=1_000 + trunk,
                late_ms=trunk % 300,
            )
            for day in range(90)
            for trunk in range(0, cases, 10)
        ],
        complete={
            (T0 // DAY_MS + day, side): (1_000_000, 998_000 + day)
            for day in range(90)
            for side in ("departure", "arrival")
        },
    )
    gather(
        store,
        CHANNEL,
        grouped,
        **WAY,
        secret=SECRET,
        rules=RULES,
        figures=figures,
        now_ms=NOW_MS,
    )
    print(f"taken in in {time.perf_counter() - told:.1f} s")
    book = StatementBook(store, CHANNEL)
    for party, peer in (("BY", "RU"), ("RU", "BY")):
        counted = Figures(
            party=party, peer=peer, period=AUGUST, outcomes={"paired": 1_000_000}
        )
        said = reported(publish(counted, PublishTerms()), channel=CHANNEL, at_ms=NOW_MS)
        key = SigningKey(party=party, seed=party.encode() * 16)
        book.keep(sign_statement(said, key), now_ms=NOW_MS, from_peer=party == "RU")
    with store.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.execute(text("ANALYZE"))


def keep(folder: Path, many: int) -> None:
    """Keep verdicts as a busy node does: past hours merged, and a file every 10 s."""
    draw, fresh = np.random.default_rng(4), 360
    outcome = np.array(OUTCOMES)
    per_file = many // (2 * fresh)
    rows = [*[per_file * 10] * (fresh // 10), *[per_file] * fresh]
    ends = NOW_MS - 10_000 * np.cumsum(np.array(rows[::-1]) / per_file)[::-1]
    for number, (size, begins) in enumerate(zip(rows, ends, strict=True)):
        which = draw.choice(5, size, p=[0.95, 0.001, 0.004, 0.001, 0.044])
        outcome = np.array(
            ["paired", "altered", "no_departure", "repeated", "unproven"]
        )
        acted = np.where(which == 2, "mask", "pass")
        plain = {name: pa.nulls(size, SCHEMA.field(name).type) for name in SCHEMA.names}
        columns = plain | {
            "call_id": [f"{one:016x}@sbc" for one in draw.integers(0, 2**62, size)],
            "at_ms": int(begins) + np.sort(draw.integers(0, 10_000, size)),
            "trunk": np.char.add("BY-", draw.integers(0, 40, size).astype(str)),
            "carrier": np.char.add("Transit ", draw.integers(0, 20, size).astype(str)),
            "outcome": outcome[which],
            "action": acted,
            "rule": outcome[which],
            "waited_ms": draw.integers(0, 90, size),
            "corrected": np.zeros(size, bool),
        }
        name = f"verdicts-{int(begins) + 10_000:015d}-{number:06d}.parquet"
        arrays = {n: pa.array(columns[n]).cast(SCHEMA.field(n).type) for n in columns}
        write_whole(folder / name, SCHEMA, [pa.table(arrays, schema=SCHEMA)])


def visitor(store: Store, settings: ConsoleSettings, role: str) -> str:
    """Return the cookie of somebody who is in."""
    people, name = People(store), f"bench-{role}"
    account = people.named(name)
    if account is None:
        trunks = tuple(f"BY-{n}" for n in range(25)) if role == "operator" else ()
        account = Account(
            id=secrets.token_hex(16), name=name, role=role, trunks=trunks, made_ms=0
        )
        people.add(account)
    entered = Entry(store, settings).enter(account, "in", now_ms=NOW_MS)
    return f"__Host-tally={entered.id}"


async def ask(console: object, path: str, cookie: str) -> tuple[int, int]:
    """Ask for a page; return its status and how many bytes came."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"console.example"), (b"cookie", cookie.encode())],
        "client": (f"127.0.{random.randrange(256)}.{random.randrange(1, 255)}", 1),
        "server": ("console.example", 443),
    }
    status, size = 0, 0

    async def receive() -> dict[str, object]:  # ruff: ignore[unused-async] (as ASGI has it)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:  # ruff: ignore[unused-async] (as ASGI has it)
        nonlocal status, size
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))
        else:
            size += len(bytes(message.get("body", b"")))  # type: ignore[arg-type]

    await console(scope, receive, send)  # type: ignore[operator]
    return status, size


def pages(store: Store, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield what people ask for: a name, who asks, and the address."""
    trunk = f"BY-{chance.randrange(9_000)}"
    carrier = f"Carrier+{chance.randrange(400)}"
    day = time.strftime(
        "%Y-%m-%d", time.gmtime(T0 / 1000 + chance.randrange(86) * 86_400)
    )
    kind = chance.choice(["no_arrival", "stretched", "unproven", "no_departure"])
    book = CaseBook(store, CHANNEL)
    large = book.find(CaseQuery(sort="crossings", size=20)).rows
    case = chance.choice(large).id
    handle = chance.choice(book.surest(case))
    period = f"{CHANNEL[:8]}-2026-08"
    for name, path in (
        ("today", "/"),
        ("cases", "/cases"),
        ("cases, sorted", "/cases?sort=crossings&down=1&page=7"),
        ("cases, by text", f"/cases?object={trunk}"),
        ("cases, overdue", "/cases?overdue=yes"),
        ("one case", f"/cases/{case}"),
        ("findings", "/findings"),
        ("findings, page 150", "/findings?page=150"),
        ("findings, of a kind", f"/findings?finding={kind}"),
        ("findings, of a day", f"/findings?at_ms_from={day}&at_ms_to={day}"),
        (
            "findings, kind and day",
            f"/findings?finding={kind}&at_ms_from={day}&at_ms_to={day}",
        ),
        (
            "findings, kind, day, surest",
            f"/findings?finding={kind}&at_ms_from={day}&sort=confidence&down=1",
        ),
        ("findings, kind, not certain", f"/findings?finding={kind}&certain=no"),
        ("findings, not certain", "/findings?certain=no"),
        ("findings, in no case", "/findings?part=nameless"),
        ("findings, few yet", "/findings?part=few"),
        (
            "findings, none of kind and part",
            "/findings?finding=stretched&part=unproven",
        ),
        ("findings, in a case, surest", "/findings?part=case&sort=confidence&down=1"),
        ("findings, unproven, surest", "/findings?part=unproven&sort=confidence"),
        ("findings, of a carrier", f"/findings?departure_carrier={carrier}"),
        (
            "findings, carrier and kind, surest",
            f"/findings?departure_carrier={carrier}&finding={kind}&sort=confidence",
        ),
        ("findings, of a trunk", f"/findings?departure_point={trunk}"),
        ("findings, of an arrival trunk", "/findings?arrival_point=RU-7"),
        (
            "findings, arrival trunk, not certain, surest",
            "/findings?arrival_point=RU-7&certain=no&sort=confidence&down=1",
        ),
        ("findings, of a case", f"/findings?case_id={case}"),
        ("findings, by carrier", "/findings?sort=departure_carrier"),
        ("findings, nobody's", "/findings?departure_carrier=Nobody"),
        ("one finding", f"/findings/{handle}"),
        ("routes", "/routes"),
        ("routes, by carrier", "/routes?by=carrier"),
        ("routes, of a trunk by day", f"/routes?by=day&point={trunk}"),
        ("routes, 30 days", f"/routes?at_ms_from={date(60)}&at_ms_to={date(89)}"),
        ("verdicts", "/verdicts"),
        ("verdicts, acted on", "/verdicts?acted=yes&corrected=no"),
        ("verdicts, of a trunk", f"/verdicts?trunk={trunk}&sort=waited_ms&down=1"),
        ("harm reports", "/harm"),
        ("harm reports, of a party", "/harm?by=BY&sort=acted"),
        ("one harm report", f"/harm/{period}"),
        ("harm report, PDF", f"/harm/{period}/report.pdf"),
        ("harm report, CSV", f"/harm/{period}/report.csv"),
        ("settings", "/settings"),
        ("account", "/account"),
    ):
        yield name, "analyst", path
    yield "audit", "auditor", "/audit"
    yield "one finding, auditor", "auditor", f"/findings/{handle}"
    yield "people", "administrator", "/people"
    yield "findings, operator", "operator", "/findings"
    yield "findings of a kind, operator", "operator", f"/findings?finding={kind}"
    yield "findings, surest, operator", "operator", "/findings?sort=confidence&down=1"
    yield "routes, operator", "operator", "/routes"
    yield "verdicts, operator", "operator", "/verdicts"
    yield "cases, operator", "operator", "/cases"


def date(day: int) -> str:
    """Return a day of the ninety."""
    return time.strftime("%Y-%m-%d", time.gmtime(T0 / 1000 + day * 86_400))


async def look(store: Store, rounds: int, verdicts: Path) -> dict[str, list[float]]:
    """Ask for every page so many times; return how long each took, in ms."""
    settings = ConsoleSettings(
        address=ADDRESS,
        party="BY",
        sealer=Sealer(secrets.token_bytes(32)),
        now_ms=lambda: NOW_MS,
        verdicts=verdicts,
    )
    console = app(store, settings)
    roles = ("analyst", "auditor", "administrator", "operator")
    cookies = {role: visitor(store, settings, role) for role in roles}
    chance, took = random.Random(2), dict[str, list[float]]()
    for _ in range(rounds):
        for name, role, path in pages(store, chance):
            start = time.perf_counter()
            status, size = await ask(console, path, cookies[role])
            took.setdefault(name, []).append((time.perf_counter() - start) * 1000)
            if status != 200 or size < 100:
                sys.exit(f"{name}: {path} answered {status}")
    return took


def main() -> None:
    """Fill the store where it is empty, then look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--crossings", type=int, default=1_000_000)
    parser.add_argument("--verdicts", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--most-ms", type=float, default=300)
    given = parser.parse_args()
    store = open_store(given.store)
    if not CaseBook(store, CHANNEL).find(CaseQuery()).total:
        fill(store, given.cases, given.crossings)
    print(f"{CaseBook(store, CHANNEL).find(CaseQuery()).total:,} cases")
    with tempfile.TemporaryDirectory() as folder:
        keep(Path(folder), given.verdicts)
        took = asyncio.run(look(store, given.rounds, Path(folder)))
    store.close()
    slow = 0
    for name, some in took.items():
        low, high = np.percentile(some, [50, 95])
        slow += high > given.most_ms
        print(f"{name:>45}  p50 {low:7.1f} ms  p95 {high:7.1f} ms")
    every = np.percentile([one for some in took.values() for one in some], 95)
    print(f"all pages p95 {every:.1f} ms; {slow} slower; {Path(__file__).name}")
    sys.exit(bool(slow))


if __name__ == "__main__":
    main()
