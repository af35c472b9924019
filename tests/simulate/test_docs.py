"""The reference page tells what the code does."""

import dataclasses

import pytest

from tallystick.simulate.calls import Parameters, Plant
from tallystick.simulate.calls.crossings import BENIGN_NAMES
from tallystick.simulate.calls.plant import HOWS, INTENSITIES, SHARES

from .parameter_table import BEGIN, END, PAGE, table


@pytest.fixture(scope="module")
def page() -> str:
    """The reference page."""
    return PAGE.read_text(encoding="utf-8")


def test_parameter_table_is_current(page: str) -> None:
    """The table is what the dataclass says; the script beside this file writes it."""
    assert page.split(BEGIN)[1].split(END, maxsplit=1)[0] == table()


def test_every_parameter_says_what_it_is() -> None:
    """Every field has a docstring."""
    rows = [line for line in table().splitlines() if line.startswith("| `")]
    assert len(rows) == len(dataclasses.fields(Parameters))


def test_every_plant_field_kind_and_way_is_explained(page: str) -> None:
    """Nothing can be planted that the page does not explain."""
    words = {
        *(field.name for field in dataclasses.fields(Plant)),
        *HOWS,
        *(how for hows in HOWS.values() for how in hows),
        *filter(None, BENIGN_NAMES),
    }
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []


@pytest.mark.parametrize("kind", HOWS)
def test_shares_at_each_intensity(page: str, kind: str) -> None:
    """The page gives the shares that an intensity stands for."""
    shares = " | ".join(f"{100 * share:g} %" for share in SHARES[kind])
    assert len(INTENSITIES) == 3
    assert f"| `{kind}` | {shares} |" in page
