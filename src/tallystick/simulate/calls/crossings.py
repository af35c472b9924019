"""The table of crossings: what truly happened, before anybody wrote it down."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from tallystick.simulate.calls.draw import I64, Bool

KIND_NAMES: Final = (
    "honest",
    "domestic_arrival",
    "calling_number_altered",
    "calling_number_removed",
    "called_number_altered",
    "loop",
    "false_answer",
    "stretched",
    "no_departure",
    "no_arrival",
)
KIND: Final = {name: index for index, name in enumerate(KIND_NAMES)}

BENIGN_NAMES: Final = (
    "",
    "number_lost",  # the calling number got lost without anybody's intent
    "national_form",  # it arrived without its country code
    "diverted",  # diverted on the way, the redirecting number says so
    "voicemail",  # answered by a machine of the called network
    "failed_in_transit",  # never reached the other side, never answered
    "duration_tail",  # the two keepers' durations differ by a lot
    "hung",  # one record was never closed
    "partial_lost",  # some parts of a long call's record are lost
    "roaming_elsewhere",  # the caller was a guest in a third country
    "third_country",  # transit from a third country, which this border never saw
)
BENIGN: Final = {name: index for index, name in enumerate(BENIGN_NAMES)}

NEVER: Final = -1
"""Stands in an `_answer` column for a call that was not answered."""


@dataclass(slots=True, kw_only=True)
class Crossings:
    """One row per crossing of the border, as columns.

    Times are true milliseconds since 1970 at the switch concerned; keepers' clocks
    come later. Numbers are E.164 as integers, 0 for none.

    Attributes:
        call: Which call it belongs to; a looped call crosses several times.
        calling, called, redirecting: As the departure switch sent them.
        restricted: The caller withholds the number.
        party: Kind of the called party: 0 subscriber, 1 business, 2 switchboard.
        dep_trunk, arr_trunk: Indices into the keepers' trunks.
        dep_start, dep_answer, dep_release: Seen by the departure switch.
        arr_start, arr_answer, arr_release: Seen by the arriving switch.
        arr_calling, arr_called, arr_redirecting: As they arrived.
        arr_restricted: It is marked as withheld on arrival.
        national_form: The calling number arrived in the caller's national form.
        cause: Q.850.
        departs, arrives, lands: Which switches saw it: departure, international
            arrival, domestic exchange.
        handset, cell: Of the SIM that landed it, or -1.
        kind, benign: Indices into KIND_NAMES and BENIGN_NAMES.
        plant: Which plant did it, or -1.
    """

    call: I64
    calling: I64
    called: I64
    redirecting: I64
    restricted: Bool
    party: I64
    dep_trunk: I64
    arr_trunk: I64
    dep_start: I64
    dep_answer: I64
    dep_release: I64
    arr_start: I64
    arr_answer: I64
    arr_release: I64
    arr_calling: I64
    arr_called: I64
    arr_redirecting: I64
    arr_restricted: Bool
    national_form: Bool
    cause: I64
    departs: Bool
    arrives: Bool
    lands: Bool
    handset: I64
    cell: I64
    kind: I64
    benign: I64
    plant: I64

    def __len__(self) -> int:
        """Return the number of crossings."""
        return len(self.call)

    def take(self, index: I64 | Bool) -> Self:
        """Return a copy of the rows at `index`."""
        return dataclasses.replace(
            self,
            **{
                field.name: getattr(self, field.name)[index]
                for field in dataclasses.fields(self)
            },
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return all rows of `parts`, one after the other."""
        return cls(
            **{
                field.name: np.concatenate([getattr(p, field.name) for p in parts])
                for field in dataclasses.fields(cls)
            }
        )

    @property
    def untouched(self) -> Bool:
        """Crossings that are honest, ordinary and seen on both sides."""
        return np.asarray(
            (self.kind == 0) & (self.benign == 0) & self.departs & self.arrives
        )
