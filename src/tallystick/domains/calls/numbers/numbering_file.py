"""Reading the numbering file: a TOML document in which every key is known.

A message names the place and never repeats a value, since a value written in the
wrong place may well be a telephone number.

Source: spec/numbers.md, "The numbering file".
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from tallystick.domains.calls.numbers.form import Form, parse_form
from tallystick.domains.calls.numbers.plan import is_country
from tallystick.domains.calls.numbers.side import SIDES, SideNumbering, Trunk
from tallystick.model.errors import ConfigError

_TRUNK_KEYS: Final = ("calling", "called", "missing_plus")
_SIDE_KEYS: Final = ("country", *_TRUNK_KEYS, "trunks")
_FORMS: Final = (
    'Write "international", "national:RU" (any country; "national" alone means the '
    'country of the side) or "subscriber:BY:17" (country, area code).'
)


def load_sides(path: Path) -> dict[str, SideNumbering]:
    """Read the sides of a numbering file.

    Args:
        path: The TOML file.

    Returns:
        By name, each side that the file speaks of. A file that cannot be read,
        says what is not known or contradicts itself is a ConfigError.
    """
    document = _document(path)
    _check_keys(document, SIDES, path, "$")
    sides: dict[str, SideNumbering] = {
        name: _side(_table(document[name], path, f"$.{name}"), path, f"$.{name}")
        for name in SIDES
        if name in document
    }
    _check_domestic(sides, path)
    return sides


def _document(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            "numbering-file",
            f"The numbering file {path} cannot be read: {error.strerror}.",
            advice="Give another --numbering, or leave it out.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            "numbering-file",
            f"The numbering file {path} is not UTF-8 text (byte {error.start}).",
            advice="Save it as UTF-8.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            "numbering-file",
            f"The numbering file {path} is not TOML ({_place(error)}).",
            advice="`tally records inspect` proposes a file that is.",
        ) from error


def _place(error: Exception) -> str:
    """Keep the position of a message; its words may quote what was written."""
    _, found, place = str(error).rpartition("(at ")
    return f"at {place.removesuffix(')')}" if found else "its syntax is wrong"


def _side(table: Mapping[str, object], path: Path, where: str) -> SideNumbering:
    _check_keys(table, _SIDE_KEYS, path, where)
    country = table.get("country")
    if country is not None and not (isinstance(country, str) and is_country(country)):
        _fail(
            path,
            f"{where}.country",
            "is not a country code",
            'Give two capital letters of ISO 3166, such as "BY".',
            code="numbering-country",
        )
    own = country if isinstance(country, str) else None
    trunks = _table(table.get("trunks", {}), path, f"{where}.trunks")
    read = {}
    for name, value in trunks.items():
        place = f"{where}.trunks.{name}"
        said = _table(value, path, place)
        _check_keys(said, _TRUNK_KEYS, path, place)
        read[name] = _trunk(said, own, path, place)
    return SideNumbering(
        country=own, default=_trunk(table, own, path, where), trunks=read
    )


def _trunk(
    table: Mapping[str, object], country: str | None, path: Path, where: str
) -> Trunk:
    missing_plus = table.get("missing_plus")
    if missing_plus is not None and not isinstance(missing_plus, bool):
        _fail(path, f"{where}.missing_plus", "is neither true nor false", "")
    return Trunk(
        calling=_form(table.get("calling"), country, path, f"{where}.calling"),
        called=_form(table.get("called"), country, path, f"{where}.called"),
        missing_plus=missing_plus if isinstance(missing_plus, bool) else None,
    )


def _form(value: object, country: str | None, path: Path, where: str) -> Form | None:
    if value is None:
        return None
    if value == "national" and country is None:
        _fail(
            path,
            where,
            'is "national", but no country is named for the side',
            'Write "national:RU", or set the country.',
            code="numbering-contradiction",
        )
    form = parse_form(value, country=country) if isinstance(value, str) else None
    if form is None:
        _fail(path, where, "is not a form that is known", _FORMS)
    return form


def _check_domestic(sides: Mapping[str, SideNumbering], path: Path) -> None:
    """Refuse domestic records of another country than the arrivals'."""
    arrivals, domestic = sides.get("arrivals"), sides.get("domestic")
    if not (arrivals and domestic and arrivals.country and domestic.country):
        return
    if arrivals.country != domestic.country:
        _fail(
            path,
            "$.domestic.country",
            "differs from $.arrivals.country",
            "Domestic records are those of the country in which the calls arrive.",
            code="numbering-contradiction",
        )


def _table(value: object, path: Path, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        _fail(path, where, "is not a table", f"Begin it with [{where[2:]}].")
    return value


def _check_keys(
    table: Mapping[str, object], known: tuple[str, ...], path: Path, where: str
) -> None:
    for key in table:
        if key not in known:
            _fail(
                path,
                f"{where}.{key}",
                "is not known",
                f"Known there: {', '.join(known)}.",
                code="numbering-key",
            )


def _fail(
    path: Path, where: str, what: str, advice: str, *, code: str = "numbering-form"
) -> NoReturn:
    raise ConfigError(code, f"{path}: {where} {what}.", advice=advice)
