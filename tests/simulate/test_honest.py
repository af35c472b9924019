"""What honest transit does, as often as the parameters say."""

import polars as pl
import pytest

from .worlds import PERFECT


@pytest.fixture(scope="module")
def odd(make_day):
    """A day in which honest things go wrong often, and nothing else does."""
    often = {
        "withheld_share": 0.05,
        "number_lost_share": 0.03,
        "national_form_share": 0.05,
        "diverted_before_share": 0.04,
        "diverted_transit_share": 0.04,
        "voicemail_share": 0.05,
        "failed_in_transit_share": 0.05,
        "roaming_elsewhere_share": 0.02,
        "third_country_share": 0.02,
    }
    return make_day(calls=20_000, **{**PERFECT, **often})


def _of(halves: pl.DataFrame, reason: str | None) -> pl.DataFrame:
    return halves.filter(pl.col("benign").eq_missing(reason))


def test_all_are_honest(odd) -> None:
    """Nothing of this is anybody's scheme."""
    assert set(odd.truth["kind"]) == {"honest"}


@pytest.mark.parametrize(
    ("reason", "share"),
    [
        ("number_lost", 0.03),
        ("national_form", 0.05),
        ("diverted", 0.04),
        ("failed_in_transit", 0.05),
        ("roaming_elsewhere", 0.02),
        ("third_country", 0.02),
    ],
)
def test_shares(odd, reason: str, share: float) -> None:
    """Each happens about as often as asked for."""
    assert len(_of(odd.truth, reason)) == pytest.approx(20_000 * share, rel=0.25)


def test_lost_numbers_and_national_forms(odd) -> None:
    """A lost number is empty, a national one lacks only the country code."""
    halves = odd.halves("honest")
    assert (
        _of(halves, "number_lost")["arrival_calling_number"].str.len_bytes() == 0
    ).all()
    national = _of(halves, "national_form")
    same = pl.col("departure_calling_number") == pl.col("arrival_calling_number")
    assert national.filter(~same).is_empty()
    ids = national["arrival_id"].implode()
    texts = odd.records("arrivals").filter(pl.col("record_id").is_in(ids))
    assert texts["calling_number"].str.contains(r"^(80)?\d{9}$").all()


def test_diverted(odd) -> None:
    """The redirecting number says what was changed."""
    halves = _of(odd.halves("honest"), "diverted")
    was_called = pl.col("departure_called_number") == pl.col(
        "arrival_redirecting_number"
    )
    is_calling = pl.col("arrival_calling_number") == pl.col(
        "arrival_redirecting_number"
    )
    assert halves.filter(was_called ^ is_calling).height == halves.height
    before = odd.halves("honest").filter(
        pl.col("departure_redirecting_number").str.len_bytes() > 0
    )
    assert len(before) > 500
    same = pl.col("departure_redirecting_number") == pl.col(
        "arrival_redirecting_number"
    )
    assert before.filter(~same).is_empty()


def test_voicemail(odd) -> None:
    """Answered here, a missed call there."""
    halves = _of(odd.halves("honest"), "voicemail")
    assert len(halves) > 100
    assert (halves["departure_duration_s"] > 0).all()
    assert (halves["arrival_duration_s"] == 0).all()


def test_failed_in_transit(odd) -> None:
    """Unanswered, never seen there; most are tried again at once as the same call."""
    failed = _of(odd.halves("honest"), "failed_in_transit")
    assert failed["arrival_id"].is_null().all()
    assert (failed["departure_duration_s"] == 0).all()
    others = odd.truth.filter(pl.col("benign").is_null())
    again = failed.join(others, on="call_id", how="semi")
    assert len(again) == pytest.approx(0.6 * len(failed), rel=0.25)


def test_withheld(odd) -> None:
    """A withheld number is known at departure and marked; it may not arrive."""
    departures = odd.records("departures")
    withheld = departures.filter(pl.col("presentation") == "restricted")
    assert withheld["calling_number"].is_not_null().all()
    assert len(withheld) == pytest.approx(0.05 * len(departures), rel=0.3)
    arrivals = odd.records("arrivals").filter(pl.col("presentation") == "restricted")
    assert arrivals["calling_number"].is_null().any()
    assert arrivals["calling_number"].is_not_null().any()


def test_strangers_never_left(odd) -> None:
    """Guests elsewhere and third countries' callers leave an arrival only."""
    for reason in ("roaming_elsewhere", "third_country"):
        assert _of(odd.truth, reason)["departure_id"].is_null().all()


def test_halves_of_plain_calls_agree(clean) -> None:
    """Where nothing happens, both halves tell the same story in the same order."""
    halves = clean.halves("honest")
    d, a = "departure_started_at", "arrival_started_at"
    assert (halves[d] <= halves[a]).all()
    for column in ("calling_number", "called_number"):
        same = pl.col(f"departure_{column}") == pl.col(f"arrival_{column}")
        assert halves.filter(~same).is_empty()
    answered = halves.filter(pl.col("departure_duration_s") > 0)
    assert (answered["arrival_duration_s"] > 0).all()
    for side in ("departure", "arrival"):
        begin, answer, end = (
            answered[f"{side}_{column}"]
            for column in ("started_at", "answered_at", "released_at")
        )
        assert ((begin <= answer) & (answer <= end)).all()
    assert (answered["arrival_answered_at"] <= answered["departure_answered_at"]).all()
