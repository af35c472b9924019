"""Progress on standard error: what is being done, how fast, how long still."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """How much is done a second, in the unit of the stage."""

    def render(self, task: Task) -> Text:  # ruff: ignore[no-self-use]  the base class asks for it
        """Return the rate, or nothing while it is unknown."""
        speed = task.finished_speed or task.speed
        unit = task.fields.get("unit", "")
        if not speed or not unit:
            return Text("")
        if unit == "MB":
            return Text(f"{speed / 1e6:.0f} MB/s", style="dim")
        return Text(f"{speed:,.1f} {unit}/s", style="dim")


class Stages:
    """Shows one line a stage; silent where standard error is no terminal."""

    def __init__(self, unit: str = "") -> None:
        """Prepare; nothing is drawn before the context is entered.

        Args:
            unit: Of what is counted; empty: megabytes where something is read, else
                parts.
        """
        self._unit = unit
        self._console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=24),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        for task in self._tasks.values():
            total = self._bar.tasks[task].total
            if kind is None and total is not None:
                self._bar.update(task, completed=total)
        self._bar.stop()

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say that `done` of `of` of a stage is done."""
        if what not in self._tasks:
            for task in self._tasks.values():
                total = self._bar.tasks[task].total
                self._bar.update(task, completed=total)
            unit = self._unit or (
                "MB" if what.startswith("read") else "parts" if of > 1 else ""
            )
            self._tasks[what] = self._bar.add_task(what, total=max(of, 1), unit=unit)
        self._bar.update(self._tasks[what], completed=done, total=max(of, 1))
