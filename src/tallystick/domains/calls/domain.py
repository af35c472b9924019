"""Calls as a domain."""

from typing import Final

from tallystick.domains.calls.spec import SPEC
from tallystick.pairing.domain import Domain

DOMAIN: Final = Domain(name="calls", spec=SPEC, title="telephone calls")
