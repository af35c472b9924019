"""Pair two sides' call records, from files to a result directory."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from tallystick import __version__
from tallystick.domains.calls import SPEC
from tallystick.domains.calls.numbers import Learned, Numbering
from tallystick.domains.calls.records import Mapping
from tallystick.engines import summary
from tallystick.engines.duck import DuckEngine, peak_memory_mb
from tallystick.engines.ingest import (
    SideFiles,
    buckets_of,
    ingest,
    learn_numbers,
    side_by_side,
)
from tallystick.engines.result import (
    PairWriter,
    describe,
    write_findings,
    write_rejects,
)
from tallystick.engines.workspace import Workspace, flush_rows_for
from tallystick.model import ConfigError
from tallystick.pairing.exact import load_side_step
from tallystick.pairing.findings import Outcome, conclude
from tallystick.pairing.knowledge import Knowledge
from tallystick.pairing.plan import (
    SideInput,
    State,
    learn,
    learn_completeness,
    pair_all,
)
from tallystick.pairing.spec import UNPROVEN, Options
from tallystick.pairing.step import Step

T = TypeVar("T")
Progress = Callable[[str, int, int], None]  # what, done, of


@dataclass(frozen=True, slots=True, kw_only=True)
class PairJob:
    """What to pair and how.

    Attributes:
        departures: Files of the side the calls left.
        arrivals: Files of the side they arrived at.
        domestic: Files of the arrival side's domestic calls.
        out: Result directory; made if absent.
        numbering: How trunks write numbers.
        departure_country: ISO 3166 code; read from the records if not given.
        arrival_country: The same.
        mapping: How to read files of a format of one's own.
        options: What the statistics may do.
        memory_mb: Limit for the engine.
        threads: Worker threads.
        show_numbers: Write one's own numbers in full.
        work: Folder for intermediate files; a temporary one if not given.
        command: The command that asks for this, to be told with the result.
        epoch: Label of the blinded exchange that this is; "" of none.
    """

    departures: tuple[Path, ...]
    arrivals: tuple[Path, ...]
    out: Path
    domestic: tuple[Path, ...] = ()
    numbering: Numbering | None = None
    departure_country: str | None = None
    arrival_country: str | None = None
    mapping: Mapping | None = None
    options: Options = field(default_factory=Options)
    memory_mb: int = 4096
    threads: int | None = None
    show_numbers: bool = False
    work: Path | None = None
    command: str = ""
    epoch: str = ""


def pair_calls(job: PairJob, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Pair two sides' call records and write the result directory.

    Args:
        job: What to pair and how.
        progress: Told what is being done, how much is done, and of how much.

    Returns:
        The summary, as written to summary.json.

    Raises:
        MalformedError: A file cannot be read at all.
        ConfigError: "no-records": a side holds none.
        UnavailableError: "memory".
    """
    return carry_out(job, Run, progress)


def carry_out(
    job: PairJob, run_of: "Callable[..., Run]", progress: Progress
) -> dict[str, Any]:
    """Carry out a run in a folder of its own and write the result directory.

    Args:
        job: What to pair and how.
        run_of: Makes the run of `job`, `engine`, `folder` and `progress`.
        progress: As in `pair_calls`.
    """
    started = time.perf_counter()
    job.out.mkdir(parents=True, exist_ok=True)
    # Until this run is through, the folder is no result: not even an older one.
    (job.out / "summary.json").unlink(missing_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tally-", dir=job.work))
    try:
        with DuckEngine(
            folder=folder, memory_mb=job.memory_mb, threads=job.threads
        ) as engine:
            run = run_of(job=job, engine=engine, folder=folder, progress=progress)
            run.read()
            findings, outcome = run.pair()
            told = run.summarise(findings, outcome, time.perf_counter() - started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (job.out / "summary.json").write_text(
        json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    )
    return told


@dataclass(slots=True)
class Run:
    """One run from files to findings."""

    job: PairJob
    engine: DuckEngine
    folder: Path
    progress: Progress
    files: dict[str, SideFiles] = field(default_factory=dict)
    inputs: dict[str, SideInput] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    knowledge: Knowledge = field(default_factory=Knowledge)
    pairs: PairWriter = field(init=False)
    state: State = field(init=False)
    late: pl.DataFrame | None = None

    def read(self) -> None:
        """Read all files into the workspace.

        Raises:
            ConfigError: "no-records": a side holds none.
        """
        job = self.job
        self.files = {
            "departures": SideFiles("departures", job.departures),
            "arrivals": SideFiles("arrivals", job.arrivals),
        }
        if job.domestic:
            self.files["domestic"] = SideFiles("domestic", job.domestic)
        sides = list(self.files.values())
        workspace = Workspace(
            self.folder, buckets_of(*sides[:2]), flush_rows_for(job.memory_mb)
        )
        learned = self._timed("learn_numbers", lambda: self._learned(sides))
        self._timed(
            "read",
            lambda: side_by_side(
                lambda side: self._ingest(side, workspace, learned), sides
            ),
        )
        for side in sides:
            if side.side != "domestic" and side.rows == 0:
                write_rejects(job.out, [r for s in sides for r in s.rejects])
                raise ConfigError(
                    "no-records",
                    f"There are no call records to pair among the {side.side} "
                    f"({', '.join(p.name for p in side.paths)}): "
                    f"{side.rejected} rows were rejected, {side.other} have another "
                    f"direction. {side.mostly()}".rstrip(),
                    advice="`tally records inspect FILE` shows how the file is read.",
                )

    def _ingest(
        self, side: SideFiles, workspace: Workspace, learned: dict[str, Learned]
    ) -> None:
        self.inputs[side.side] = self._timed(
            f"read_{side.side}",
            lambda: ingest(
                side,
                workspace,
                numbering=self.job.numbering,
                learned=learned.get(side.side),
                mapping=self.job.mapping,
                report=lambda what, _, done, of: self.progress(
                    f"read {what}", done, of
                ),
            ),
        )

    def _learned(self, sides: list[SideFiles]) -> dict[str, Learned]:
        self.progress("see how numbers are written", 0, 1)
        return learn_numbers(
            sides,
            numbering=self.job.numbering,
            departure_country=self.job.departure_country,
            arrival_country=self.job.arrival_country,
            mapping=self.job.mapping,
        )

    def pair(self) -> tuple[pl.DataFrame, Outcome]:
        """Run the plan and write pairs and findings."""
        job, engine = self.job, self.engine
        departures, arrivals = self.inputs["departures"], self.inputs["arrivals"]
        self.progress("learn clocks and window", 0, 1)
        self.state = learn(engine, SPEC, job.options, departures, arrivals)
        self.state.knowledge = self.knowledge
        self.pairs = PairWriter(job.out / "pairs.parquet")
        pair_all(
            engine,
            self.state,
            on_pairs=self._write_pairs,
            on_bucket=lambda done, of: self.progress("pair", done, of),
        )
        self.progress("judge what is open", 0, 1)
        self._timed("completeness", lambda: learn_completeness(engine, self.state))
        domestic = self.load_domestic()
        outcome = self._timed(
            "conclude",
            lambda: conclude(engine, self.state, domestic=domestic is not None),
        )
        findings = self._timed("describe", lambda: self._describe(outcome, domestic))
        self._write_late(outcome, findings)
        self.pairs.close()
        write_findings(job.out, findings)
        write_rejects(job.out, [r for s in self.files.values() for r in s.rejects])
        return findings, outcome

    def _write_pairs(self, query: str) -> None:
        for frame in self.engine.stream(query):
            self.pairs.add(frame)

    def load_domestic(self) -> str | None:
        """Load the domestic halves that open departures ask about.

        Returns:
            A table expression over all domestic halves; None if there are none.
        """
        given = self.inputs.get("domestic")
        if given is None or given.rows == 0:
            return None
        self.engine.run(
            Step(
                "domestic_wanted",
                "SELECT DISTINCT key_lo FROM all_open_departures",
            )
        )
        wanted = (
            f"(SELECT * FROM {given.everything} WHERE key_lo IN"
            f" (SELECT key_lo FROM domestic_wanted))"
        )
        step = load_side_step("domestic", wanted, SPEC)
        self.engine.run(step)
        return given.everything

    def _describe(self, outcome: Outcome, domestic: str | None) -> pl.DataFrame:
        names = {
            side: (given.points, given.carriers) for side, given in self.inputs.items()
        }
        return describe(
            self.engine,
            self.state,
            outcome,
            domestic=domestic,
            names=names,
            show_numbers=self.job.show_numbers,
            epoch=self.job.epoch,
        )

    def _write_late(self, outcome: Outcome, findings: pl.DataFrame) -> None:
        """Write the pairs that second readings found, lawful or not."""
        found = outcome.findings.filter(pl.col("pass").is_not_null())
        every = pl.concat([found, outcome.late_pairs], how="diagonal")
        if every.is_empty():
            return
        late = Outcome(
            findings=every,
            late_pairs=every.head(0),
            gaps=[],
            loss=outcome.loss,
            suspected=outcome.suspected,
        )
        rows = self._describe(
            late,
            self.inputs["domestic"].everything if "domestic" in self.inputs else None,
        )
        halves = ["departure_id", "arrival_id"]
        self.late = rows.join(findings, on=halves, how="anti")
        self.pairs.add(
            rows.select(
                "departure_id",
                "arrival_id",
                "offset_ms",
                (pl.col("departure_duration_s") - pl.col("arrival_duration_s")).alias(
                    "duration_difference_s"
                ),
                "pass",
            )
        )

    def summarise(
        self, findings: pl.DataFrame, outcome: Outcome, seconds: float
    ) -> dict[str, Any]:
        """Return the summary of the run."""
        state, engine = self.state, self.engine
        counts = dict(findings["kind"].value_counts().iter_rows())
        hours, complete = summary.hours(engine, state, findings)
        curve = state.window.curve
        return {
            "format": "tallystick-result/1",
            "domain": state.spec.domain,
            "version": __version__,
            **({"command": self.job.command} if self.job.command else {}),
            "inputs": {
                side: self._input(side)
                for side in ("departures", "arrivals", "domestic")
            },
            "pairs": {"total": self.pairs.total, "by_pass": self.pairs.by_pass},
            "findings": {
                "total": findings.height,
                "accusing": findings.height - counts.get(UNPROVEN, 0),
                "by_kind": {kind: counts.get(kind, 0) for kind in state.spec.order},
            },
            "completeness": complete,
            "loss": outcome.loss,
            "gaps": summary.gaps(outcome),
            "clocks": summary.clocks(state),
            "window": {
                "ms": state.window.ms,
                "spread_ms": round(state.window.spread_ms, 1),
                "false_pairs_expected": state.window.false_expected,
                "curve": curve.to_dicts(),
            },
            "carriers": summary.by_carrier(engine, state, findings),
            "suspected": summary.suspected(state, outcome),
            "routes": summary.routes(engine, state, findings),
            "days": summary.days(engine, state, self.late),
            "hours": hours,
            "steps": [
                *(
                    {"name": n, "rows": 0, "seconds": round(s, 3)}
                    for n, s in self.seconds.items()
                ),
                *(
                    {"name": n, "rows": t.rows, "seconds": round(t.seconds, 3)}
                    for n, t in engine.timings.items()
                ),
            ],
            "seconds": round(seconds, 2),
            "memory_peak_mb": round(peak_memory_mb()),
        }

    def _input(self, side: str) -> dict[str, Any] | None:
        files = self.files.get(side)
        if files is None:
            return None
        counts = self.state.counts
        return {
            "files": [path.name for path in files.paths],
            "rows": files.rows + files.rejected + files.repeated + files.other,
            "rejected": files.rejected,
            "other_direction": files.other,
            "repeated": files.repeated + counts.get(f"repeated_{side}", 0),
            "continued": counts.get(f"continued_{side}", 0),
            "halves": files.rows,
            "from": summary.iso(files.from_ms),
            "to": summary.iso(files.to_ms),
        }

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[name] = time.perf_counter() - started
