"""The laws have teeth: matchers that break one are caught."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pytest

from tallystick.pairing.spec import PairingSpec
from tallystick.testing.conformance import check_law
from tallystick.testing.laws import LAWS, LawBrokenError
from tallystick.testing.strategies import START_MS, worlds

pytestmark = pytest.mark.property

SPEC = PairingSpec(
    domain="codes",
    parts=("code", "place"),
    attributes=(),
    order=("no_departure", "no_arrival", "unproven"),
)
KEY = ["key_hi", "key_lo"]


@dataclass
class Said:
    """What a matcher says."""

    pairs: pl.DataFrame
    findings: pl.DataFrame
    set_aside: pl.DataFrame


def naive(spec, departures, arrivals, /, *, options):  # ruff: ignore[unused-function-argument]
    """Pair what is first and near, accuse the rest: what one writes in an hour."""
    d = departures.rename({"record_id": "departure_id"})
    a = arrivals.rename({"record_id": "arrival_id"})
    near = d.join(a, on=KEY).filter(
        (pl.col("at_ms_right") - pl.col("at_ms")).abs() <= spec.horizon_ms
    )
    pairs = near.unique("departure_id", keep="first", maintain_order=True)
    pairs = pairs.unique("arrival_id", keep="first", maintain_order=True)
    none = pl.lit(None, pl.String)
    alone = pl.concat(
        [
            d.join(pairs, on="departure_id", how="anti").select(
                pl.lit("no_arrival").alias("kind"),
                "departure_id",
                none.alias("arrival_id"),
            ),
            a.join(pairs, on="arrival_id", how="anti").select(
                pl.lit("no_departure").alias("kind"),
                none.alias("departure_id"),
                "arrival_id",
            ),
        ]
    )
    return Said(
        pairs=pairs.select("departure_id", "arrival_id"),
        findings=alone,
        set_aside=pl.DataFrame(schema={"side": pl.String, "record_id": pl.String}),
    )


def forgetful(spec, d, a, /, *, options):
    """Lose the findings."""
    said = naive(spec, d, a, options=options)
    said.findings = said.findings.head(0)
    return said


def one_sided(spec, d, a, /, *, options):
    """Say nothing of arrivals."""
    said = naive(spec, d, a, options=options)
    said.findings = said.findings.filter(pl.col("departure_id").is_not_null())
    return said


def dated(spec, d, a, /, *, options):
    """Believe no record of next month."""
    later = pl.col("at_ms") < START_MS + 10 * 86_400_000
    return naive(spec, d.filter(later), a.filter(later), options=options)


def superstitious(spec, d, a, /, *, options):
    """Leave out keys that end in an even digit."""
    odd = pl.col("key_hi") % 2 == 1
    return naive(spec, d.filter(odd), a.filter(odd), options=options)


BROKEN: dict[str, Callable] = {
    "conservation": forgetful,
    "symmetry": one_sided,
    "order": naive,
    "idempotence": naive,
    "harmlessness": naive,
    "completeness": naive,
    "epoch": dated,
    "naming": superstitious,
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_matcher_that_breaks_the_law_is_caught(law):
    """For each law there is a matcher that breaks it, and the law says so."""
    with pytest.raises(LawBrokenError) as broken:
        check_law(law, worlds(SPEC), BROKEN[law.name], examples=60, shrink=False)
    assert law.name in str(broken.value)
