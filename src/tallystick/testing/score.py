"""Hold a result against the truth: what was found, what was missed, who was harmed.

Nothing here knows how the truth was made or how the result was found; both are
tables (schemas in docs/reference/simulator.md).
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.model.share import exact_interval

KINDS: Final = (
    "domestic_arrival",
    "calling_number_altered",
    "calling_number_removed",
    "called_number_altered",
    "loop",
    "false_answer",
    "stretched",
    "no_departure",
    "no_arrival",
)
"""The accusing kinds, in the order in which the first that holds is taken."""

HONEST: Final = "honest"
BENIGN: Final = "honest, unusual"
"""Row of the confusion matrix for honest crossings that differ by chance or habit."""

NO_ACCUSATION: Final = ("unproven", "paired", "silent")
"""Found kinds that accuse nobody; `silent`: neither a pair nor a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindScore:
    """How well one kind was found. Counts are crossings.

    Attributes:
        kind: The kind.
        planted: Crossings that truly are of this kind.
        provable: Of these, those whose records are all held, outside outages.
        found: Crossings accused of it.
        right: Crossings accused of it that are.
        right_provable: Of these, the provable ones.
        unusual: Wrongly accused crossings that are honest but truly look like this,
            by chance or habit: a number lost on the way, voicemail, ...
        precision: right / found; None when nothing was found.
        recall: right / planted; None when nothing was planted.
        recall_provable: right_provable / provable.
    """

    kind: str
    planted: int
    provable: int
    found: int
    right: int
    right_provable: int
    unusual: int
    precision: float | None
    recall: float | None
    recall_provable: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """Honest crossings that were accused.

    Attributes:
        honest: How many honest crossings there are.
        accused: How many of them some finding accuses.
        per_million: accused / honest, in millionths.
        low, high: Exact (Clopper-Pearson) 95 % interval of that.
    """

    honest: int
    accused: int
    per_million: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """How well the halves were paired.

    Attributes:
        right: Pairs of two halves of one crossing.
        wrong: Pairs of halves of two crossings.
        wrong_same_call: Of these, two crossings of one looped call.
        unknown: Pairs with a record that the truth does not know.
        missed: Ordinary honest crossings whose held halves were not paired.
        missed_unusual: The same for honest crossings that differ benignly.
    """

    right: int
    wrong: int
    wrong_same_call: int
    unknown: int
    missed: int
    missed_unusual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The whole comparison.

    Attributes:
        kinds: One for each accusing kind.
        harm: Over all honest crossings.
        harm_plain: Over those to which nothing unusual happened.
        accused_by_reason: Accused honest crossings by what happened to them.
        accused_in_outage: Accused crossings, honest or not, inside an outage.
        honest_in_outage: The honest ones among them.
        accused_domestic: Domestic records that a finding names though no call from
            abroad was landed by them.
        accused_unknown: Record ids in findings that the truth does not know.
        pairs: How well the halves were paired.
        confusion: Crossings by truth and by what was found.
    """

    kinds: tuple[KindScore, ...]
    harm: Harm
    harm_plain: Harm
    accused_by_reason: dict[str, int]
    accused_in_outage: int
    honest_in_outage: int
    accused_domestic: int
    accused_unknown: int
    pairs: PairScore
    confusion: dict[str, dict[str, int]]

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)


def score_result(
    truth: pl.DataFrame, findings: pl.DataFrame, pairs: pl.DataFrame
) -> Score:
    """Compare findings and pairs with the truth, crossing by crossing.

    A finding counts for every crossing that one of its record ids belongs to. A loop
    is one call: naming one of its crossings finds them all. `unproven` accuses nobody.

    Args:
        truth: truth.parquet of the simulator.
        findings: findings.parquet of a result.
        pairs: pairs.parquet of a result.
    """
    facts = _facts(truth)
    ids = _record_ids(truth)
    hits = _hits(findings, ids)
    known = hits.filter(pl.col("crossing_id").is_not_null())
    accused = known.filter(pl.col("kind") != "unproven").select("crossing_id", "kind")
    accused = accused.unique(maintain_order=True)
    joined = _joined(pairs, ids)
    rightly = joined.filter(pl.col("departure_crossing") == pl.col("arrival_crossing"))
    paired = rightly["departure_crossing"].unique()
    blamed = facts.filter(pl.col("crossing_id").is_in(accused["crossing_id"].implode()))
    honest = facts.filter(pl.col("kind") == HONEST)
    strangers = hits.filter(
        pl.col("crossing_id").is_null() & (pl.col("kind") != "unproven")
    )
    in_domestic = pl.col("side") == "domestic"
    return Score(
        kinds=tuple(_kind_score(kind, facts, accused) for kind in KINDS),
        harm=_harm(honest, blamed),
        harm_plain=_harm(honest.filter(pl.col("benign").is_null()), blamed),
        accused_by_reason=_by_reason(blamed),
        accused_in_outage=int(blamed["in_outage"].sum()),
        honest_in_outage=int(
            blamed.filter(pl.col("kind") == HONEST)["in_outage"].sum()
        ),
        accused_domestic=strangers.filter(in_domestic)["id"].n_unique(),
        accused_unknown=strangers.filter(~in_domestic)["id"].n_unique(),
        pairs=_pair_score(honest, joined, paired, facts),
        confusion=_confusion(facts, known, paired),
    )


def _facts(truth: pl.DataFrame) -> pl.DataFrame:
    """Return per crossing what scoring needs; optional columns get their defaults."""
    defaults: dict[str, pl.Expr] = {
        "benign": pl.lit(None, dtype=pl.String),
        "in_outage": pl.col("lost_why").eq_missing("outage"),
        "domestic_lost": pl.lit(value=False),
    }
    full = truth.with_columns(
        default.alias(name)
        for name, default in defaults.items()
        if name not in truth.columns
    )
    lost = pl.col("departure_lost") | pl.col("arrival_lost") | pl.col("domestic_lost")
    held_both = (
        pl.col("departure_id").is_not_null()
        & pl.col("arrival_id").is_not_null()
        & ~lost
    )
    return full.select(
        "crossing_id",
        "call_id",
        "kind",
        "benign",
        "in_outage",
        (~lost & ~pl.col("in_outage")).alias("provable"),
        held_both.alias("held_both"),
    )


def _record_ids(truth: pl.DataFrame) -> pl.DataFrame:
    """Return the crossing of every record id of every side."""
    sides = {"departures": "departure", "arrivals": "arrival", "domestic": "domestic"}
    parts = [
        truth.select(
            pl.lit(side).alias("side"),
            pl.col(column).str.split(";").alias("id"),
            "crossing_id",
        )
        .drop_nulls("id")
        .explode("id")
        for side, name in sides.items()
        for column in (f"{name}_id", f"{name}_also")
        if column in truth.columns
    ]
    return pl.concat(parts).unique(["side", "id"], keep="first", maintain_order=True)


def _hits(findings: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Return one row per finding and record id, with the crossing or null."""
    departures = findings.select(
        "kind", pl.lit("departures").alias("side"), pl.col("departure_id").alias("id")
    )
    arrivals = findings.select(
        "kind",
        pl.col("arrival_side").fill_null("arrivals").alias("side"),
        pl.col("arrival_id").alias("id"),
    )
    named = pl.concat((departures, arrivals)).filter(pl.col("id").str.len_bytes() > 0)
    return named.join(ids, on=["side", "id"], how="left", maintain_order="left")


def _joined(pairs: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Return the crossings of both records of each pair."""
    of_side = {
        side: ids.filter(pl.col("side") == side).select("id", "crossing_id")
        for side in ("departures", "arrivals")
    }
    return (
        pairs.select("departure_id", "arrival_id")
        .join(
            of_side["departures"].rename({"crossing_id": "departure_crossing"}),
            left_on="departure_id",
            right_on="id",
            how="left",
        )
        .join(
            of_side["arrivals"].rename({"crossing_id": "arrival_crossing"}),
            left_on="arrival_id",
            right_on="id",
            how="left",
        )
    )


def _kind_score(kind: str, facts: pl.DataFrame, accused: pl.DataFrame) -> KindScore:
    """Count one kind."""
    named = accused.filter(pl.col("kind") == kind)["crossing_id"]
    of_kind = facts.filter(pl.col("kind") == kind)
    right = of_kind.filter(pl.col("crossing_id").is_in(named.implode()))
    wrong = len(named) - len(right)
    unusual = facts.filter(
        (pl.col("kind") == HONEST)
        & pl.col("benign").is_not_null()
        & pl.col("crossing_id").is_in(named.implode())
    )
    if kind == "loop":
        calls = right["call_id"].unique()
        right = of_kind.filter(pl.col("call_id").is_in(calls.implode()))
    found, provable = wrong + len(right), int(of_kind["provable"].sum())
    right_provable = int(right["provable"].sum())
    return KindScore(
        kind=kind,
        planted=len(of_kind),
        provable=provable,
        found=found,
        right=len(right),
        right_provable=right_provable,
        unusual=len(unusual),
        precision=_share(len(right), found),
        recall=_share(len(right), len(of_kind)),
        recall_provable=_share(right_provable, provable),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _harm(honest: pl.DataFrame, blamed: pl.DataFrame) -> Harm:
    """Count the accused among honest crossings, with the exact interval."""
    total = len(honest)
    accused = len(honest.join(blamed, on="crossing_id", how="semi"))
    low, high = exact_interval(accused, total) if total else (0.0, 1.0)
    return Harm(
        honest=total,
        accused=accused,
        per_million=1e6 * accused / total if total else 0.0,
        low=1e6 * low,
        high=1e6 * high,
    )


def _by_reason(blamed: pl.DataFrame) -> dict[str, int]:
    """Count accused honest crossings by what benign thing happened to them."""
    counts = (
        blamed.filter(pl.col("kind") == HONEST)
        .group_by(pl.col("benign").fill_null("plain"))
        .len()
        .sort("len", "benign", descending=[True, False])
    )
    return dict(counts.iter_rows())


def _pair_score(
    honest: pl.DataFrame, joined: pl.DataFrame, paired: pl.Series, facts: pl.DataFrame
) -> PairScore:
    """Count pairs that are right, wrong and missed."""
    known = joined.drop_nulls(["departure_crossing", "arrival_crossing"])
    wrong = known.filter(pl.col("departure_crossing") != pl.col("arrival_crossing"))
    calls = facts.select("crossing_id", "call_id")
    same_call = wrong.join(
        calls, left_on="departure_crossing", right_on="crossing_id"
    ).join(calls, left_on="arrival_crossing", right_on="crossing_id", suffix="_arrival")
    missed = honest.filter(
        pl.col("held_both") & ~pl.col("crossing_id").is_in(paired.implode())
    )
    unusual = int(missed["benign"].is_not_null().sum())
    return PairScore(
        right=len(known) - len(wrong),
        wrong=len(wrong),
        wrong_same_call=len(
            same_call.filter(pl.col("call_id") == pl.col("call_id_arrival"))
        ),
        unknown=len(joined) - len(known),
        missed=len(missed) - unusual,
        missed_unusual=unusual,
    )


def _confusion(
    facts: pl.DataFrame, hits: pl.DataFrame, paired: pl.Series
) -> dict[str, dict[str, int]]:
    """Count crossings by truth and by the first kind that was found for them."""
    order = {kind: place for place, kind in enumerate((*KINDS, "unproven"))}
    first = (
        hits.with_columns(
            pl.col("kind")
            .replace_strict(order, default=len(order), return_dtype=pl.Int64)
            .alias("place")
        )
        .sort("place", maintain_order=True)
        .unique("crossing_id", keep="first")
        .select("crossing_id", pl.col("kind").alias("found"))
    )
    is_paired = pl.col("crossing_id").is_in(paired.implode())
    cells = (
        facts.join(first, on="crossing_id", how="left")
        .with_columns(
            pl.coalesce(
                "found",
                pl.when(is_paired).then(pl.lit("paired")).otherwise(pl.lit("silent")),
            ).alias("found"),
            pl.when((pl.col("kind") == HONEST) & pl.col("benign").is_not_null())
            .then(pl.lit(BENIGN))
            .otherwise(pl.col("kind"))
            .alias("truth"),
        )
        .group_by("truth", "found")
        .len()
    )
    counts = {(t, f): n for t, f, n in cells.iter_rows()}
    columns = (*KINDS, *NO_ACCUSATION)
    return {
        row: {column: counts.get((row, column), 0) for column in columns}
        for row in (HONEST, BENIGN, *KINDS)
        if any(counts.get((row, column), 0) for column in columns)
    }
