"""For how long what was fetched may be kept, by the words of HTTP.

Source: RFC 9111, sections 4.2 and 5.2; RFC 9110, section 5.6.7.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

MAX_DIGITS: Final = 9  # some thirty years


def kept_for_s(headers: Mapping[str, str], *, usual_s: int, now_s: int) -> int:
    """Return for how many seconds an answer stays fresh.

    Args:
        headers: Its header fields, names in lower case.
        usual_s: What holds where they say nothing.
        now_s: The time, for an answer without Date.

    Returns:
        0 or more; 0 where it must not be kept, or where the words cannot be read.
    """
    words = dict(map(_directive, headers.get("cache-control", "").split(",")))
    if "no-store" in words or "no-cache" in words:
        return 0
    if "max-age" in words:
        return max(0, _seconds(words["max-age"]) - _seconds(headers.get("age", "0")))
    if "expires" in headers:
        date_s = _moment(headers.get("date", ""))
        until_s = _moment(headers["expires"])
        begin_s = now_s if date_s is None else date_s
        return 0 if until_s is None else max(0, until_s - begin_s)
    return usual_s


def _directive(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _seconds(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return 0
    return int(text[:MAX_DIGITS])


def _moment(text: str) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
        return None if moment.tzinfo is None else int(moment.timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
