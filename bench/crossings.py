"""Make two sides' call records for measuring, in the plain table's Parquet form.

Everything follows from the position of a crossing by hashing: the same size gives the
same files, on any machine, in any number of threads. One day, whatever the size: more
calls are more callers, not longer ones.
"""

from pathlib import Path
from typing import Final

import duckdb

DAY_S: Final = 86_400
START_MS: Final = 1_772_323_200_000  # 2026-03-01T00:00:00Z
CARRIERS: Final = 10
TRUNKS: Final = {"departures": 30, "arrivals": 40}
SWITCHES: Final = 4
REDIAL_S: Final = 90  # on average; longer by night, shorter by day
STRIDE: Final = 48_271
ROW_GROUP: Final = 500_000

# Parts in ten thousand of the crossings.
REDIAL: Final = 3000  # tried again where nobody answered
LOST: Final = 70  # record lost, on either side by itself
ALTERED: Final = 500  # calling number altered on the way, with one carrier in ten
REMOVED: Final = 10
UNANSWERED: Final = 3800


def _draw(salt: int, of: int, key: str = "i") -> str:
    """Return a whole number below `of`, drawn by hash, as an expression."""
    return f"(hash({key}, {salt}) % {of})::BIGINT"


def _even(salt: int, key: str = "i") -> str:
    """Return a number strictly between 0 and 1, drawn by hash."""
    return f"((hash({key}, {salt}) % 1000003 + 0.5) / 1000003.0)"


def _normal(salt: int, key: str = "i") -> str:
    """Return a standard normal number (G. E. P. Box, M. E. Muller, 1958)."""
    return (
        f"(sqrt(-2 * ln({_even(salt, key)})) * cos(2 * pi() * {_even(salt + 1, key)}))"
    )


def _belarus(key: str) -> str:
    operator = f"list_value(25, 29, 33, 44)[1 + ({key} % 4)::INTEGER]"
    return f"('+375' || {operator} || lpad((1000000 + {key} // 4)::VARCHAR, 7, '0'))"


def _russia(key: str) -> str:
    return f"('+79' || lpad((100000000 + {key} * 7)::VARCHAR, 9, '0'))"


def _crossings(first: int, last: int, calls: int) -> str:
    """Return the crossings from `first` to `last` of a day of `calls`.

    They come in order of time. A redial repeats the numbers of the crossing that lay
    so many places back as calls start between two attempts.
    """
    rate = calls / DAY_S
    people = max(calls // 5, 1000)
    back = 1 + round(REDIAL_S * rate)
    earlier = f"(i - {back})"
    again = (
        f"i > {back} AND {_draw(1, 10_000)} < {REDIAL}"
        f" AND {_draw(14, 10_000, earlier)} < {UNANSWERED}"
    )
    # In turn, so that nobody talks twice at once.
    caller = f"(k * {STRIDE} % {people})"
    share = f"(i / {calls}.0)"
    # Less by night: the density of the day is 1 - 0.7 cos(2 pi x).
    moment = f"({share} + 0.7 / (2 * pi()) * sin(2 * pi() * {share}) * 0.98)"
    altered = f"{_draw(20, CARRIERS, 'k')} = 3 AND {_draw(21, 10_000)} < {ALTERED}"
    return f"""
    SELECT *,
      CASE WHEN answered THEN greatest(1, round(exp(4.3 + 1.2 * {_normal(30)}), 1))
        ELSE 0.0 END AS talk_s,
      CASE WHEN {altered} THEN {_belarus(f"{_draw(22, people)}")}
        WHEN {_draw(23, 10_000)} < {REMOVED} THEN '' ELSE calling END AS shown
    FROM (SELECT i, k, moment_ms,
        {_belarus(caller)} AS calling,
        {
        _russia(
            f"CASE WHEN {_draw(11, 10, 'k')} < 4 THEN"
            f" {_draw(12, people, caller)}"
            f" ELSE {_draw(13, people, 'k')} END"
        )
    } AS called,
        {_draw(14, 10_000)} >= {UNANSWERED} AS answered,
        (2000 + 20000 * {_even(15)})::BIGINT AS ring_ms,
        (250 + 120 * abs({_normal(16)}))::BIGINT AS lag_ms,
        {_draw(20, CARRIERS, "k")} AS carrier
      FROM (SELECT i,
          {START_MS} + ({moment} * {DAY_S * 1000})::BIGINT AS moment_ms,
          CASE WHEN {again} THEN i - {back} ELSE i END AS k
        FROM range({first}, {last}) r(i)))
    """


def _side(side: str, first: int, last: int, calls: int) -> str:
    """Return the records one side keeps of the crossings."""
    leaving = side == "departures"
    trunks = TRUNKS[side]
    # A trunk belongs to one carrier; each trunk's clock is off by its own amount.
    trunk = f"(carrier + {CARRIERS} * {_draw(40 + leaving, trunks // CARRIERS, 'k')})"
    clock = f"({_draw(50 + leaving, 4000, trunk)} - 2000)"
    started = f"moment_ms + {clock}" if leaving else f"moment_ms + lag_ms + {clock}"
    ring = "ring_ms" if leaving else "(ring_ms - lag_ms)"
    talk = "ceil(talk_s)" if leaving else "talk_s"
    name, prefix = ("MSQ", "B") if leaving else ("MOW", "R")
    return f"""
    SELECT '{prefix}' || i % {SWITCHES} || '-'
        || lpad((i // {SWITCHES})::VARCHAR, 10, '0') AS record_id,
      {"calling" if leaving else "shown"} AS calling_number,
      called AS called_number,
      epoch_ms(at_ms)::TIMESTAMPTZ AS started_at,
      CASE WHEN answered THEN epoch_ms(at_ms + {ring})::TIMESTAMPTZ END AS answered_at,
      epoch_ms(at_ms + {ring} + (talk_s * 1000)::BIGINT)::TIMESTAMPTZ AS released_at,
      {talk}::DOUBLE AS duration_s,
      'international_{"out" if leaving else "in"}' AS direction,
      '{name}-' || (100 + {trunk}) AS trunk,
      'Carrier ' || carrier AS carrier
    FROM (SELECT *, {started} AS at_ms FROM ({_crossings(first, last, calls)}))
    WHERE {_draw(60 + leaving, 10_000)} >= {LOST}
    """


def make_sides(folder: Path, calls: int, *, memory: str, threads: int) -> list[Path]:
    """Write both sides' records of `calls` crossings, unless they lie there.

    Returns:
        The departures' file and the arrivals' file.
    """
    target = folder / f"calls-{calls}"
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for side in TRUNKS:
        path = target / f"{side}.parquet"
        paths.append(path)
        if path.exists():
            continue
        with duckdb.connect(
            config={
                "memory_limit": memory,
                "threads": threads,
                "preserve_insertion_order": True,
                "temp_directory": str(target / "spill"),
            }
        ) as db:
            db.execute("SET TimeZone = 'UTC'")
            partial = path.with_suffix(".partial")
            db.execute(
                f"COPY ({_side(side, 0, calls, calls)}) TO '{partial}'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
            )
            partial.rename(path)
    return paths
