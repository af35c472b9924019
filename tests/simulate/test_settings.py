"""Parameter and plant files: what fits is taken, what does not is named."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls import Outage, Parameters, Plant, load_plants, simulate
from tallystick.simulate.calls.draw import DayCurve
from tallystick.simulate.calls.plant import HOWS, completed


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.toml"
    path.write_text(text)
    return path


def test_parameters_from_toml(tmp_path: Path) -> None:
    """Named fields are taken, the others keep their defaults."""
    parameters = Parameters.load(
        _file(
            tmp_path,
            "loss_share = 0.02\nclock_constant_s = [2, 3]\n"
            "[[outages]]\nside = 'departures'\nstart_h = 3\nminutes = 5\n",
        )
    )
    assert parameters.loss_share == pytest.approx(0.02)
    assert parameters.clock_constant_s == (2.0, 3.0)
    assert parameters.outages == (Outage(side="departures", start_h=3.0, minutes=5.0),)
    assert parameters.days == 1


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("lost_share = 1", "parameters-field", "lost_share"),
        ("loss_share = 'much'", "parameters-value", "loss_share must be a number"),
        ("loss_share = 7.0", "parameters-value", "between 0 and 1"),
        ("record_ids = 'none'", "parameters-value", "record_ids must be one of"),
        ("start = 'today'", "parameters-value", "start must be a date"),
        ("days = 0", "parameters-value", "days must be at least 1"),
        ("hour_shares = [1, 2]", "parameters-value", "24 values"),
        ("clock_constant_s = [1]", "parameters-value", "2 values"),
        ("formats_arrival_called = {dots = 1}", "parameters-value", "one of plus"),
        (
            "[[outages]]\nside = 'here'\nstart_h = 1\nminutes = 1",
            "parameters-value",
            "side",
        ),
        ("[[outages]]\nside = 'arrivals'", "parameters-field", "lacks"),
        ("outages = 3", "parameters-value", "outages must be a list"),
        ("days = ", "parameters-file", "not TOML"),
        ("days = " + "9" * 5_000, "parameters-file", "not TOML"),
    ],
)
def test_wrong_parameters(tmp_path: Path, text: str, code: str, sentence: str) -> None:
    """Each mistake has its sentence."""
    with pytest.raises(ConfigError, match=sentence) as caught:
        Parameters.load(_file(tmp_path, text))
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["handsets", "rough"])
def test_shipped_parameters(name: str) -> None:
    """Shipped sets load."""
    assert Parameters.load(name) != Parameters()


@pytest.mark.parametrize("name", ["none", "low", "medium", "high", "mimicry"])
def test_shipped_plants(name: str) -> None:
    """Shipped plant files load and, but for `none`, hold every kind."""
    kinds = {plant.kind for plant in load_plants(name)}
    assert kinds == (set() if name == "none" else set(HOWS))


def test_intensity_sets_the_share(tmp_path: Path) -> None:
    """Without a share the intensity decides; the first way is the default."""
    path = _file(tmp_path, "[[plant]]\nkind = 'loop'\nintensity = 'high'\n")
    assert load_plants(path) == (
        Plant(kind="loop", how="both", intensity="high", share=0.004),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plant = 3", "must be a list"),
        ("[[plants]]\nkind = 'loop'", "no field 'plants'"),
        ("[[plant]]\nhow = 'both'", "lacks"),
        ("[[plant]]\nkind = 'theft'", "plant 1: kind is 'theft'"),
        ("[[plant]]\nkind = 'loop'\nhow = 'ott'", "plant 1: how is 'ott'"),
        ("[[plant]]\nkind = 'loop'\nintensity = 'huge'", "intensity is 'huge'"),
        ("[[plant]]\nkind = 'loop'\nshare = 2", "share must lie"),
        ("[[plant]]\nkind = 'loop'\nconcentration = 0", "concentration must lie"),
        ("[[plant]]\nkind = 'loop'\ncarriers = -1", "carriers cannot"),
        ("[[plant]]\nkind = 'loop'\ntimes = [1, 2]", "times must"),
        ("[[plant]]\nkind = 'loop'\nsites = 0", "sites must"),
    ],
)
def test_wrong_plants(tmp_path: Path, text: str, sentence: str) -> None:
    """Each mistake has its sentence, with the place of the plant."""
    with pytest.raises(ConfigError, match=sentence):
        load_plants(_file(tmp_path, text))


def test_missing_file_names_the_shipped_ones() -> None:
    """Somebody who mistypes a name learns the right ones."""
    with pytest.raises(ConfigError, match="medium, mimicry"):
        load_plants("medum")


@pytest.mark.parametrize("field", ["carriers", "trunks"])
def test_unknown_carrier_or_trunk(tmp_path: Path, field: str) -> None:
    """A plant that names nobody says whom it could name."""
    plant = Plant(kind="stretched", share=0.1, **{field: ("Nobody",)})
    with pytest.raises(ConfigError, match=r"no Nobody\. There are"):
        simulate(calls=100, seed=1, plant=(plant,), out=tmp_path)


def test_same_country_twice(tmp_path: Path) -> None:
    """Calls must cross a border."""
    with pytest.raises(ConfigError, match="another one"):
        simulate(calls=10, seed=1, plant="none", out=tmp_path, departure_country="RU")


def test_plants_in_code_are_completed() -> None:
    """Plants made in code get their defaults too."""
    (plant,) = completed((Plant(kind="stretched"),))
    assert (plant.how, plant.share) == ("late_release", 0.006)


@pytest.mark.parametrize("calls", [1, 7, 60])
@pytest.mark.parametrize("plant", ["none", "high"])
def test_tiny_worlds(tmp_path: Path, calls: int, plant: str) -> None:
    """Very few calls are no reason to fail."""
    done = simulate(calls=calls, seed=calls, plant=plant, out=tmp_path)
    assert set(done.rows) == {"departures", "arrivals", "domestic"}


def test_other_countries_and_several_days(tmp_path: Path) -> None:
    """Any two countries with a plan, and more than a day."""
    done = simulate(
        calls=3000,
        seed=1,
        plant="low",
        out=tmp_path,
        departure_country="PL",
        arrival_country="KZ",
        parameters=Parameters(days=3, utc_offset_h=-3.5),
    )
    lines = done.files["departures"].read_text().splitlines()[1:]
    days = {line.split(",")[3][:10] for line in lines}
    assert len(days) == 3
    assert all("-03:30" in line for line in lines[:20])


@pytest.mark.property
@settings(max_examples=40)
@given(
    u=st.lists(st.floats(0, 1), min_size=2, max_size=20),
    days=st.integers(1, 3),
    margin_s=st.integers(0, 600),
)
def test_day_curve_is_monotonic(u: list[float], days: int, margin_s: int) -> None:
    """A larger share is a later moment, and all lie inside the days and margins."""
    import numpy as np

    curve = DayCurve(
        (1.0, 0.0, *(1.0,) * 22),
        (1.0,) * 7,
        first_weekday=0,
        days=days,
        margin_s=margin_s,
    )
    moments = curve.moment_ms(np.sort(u))
    assert (np.diff(moments) >= 0).all()
    assert moments[0] >= -margin_s * 1000
    assert moments[-1] <= (days * 86_400 + margin_s) * 1000 + 60_000
