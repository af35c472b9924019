"""What can be paired: one package per domain, found by entry point."""

from tallystick.domains.registry import Domain, domain_named

__all__ = ["Domain", "domain_named"]
