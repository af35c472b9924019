"""Small files of every format, with invented content and fictional numbers."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from tallystick.domains.calls.records import Batch, Mapping, read_calls

PLAIN_HEADER = (
    "record_id,calling_number,called_number,started_at,answered_at,released_at,"
    "duration_s,direction,trunk,carrier,presentation,redirecting_number,release_cause"
)
# An ordinary call, a refused one, one without number, one that was diverted.
PLAIN_ROWS = """\
D1,+375290000001,+79160000011,2026-03-01T09:00:00.250+03:00,\
2026-03-01T09:00:07.250+03:00,2026-03-01T09:02:07.250+03:00,120,\
international_out,MSQ-106,transit-one,allowed,,16
D2,375290000002,80079160000012,2026-03-01T06:00:01Z,,2026-03-01T06:00:31Z,0,\
international_out,MSQ-106,transit-one,allowed,,17
D3,,+79160000013,1772345602000,1772345610000,1772345640500,30.5,\
international_out,MSQ-107,transit-two,restricted,,16
D4,anonymous,+79160000014,2026-03-01T06:00:03Z,2026-03-01T06:00:05Z,\
2026-03-01T06:00:15Z,10,international_out,MSQ-107,transit-two,restricted,\
+375290000009,16
""".splitlines()
PLAIN = "\n".join((PLAIN_HEADER, *PLAIN_ROWS)) + "\n"


SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> str:
    """Return the text of a sample."""
    return (SAMPLES / name).read_text(encoding="utf-8")


def saved(folder: Path, content: str | bytes, name: str = "calls.csv") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def plain_with(*rows: str) -> str:
    """Return a plain table with these rows."""
    return "\n".join((PLAIN_HEADER, *rows)) + "\n"


def plain_row(**values: str) -> str:
    """Return one good row of the plain table with some values changed."""
    row = dict(zip(PLAIN_HEADER.split(","), PLAIN_ROWS[0].split(","), strict=True))
    return ",".join((row | values).values())


class Read:
    """Everything that reading some files gave."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        """Read all batches."""
        self.batches = list(batches)
        self.records = pl.concat([b.records for b in self.batches], how="diagonal")
        self.rejects = pl.concat([b.rejects for b in self.batches])
        self.notes = pl.concat([b.notes for b in self.batches])
        self.repeated = sum(b.repeated for b in self.batches)

    @property
    def reasons(self) -> list[tuple[int, str, str]]:
        """Return line, column and reason of every reject."""
        return list(self.rejects.select("line", "column", "reason").iter_rows())

    def column(self, name: str) -> list[object]:
        """Return the values of a column."""
        return self.records[name].to_list()

    def times(self, name: str) -> list[str | None]:
        """Return the times of a column in UTC, to the second."""
        moments = pl.from_epoch(self.records[f"{name}_ms"], time_unit="ms")
        return moments.dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


def read(path: Path | list[Path], *, zone: str = "", **options: object) -> Read:
    """Read files; `zone` is what --zone would say."""
    if zone:
        options["mapping"] = Mapping(zone=zone)
    return Read(read_calls(path, **options))
