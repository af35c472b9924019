"""What in a text is allowed, and may still not be what its parties want."""

from collections.abc import Iterator
from typing import Final

from tallystick.agreement.text.value import AgreementText

MONTH_DAYS: Final = 31


def doubts(text: AgreementText) -> Iterator[str]:
    """Yield what whoever drafts a text should think over.

    Args:
        text: One without a mistake.

    Yields:
        A sentence each.
    """
    kept, publication = text.retention, text.publication
    needed = MONTH_DAYS + publication.days if publication else MONTH_DAYS
    if kept.verdicts_days < needed:
        yield (
            f"retention.verdicts_days is {kept.verdicts_days}: what a month's harm "
            f"report counts would be deleted before it is published; {needed} keeps it."
        )
    if kept.statements_days < kept.cases_days:
        yield (
            f"retention.statements_days is {kept.statements_days}: a case goes with "
            f"what was said of it, and so before the {kept.cases_days} days of "
            "retention.cases_days."
        )
