"""Telephone calls: departures and arrivals as two networks recorded them."""

from tallystick.domains.calls.spec import SPEC
from tallystick.pairing.domain import Domain

DOMAIN = Domain(name="calls", spec=SPEC, title="telephone calls")

__all__ = ["DOMAIN", "SPEC"]
