"""Values and errors that every other package shares."""

from tallystick.model.errors import (
    ConfigError,
    MalformedError,
    RefusedError,
    TallystickError,
    UnavailableError,
    VerificationError,
)
from tallystick.model.sentence import JOINED, Said, Sentence, read_back

__all__ = [
    "JOINED",
    "ConfigError",
    "MalformedError",
    "RefusedError",
    "Said",
    "Sentence",
    "TallystickError",
    "UnavailableError",
    "VerificationError",
    "read_back",
]
