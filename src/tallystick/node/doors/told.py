"""What the doors answer, as the description of the interface tells it."""

from typing import Literal

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing was done."""

    error: str
    detail: str


class DepartureTold(msgspec.Struct, frozen=True):
    """Whether a departure was told."""

    call_id: str
    told: bool


class ReleaseTold(msgspec.Struct, frozen=True):
    """Whether a call that ended had been told or asked about."""

    call_id: str
    known: bool


class Sentences(msgspec.Struct, frozen=True):
    """Why, for a person, in three languages."""

    en: str
    ru: str
    be: str


Outcome = Literal["paired", "altered", "no_departure", "repeated", "unproven"]
Action = Literal["pass", "log", "label", "mask", "divert", "reject"]
Verstat = Literal["TN-Validation-Passed", "TN-Validation-Failed", "No-TN-Validation"]
Mode = Literal["dry-run", "live"]


class ArrivalAnswer(msgspec.Struct, frozen=True):
    """The verdict on an arrival."""

    call_id: str
    outcome: Outcome
    action: Action
    rule: str
    mode: Mode
    would: Action
    reasons: tuple[str, ...]
    why: str
    sentences: Sentences
    waited_ms: int
    reference: str
    verstat: Verstat
    stir: tuple[str, ...]
    refuse_with: int


class KeptVerdict(msgspec.Struct, frozen=True):
    """A verdict as it is kept."""

    call_id: str
    at_ms: int
    trunk: str
    carrier: str
    outcome: Outcome
    action: Action
    rule: str
    mode: Mode
    would: Action
    reasons: str
    why: str
    covered: bool
    waited_ms: int
    offset_ms: int | None
    corrected: bool
    watched: bool
    reference: str | None


class Health(msgspec.Struct, frozen=True):
    """How the node stands."""

    ready: bool
    party: str
    peer: str
    connected: bool
    watermark_age_ms: int | None
    failure: str
    waiting: int
