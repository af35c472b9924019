"""The browser that the pages are looked at with."""

from report.conftest import browser

__all__ = ["browser"]
