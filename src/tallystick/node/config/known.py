"""What a node is told of numbers in files, read again when the files change."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tallystick.domains.calls.lists import AgreedList, parse_names
from tallystick.domains.calls.live import NumberKnowledge, Ranges, parse_ranges
from tallystick.model import ConfigError
from tallystick.node.config import outward
from tallystick.node.config.files import read_text
from tallystick.node.config.sections import Numbers
from tallystick.node.config.settings import NodeSettings

LOOK_S: Final = 2.0
_NO_RANGES: Final = Ranges(())

Mark = tuple[int, int, int] | None
"""When a file was changed, its size and its place on disk; None: it is not there."""

Know = Callable[[NumberKnowledge, tuple[AgreedList, ...]], None]
Refused = Callable[[str], None]
Failed = Callable[[], None]


def read_knowledge(numbers: Numbers) -> NumberKnowledge:
    """Read what is known of numbers.

    Raises:
        ConfigError: "node-numbers", "ranges": a file cannot be read or used.
    """
    return NumberKnowledge(
        own=numbers.own,
        peer=numbers.peer,
        do_not_originate=_ranges(numbers.do_not_originate),
        unallocated=_ranges(numbers.unallocated),
        special=_ranges(numbers.special),
        emergency=frozenset(numbers.emergency),
    )


def read_lists(lists: tuple[outward.AgreedList, ...]) -> tuple[AgreedList, ...]:
    """Read the agreed lists, in the order of the settings.

    Raises:
        ConfigError: "node-numbers", "ranges", "names": a file cannot be read or used.
    """
    return tuple(_read_list(one) for one in lists)


class KnownFiles:
    """Looks after the files; a new one that cannot be used leaves the old in force.

    Bounds: one look every `LOOK_S`, in a thread.
    """

    def __init__(
        self, settings: NodeSettings, know: Know, *, refused: Refused, failed: Failed
    ) -> None:
        """Take the files as they are now for known.

        Args:
            settings: Which files.
            know: Is given what they say, once they have changed.
            refused: Is given the sentence where they cannot be used.
            failed: Is told of faults of the program.
        """
        self._settings, self._know = settings, know
        self._refused, self._failed = refused, failed
        self._paths = tuple(_paths(settings))
        self._taken = self._seen = self._marks()

    def watch(self, settings: NodeSettings) -> None:
        """Look after the files that new settings name; they have been read."""
        self._settings = settings
        self._paths = tuple(_paths(settings))
        self._taken = self._seen = self._marks()

    def stop(self) -> None:
        """Nobody waits for a look."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:  # ruff: ignore[blind-except] (the next look must come)
                self._failed()

    async def look(self) -> None:
        """Read the files if they have changed, and are not being written any more."""
        marks = await asyncio.to_thread(self._marks)
        settled = marks == self._seen
        self._seen = marks
        if marks == self._taken or not settled:
            return
        self._taken = marks
        try:
            told = await asyncio.to_thread(self._read)
        except ConfigError as error:
            self._refused(str(error))
        else:
            self._know(*told)

    def _read(self) -> tuple[NumberKnowledge, tuple[AgreedList, ...]]:
        numbers = read_knowledge(self._settings.numbers)
        return numbers, read_lists(self._settings.lists)

    def _marks(self) -> tuple[Mark, ...]:
        return tuple(map(_mark, self._paths))


def _paths(settings: NodeSettings) -> Iterator[Path]:
    numbers = settings.numbers
    for path in (numbers.do_not_originate, numbers.unallocated, numbers.special):
        if path is not None:
            yield path
    for one in settings.lists:
        yield one.file


def _mark(path: Path) -> Mark:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _ranges(path: Path | None) -> Ranges:
    if path is None:
        return _NO_RANGES
    text = read_text(path, code="node-numbers", what="The ranges")
    return parse_ranges(text, origin=str(path))


def _read_list(told: outward.AgreedList) -> AgreedList:
    if told.of == "numbers":
        return AgreedList(meaning=told.meaning, numbers=_ranges(told.file))
    text = read_text(told.file, code="node-numbers", what="The list")
    names = parse_names(text, origin=str(told.file))
    if told.of == "trunks":
        return AgreedList(meaning=told.meaning, trunks=names)
    return AgreedList(meaning=told.meaning, carriers=names)
