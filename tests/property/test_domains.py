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


def load_example():
    """Return the example as a module."""
    spec = importlib.util.spec_from_file_location("parcels", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["parcels"] = module
    spec.loader.exec_module(module)
    return module


def test_the_example_finds_what_it_hid_and_keeps_the_laws(capsys):
    """The example pairs its books, names what it hid, and passes the check."""
    load_example().main()
    *told, last = capsys.readouterr().out.splitlines()
    assert last == "the laws hold"
    counts = {line.split()[1]: int(line.split()[0]) for line in told}
    assert counts["parcels"] == 750
    assert counts["notes"] == 18
    assert counts["no_arrival"] >= 140
    assert counts["weight_lost"] >= 100
    assert counts["recipient_altered"] >= 50
    assert "no_departure" not in counts


def test_a_domain_of_nothing_but_codes_keeps_the_laws(run):
    """A key of one part, no attributes, no readings, no checks: the laws hold."""
    check_domain(BARE, run=run, examples=2)
