"""Look for numbers and record ids in every byte of a Parquet file, packed or not."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from tallystick.domains.calls.numbers import Numbering, learn, normalise
from tallystick.domains.calls.records import read_calls

SIDES = ("departures", "arrivals", "domestic")
# However a number is written, with a plus, a prefix or none, in groups or not, it
# ends in this many digits; so many hardly occur by chance.
NATIONAL = 9
BETWEEN = re.compile(rb"(?<=\d)[ ().-]{1,3}(?=\d)")
DIGITS = re.compile(rb"\d{9,}")
WORDS = re.compile(rb"[\w-]{6,}")


@dataclass(frozen=True)
class Secrets:
    """What must not leave.

    Attributes:
        integers: All numbers of a day, as E.164 digits.
        national: The last digits of each number, in every spelling of the records.
        ids: All record ids.
    """

    integers: frozenset[int]
    national: frozenset[bytes]
    ids: frozenset[bytes]


def secrets_of(day: Path, numbering: Numbering) -> Secrets:
    """Return all numbers and record ids of a day, as they are read and written."""
    integers: set[int] = set()
    texts: set[str] = set()
    ids: set[str] = set()
    for side in SIDES:
        frames = [batch.records for batch in read_calls([day / f"{side}.csv"])]
        learned = learn(frames, side, numbering=numbering)
        for frame in frames:
            read = normalise(frame, side=side, numbering=numbering, learned=learned)
            ids |= set(read["record_id"])
            for column in ("calling", "called", "redirecting"):
                integers |= set(read[column].unique())
                texts |= set(read[f"{column}_number"].unique().drop_nulls())
    integers = {number for number in integers if number > 10**NATIONAL}
    digits = {re.sub(r"\D", "", text) for text in texts} | set(map(str, integers))
    ends = {text[-NATIONAL:].encode() for text in digits if len(text) >= NATIONAL}
    return Secrets(
        integers=frozenset(integers),
        national=frozenset(ends),
        ids=frozenset(one.encode() for one in ids),
    )


def leaks(path: Path, secrets: Secrets) -> set[str]:
    """Return where numbers or record ids are in a file: nowhere, one hopes."""
    table = pq.read_table(path)
    plain = io.BytesIO()
    pq.write_table(table, plain, compression="NONE", use_dictionary=False)
    found = {
        f"{kind} in the {where}"
        for where, blob in {
            "bytes as they lie": path.read_bytes(),
            "bytes unpacked": plain.getvalue(),
        }.items()
        for kind in _kinds(blob, secrets)
    }
    whole = pl.Series(sorted(secrets.integers))
    for column in pl.DataFrame(table).select(pl.selectors.integer()):
        if column.cast(pl.Int64).is_in(whole.implode()).any():
            found.add(f"number in column {column.name}")
    return found


def _kinds(blob: bytes, secrets: Secrets) -> set[str]:
    found = set()
    for run in DIGITS.findall(blob) + DIGITS.findall(BETWEEN.sub(b"", blob)):
        if not secrets.national.isdisjoint(_pieces(run, {NATIONAL})):
            found.add("number")
    lengths = {len(one) for one in secrets.ids}
    for word in WORDS.findall(blob):
        if not secrets.ids.isdisjoint(_pieces(word, lengths)):
            found.add("record id")
    return found


def _pieces(text: bytes, lengths: set[int]) -> set[bytes]:
    return {
        text[start : start + length]
        for length in lengths
        for start in range(len(text) - length + 1)
    }
