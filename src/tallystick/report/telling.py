"""One finding told in the terminal: both halves, the waterfall, what to do."""

import unicodedata
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tallystick.report.findings import read_finding
from tallystick.report.reckoning import Reckoning, Step
from tallystick.report.stories import Story, tell_finding
from tallystick.report.texts import Language, Texts, texts_in

BAR: Final = 24  # letters that the widest waterfall takes
FOR: Final = "█"
AGAINST: Final = "░"
NOUGHT: Final = "│"
PLAIN_WIDTH: Final = 100


def explain_finding(
    result: Path,
    finding_id: str,
    *,
    language: Language = "en",
    width: int = PLAIN_WIDTH,
) -> str:
    """Return the explanation of one finding as plain text; see `picture_finding`."""
    paper = StringIO()
    console = Console(file=paper, width=width, color_system=None, highlight=False)
    console.print(picture_finding(result, finding_id, language=language))
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines()) + "\n"


def picture_finding(
    result: Path, finding_id: str, *, language: Language = "en"
) -> RenderableType:
    """Return the explanation of one finding for a rich console.

    An id that is not there is the ConfigError "finding-unknown", a directory that
    holds no result the UnavailableError "result-missing".
    """
    texts = texts_in(language)
    story = tell_finding(read_finding(result, finding_id), texts)
    parts = [_head(story), _halves(story, texts)]
    if story.missing:
        parts.append(_paragraph(story.missing))
    parts.append(_reckoning(story, texts))
    return Group(*parts, *_explanation(story, texts))


def _plain(text: str) -> Text:
    """Return `text` without what could steer a terminal; records are foreign."""
    kept = (
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(letter) in _STEERING
        else letter
        for letter in text
    )
    return Text("".join(kept))


_STEERING: Final = frozenset({"Cc", "Cf", "Co", "Cs"})


def _paragraph(text: str) -> RenderableType:
    return Padding(_plain(text), (0, 0, 1, 0))


def _head(story: Story) -> RenderableType:
    name = Text.assemble(
        _plain(story.id), "  ", (story.title, "bold"), f"  {story.day}".rstrip()
    )
    sure = Text(story.sure)
    if story.grade:
        sure.append("; ").append(story.grade, "bold" if story.certain else "")
    return Group(name, Padding(sure, (0, 0, 1, 0)))


def _halves(story: Story, texts: Texts) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", style="dim")
    table.add_column(texts.say("half.departure"), overflow="fold")
    table.add_column("", justify="center", style="bold")
    table.add_column(story.arrival, overflow="fold")
    for line in story.lines:
        cells = (line.name, line.departure, line.compared, line.arrival)
        table.add_row(*(_plain(cell) for cell in cells))
    return Padding(table, (0, 0, 1, 0))


def _reckoning(story: Story, texts: Texts) -> RenderableType:
    whole = story.reckoning
    if not whole.steps:
        lines = [texts.say("finding.reasons"), *(f"- {one}" for one in story.reasons)]
        return _paragraph("\n".join(lines))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(texts.say("finding.why"), ratio=1, overflow="fold")
    table.add_column(texts.say("finding.bits"), justify="right", no_wrap=True)
    table.add_column("", width=BAR + 1, no_wrap=True)
    for step in whole.steps:
        table.add_row(_sentence(step), texts.formats.bits(step.bits), _bar(step, whole))
    closing = _run(0.0, whole.bits, whole, FOR)
    table.add_row(
        Text(story.total, "bold"), Text(texts.formats.bits(whole.bits), "bold"), closing
    )
    return Padding(table, (0, 0, 1, 0))


def _sentence(step: Step) -> Text:
    sentence = _plain(step.sentence)
    if step.particulars:
        sentence.append_text(Text(" ")).append_text(_dim(f"({step.particulars})"))
    return sentence


def _dim(text: str) -> Text:
    plain = _plain(text)
    plain.stylize("dim")
    return plain


def _bar(step: Step, whole: Reckoning) -> str:
    return _run(step.before, step.after, whole, FOR if step.bits >= 0 else AGAINST)


def _run(start: float, end: float, whole: Reckoning, letter: str) -> str:
    """Return a bar from `start` to `end` bits; `NOUGHT` marks even odds."""
    scale = BAR / (whole.high - whole.low or 1.0)
    first, last, nought = (
        round((value - whole.low) * scale)
        for value in (min(start, end), max(start, end), 0.0)
    )
    line = [" "] * (BAR + 1)
    line[nought] = NOUGHT
    line[first:last] = letter * (last - first)
    return "".join(line).rstrip()


def _explanation(story: Story, texts: Texts) -> list[RenderableType]:
    kind = story.explained
    if kind is None:
        return []
    parts = (
        (None, kind.what),
        (texts.say("kinds.innocent"), kind.innocent),
        (texts.say("kinds.action"), kind.action),
    )
    return [
        Padding(
            Text.assemble(*([(f"{name} ", "bold")] if name else []), text), (0, 0, 1, 0)
        )
        for name, text in parts
    ]
