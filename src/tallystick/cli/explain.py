"""`tally explain`: one finding, told in the terminal."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def explain(
    result: Annotated[
        Path, typer.Argument(help="The directory that `tally pair calls` wrote.")
    ],
    finding_id: Annotated[
        str, typer.Argument(help="A finding_id of findings.csv, such as F0000012.")
    ],
    language: Annotated[
        Literal["en", "ru", "be"],
        typer.Option("--language", help="English, Russian or Belarusian."),
    ] = "en",
) -> None:
    """Explain one finding: both halves side by side, what counted, what to do.

    Example: tally explain result F0000012 --language be
    """
    from rich.console import Console

    from tallystick.report.telling import picture_finding

    picture = picture_finding(result, finding_id, language=language)
    Console(highlight=False).print(picture)
