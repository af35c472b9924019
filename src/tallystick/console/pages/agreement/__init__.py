"""Agreements: where each stands, its texts, and what is said of it."""
