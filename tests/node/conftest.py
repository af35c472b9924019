"""What several tests of nodes need."""

import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from .stores import Store


@pytest.fixture
def store(debian_command, tmp_path: Path) -> Generator[Store]:
    """Run a store."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = debian_command("redis-server", package="redis-server")
    folder = tmp_path / "store"
    folder.mkdir()
    made = Store(command, folder, port)
    made.start()
    yield made
    made.kill()
