"""Values and errors that every other package shares."""

from tallystick.model.errors import (
    ConfigError,
    MalformedError,
    RefusedError,
    TallystickError,
    UnavailableError,
    VerificationError,
)

__all__ = [
    "ConfigError",
    "MalformedError",
    "RefusedError",
    "TallystickError",
    "UnavailableError",
    "VerificationError",
]
