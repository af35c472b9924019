"""One finding, with both halves and why it was found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tallystick.store.findings.listing import Own, finding_listing
from tallystick.store.opening import Store
from tallystick.store.tables import EVIDENCE, FINDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding as it is kept.

    Attributes:
        row: The columns of the table.
        reasons: Codes.
        steps: What was weighed: `code`, `bits` and `detail`, a text of JSON.
    """

    row: dict[str, Any]
    reasons: Sequence[str]
    steps: Sequence[dict[str, Any]]


class FindingBook:
    """The findings of a store."""

    def __init__(self, store: Store) -> None:
        """Look into a store."""
        self._store = store

    def finding(self, handle: str, own: Own | None = None) -> Finding | None:
        """Return a finding; None where there is none.

        Args:
            handle: Its name.
            own: Only if it is one of these; None: any.
        """
        wanted = (
            select(FINDINGS, EVIDENCE.c.reasons, EVIDENCE.c.steps)
            .outerjoin(EVIDENCE, EVIDENCE.c.handle == FINDINGS.c.handle)
            .where(FINDINGS.c.handle == handle, finding_listing(own).only)
        )
        with self._store.read() as connection:
            found = connection.execute(wanted).mappings().first()
        if found is None:
            return None
        row = dict(found)
        reasons, steps = row.pop("reasons") or "", row.pop("steps") or ""
        return Finding(
            row=row,
            reasons=[code for code in reasons.split(";") if code],
            steps=[json.loads(line) for line in steps.splitlines()],
        )
