"""Telephone calls keep the laws of pairing."""

import pytest

from tallystick.testing.conformance import check_law
from tallystick.testing.laws import LAWS

from .strategies import CALLS

pytestmark = pytest.mark.property


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_calls_keep_the_law(law, run):
    """The law holds in small worlds of calls, however hard they are."""
    check_law(law, CALLS, run, examples=6)
