"""Tests of keys, tokens and blinded files."""
