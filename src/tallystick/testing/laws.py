"""Laws that pairing keeps in every domain, each as a check on one small world.

Every check runs the engine, changes what must not matter, runs it again and compares.
It raises `LawBrokenError` with what differs.

Source: spec/pairing.md, "Laws".
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import polars as pl

from tallystick.pairing.halves import KEY_COLUMNS
from tallystick.pairing.spec import (
    MISSING_KINDS,
    UNPROVEN,
    Company,
    Gap,
    Options,
    PairingSpec,
)
from tallystick.testing.world import SIDES, World

DAY_MS: Final = 86_400_000
WAVE: Final = 60  # halves without a partner


class Result(Protocol):
    """What a run must return: tables of record ids."""

    @property
    def pairs(self) -> pl.DataFrame:
        """`departure_id`, `arrival_id`."""

    @property
    def findings(self) -> pl.DataFrame:
        """`kind`, `departure_id`, `arrival_id`."""

    @property
    def set_aside(self) -> pl.DataFrame:
        """`side`, `record_id`: halves that only repeat or continue another."""


class Run(Protocol):
    """Pairs two tables of halves."""

    def __call__(
        self,
        spec: PairingSpec,
        departures: pl.DataFrame,
        arrivals: pl.DataFrame,
        /,
        *,
        options: Options,
    ) -> Result:
        """Return what the engine concludes."""


class LawBrokenError(AssertionError):
    """A domain or an engine does not keep a law."""

    def __init__(self, law: str, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


@dataclass(frozen=True, slots=True)
class Told:
    """What a run said, in a form that can be compared.

    Attributes:
        pairs: Pairs of ids.
        findings: Kind and ids; an id is empty where the finding has no half.
        aside: Side and id of halves set aside.
    """

    pairs: Counter[tuple[str, str]]
    findings: Counter[tuple[str, str, str]]
    aside: Counter[tuple[str, str]]

    @property
    def accusing(self) -> Counter[tuple[str, str, str]]:
        """The findings that accuse somebody."""
        return Counter({f: n for f, n in self.findings.items() if f[0] != UNPROVEN})


def told(result: Result) -> Told:
    """Read a result."""
    ids = ("departure_id", "arrival_id")
    found = result.findings.select("kind", pl.col(ids).fill_null(""))
    return Told(
        pairs=Counter(result.pairs.select(ids).iter_rows()),
        findings=Counter(found.iter_rows()),
        aside=Counter(result.set_aside.select("side", "record_id").iter_rows()),
    )


def _run(run: Run, world: World, options: Options | None = None) -> Told:
    return told(
        run(
            world.spec,
            world.departures(),
            world.arrivals(),
            options=options or Options(),
        )
    )


def _same(law: str, before: object, after: object) -> None:
    """Compare two counters.

    Raises:
        LawBrokenError: They differ.
    """
    if before == after:
        return
    if isinstance(before, Counter) and isinstance(after, Counter):
        gone, new = before - after, after - before
        raise LawBrokenError(law, f"no longer: {sorted(gone)}; new: {sorted(new)}")
    raise LawBrokenError(law, f"{before} became {after}")


def _all_same(law: str, before: Told, after: Told) -> None:
    _same(f"{law}, pairs", before.pairs, after.pairs)
    _same(f"{law}, findings", before.findings, after.findings)
    _same(f"{law}, set aside", before.aside, after.aside)


def check_conservation(world: World, run: Run) -> None:
    """Each half leaves once: in a pair, in a finding, or set aside.

    Raises:
        LawBrokenError: A half is lost, or is in two places.
    """
    result = run(world.spec, world.departures(), world.arrivals(), options=Options())
    out = told(result)
    for place, side in enumerate(SIDES):
        halves = world.departures() if side == "departures" else world.arrivals()
        held = Counter(halves["record_id"].to_list())
        paired = Counter(pair[place] for pair in out.pairs.elements())
        found = Counter(f[place + 1] for f in out.findings.elements() if f[place + 1])
        aside = Counter(i for s, i in out.aside.elements() if s == side)
        for name, where in (("pairs", paired), ("findings", found), ("aside", aside)):
            twice = sorted((where - held).keys())
            if twice:
                raise LawBrokenError(
                    "conservation", f"{side} too often in {name}: {twice}"
                )
        only_found = Counter({i: n for i, n in found.items() if i not in paired})
        _same(f"conservation of {side}", held, paired + only_found + aside)


def mirrored(spec: PairingSpec) -> PairingSpec:
    """Return the spec seen from the other side.

    Readings, checks and recurrence are left out: they accuse one side's carriers, so
    they look the same from neither side.
    """
    other = {"departures": "arrivals", "arrivals": "departures"}
    return replace(
        undirected(spec),
        company=tuple(
            Company(side=other[c.side], part=c.part, block=c.block)
            for c in spec.company
        ),
    )


def undirected(spec: PairingSpec) -> PairingSpec:
    """Return the spec without what treats the sides differently."""
    return replace(spec, readings=(), checks=(), recurrence=None)


def check_symmetry(world: World, run: Run) -> None:
    """Swapping the sides swaps the labels and nothing else.

    Raises:
        LawBrokenError: A pair or finding is different.
    """
    d, a = world.departures(), world.arrivals()
    there = told(run(undirected(world.spec), d, a, options=Options()))
    back = told(run(mirrored(world.spec), a, d, options=Options()))
    kinds = dict(zip(MISSING_KINDS, reversed(MISSING_KINDS), strict=True))
    other = dict(zip(SIDES, reversed(SIDES), strict=True))
    _all_same(
        "symmetry",
        there,
        Told(
            pairs=Counter({(i, j): n for (j, i), n in back.pairs.items()}),
            findings=Counter(
                {(kinds.get(k, k), i, j): n for (k, j, i), n in back.findings.items()}
            ),
            aside=Counter({(other[s], i): n for (s, i), n in back.aside.items()}),
        ),
    )


def check_order(world: World, run: Run) -> None:
    """The order of the records does not matter.

    Raises:
        LawBrokenError: The result is another.
    """
    before = _run(run, world)
    sides = (world.departures(), world.arrivals())
    turned = [
        half.sample(fraction=1, shuffle=True, seed=len(world.crossings))
        for half in sides
    ]
    _all_same("order", before, told(run(world.spec, *turned, options=Options())))


def repeated(halves: pl.DataFrame, times: Iterable[int]) -> pl.DataFrame:
    """Repeat every record, now with an id of its own, now with the very same."""
    copies = [halves]
    for number, count in enumerate(times):
        one = halves.slice(number, 1)
        copies += [
            one.with_columns(pl.col("record_id") + ("" if n % 2 else f"+{n}"))
            for n in range(count)
        ]
    return pl.concat(copies)


def _origin(out: Told) -> Told:
    """Name every record by the one that it repeats."""

    def first(record: str) -> str:
        return record.split("+", maxsplit=1)[0]

    def firsts(rows: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
        named: Counter[tuple[str, ...]] = Counter()
        for row, n in rows.items():
            named[tuple(map(first, row))] += n
        return named

    return Told(firsts(out.pairs), firsts(out.findings), firsts(out.aside))  # type: ignore[arg-type]


def check_idempotence(world: World, run: Run) -> None:
    """Repeating records accuses nobody and changes nothing.

    Raises:
        LawBrokenError: A pair or a finding is new or gone.
    """
    before = _origin(_run(run, world))
    rng = np.random.default_rng(len(world.crossings))
    d, a = world.departures(), world.arrivals()
    again = _origin(
        told(
            run(
                world.spec,
                repeated(d, rng.integers(0, 4, d.height)),
                repeated(a, rng.integers(0, 4, a.height)),
                options=Options(),
            )
        )
    )
    _same("idempotence, pairs", before.pairs, again.pairs)
    _same("idempotence, findings", before.findings, again.findings)


def check_harmlessness(world: World, run: Run) -> None:
    """Where every crossing has both halves unaltered, nobody is accused.

    Raises:
        LawBrokenError: Somebody is.
    """
    _same("harmlessness", Counter(), _run(run, world.honest()).accusing)


def _silences(world: World, side: str) -> list[tuple[str, int, int, Options]]:
    """Return stretches of true time in which a side is to record nothing.

    One is declared, by the side's own clock; one is the end of its record.
    """
    times = [c.at_ms for c in world.crossings]
    horizon = world.spec.horizon_ms
    low = (min(times) + max(times)) // 2
    high = low + horizon
    clock = world.clocks_ms[side][0]
    gap = Gap(
        side=side, from_ms=low + clock, to_ms=high + clock, point=None, why="declared"
    )
    return [
        ("declared", low, high, Options(declared_gaps=(gap,))),
        ("end", low, max(times) + 2 * horizon, Options()),
    ]


def _silenced(world: World, side: str, low: int, high: int) -> tuple[World, set[str]]:
    """Return a world in which a side falls silent, and the ids that this leaves alone.

    All points of the silent side go by one clock, by which it can say when it was
    silent. A wave of crossings that it never had makes missing halves plausible.
    """
    lost = f"{side[:-1]}_lost"
    plain = world.honest().crossings
    times = [c.at_ms for c in plain]
    step = max((max(times) - min(times)) // WAVE, 1)
    wave = [
        replace(
            plain[n % len(plain)],
            key=tuple(part + 70_000_000 + 31 * n for part in plain[0].key),
            at_ms=min(times) + n * step,
            points=(0, 0),
            fault=lost,
        )
        for n in range(WAVE)
    ]
    every = [
        replace(c, fault=lost) if low <= c.at_ms <= high else c for c in [*plain, *wave]
    ]
    other = next(s for s in SIDES if s != side)
    inside = {f"{other[0]}{n}" for n, c in enumerate(every) if low <= c.at_ms <= high}
    own = world.clocks_ms[side]
    clocks = {**world.clocks_ms, side: (own[0],) * len(own)}
    return replace(world, crossings=every, clocks_ms=clocks), inside


def check_completeness(world: World, run: Run) -> None:
    """Where a side's record is silent or ends, the other's halves accuse nobody.

    Raises:
        LawBrokenError: A half in the silence is called missing, or anything else.
    """
    side = SIDES[len(world.crossings) % 2]  # now the one, now the other
    for why, low, high, options in _silences(world, side):
        silent, inside = _silenced(world, side, low, high)
        out = _run(run, silent, options)
        accused = Counter(
            {f: n for f, n in out.accusing.items() if inside & set(f[1:])}
        )
        _same(f"completeness, {side} {why}", Counter(), accused)


def check_epoch(world: World, run: Run) -> None:
    """Moving all times by whole days changes nothing.

    Raises:
        LawBrokenError: A pair or a finding is new or gone.
    """
    moved = [replace(c, at_ms=c.at_ms + 30 * DAY_MS) for c in world.crossings]
    before = _run(run, world)
    _all_same("epoch", before, _run(run, replace(world, crossings=moved)))


def check_naming(world: World, run: Run) -> None:
    """Only whether two keys are equal matters, not which they are.

    Another period's tokens are other numbers in another order. Neighbourhood of
    numbers is the one exception, so companies are narrowed to equal values.

    Raises:
        LawBrokenError: A pair or a finding is new or gone.
    """
    alone = tuple(replace(c, block=1) for c in world.spec.company)
    spec = replace(world.spec, company=alone)
    sides = (world.departures(), world.arrivals())
    columns = [half[key].to_numpy() for half in sides for key in KEY_COLUMNS]
    keys = np.unique(np.concatenate(columns))
    keys = keys[keys != 0]
    names = np.random.default_rng(len(keys)).choice(2**48, len(keys), replace=False) + 1
    table = dict(zip(keys.tolist(), names.tolist(), strict=True))
    renamed = [
        half.with_columns(pl.col(KEY_COLUMNS).replace_strict(table, default=0))
        for half in sides
    ]
    before = told(run(spec, *sides, options=Options()))
    _all_same("naming", before, told(run(spec, *renamed, options=Options())))


@dataclass(frozen=True, slots=True)
class Law:
    """A law and how it is checked."""

    name: str
    check: Callable[[World, Run], None]


LAWS: Final = (
    Law("conservation", check_conservation),
    Law("symmetry", check_symmetry),
    Law("order", check_order),
    Law("idempotence", check_idempotence),
    Law("harmlessness", check_harmlessness),
    Law("completeness", check_completeness),
    Law("epoch", check_epoch),
    Law("naming", check_naming),
)
