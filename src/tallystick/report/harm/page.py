"""The report as one page of HTML: three languages, nothing fetched or executed."""

from collections.abc import Sequence
from typing import Any

from tallystick.harm import read_report
from tallystick.report.harm.article import write_article
from tallystick.report.page import environment
from tallystick.report.texts import LANGUAGES, Language, texts_in


def harm_page(reports: Sequence[dict[str, Any]], *, language: Language = "en") -> str:
    """Return the page of one party's report, or of both side by side.

    Args:
        reports: One or two reports, as JSON gave them.
        language: In which language the page opens.

    A report that is none raises "harm-report".
    """
    read = [(read_report(one), one) for one in reports]
    articles = [write_article(read, texts_in(one)) for one in LANGUAGES]
    title = next(one.title for one in articles if one.t.language == language)
    template = environment().get_template("harm/page.html.j2")
    return template.render(articles=articles, language=language, title=title)
