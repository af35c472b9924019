"""Addresses in captured messages: those of any SIP message."""

from tallystick.domains.calls.sip.address import Address, parse_address, parse_uri

__all__ = ["Address", "parse_address", "parse_uri"]
