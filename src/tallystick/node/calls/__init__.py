"""Calls that leave and arrive: told, asked about, judged, answered."""
