"""Findings that people act on: cases, their states, their deadlines."""
