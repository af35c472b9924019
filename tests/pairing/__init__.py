"""Pairing of realistic small days."""
