"""Ask a running node how it is, by HTTP."""

import http.client
import json
from typing import Final
from urllib.parse import urlsplit

from tallystick.model import ConfigError, UnavailableError
from tallystick.node.config.settings import NodeSettings

PATIENCE_S: Final = 3.0
ANSWER_LIMIT: Final = 1 << 23
_KINDS: Final = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}


def url_of(settings: NodeSettings) -> str:
    """Return where a node with these settings answers.

    Raises:
        ConfigError: "node-settings": it does not listen for HTTP.
    """
    if settings.listen.http is None:
        raise ConfigError(
            "node-settings",
            "The node does not listen for HTTP: `listen.http` is not set.",
            advice="Set it, or give --url.",
        )
    host, _, port = settings.listen.http.rpartition(":")
    # Who listens everywhere listens here too.
    near = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # ruff: ignore[hardcoded-bind-all-interfaces]
    return f"http://{near.get(host, host)}:{port}"


def get(url: str, path: str) -> bytes:
    """Return what a node answers.

    Args:
        url: Of the node, such as `http://127.0.0.1:8080`.
        path: For example `/metrics`.

    Raises:
        UnavailableError: "node-ask": nothing answers there, or no node does.
    """
    try:
        status, data = _asked(url, path)
    except (OSError, http.client.HTTPException, KeyError, ValueError):
        raise UnavailableError(
            "node-ask",
            f"No node answers at {url}.",
            advice="Is it running? Give its address by --url or --config.",
        ) from None
    if status != http.client.OK:
        raise UnavailableError(
            "node-ask",
            f"What answers at {url} is no node, or an older one: status {status} for"
            f" {path}.",
            advice="Give the address of the node's `listen.http`.",
        )
    return data


def _asked(url: str, path: str) -> tuple[int, bytes]:
    at = urlsplit(url)
    line = _KINDS[at.scheme](at.hostname or "", at.port, timeout=PATIENCE_S)
    try:
        line.request("GET", f"{at.path.rstrip('/')}{path}")
        answer = line.getresponse()
        return answer.status, bytes(answer.read(ANSWER_LIMIT))
    finally:
        line.close()


def health(url: str) -> dict[str, object]:
    """Return what a node tells of itself.

    Raises:
        UnavailableError: "node-ask": nothing answers there, or no node does.
    """
    try:
        said = json.loads(get(url, "/healthz"))
    except ValueError:
        said = None
    if not isinstance(said, dict) or "party" not in said:
        raise UnavailableError(
            "node-ask",
            f"What answers at {url} is no node.",
            advice="Give the address of the node's `listen.http`.",
        )
    return said
