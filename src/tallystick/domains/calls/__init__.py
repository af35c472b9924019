"""Telephone calls: departures and arrivals as two networks recorded them."""

from tallystick.domains.calls.domain import DOMAIN
from tallystick.domains.calls.spec import SPEC

__all__ = ["DOMAIN", "SPEC"]
