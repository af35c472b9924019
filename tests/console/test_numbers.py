"""What is taken for a telephone number where people write, and what is not."""

import pytest

from tallystick.console.numbers import holds_number


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 15:30",
        "from 2026-11-22T15:30 to 2026-11-22T16:00:30Z",
        "22.11.2026 15:30, 23.11.2026 09.15",
        "22/11/26 5:30:10",
        "1,000 calls on 2026-11-22, 15:30-16:30",
        "trunk BY-118, 12 000 minutes",
    ],
)
def test_when_and_how_many_are_no_number(text: str) -> None:
    """Whoever says when it was may say so."""
    assert not holds_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "+375 29 123-45-67",
        "8 (495) 123-45-67",
        "call 375291234567, 2026-11-22 15:30",
        "on 2026-11-22 from +7.495.123.45.67",
        "2026-11-22 375291234567",
    ],
)
def test_numbers_are_found_among_dates(text: str) -> None:
    """A date beside a number does not hide it."""
    assert holds_number(text)
