"""`tally agreement try`: what rules would have done with a day that is over."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.options import Json_

if TYPE_CHECKING:
    from tallystick.engines.trial import RuleTrial, Trial

_COLUMNS = "{:<24} {:<7} {:>10} {:>10} {:>9} {:>10} {:>9} {:>8}  {}"
_HEAD = (
    "rule",
    "action",
    "calls",
    "at most",
    "share",
    "half there",
    "explained",
    "wrong",
    "from",
)


def attempt(
    file: Annotated[Path, typer.Argument(help="The agreement's text (TOML).")],
    on: Annotated[
        Path, typer.Option("--on", help="The folder that `tally pair calls` wrote.")
    ],
    other: Annotated[
        Path | None, typer.Option("--beside", help="Another text, to compare.")
    ] = None,
    arrivals: Annotated[
        str | None,
        typer.Option("--arrivals", help="Whose border the calls reached, as RU."),
    ] = None,
    as_json: Json_ = False,
) -> None:
    """Tell what a text's rules would have done, to how many, and whom it would hit.

    Rules count as if they were live. `half there` are calls acted on though the other
    side holds their half; `wrong` is how many of the findings acted on are expected to
    be mistaken; `at most` supposes every fact that a result does not show.

    Example: tally agreement try draft.toml --on result --beside other.toml
    """
    from tallystick.agreement.text import parse_text
    from tallystick.engines.trial import arriving_party, read_crossings, try_rules

    crossings = read_crossings(on)
    trials = []
    for path in filter(None, (file, other)):
        text = parse_text(path.read_text(encoding="utf-8"), origin=str(path))
        party = arrivals or arriving_party(text, crossings)
        trials.append(try_rules(text, crossings, arrivals=party))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in trials], indent=2))
        return
    for line in _told(trials, [str(one) for one in (file, other) if one]):
        typer.echo(line)


def _told(trials: "Sequence[Trial]", names: Sequence[str]) -> Iterator[str]:
    from tallystick.engines.trial import beside

    first = trials[0]
    yield (
        f"{first.crossings:,} calls arrived in {first.arrivals}; {first.not_judged:,} "
        "others never reached its border and are not judged"
    )
    yield _COLUMNS.format(*_HEAD)
    for rule, figures in beside(trials):
        for name, one in zip(names, figures, strict=True):
            where = f"  ({name})" if len(names) > 1 else ""
            if one is not None:
                yield _row(one, first.crossings) + where
            else:
                yield f"{rule:<24} has no such rule{where}"


def _row(one: "RuleTrial", crossings: int) -> str:
    share = one.calls / crossings if crossings else 0.0
    whom = over = ""
    if one.budget is not None:  # of a rule that somebody would notice
        whom = f"{one.carriers} carriers, {one.trunks} trunks, {one.ranges} ranges"
        over = "; over its budget" if share > one.budget else ""
    return _COLUMNS.format(
        one.rule,
        one.action,
        f"{one.calls:,}",
        f"{one.at_most:,}",
        f"{share:.4%}",
        f"{one.partner:,}",
        f"{one.explained:,}",
        f"{one.wrong:.2f}",
        f"{whom}{over}",
    )
