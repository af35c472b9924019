"""Empty stores, made once and copied: making tables takes longer than most tests."""

import tempfile
from functools import cache
from pathlib import Path

from tallystick.store import Store, open_store


@cache
def _prepared() -> bytes:
    """Return a SQLite file that has today's tables, and nothing in them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


def new_store(path: Path) -> Store:
    """Open an empty store, as `open_store` would make it.

    Args:
        path: Of its file; nothing may be there.
    """
    with path.open("xb") as file:
        file.write(_prepared())
    return open_store(f"sqlite:///{path}")
