"""The files of a report, written whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tallystick.harm import canonical
from tallystick.report.harm.page import harm_page
from tallystick.report.harm.pdf import harm_pdf
from tallystick.report.harm.table import harm_table
from tallystick.report.texts import Language

FILES: Final = ("report.json", "report.csv", "report.html", "report.pdf")


def write_harm(report: dict[str, Any], out: Path, *, language: Language = "en") -> Path:
    """Write a report's JSON, table, page and PDF into a folder; return the page."""
    pages = _pages([report], language)
    return _write({"report.json": canonical(report) + b"\n"} | pages, out)


def write_pages(
    reports: Sequence[dict[str, Any]], out: Path, *, language: Language = "en"
) -> Path:
    """Write the table, page and PDF of both reports side by side; return the page."""
    return _write(_pages(reports, language), out)


def _pages(reports: Sequence[dict[str, Any]], language: Language) -> dict[str, bytes]:
    return {
        "report.csv": harm_table(list(reports)).encode(),
        "report.html": harm_page(reports, language=language).encode(),
        "report.pdf": harm_pdf(reports, language=language),
    }


def _write(made: dict[str, bytes], out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        part = out / f"{name}.part"
        part.write_bytes(content)
        part.replace(out / name)
    return out / "report.html"
