"""Cases as a party keeps them: gathered, listed, and where they stand."""

from tallystick.store.cases.book import CaseBook
from tallystick.store.cases.desk import CaseDesk
from tallystick.store.cases.gathering import Gathered, gather
from tallystick.store.cases.listing import About, case_listing
from tallystick.store.cases.objections import (
    ObjectionBook,
    ObjectionRow,
    Upheld,
    objection_listing,
)
from tallystick.store.cases.rows import CaseQuery, CaseRow, Crossing, Day, Page

__all__ = [
    "About",
    "CaseBook",
    "CaseDesk",
    "CaseQuery",
    "CaseRow",
    "Crossing",
    "Day",
    "Gathered",
    "ObjectionBook",
    "ObjectionRow",
    "Page",
    "Upheld",
    "case_listing",
    "gather",
    "objection_listing",
]
