"""How quickly cases are found among many: 10,000 of them, 1,000,000 crossings.

    python bench/cases.py --store sqlite:////tmp/cases.db
    python bench/cases.py --store postgresql://tally@/bench?host=/tmp

The store is to be empty; what is written stays there, to be looked at again.
"""

import argparse
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from tallystick.cases.grouping import SORTED_SCHEMA, group
from tallystick.cases.money import RateDeck
from tallystick.domains.calls.cases import RULES
from tallystick.store import open_store
from tallystick.store.cases import CaseBook, CaseQuery, gather

CHANNEL = "5b" * 32
SECRET = b"s" * 32
WAY = {"domain": "calls", "departure": "BY", "arrival": "RU"}
DAY_MS = 86_400_000
T0 = 1_780_000_000_000
DECK = RateDeck(currency="EUR", rates={"7": 21_500, "7495": 15_000})


def findings(cases: int, crossings: int, seed: int) -> pl.DataFrame:
    """Return findings of so many problems over 90 days, some large, most small."""
    draw = np.random.default_rng(seed)
    weight = draw.pareto(1.1, cases) + 0.2
    of = draw.choice(cases, crossings, p=weight / weight.sum())
    # Each problem has what makes a case of it.
    of[: cases * 12] = np.repeat(np.arange(cases), 12)[:crossings]
    begun = draw.integers(0, 80 * DAY_MS, cases)
    frame = pl.DataFrame(
        {
            "of": of,
            "at_ms": T0 + begun[of] + draw.integers(0, 6 * DAY_MS, crossings),
            "ms": draw.integers(1_000, 600_000, crossings),
            "confidence": draw.uniform(0.95, 1.0, crossings),
            "n": np.arange(crossings),
        }
    )
    kinds = [(rule.kind, rule.findings[0]) for rule in RULES if rule.days > 1]
    case = pl.col("of") % len(kinds)
    empty = pl.lit(None, pl.String)
    named = {
        "finding": case.replace_strict({i: k[1] for i, k in enumerate(kinds)}),
        "case": case.replace_strict({i: k[0] for i, k in enumerate(kinds)}),
        "departure_id": pl.format("BY{}", "n"),
        "arrival_id": pl.format("RU{}", "n"),
        "arrival_side": pl.lit("arrivals"),
        "stake_ms": pl.col("ms"),
        "certain": pl.col("confidence") > 0.97,
        "actor": pl.format("Carrier {}", pl.col("of") % 400),
        "object": pl.format("BY-{}", pl.col("of")),
        "toward": pl.lit("74951"),
        "departure_point": pl.format("BY-{}", pl.col("of")),
        "departure_carrier": pl.format("Carrier {}", pl.col("of") % 400),
        "departure_calling": pl.lit("+37529*****67"),
        "arrival_called": pl.lit("+74951****89"),
        "why": empty,
    }
    others = {
        name: empty for name in SORTED_SCHEMA if name not in {*named, *frame.columns}
    }
    whole = frame.with_columns(**others).with_columns(**named)
    return whole.select(*SORTED_SCHEMA, "case", "why").cast(SORTED_SCHEMA)


def looks(
    book: CaseBook, chance: random.Random
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what people look at: a name, and the look."""
    total = book.find(CaseQuery(size=1)).total
    page = chance.randrange(total // 50)
    yield "latest", lambda: book.find(CaseQuery())
    for sort in ("money", "crossings", "due_ms", "actor", "state", "confidence_ppm"):
        yield (
            f"by {sort}",
            lambda sort=sort: book.find(CaseQuery(sort=sort, page=page)),
        )
    yield "last page", lambda: book.find(CaseQuery(sort="ms", page=total // 50))
    kind = chance.choice(RULES).kind
    yield "of a kind", lambda: book.find(CaseQuery(kinds=[kind], states=["found"]))
    name = f"Carrier {chance.randrange(400)}"
    yield "of a carrier", lambda: book.find(CaseQuery(actor=name))
    yield "by text", lambda: book.find(CaseQuery(text=f"BY-{chance.randrange(9999)}"))
    yield "overdue", lambda: book.find(CaseQuery(overdue_ms=T0 + 400 * DAY_MS))
    yield "counts", book.counts
    large = book.find(CaseQuery(sort="crossings", size=20)).rows
    ident = chance.choice(large).id
    yield "one case", lambda: (book.case(ident), book.trend(ident))
    middle = (T0 + 40 * DAY_MS, "")
    yield "its crossings", lambda: book.crossings(ident, after=middle)
    yield "its surest", lambda: book.surest(ident)


def main() -> None:
    """Fill the store where it is empty, then look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--crossings", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    store = open_store(given.store)
    book = CaseBook(store, CHANNEL)
    if not book.find(CaseQuery()).total:
        every = findings(given.cases, given.crossings, seed=1)
        start = time.perf_counter()
        grouped = group(every, **WAY, secret=SECRET)
        told = time.perf_counter()
        print(f"grouped {every.height:,} findings in {told - start:.1f} s")
        gather(store, CHANNEL, grouped, **WAY, secret=SECRET, rules=RULES, deck=DECK)
        print(f"taken in in {time.perf_counter() - told:.1f} s")
    print(f"{book.find(CaseQuery()).total:,} cases")
    chance = random.Random(2)
    took: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for name, look in looks(book, chance):
            start = time.perf_counter()
            look()
            took.setdefault(name, []).append((time.perf_counter() - start) * 1000)
    for name, some in took.items():
        low, high = np.percentile(some, [50, 95])
        print(f"{name:>20}  p50 {low:6.1f} ms  p95 {high:6.1f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak {peak:.0f} MB; {Path(__file__).name}")
    store.close()


if __name__ == "__main__":
    main()
