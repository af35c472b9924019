"""The first pass: halves with equal match keys, paired one to one.

Steps over the tables `departures` and `arrivals` of one bucket. Most crossings have
a single candidate and are settled by one join; the few that crowd together (redials,
loops, repeated records) are told apart by order, time and attributes.

Source: spec/pairing.md, "First pass".
"""

from math import log
from typing import Final

from tallystick.pairing.align import align
from tallystick.pairing.spec import PairingSpec
from tallystick.pairing.step import Engine, Step

ORDERLY: Final = 6.0  # the most a pair may cost that order alone settles
_FAR: Final = 12.0  # the most a TOL attribute may cost


def load_side_step(side: str, source: str, spec: PairingSpec) -> Step:
    """Read one bucket of a side and correct its times."""
    attributes = ", ".join(f"h.{a.name}" for a in spec.attributes)
    states = ", ".join(f"h.{part}_state" for part in spec.parts)
    return Step(
        side,
        f"SELECT h.row, h.record_id, h.key_hi, h.key_lo,"
        f" h.at_ms - coalesce(b.offset_ms, c.offset_ms, e.offset_ms)::BIGINT AS t,"
        f" h.at_ms, h.point, h.carrier, h.end_ms, h.withheld, h.alias, {states},"
        f" {attributes}"
        f" FROM {source} h"
        f" CROSS JOIN (SELECT offset_ms FROM clock_typical WHERE side = '{side}') e"
        f" LEFT JOIN (SELECT point, offset_ms FROM clocks"
        f" WHERE side = '{side}' AND block IS NULL) c USING (point)"
        f" LEFT JOIN (SELECT point, block, offset_ms FROM clocks"
        f" WHERE side = '{side}' AND block IS NOT NULL) b"
        f" ON b.point = h.point AND b.block = h.at_ms // 3600000",
    )


def pair_columns(spec: PairingSpec) -> list[str]:
    """Return what is kept of a candidate, as expressions over `d` and `a`."""
    both = ["row", "record_id", "t", "point", "carrier", "end_ms"]
    both += [a.name for a in spec.attributes]
    return [f"{s}.{c} AS {s}_{c}" for s in ("d", "a") for c in both] + [
        "a.t - d.t AS lag"
    ]


def candidates_steps(
    spec: PairingSpec,
    *,
    reach_ms: int,
    window_ms: int,
    spread_ms: float,
    unequal: float,
) -> list[Step]:
    """Join equal keys within reach and settle those with a single candidate.

    Halves without any candidate come along, alone: `unsettled_*` then holds the few
    halves that may stay open, and nobody has to look through the others again.
    """
    columns = ", ".join(pair_columns(spec))
    inside = f"lag BETWEEN -{window_ms} AND {window_ms}"
    return [
        Step(
            "candidates",
            f"SELECT {columns}, d.rowid::INTEGER AS d_place,"
            f" a.rowid::INTEGER AS a_place FROM departures d FULL JOIN arrivals a"
            f" ON d.key_hi = a.key_hi AND d.key_lo = a.key_lo"
            f" AND a.t >= d.t - {reach_ms} AND a.t <= d.t + {reach_ms}",
        ),
        *(
            Step(
                f"crowded_{side}",
                f"SELECT {side}_place FROM candidates WHERE {side}_place IS NOT NULL"
                f" GROUP BY {side}_place HAVING count(*) > 1",
            )
            for side in ("d", "a")
        ),
        Step(
            "pairs",
            f"SELECT * EXCLUDE (d_place, a_place), 'key' AS pass FROM candidates"
            f" WHERE {inside} AND d_place NOT IN (SELECT d_place FROM crowded_d)"
            f" AND a_place NOT IN (SELECT a_place FROM crowded_a)",
        ),
        Step(
            "crowd",
            f"SELECT * EXCLUDE (d_place, a_place),"
            f" {cost(spec, spread_ms, unequal)} AS cost FROM candidates"
            " WHERE d_place IN (SELECT d_place FROM crowded_d)"
            " OR a_place IN (SELECT a_place FROM crowded_a)",
        ),
        *(
            Step(
                f"unsettled_{side}",
                f"SELECT DISTINCT row FROM (SELECT {side}_row AS row FROM candidates"
                f" WHERE {other}_row IS NULL OR NOT {inside}"
                f" UNION ALL SELECT {side}_row FROM crowd) WHERE row IS NOT NULL",
            )
            for side, other in (("d", "a"), ("a", "d"))
        ),
    ]


def repeats_step(side: str, rows: str) -> Step:
    """Find records of one side that say the same crossing again.

    The same key at the same millisecond on the same trunk is one crossing: the
    record that lasted longest stands for it (an interim record grows).
    """
    short = side[0]
    return Step(
        "repeats",
        f"SELECT '{side}' AS side, row, kept FROM (SELECT row,"
        f" first_value(row) OVER same AS kept, row_number() OVER same AS n"
        f" FROM {side} WHERE row IN (SELECT {short}_row FROM {rows})"
        f" WINDOW same AS (PARTITION BY key_hi, key_lo, at_ms, point"
        f" ORDER BY end_ms DESC NULLS LAST, record_id)) WHERE n > 1",
        append=True,
    )


def uncrowd_steps(window_ms: int) -> list[Step]:
    """Settle what only repeats made crowded, as if they had never been sent."""
    counted = (
        "(SELECT *, count(*) OVER (PARTITION BY d_row) AS nd,"
        " count(*) OVER (PARTITION BY a_row) AS na FROM crowd WHERE"
        " d_row NOT IN (SELECT row FROM repeats WHERE side = 'departures') AND"
        " a_row NOT IN (SELECT row FROM repeats WHERE side = 'arrivals'))"
    )
    return [
        Step(
            "pairs",
            f"SELECT * EXCLUDE (cost, nd, na), 'key' AS pass FROM {counted}"
            f" WHERE nd = 1 AND na = 1 AND lag BETWEEN -{window_ms} AND {window_ms}",
            append=True,
        ),
        Step(
            "crowd",
            f"SELECT * EXCLUDE (nd, na) FROM {counted} WHERE nd > 1 OR na > 1",
        ),
    ]


def forget_repeats(engine: Engine, side: str) -> None:
    """Leave one record of each half in a side's table: nothing is learned twice."""
    same = "key_hi, key_lo, at_ms, point"
    again = engine.run(
        Step(
            "said_again",
            f"SELECT {same} FROM {side} GROUP BY {same} HAVING count(*) > 1",
        )
    )
    if not again:
        return
    short = side[0]
    engine.drop("repeats")
    engine.run_all(
        [
            repeats_step(
                side,
                f"(SELECT row AS {short}_row FROM {side}"
                f" JOIN said_again USING ({same}))",
            ),
            Step(
                side,
                f"SELECT * FROM {side} WHERE row NOT IN (SELECT row FROM repeats)",
            ),
        ]
    )


def in_order(spec: PairingSpec, prefix: str = "") -> str:
    """Return by what halves of one key are ordered: time, then what they are.

    Halves of the very same moment are alike on both sides in what was measured; the
    order in which records were read says nothing.
    """
    measured = [a.name for a in spec.attributes if a.cls == "TOL"]
    columns = ["t", *measured, "end_ms", "record_id"]
    return ", ".join(f"{prefix}{column}" for column in columns)


def sessions_steps(spec: PairingSpec, window_ms: int) -> list[Step]:
    """Split the crowd into sessions and pair even ones in order.

    A session is a run of halves of one key with no pause longer than the window. If
    both sides hold equally many halves of it, and they fit one by one, the first is
    the first, and so on: redials never pair crosswise, even when the clocks scatter
    more than the redials.
    """
    order = in_order(spec)
    one = (
        "SELECT '{side}' AS side, row, key_hi, key_lo, " + order + " FROM {table}"
        " WHERE row IN (SELECT {short}_row FROM crowd)"
        " AND row NOT IN (SELECT row FROM repeats WHERE side = '{table}')"
    )
    union = " UNION ALL ".join(
        one.format(side=s, table=t, short=s)
        for s, t in (("d", "departures"), ("a", "arrivals"))
    )
    return [
        Step(
            "sessions",
            f"SELECT *, sum(starts) OVER (PARTITION BY key_hi, key_lo"
            # By range, not by rows: halves of one moment are of one session, however
            # they are sorted.
            f" ORDER BY t RANGE UNBOUNDED PRECEDING) AS session FROM"
            f" (SELECT *, CASE WHEN t - lag(t) OVER (PARTITION BY key_hi, key_lo"
            f" ORDER BY t) <= {window_ms} THEN 0 ELSE 1 END AS starts FROM ({union}))",
        ),
        Step(
            "ranked",
            "SELECT row, side, key_hi, key_lo, session, row_number() OVER"
            f" (PARTITION BY key_hi, key_lo, session, side ORDER BY {order}) AS place,"
            " count(*) FILTER (WHERE side = 'd') OVER s"
            " = count(*) FILTER (WHERE side = 'a') OVER s AS even,"
            " count(*) FILTER (WHERE side = 'd') OVER s AS n FROM sessions"
            " WINDOW s AS (PARTITION BY key_hi, key_lo, session)",
        ),
        Step(
            "ordered",
            "SELECT d_row, a_row FROM (SELECT d.row AS d_row, a.row AS a_row, d.n,"
            f" count(*) FILTER (WHERE c.cost <= {ORDERLY}) OVER"
            " (PARTITION BY key_hi, key_lo, session) AS good"
            " FROM ranked d JOIN ranked a USING (key_hi, key_lo, session, place)"
            " LEFT JOIN crowd c ON c.d_row = d.row AND c.a_row = a.row"
            " WHERE d.side = 'd' AND a.side = 'a' AND d.even AND a.even)"
            " WHERE good = n",
        ),
        Step(
            "pairs",
            f"SELECT c.* EXCLUDE (cost), 'key_in_order' AS pass FROM crowd c"
            f" JOIN ordered o"
            f" USING (d_row, a_row) WHERE lag BETWEEN -{window_ms} AND {window_ms}",
            append=True,
        ),
    ]


def cost(spec: PairingSpec, spread_ms: float, unequal: float) -> str:
    """Return the cost of a candidate: time in spreads, attributes in their steps.

    Args:
        spec: Names the attributes.
        spread_ms: How far clean pairs scatter.
        unequal: How often clean pairs differ in an `EQ` attribute: where they often
            do, a difference costs little.
    """
    share = min(max(unequal, 1e-3), 0.5)
    mismatch = log((1 - share) / share)
    terms = [f"abs(lag) / {max(spread_ms, 50.0):.1f}"]
    for a in spec.attributes:
        if a.cls == "EQ":
            terms.append(
                f"CASE WHEN d_{a.name} = a_{a.name} THEN 0 ELSE {mismatch:.3f} END"
            )
        else:
            # Where one side measured nothing, there is nothing to compare.
            terms.append(
                f"CASE WHEN d_{a.name} = {a.absent} OR a_{a.name} = {a.absent} THEN 0"
                f" ELSE least(abs(coalesce(d_{a.name} - a_{a.name}, 0))"
                f" / {2 * a.step}.0, {_FAR}) END"
            )
    return " + ".join(terms)


def rest_of_crowd_step(window_ms: int) -> Step:
    """Collect the candidates that order did not settle."""
    return Step(
        "rest",
        f"SELECT c.* FROM crowd c ANTI JOIN pairs d ON d.d_row = c.d_row"
        f" ANTI JOIN pairs a ON a.a_row = c.a_row"
        f" WHERE lag BETWEEN -{window_ms} AND {window_ms}"
        f" AND d_row NOT IN (SELECT row FROM repeats WHERE side = 'departures')"
        f" AND a_row NOT IN (SELECT row FROM repeats WHERE side = 'arrivals')",
    )


def mutual_best_step(table: str, into: str, name: str) -> Step:
    """Pair the candidates of `table` that are each other's cheapest."""
    tie = "cost, least(d_t, a_t), greatest(d_t, a_t), d_record_id, a_record_id"
    return Step(
        into,
        f"SELECT * EXCLUDE (cost, d_best, a_best), '{name}' AS pass FROM"
        f" (SELECT *, row_number() OVER (PARTITION BY d_row ORDER BY {tie}, a_row)"
        f" AS d_best, row_number() OVER (PARTITION BY a_row ORDER BY {tie}, d_row)"
        f" AS a_best FROM {table}) WHERE d_best = 1 AND a_best = 1",
        append=True,
    )


def settle(engine: Engine, spec: PairingSpec) -> None:
    """Pair the table `rest` by the cheapest pairing without crossings."""
    places = ", ".join(
        f"dense_rank() OVER (ORDER BY {in_order(spec, s)}) AS {s}place"
        for s in ("d_", "a_")
    )
    rest = engine.fetch(f"SELECT d_row, a_row, d_t, a_t, cost, {places} FROM rest")
    engine.load("aligned", align(rest))
    engine.run(
        Step(
            "pairs",
            "SELECT r.* EXCLUDE (cost), 'key_closest' AS pass FROM rest r"
            " JOIN aligned USING (d_row, a_row)",
            append=True,
        )
    )


def open_step(side: str) -> Step:
    """Return the halves of a side that found no partner."""
    short = side[0]
    return Step(
        f"open_{side}",
        f"SELECT h.* FROM {side} h SEMI JOIN (SELECT u.row FROM unsettled_{short} u"
        f" ANTI JOIN pairs p ON p.{short}_row = u.row"
        f" ANTI JOIN repeats r ON r.row = u.row AND r.side = '{side}') o"
        f" ON o.row = h.row",
    )


def pair_bucket(
    engine: Engine,
    spec: PairingSpec,
    *,
    window_ms: int,
    spread_ms: float,
    unequal: float,
) -> None:
    """Pair the tables `departures` and `arrivals`.

    Makes `pairs`, `repeats`, `open_departures`, `open_arrivals`.
    """
    reach = max(window_ms, spec.recurrence.within_ms if spec.recurrence else 0)
    engine.run_all(
        candidates_steps(
            spec,
            reach_ms=reach,
            window_ms=window_ms,
            spread_ms=spread_ms,
            unequal=unequal,
        )
    )
    again = [
        engine.run(repeats_step(side, "crowd")) for side in ("departures", "arrivals")
    ]
    if any(again):
        engine.run_all(uncrowd_steps(window_ms))
    engine.run_all([*sessions_steps(spec, window_ms), rest_of_crowd_step(window_ms)])
    settle(engine, spec)
    engine.run_all([open_step("departures"), open_step("arrivals")])
