"""What the guards of a node's processes count together, and remember.

A folder that all processes of a node share: each writes what it counted, and the office
what was upheld of callers' objections. What other machines of the party counted is laid
in beside that (`node/cluster/common.py`). So a rule is stopped by what the whole party
did with it, in whichever process, and a node that starts again has forgotten nothing.

Source: spec/agreement.md, "A node".
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tallystick.agreement import Decider
from tallystick.agreement.guard import HOUR_MS, REDRESS_MS, Counts, Guard
from tallystick.node.config.settings import NodeSettings

FOLDER: Final = "guard"
UPHELD: Final = "upheld.json"
OTHERS: Final = "others"
"""Below the folder: the same files of the party's other machines, as MACHINE@NAME."""
_KEPT_HOURS: Final = REDRESS_MS // HOUR_MS


def guard_folder(settings: NodeSettings, *, is_worker: bool) -> Path:
    """Return the folder that all processes of a node share.

    Args:
        settings: As a process has them.
        is_worker: Whether it is one of several, whose own folder is below the node's.
    """
    return (settings.folder.parent if is_worker else settings.folder) / FOLDER


def write_upheld(folder: Path, upheld: Iterable[tuple[str, int]]) -> None:
    """Tell a node what was upheld of callers' objections, whole or not at all.

    Args:
        folder: As of `guard_folder`.
        upheld: Rule and moment of each decision of the last 30 days.
    """
    _write(folder / UPHELD, {"upheld": [list(one) for one in upheld]})


@dataclass(slots=True)
class _Counted:
    """What one process counted, as its file says.

    Attributes:
        run: Names the process; one that starts again counts from 0.
        crossings: Calls that it answered.
        acted: Of these, those on which each rule acted.
        hours: Crossings by the hour, also of the runs before.
        since: From when on the past of a rule counts, where both parties resumed it.
    """

    run: str = ""
    crossings: int = 0
    acted: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    since: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "_Counted":
        """Read a file."""
        return cls(
            run=str(said["run"]),
            crossings=int(said["crossings"]),
            acted=Counter({str(k): int(v) for k, v in said["acted"].items()}),
            hours=Counter({int(hour): int(n) for hour, n in said["hours"]}),
            since={str(k): int(v) for k, v in said["since"].items()},
        )

    def told(self) -> dict[str, Any]:
        """Return what is written."""
        return {
            "run": self.run,
            "crossings": self.crossings,
            "acted": dict(self.acted),
            "hours": sorted(self.hours.items())[-_KEPT_HOURS:],
            "since": dict(self.since),
        }


@dataclass(slots=True)
class Heard:
    """What was read of the folder.

    Attributes:
        others: What other processes counted, by the name of their file.
        upheld: Every decision for a caller, as rule and moment.
    """

    others: dict[str, _Counted]
    upheld: Counter[tuple[str, int]]


@dataclass(slots=True)
class Guarding:
    """One process's part in what the guards count together.

    `read` and `write` touch the disk; `take` and `count` do not, and belong between two
    calls.

    Attributes:
        folder: As of `guard_folder`.
        name: Of the own file, without ending; another for each process.
        run: Random; names this run of the process.
    """

    folder: Path
    name: str
    run: str
    _own: _Counted = field(default_factory=_Counted)
    _before: Heard | None = None
    _decider: Decider | None = None
    _guard: Guard | None = None
    _counted: tuple[int, Counter[str]] = field(default_factory=lambda: (0, Counter()))
    _written: object = None

    def read(self) -> Heard:
        """Read what others say; a file that is damaged says nothing.

        Its own file of an earlier run is read the first time.
        """
        if not self._own.run:
            earlier = _read(self.folder / f"{self.name}.json")
            self._own = _Counted(run=self.run, hours=earlier.hours, since=earlier.since)
        every = (*self.folder.glob("*.json"), *self.folder.glob(f"{OTHERS}/*.json"))
        upheld = Counter[tuple[str, int]]()
        others = {}
        for path in every:
            if path.name.rpartition("@")[2] == UPHELD:
                # Two offices may tell of the same decisions.
                upheld |= _upheld(path)
            elif path != self.folder / f"{self.name}.json":
                others[path.stem] = _read(path)
        return Heard(others, upheld)

    def take(self, decider: Decider, heard: Heard, *, now_ms: int) -> None:
        """Let the guard know what others counted, and what was upheld.

        Args:
            decider: Who decides now.
            heard: What `read` returned.
            now_ms: The present time.
        """
        before, self._before = self._before, heard
        if decider.guard is None:
            return
        self.count(decider, now_ms=now_ms)
        if decider.guard is not self._guard or before is None:
            self._guard = decider.guard
            self._recall(decider.guard, heard, now_ms)
            return
        crossings, acted = 0, Counter[str]()
        for name, one in heard.others.items():
            last = before.others.get(name, _Counted())
            # One that started again, or could not be read, counts from the beginning.
            last = last if last.run == one.run else _Counted()
            crossings += max(0, one.crossings - last.crossings)
            acted += one.acted - last.acted
        upheld: Counter[str] = Counter()
        for (rule, _), count in (heard.upheld - before.upheld).items():
            upheld[rule] += count
        decider.hear(crossings, acted, upheld, now_ms=now_ms)

    def count(self, decider: Decider, *, now_ms: int) -> None:
        """Note what the own process has counted since the last time."""
        if decider is not self._decider:
            self._decider, self._counted = decider, (0, Counter())
        crossings, acted = self._counted
        new = decider.crossings - crossings
        self._own.crossings += new
        self._own.acted += decider.acted - acted
        if new:
            self._own.hours[now_ms // HOUR_MS * HOUR_MS] += new
        self._counted = (decider.crossings, Counter(decider.acted))

    def resume(self, rule: str, *, now_ms: int) -> None:
        """Forget a rule's past, as its guard does."""
        self._own.since[rule] = now_ms

    def write(self) -> None:
        """Write the own file, where something has changed; whole or not at all."""
        told = self._own.told()
        if told != self._written:
            _write(self.folder / f"{self.name}.json", told)
            self._written = told

    def _recall(self, guard: Guard, heard: Heard, now_ms: int) -> None:
        """Tell a new guard of the past, as far as it is known.

        Objections count from the first hour of which crossings are known: what was
        before that would count against too few.
        """
        every = [*heard.others.values(), self._own]
        hours = sum((one.hours for one in every), Counter[int]())
        first_ms = max(min(hours, default=now_ms), now_ms - REDRESS_MS)
        for rule in guard.budgets:
            since_ms = max(first_ms, *(one.since.get(rule, 0) for one in every))
            past = [(hour, Counts(crossings)) for hour, crossings in hours.items()]
            past += [
                (at_ms, Counts(upheld=count))
                for (about, at_ms), count in heard.upheld.items()
                if about == rule
            ]
            guard.recall(rule, (one for one in past if since_ms <= one[0] <= now_ms))


def _upheld(path: Path) -> Counter[tuple[str, int]]:
    try:
        said = json.loads(path.read_bytes())["upheld"]
        return Counter((str(rule), int(at_ms)) for rule, at_ms in said)
    except (OSError, ValueError, KeyError, TypeError):
        return Counter()


def _read(path: Path) -> _Counted:
    try:
        return _Counted.of(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _Counted()


def _write(path: Path, said: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(said), encoding="ascii")
    part.replace(path)
