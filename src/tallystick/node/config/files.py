"""Files that a node is told of: read, or refused with a sentence."""

from pathlib import Path

from tallystick.model import ConfigError


def read_bytes(path: Path, *, code: str, what: str, advice: str = "") -> bytes:
    """Return what a file holds.

    Args:
        path: The file.
        code: Of the error.
        what: What the file is, at the beginning of a sentence.
        advice: What to do where it cannot be read.

    Raises:
        ConfigError: With that code.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise ConfigError(
            code, f"{what} {path} cannot be read: {why}.", advice=advice
        ) from None


def read_text(path: Path, *, code: str, what: str, advice: str = "") -> str:
    """Return the text that a file holds; arguments as for `read_bytes`.

    Raises:
        ConfigError: With that code.
    """
    data = read_bytes(path, code=code, what=what, advice=advice)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(code, f"{what} {path} is no text.", advice=advice) from None
