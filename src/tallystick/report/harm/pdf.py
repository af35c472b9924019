"""The report as a PDF, by Typst with the fonts that come with it."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

import typst

from tallystick.harm import read_report
from tallystick.report.harm.article import HarmArticle, write_article
from tallystick.report.texts import Language, texts_in

TEMPLATE: Final = "templates/harm/report.typ"

# The page's colours in print; a PDF has no style sheet.
_COLOURS: Final = {
    "var(--ink)": "#000000",
    "var(--muted)": "#4a4a4a",
    "var(--rule)": "#cccccc",
    "var(--paired)": "#c6ced2",
    "var(--departures)": "#1d5c8a",
    "var(--arrivals)": "#74408a",
    "var(--accused)": "#9c2a1c",
    "url(#hatch-unknown)": "#f4f4f4",
}
_FONT: Final = re.compile(r'font-family="[^"]*"')


def harm_pdf(reports: Sequence[dict[str, Any]], *, language: Language = "en") -> bytes:
    """Return a PDF of one party's report, or of both side by side.

    Args:
        reports: One or two reports, as JSON gave them.
        language: Its language.

    Returns:
        The same bytes for the same arguments: its date is the end of the period.

    A report that is none raises "harm-report".
    """
    read = [(read_report(one), one) for one in reports]
    article = write_article(read, texts_in(language))
    until = datetime.fromisoformat(read[0][0].period.until)
    pdf: bytes = typst.compile(
        (files("tallystick.report") / TEMPLATE).read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(_plain(article), ensure_ascii=False)},
        timestamp=int(until.timestamp()),
    )
    return pdf


def _plain(article: HarmArticle) -> dict[str, Any]:
    texts = article.t
    return {
        "language": texts.language,
        "over": f"Tallystick · {texts.say('harm.domain')}",
        "title": article.title,
        "span": article.span,
        "by": article.by,
        "leads": article.leads,
        "ledgers": article.ledgers,
        "sections": [
            {
                "title": one.title,
                "sentences": one.sentences,
                "picture": _picture(one.picture),
                "tables": [asdict(table) for table in one.tables],
                "codes": one.codes,
            }
            for one in article.sections
        ],
    }


def _picture(svg: str | None) -> str:
    text = str(svg or "")
    for variable, colour in _COLOURS.items():
        text = text.replace(variable, colour)
    return _FONT.sub('font-family="Libertinus Serif"', text)
