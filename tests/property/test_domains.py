"""Domains other than calls keep the laws of pairing."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tallystick.pairing.domain import Domain
from tallystick.pairing.spec import PairingSpec
from tallystick.testing import check_domain

pytestmark = pytest.mark.property
EXAMPLE = Path(__file__).parents[2] / "examples" / "parcels.py"

BARE = Domain(
    name="codes",
    title="things with a code and nothing to measure",
    spec=PairingSpec(
        domain="codes",
        parts=("code",),
        attributes=(),
        order=("no_departure", "no_arrival", "unproven"),
        horizon_ms=48 * 3_600_000,
    ),
)


@pytest.fixture(scope="module")
def parcels():
    """Return the example as a module."""
    spec = importlib.util.spec_from_file_location("parcels", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["parcels"] = module
    spec.loader.exec_module(module)
    return module


def test_parcels_keep_the_laws(parcels):
    """The example's domain passes the conformance check with the example's own run."""
    check_domain(parcels.DOMAIN, run=parcels.pair, examples=4)


def test_a_domain_of_nothing_but_codes_keeps_the_laws(run):
    """A key of one part, no attributes, no readings, no checks: the laws hold."""
    check_domain(BARE, run=run, examples=4)


def test_the_example_finds_what_it_hid(parcels, capsys):
    """Run as a program, the example pairs its lists and names the Magpie's parcels."""
    parcels.main()
    told = capsys.readouterr().out.splitlines()
    assert told[0].split()[0].isdigit()
    counts = {line.split()[0]: int(line.split()[1]) for line in told[1:]}
    assert set(counts) == set(parcels.SPEC.order)
    for kind in ("renumbered", "opened", "weight_lost", "no_arrival"):
        assert counts[kind] > 50
    assert counts["redirected"] == counts["no_departure"] == 0
