"""The stretch of time a report is about, its name, and when it may be published."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tallystick.model import ConfigError, RefusedError

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From when, inclusive, until when, exclusive; UTC milliseconds."""

    from_ms: int
    until_ms: int

    def __post_init__(self) -> None:
        """Refuse a period without length.

        Raises:
            ConfigError: "harm-period".
        """
        if not 0 <= self.from_ms < self.until_ms:
            raise ConfigError(
                "harm-period",
                "The period of the report ends before it begins.",
                advice="Give --from and --until, for example --from 2026-10-01 --until"
                " 2026-11-01; the second moment is not part of it.",
            )

    @property
    def minutes(self) -> int:
        """How many minutes of the clock it touches."""
        return -(-self.until_ms // MINUTE_MS) - self.from_ms // MINUTE_MS

    @property
    def name(self) -> str:
        """Its name, as `period_name` gives it."""
        return period_name(self)


def period_name(period: Period) -> str:
    """Return the name of a period: `2026-10` for a month, else both its ends.

    Both parties arrive at the same name by themselves, and so speak of one thing.
    """
    start, end = _utc(period.from_ms), _utc(period.until_ms)
    following = (
        start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        if start.day == 1
        else start
    )
    if start == _midnight(start) and start.day == 1 and end == following:
        return f"{start:%Y-%m}"
    return f"{_short(start)}_{_short(end)}"


def check_delay(period: Period, *, days: int, now_ms: int) -> None:
    """Refuse to publish earlier than was agreed.

    Args:
        period: What the report is about.
        days: So many days are to pass after its end.
        now_ms: The present time.

    Raises:
        RefusedError: "harm-early".
    """
    if now_ms < period.until_ms + days * DAY_MS:
        raise RefusedError(
            "harm-early",
            f"The report may be published {days} days after its period ends, as agreed;"
            " that is not yet.",
            advice="Wait, or report an earlier period.",
        )


def _utc(moment_ms: int) -> datetime:
    whole = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return whole.replace(microsecond=moment_ms % 1000 * 1000)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _short(moment: datetime) -> str:
    if moment == _midnight(moment):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%dT%H.%M.%S}.{moment.microsecond // 1000:03}Z"
