"""The node that a console watches: asked at most once a second, whoever looks."""

import threading
import time
from dataclasses import dataclass
from typing import Final

from tallystick.model import UnavailableError
from tallystick.node.watch.ask import get, health
from tallystick.node.watch.top import Reading, View, read, view

FRESH_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found when the node was looked at.

    Attributes:
        view: Its figures; None: it does not answer, or there is none to ask.
        silent: Whether it should have answered.
    """

    view: View | None
    silent: bool = False


class NodeWatch:
    """Looks at a node."""

    def __init__(self, url: str) -> None:
        """Look at the node that answers at `url`; empty: there is none."""
        self._url = url
        self._lock = threading.Lock()
        self._before: Reading | None = None
        self._last, self._at_s = Looked(None), float("-inf")

    def look(self) -> Looked:
        """Return what there is to see; at most a second old."""
        if not self._url:
            return Looked(None)
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._at_s >= FRESH_S:
                self._last, self._at_s = self._look(now_s), now_s
            return self._last

    def _look(self, now_s: float) -> Looked:
        try:
            said = health(self._url)
            text = get(self._url, "/metrics").decode("utf-8", "replace")
        except UnavailableError:
            self._before = None
            return Looked(None, silent=True)
        now = read(text, said, at_s=now_s)
        before, self._before = self._before or now, now
        return Looked(view(before, now))
