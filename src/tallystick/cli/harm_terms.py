"""How a harm report is published: as the agreement in force says, else as told."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tallystick.harm import PublishTerms


def terms_of(
    book: Path | None, said: Mapping[str, int | None], *, at_ms: int
) -> "PublishTerms":
    """Return the terms of publishing.

    A book that cannot be read is refused as in `open_book`.

    Args:
        book: Folder of the agreement's book; None: none was named.
        said: What the command line says, by the names of `PublishTerms`; None: nothing.
        at_ms: The end of the period; what was in force then counts.

    Raises:
        ConfigError: "harm-agreed" where the command line says otherwise than was
            agreed, or nothing was agreed about it.
    """
    from tallystick.harm import PublishTerms
    from tallystick.model import ConfigError
    from tallystick.node.kept.book import open_book

    told: dict[str, Any] = {
        name: value for name, value in said.items() if value is not None
    }
    if book is None:
        return replace(PublishTerms(), **told)
    holding = open_book(book).life().in_force(at_ms)
    agreed = holding.version.value.publication if holding else None
    if agreed is None:
        raise ConfigError(
            "harm-agreed",
            "No agreement that says how harm reports are published was in force at the "
            "end of the period.",
            advice="Leave --book out, and say by the other options what you agreed.",
        )
    terms = PublishTerms(
        least=agreed.least, days=agreed.days, carriers=agreed.carriers == "shown"
    )
    otherwise = [name for name, value in told.items() if getattr(terms, name) != value]
    if otherwise:
        raise ConfigError(
            "harm-agreed",
            f"The agreement says otherwise than the command line: {otherwise[0]} is "
            f"{getattr(terms, otherwise[0])}.",
            advice="Leave the option out; what both signed counts.",
        )
    return terms
