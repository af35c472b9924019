"""What stays open in a bucket: repeats, continuations, loops, late partners.

A half without a partner accuses nobody yet. First everything is set aside that a
record keeper's habits explain: the same record sent again, one long crossing in
several records, one crossing that came around again, a partner that came late.

Source: spec/pairing.md, "What habits explain".
"""

from dataclasses import dataclass
from typing import Final

from tallystick.pairing.exact import mutual_best_step, repeats_step
from tallystick.pairing.spec import Continuation, PairingSpec, Recurrence
from tallystick.pairing.step import Engine, Step

SIDES: Final = (("departures", "d"), ("arrivals", "a"))
_UNKNOWN_END_MS: Final = 1000  # without an end, only this close counts as overlap


def _without(side: str, table: str, column: str = "row") -> Step:
    """Take the rows named in `table` out of a side's open halves."""
    return Step(
        f"open_{side}",
        f"SELECT * FROM open_{side} WHERE row NOT IN"
        f" (SELECT {column} FROM {table} WHERE side = '{side}')",
    )


def continued_steps(side: str, rule: Continuation) -> list[Step]:
    """Find open records that only go on where another of the same key ended."""
    whole = f"s.{rule.amount} % {rule.interim_ms} <= 1000"
    # Without an end all that is known is that what was measured lies in between.
    close = (
        f"CASE WHEN s.end_ms IS NOT NULL"
        f" THEN abs(o.t - (s.t + s.end_ms)) <= {rule.tolerance_ms}"
        f" ELSE {whole} AND o.t - (s.t + s.{rule.amount}) BETWEEN"
        f" -{rule.tolerance_ms} AND {rule.longest_delay_ms} END"
        f" AND s.{rule.amount} >= {rule.interim_ms} AND o.{rule.amount} > 0"
    )
    interim = (
        f"(o.{rule.delay} <= {rule.tolerance_ms // 4}"
        f" OR (o.{rule.delay} IS NULL AND {whole}))"
    )
    return [
        Step(
            "goes_on",
            f"SELECT DISTINCT o.row, o.key_hi, o.key_lo, o.t, o.point,"
            f" o.{rule.amount} AS amount, '{side}' AS side"
            f" FROM open_{side} o JOIN {side} s"
            f" ON s.key_hi = o.key_hi AND s.key_lo = o.key_lo AND s.point = o.point"
            f" AND s.row <> o.row AND {close} AND {interim}",
        ),
        Step(
            "continued",
            f"SELECT g.side, g.row, g.amount, r.row AS kept FROM goes_on g"
            f" ASOF JOIN (SELECT key_hi, key_lo, point, t, row FROM {side}"
            f" WHERE row NOT IN (SELECT row FROM goes_on)"
            f" AND row NOT IN (SELECT row FROM repeats WHERE side = '{side}')"
            f" AND (key_hi, key_lo) IN (SELECT (key_hi, key_lo) FROM goes_on)) r"
            f" ON g.key_hi = r.key_hi AND g.key_lo = r.key_lo AND g.point = r.point"
            f" AND g.t >= r.t",
            append=True,
        ),
    ]


def longer_pairs_step(rule: Continuation) -> Step:
    """Add what continuing records say to the pair that their first record made."""
    summed = "SELECT kept, sum(amount) AS more FROM continued WHERE side = '{}'"
    return Step(
        "pairs",
        f"SELECT p.* REPLACE (p.d_{rule.amount} + coalesce(dc.more, 0)"
        f"::INTEGER AS d_{rule.amount}, p.a_{rule.amount} + coalesce(ac.more, 0)"
        f"::INTEGER AS a_{rule.amount},"
        f" (p.d_end_ms + coalesce(dc.more, 0))::INTEGER AS d_end_ms,"
        f" (p.a_end_ms + coalesce(ac.more, 0))::INTEGER AS a_end_ms) FROM pairs p"
        f" LEFT JOIN ({summed.format('departures')} GROUP BY kept) dc"
        f" ON dc.kept = p.d_row"
        f" LEFT JOIN ({summed.format('arrivals')} GROUP BY kept) ac"
        f" ON ac.kept = p.a_row",
    )


@dataclass(frozen=True, slots=True)
class _Unended:
    """How halves that do not say when they ended show that they are one crossing.

    Attributes:
        alike: Condition on two suspects `x` and `y`.
        columns: What it needs of a suspect.
        join: Where that comes from.
    """

    alike: str
    columns: str
    join: str


def _unended(side: str, rule: Recurrence) -> _Unended:
    """Return what shows a loop where an end is not recorded.

    Nothing does on departures: the attempt may have been tried again over another
    route. On arrivals it is that no departure explains the second while the first
    one's is still up.
    """
    if side == "departures":
        return _Unended("false", "NULL::BIGINT AS until", "")
    return _Unended(
        f"y.{rule.alike} = x.{rule.alike} AND (y.t - x.t <= {_UNKNOWN_END_MS} OR"
        f" (y.lone AND y.end_ms IS NULL AND y.t <= x.until - {rule.tolerance}))",
        "row IN (SELECT row FROM open_arrivals) AS lone,"
        " coalesce(t + end_ms, until) AS until",
        "LEFT JOIN (SELECT a_row, d_t + d_end_ms AS until FROM pairs"
        " WHERE a_end_ms IS NULL) p ON p.a_row = row",
    )


def loops_steps(rule: Recurrence) -> list[Step]:
    """Find crossings of one key that overlap, are alike and end together.

    A caller may try again while the first attempt still rings, and a record may be
    kept up after the call is over; but only what is one call ends all at once. Two
    people may well have two calls between the same busy numbers: how many halves the
    key has is kept as `busy`, so that chance can be weighed.
    """
    steps = []
    for side, short in SIDES:
        unended = _unended(side, rule)
        alike = (
            f"abs(y.{rule.alike} - x.{rule.alike}) <= {rule.tolerance} AND CASE"
            f" WHEN x.end_ms IS NULL OR y.end_ms IS NULL THEN {unended.alike}"
            f" ELSE y.t <= x.t + x.end_ms - {rule.tolerance} AND"
            f" abs(y.t + y.end_ms - x.t - x.end_ms) <= {rule.tolerance} END"
        )
        steps += [
            Step(
                "suspects",
                f"SELECT row, s.key_hi, s.key_lo, t, end_ms, {rule.alike},"
                f" count(*) OVER (PARTITION BY s.key_hi, s.key_lo) AS busy,"
                f" {unended.columns} FROM {side} s {unended.join} SEMI JOIN"
                f" (SELECT key_hi, key_lo FROM open_{side}"
                f" UNION ALL SELECT key_hi, key_lo FROM {side} SEMI JOIN crowd c"
                f" ON c.{short}_row = row) k"
                f" ON k.key_hi = s.key_hi AND k.key_lo = s.key_lo"
                f" WHERE row NOT IN (SELECT row FROM repeats WHERE side = '{side}')",
            ),
            Step(
                "looping",
                f"SELECT DISTINCT '{side}' AS side, unnest([x.row, y.row]) AS row,"
                f" x.key_hi, x.key_lo, x.busy, unnest([x.t, y.t]) AS t,"
                " unnest([coalesce(x.t + x.end_ms, x.until, x.t),"
                " coalesce(y.t + y.end_ms, x.until, y.t)])"
                f" AS t_end FROM suspects x JOIN suspects y"
                f" ON y.key_hi = x.key_hi AND y.key_lo = x.key_lo"
                f" AND y.t BETWEEN x.t AND x.t + {rule.within_ms}"
                f" AND (y.t > x.t OR y.row > x.row) AND {alike}",
                append=True,
            ),
        ]
    # Once a loop is known, what else of its key ends with it belongs to it as well,
    # and so do arrivals in its midst whose departure is not known.
    spans = (
        "SELECT key_hi, key_lo, min(t) AS low, max(t_end) AS high, max(busy) AS busy"
        " FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY key_hi,"
        " key_lo ORDER BY t, t_end RANGE UNBOUNDED PRECEDING) AS loop FROM (SELECT *,"
        " t > max(t_end) OVER (PARTITION BY key_hi, key_lo ORDER BY t, t_end ROWS"
        f" BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + {rule.tolerance}"
        " AS begins FROM looping)) GROUP BY key_hi, key_lo, loop"
    )
    lone = "o.row IN (SELECT row FROM open_arrivals)"
    steps += [
        Step(
            "looping",
            f"SELECT '{side}' AS side, o.row, o.key_hi, o.key_lo, s.busy, o.t, o.t"
            f" AS t_end FROM {side} o JOIN ({spans}) s"
            f" ON s.key_hi = o.key_hi AND s.key_lo = o.key_lo"
            f" AND o.t BETWEEN s.low - {rule.within_ms} AND s.high"
            f" AND (abs(o.t + o.end_ms - s.high) <= {rule.tolerance}"
            f" OR (o.t >= s.low AND {lone if side == 'arrivals' else 'false'}))"
            f" ANTI JOIN (SELECT row FROM looping WHERE side = '{side}') l"
            f" ON l.row = o.row"
            f" WHERE o.row NOT IN (SELECT row FROM repeats WHERE side = '{side}')",
            append=True,
        )
        for side, _ in SIDES
    ]
    return steps


def late_steps(spec: PairingSpec) -> list[Step]:
    """Look for partners that lie outside the window but within the horizon.

    Where the attributes agree and something was measured, the halves pair. Where they
    do not, neither half may later be called missing: its partner may be there.
    """
    measured = [a for a in spec.attributes if a.cls == "TOL"]
    equal = [a for a in spec.attributes if a.cls == "EQ"]
    agree = " AND ".join(
        [f"d.{a.name} = a.{a.name}" for a in equal]
        + [
            f"abs(d.{a.name} - a.{a.name}) <= {2 * a.step} AND"
            f" greatest(d.{a.name}, a.{a.name}) >= {10 * a.step}"
            for a in measured[:1]
        ]
    )
    agree = agree or "false"
    both = ["row", "record_id", "t", "point", "carrier", "end_ms"]
    both += [a.name for a in spec.attributes]
    columns = ", ".join(f"{s}.{c} AS {s}_{c}" for s in ("d", "a") for c in both)
    return [
        Step(
            "rest",
            f"SELECT {columns}, a.t - d.t AS lag,"
            f" abs(a.t - d.t) AS cost, ({agree}) AS agree"
            f" FROM open_departures d JOIN open_arrivals a"
            f" ON d.key_hi = a.key_hi AND d.key_lo = a.key_lo"
            f" AND abs(a.t - d.t) <= {spec.horizon_ms}",
        ),
        Step(
            "siblings",
            "SELECT DISTINCT side, row FROM (SELECT 'departures' AS side, d_row AS row"
            " FROM rest UNION ALL SELECT 'arrivals', a_row FROM rest)",
        ),
        Step("rest", "SELECT * EXCLUDE (agree) FROM rest WHERE agree"),
        mutual_best_step("rest", "pairs", "key_late"),
    ]


def tidy_bucket(engine: Engine, spec: PairingSpec) -> None:
    """Set aside what habits explain, after `pair_bucket`.

    Makes `continued`, `looping`, `siblings`; shrinks `open_*`; may add to `pairs`.
    """
    engine.drop("continued", "looping")
    for side, short in SIDES:
        engine.run(
            repeats_step(
                side,
                f"(SELECT row AS {short}_row FROM open_{side})",
            )
        )
        engine.run(_without(side, "repeats"))
    if spec.continuation is not None:
        more = 0
        for side, _ in SIDES:
            goes_on, continued = continued_steps(side, spec.continuation)
            engine.run(goes_on)
            more += engine.run(continued)
            engine.run(_without(side, "continued"))
        if more:
            engine.run(longer_pairs_step(spec.continuation))
    if spec.recurrence is not None:
        engine.run_all(loops_steps(spec.recurrence))
    engine.run_all(late_steps(spec))
    for side, short in SIDES:
        engine.run(
            Step(
                f"open_{side}",
                f"SELECT * FROM open_{side} WHERE row NOT IN"
                f" (SELECT {short}_row FROM pairs WHERE pass = 'key_late')",
            )
        )
