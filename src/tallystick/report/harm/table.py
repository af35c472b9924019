"""The report as CSV: one row a figure, the same in every language."""

import csv
import io
from collections.abc import Iterator
from typing import Any

COLUMNS = ("by", "peer", "period", "figure", "of", "value")


def harm_table(reports: list[dict[str, Any]]) -> str:
    """Return one party's report, or both, as CSV with a header line.

    A figure is the path to it in the JSON, without the list it stands in; `of` names
    the rule, and the carrier or action, that it is about. "held" is held back; an
    empty value was not counted.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for report in reports:
        head = (report["by"], report["peer"], report["period"]["name"])
        for figure, of, value in _leaves(report, "", ""):
            if not figure.startswith(("by", "peer", "period", "format")):
                writer.writerow((*head, figure, of, _text(value)))
    return out.getvalue()


def _leaves(value: object, path: str, of: str) -> Iterator[tuple[str, str, object]]:
    if isinstance(value, dict):
        names = [str(value[n]) for n in ("rule", "action", "carrier") if n in value]
        inner = " ".join([of, *names]) if of else " ".join(names)
        for name in sorted(value):
            if name not in {"rule", "action", "carrier"}:
                yield from _leaves(value[name], f"{path}.{name}".lstrip("."), inner)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, path, of)
    else:
        yield path, of, value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
