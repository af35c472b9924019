"""Sockets of the live node, on the loopback only."""
