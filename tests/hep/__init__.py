"""Captures sent by HEP."""
