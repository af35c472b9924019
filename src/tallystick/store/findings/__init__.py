"""Findings as a party keeps them, and what results count by day and route."""

from tallystick.store.findings.book import Finding, FindingBook
from tallystick.store.findings.listing import Own, finding_listing
from tallystick.store.findings.results import (
    ResultFigures,
    RouteDay,
    Taken,
    results_between,
)
from tallystick.store.findings.routes import (
    PAIRED_KINDS,
    By,
    DayFigures,
    Days,
    kinds_between,
    last_day,
    route_days,
    route_listing,
)

__all__ = [
    "PAIRED_KINDS",
    "By",
    "DayFigures",
    "Days",
    "Finding",
    "FindingBook",
    "Own",
    "ResultFigures",
    "RouteDay",
    "Taken",
    "finding_listing",
    "kinds_between",
    "last_day",
    "results_between",
    "route_days",
    "route_listing",
]
