"""Sockets: what the sans-IO cores say, sent and received."""
