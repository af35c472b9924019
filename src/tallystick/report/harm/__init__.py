"""The harm report as a page, a PDF, a table and JSON."""

from tallystick.report.harm.files import FILES, write_harm, write_pages
from tallystick.report.harm.page import harm_page
from tallystick.report.harm.pdf import harm_pdf
from tallystick.report.harm.table import harm_table

__all__ = [
    "FILES",
    "harm_page",
    "harm_pdf",
    "harm_table",
    "write_harm",
    "write_pages",
]
