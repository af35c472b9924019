"""The page: one file, three languages, nothing fetched, nothing executed."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from tallystick.report.article import Article, write_article
from tallystick.report.findings import choose_strongest, scan_findings, tally_kinds
from tallystick.report.material import Material
from tallystick.report.reckoning import draw_step, draw_sum
from tallystick.report.rejects import count_rejects
from tallystick.report.result import read_summary
from tallystick.report.texts import LANGUAGES, Language, texts_in
from tallystick.report.window import count_offsets

FILE_NAME: Final = "report.html"
STRONGEST: Final = 20


def write_report(result: Path, *, language: Language = "en") -> Path:
    """Write `report.html` into the result directory `result`.

    The page holds all three languages; `language` is the one it opens in.

    Returns:
        The path of the page. Where `result` holds no result, "result-missing" is
        raised; where its summary is of another format, "result-unreadable".

    Bounds: a few seconds and the memory of one pass over the findings; below two
    megabytes of page, however many carriers and trunks there are.
    """
    material = gather(result)
    articles = [write_article(material, texts_in(one)) for one in LANGUAGES]
    path = result / FILE_NAME
    path.write_text(_page(articles, language), encoding="utf-8")
    return path


def gather(result: Path) -> Material:
    """Read what the page needs of `result`, once for all languages."""
    summary = read_summary(result)
    return Material(
        folder=result,
        summary=summary,
        tallies=tally_kinds(scan_findings(result)),
        strongest=choose_strongest(result, most=STRONGEST),
        offsets=count_offsets(result / "pairs.parquet", summary.window),
        rejects=count_rejects(result / "rejects.csv"),
    )


def environment() -> Environment:
    """Return what fills in the templates of all pages."""
    made = Environment(
        loader=PackageLoader("tallystick.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"draw_step": draw_step, "draw_sum": draw_sum}
    return made


def _page(articles: list[Article], language: Language) -> str:
    first = next(one for one in articles if one.t.language == language)
    title = first.t.say("page.title", period=first.period)
    template = environment().get_template("page.html.j2")
    return template.render(articles=articles, language=language, title=title)
