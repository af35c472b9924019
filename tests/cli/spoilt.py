"""Twenty and more ways in which files of call records come broken."""

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

CALLS = 40
DAY = "2026-03-10"
HEADER = (
    "record_id,calling_number,called_number,started_at,answered_at,released_at,"
    "duration_s,direction,trunk,carrier"
)


def numbers(call: int) -> tuple[str, str]:
    """Return the calling and the called number of one call."""
    return f"37529{1_110_000 + 37 * call}", f"7916{2_220_000 + 91 * call}"


ALL_NUMBERS = tuple(number for call in range(CALLS) for number in numbers(call))


def row(call: int, side: str, **changed: str) -> str:
    """Return one record of one side as a line."""
    calling, called = numbers(call)
    start, at = 100 + 60 * call, "{:02}:{:02}:{:02}"

    def clock(second: int) -> str:
        hour, rest = divmod(second, 3600)
        return f"{DAY}T{at.format(10 + hour, *divmod(rest, 60))}Z"

    values = {
        "record_id": f"{side[0]}{call:04}",
        "calling_number": f"+{calling}",
        "called_number": f"+{called}",
        "started_at": clock(start),
        "answered_at": clock(start + 8),
        "released_at": clock(start + 50),
        "duration_s": "42",
        "direction": {"departures": "international_out"}.get(side, "international_in"),
        "trunk": f"{side[:1].upper()}-1",
        "carrier": "Alder",
    } | changed
    return ",".join(values.values())


def table(side: str, header: str = HEADER, **changed: str) -> str:
    """Return a whole plain table."""
    return (
        "\n".join([header, *(row(call, side, **changed) for call in range(CALLS))])
        + "\n"
    )


def good(path: Path, side: str) -> Path:
    """Write a table without fault."""
    path.write_text(table(side), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Spoilt:
    """One kind of broken input.

    Attributes:
        name: What it is, in a few words.
        spoil: Writes the departures file into a folder and returns its path; may
            write other files there.
        pair: Exit status of `tally pair calls`.
        inspect: Exit status of `tally records inspect`; None where it is not asked.
        says: A word that must stand in what the person reads.
        options: More arguments of `pair`, and of `inspect` unless `only_pair`.
        only_pair: The options are for `pair` alone.
        arrivals: Writes the other side's file, where that is not a good one.
    """

    name: str
    spoil: Callable[[Path], Path]
    pair: int
    inspect: int | None
    says: str
    options: tuple[str, ...] = ()
    only_pair: bool = False
    arrivals: Callable[[Path], Path] = field(
        default=lambda folder: good(folder / "arrivals.csv", "arrivals")
    )


def written(data: str | bytes, name: str = "departures.csv") -> Callable[[Path], Path]:
    """Return what writes `data` into a folder."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def with_extra(name: str, text: str) -> Callable[[Path], Path]:
    """Return what writes good departures and another file beside them."""

    def write(folder: Path) -> Path:
        (folder / name).write_text(text, encoding="utf-8")
        return good(folder / "departures.csv", "departures")

    return write


def _directory(folder: Path) -> Path:
    path = folder / "departures.csv"
    path.mkdir()
    return path


def _truncated_parquet(folder: Path) -> Path:
    path = folder / "departures.parquet"
    pl.read_csv(table("departures").encode()).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def _strangers(folder: Path) -> Path:
    lines = [
        row(
            call,
            "arrivals",
            calling_number=f"+37533{5_550_000 + call}",
            called_number=f"+7926{4_440_000 + call}",
        )
        for call in range(CALLS)
    ]
    path = folder / "arrivals.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def _line_in_the_middle(line: bytes) -> bytes:
    lines = table("departures").encode().splitlines(keepends=True)
    return b"".join([*lines[:20], line, b"\n", *lines[20:]])


def _semicolons() -> str:
    text = table("departures", duration_s="42.5")
    return text.replace(",", ";").replace("42.5", "42,5")


PLAIN = table("departures")
JUNK = random.Random(7).randbytes(50_000)  # ruff: ignore[suspicious-non-cryptographic-random-usage]

KINDS: tuple[Spoilt, ...] = (
    Spoilt("empty file", written(""), 2, 2, "is empty"),
    Spoilt("no header", written(PLAIN.split("\n", 1)[1]), 2, 2, "header"),
    Spoilt("binary junk", written(JUNK), 2, 2, "binary"),
    Spoilt(
        "gzip cut off",
        written(gzip.compress(PLAIN.encode())[:-300], "d.csv.gz"),
        0,
        0,
        "cut off",
    ),
    Spoilt(
        "gzip cut off at once",
        written(gzip.compress(PLAIN.encode())[:9], "d.gz"),
        2,
        2,
        "cut off",
    ),
    Spoilt("Parquet cut off", _truncated_parquet, 2, 2, "end is missing"),
    Spoilt("a directory", _directory, 2, 2, "is a directory"),
    Spoilt(
        "missing file", lambda folder: folder / "departures.csv", 2, 2, "does not exist"
    ),
    Spoilt(
        "wrong zone", written(PLAIN), 2, 2, "no time zone", ("--zone", "Mars/Olympus")
    ),
    Spoilt(
        "times without zone",
        written(PLAIN.replace("Z,", ",")),
        2,
        0,
        "no offset from UTC",
    ),
    Spoilt(
        "wrong mapping key",
        with_extra("map.toml", "[kolumns]\ncalled = 'b'\n"),
        2,
        2,
        "does not know 'kolumns'",
        ("--mapping", "map.toml"),
    ),
    Spoilt(
        "wrong numbering key",
        with_extra("n.toml", "[departures]\nkountry='BY'\n"),
        2,
        0,
        "$.departures.kountry is not known",
        ("--numbering", "n.toml"),
        only_pair=True,
    ),
    Spoilt(
        "gap without zone in the agreement",
        with_extra("a.toml", "[[gaps]]\nside='arrivals'\nfrom=2026-03-10T10:00:00\n"),
        2,
        0,
        "must be a time with its zone",
        ("--agreement", "a.toml"),
        only_pair=True,
    ),
    Spoilt(
        "departures of the wrong direction",
        written(table("departures", direction="international_in")),
        2,
        0,
        "another direction",
    ),
    Spoilt("no shared numbers", written(PLAIN), 0, 0, "unproven", arrivals=_strangers),
    Spoilt(
        "numbers in scientific notation",
        written(table("departures", calling_number="3.75291E+11")),
        2,
        0,
        "scientific notation",
    ),
    Spoilt(
        "clock reset to 1980", written(PLAIN.replace(DAY, "1980-01-06")), 0, 0, "1980"
    ),
    Spoilt("NUL bytes", written(_line_in_the_middle(b"\0" * 4096)), 0, 0, "NUL"),
    Spoilt("UTF-16 with its mark", written(PLAIN.encode("utf-16")), 0, 0, "40"),
    Spoilt("UTF-16 without mark", written(PLAIN.encode("utf-16-le")), 2, 2, "UTF-16"),
    Spoilt(
        "cp1251 in one row",
        written(
            _line_in_the_middle(row(41, "departures", carrier="Ольха").encode("cp1251"))
        ),
        0,
        0,
        "not UTF-8",
    ),
    Spoilt("semicolons and decimal commas", written(_semicolons()), 0, 0, "40"),
    Spoilt(
        "a line of 3 MB",
        written(_line_in_the_middle(b"x" * 3_000_000)),
        0,
        0,
        "1 value where 10",
    ),
    Spoilt(
        "negative durations",
        written(table("departures", duration_s="-42")),
        2,
        0,
        "duration is negative",
    ),
    Spoilt(
        "a column twice", written(PLAIN.replace("carrier", "trunk", 1)), 2, 2, "twice"
    ),
    Spoilt(
        "a workbook", written(b"PK\x03\x04" + JUNK, "departures.xlsx"), 2, 2, "Excel"
    ),
    Spoilt(
        "a needed column is missing",
        written(PLAIN.replace("called_number", "b")),
        2,
        2,
        "called_number",
    ),
    Spoilt(
        "rows of other widths",
        written(_line_in_the_middle(b"d9999,+375291234567,oops")),
        0,
        0,
        "values where 10 are expected",
    ),
)
"""Every kind; those with status 0 are read as far as they can be, and it is said."""
