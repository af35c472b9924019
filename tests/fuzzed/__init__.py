"""Parsers that read from a network, fed a little of what `bench/fuzz.py` feeds."""
