"""Blinded files: what is in them, what never is, and what is refused."""

import json
import re
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.blinding import (
    ALLOWED,
    BlindedHeader,
    Expected,
    Gap,
    read_header,
    read_rows,
    token_columns,
    write_blinded,
)
from tallystick.blinding.allowed import looks_like_number
from tallystick.blinding.file import METADATA_KEY
from tallystick.blinding.header_json import encode_header, parse_header
from tallystick.model import (
    ConfigError,
    MalformedError,
    RefusedError,
    TallystickError,
    UnavailableError,
    VerificationError,
)

from .parties import START_MS, expected, header, key

NUMBERS = pl.DataFrame(
    {
        "calling": [375_291_234_567 + i for i in range(40)],
        "called": [79_161_234_567 + 7 * i for i in range(40)],
    }
)


def rows(**changes: object) -> pl.DataFrame:
    """Return forty rows for the columns of `header()`, with changes."""
    tokens = token_columns(NUMBERS, parts=("calling", "called"), key=key(), name="pair")
    frame = pl.DataFrame(
        {
            "row": range(40),
            **tokens.to_dict(),
            "started_at_ms": [START_MS + 1_234 * i for i in range(40)],
            "trunk": ["MSQ-106", None] * 20,
        }
    )
    return frame.with_columns(**changes) if changes else frame


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return a blinded file of arrivals that RU made for BY."""
    path = tmp_path / "ru-arrivals.parquet"
    write_blinded(path, header(), [rows()])
    return path


def test_written_and_read(tmp_path: Path) -> None:
    """Header and rows come back as they went, in several batches."""
    path = tmp_path / "x.parquet"
    gaps = (Gap(from_ms=1, to_ms=2, trunk="MSQ-106", why="silence"),)
    given_header = header(
        gaps=gaps, extra={"rejected": 3, "note": "a day", "x": None, "t": START_MS}
    )
    written = write_blinded(path, given_header, [rows(), rows()[:0], rows()])
    assert written.rows == 80
    assert read_header(path) == written
    assert read_header(path, expected=expected()) == written
    assert pl.read_parquet(path).equals(pl.concat([rows(), rows()]))
    assert [one.name for one in tmp_path.iterdir()] == ["x.parquet"]


def test_no_rows(tmp_path: Path) -> None:
    """A second round in which nothing is left is still a file."""
    path = tmp_path / "x.parquet"
    second = header(round_number=2, columns=("row", "called_hi", "called_lo"))
    written = write_blinded(path, second, [])
    assert written.rows == 0
    assert read_header(path) == written
    assert pl.read_parquet(path).columns == ["row", "called_hi", "called_lo"]


def test_no_number_in_the_file(good: Path) -> None:
    """Neither the digits nor the integers of any number are in the bytes."""
    data = good.read_bytes()
    for number in NUMBERS["calling"].to_list() + NUMBERS["called"].to_list():
        assert str(number).encode() not in data
        assert str(number)[-7:].encode() not in data
        assert number.to_bytes(8, "little") not in data
    texts = pl.read_parquet(good).select(pl.selectors.string()).to_series()
    assert not any(looks_like_number(text) for text in texts.drop_nulls())


def test_file_says_nothing_of_who_wrote_it(good: Path) -> None:
    """The metadata are our header only: no schema notes, paths or index."""
    metadata = pq.read_metadata(good).metadata
    assert set(metadata) == {METADATA_KEY}
    members = {
        "format",
        "domain",
        "round",
        "epoch",
        "side",
        "party",
        "peer",
        "agreement",
        "columns",
        "coverage_from_ms",
        "coverage_to_ms",
        "rows",
        "gaps",
        "extra",
    }
    assert set(json.loads(metadata[METADATA_KEY])) == members


WRONG_EXPECTATIONS: list[tuple[dict[str, object], str]] = [
    ({"own": "RU", "peer": "BY"}, "blinded-own"),
    ({"peer": "KZ"}, "blinded-party"),
    ({"own": "KZ"}, "blinded-peer"),
    ({"agreement": "0" * 64}, "blinded-agreement"),
    ({"domain": "transit"}, "blinded-domain"),
    ({"epoch": "2026-11-22"}, "blinded-epoch"),
    ({"round_number": 2}, "blinded-round"),
    ({"sides": ("departures",)}, "blinded-side"),
]


@pytest.mark.parametrize(("changes", "code"), WRONG_EXPECTATIONS)
def test_file_that_is_not_the_one(
    good: Path, changes: dict[str, object], code: str
) -> None:
    """A file that does not belong here is refused with what it is."""
    with pytest.raises(VerificationError, match="ru-arrivals") as caught:
        read_header(good, expected=expected(**changes))
    assert caught.value.code == code
    assert caught.value.advice


def _rewrite(good: Path, **changes: object) -> None:
    """Replace members of the header, as another program might."""
    table = pq.read_table(good)
    members = json.loads(pq.read_metadata(good).metadata[METADATA_KEY]) | changes
    data = json.dumps(members).encode()
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: data}), good)


WRONG_MEMBERS: list[tuple[dict[str, object], type[TallystickError], str]] = [
    ({"format": "tallystick-blinded/2"}, VerificationError, "blinded-version"),
    ({"format": "tallystick-blinded/0"}, VerificationError, "blinded-version"),
    ({"format": "other"}, VerificationError, "blinded-version"),
    ({"format": 1}, MalformedError, "blinded-header"),
    ({"party": "R\nU"}, MalformedError, "blinded-header"),
    ({"peer": "RU"}, MalformedError, "blinded-header"),
    ({"round": True}, MalformedError, "blinded-header"),
    ({"round": 3}, MalformedError, "blinded-header"),
    ({"side": "transit"}, MalformedError, "blinded-header"),
    ({"epoch": None}, MalformedError, "blinded-header"),
    ({"columns": "row"}, MalformedError, "blinded-header"),
    ({"columns": [1]}, MalformedError, "blinded-header"),
    ({"gaps": [1]}, MalformedError, "blinded-header"),
    ({"gaps": [{"from_ms": 1}]}, MalformedError, "blinded-header"),
    ({"extra": {"a": []}}, MalformedError, "blinded-header"),
    ({"coverage_from_ms": 9**19}, MalformedError, "blinded-header"),
    ({"rows": 41}, MalformedError, "blinded-rows"),
    ({"columns": ["row"]}, MalformedError, "blinded-columns"),
    ({"columns": ["row", "calling_number"]}, VerificationError, "blinded-columns"),
]


@pytest.mark.parametrize(("changes", "error", "code"), WRONG_MEMBERS)
def test_header_that_does_not_hold(
    good: Path, changes: dict[str, object], error: type[TallystickError], code: str
) -> None:
    """A header that is of another version, broken or untrue is refused."""
    _rewrite(good, **changes)
    with pytest.raises(error, match="ru-arrivals") as caught:
        read_header(good, expected=expected())
    assert caught.value.code == code


def test_unknown_members_are_passed_over(good: Path) -> None:
    """A later program may say more in the header without being refused."""
    _rewrite(good, later="x")
    assert read_header(good, expected=expected()).rows == 40


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


BROKEN: dict[str, tuple[bytes | None, type[TallystickError], str]] = {
    "missing": (None, UnavailableError, "blinded-file"),
    "empty": (b"", MalformedError, "blinded-foreign"),
    "csv": (b"record_id,calling_number\n", MalformedError, "blinded-foreign"),
    "only the magic": (b"PAR1", MalformedError, "blinded-truncated"),
    "garbage": (b"PAR1" + b"\xff" * 99, MalformedError, "blinded-truncated"),
    "bad footer": (
        b"PAR1" + b"\xff" * 99 + b"\x20\0\0\0PAR1",
        MalformedError,
        "blinded-truncated",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_files(tmp_path: Path, what: str) -> None:
    """What is no blinded file ends in a sentence that names it."""
    content, error, code = BROKEN[what]
    path = tmp_path / "x.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=r"x\.parquet") as caught:
        read_header(path)
    assert caught.value.code == code


def test_truncated_file(good: Path) -> None:
    """A file cut at any of twenty places is refused as cut off."""
    data = good.read_bytes()
    for i in range(1, 20):
        good.write_bytes(data[: len(data) * i // 20])
        with pytest.raises(MalformedError) as caught:
            read_header(good)
        assert caught.value.code == "blinded-truncated"


def test_foreign_parquet(tmp_path: Path) -> None:
    """A Parquet file of another kind, such as clear records, is named so."""
    path = tmp_path / "x.parquet"
    NUMBERS.write_parquet(path)
    with pytest.raises(MalformedError) as caught:
        read_header(path)
    assert caught.value.code == "blinded-foreign"


@pytest.mark.property
@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123n').map(str.encode))
def test_any_bytes_as_header(data: bytes) -> None:
    """Reading anything as a header ends in a sentence."""
    with pytest.raises(TallystickError):
        parse_header(data)


def test_deep_header() -> None:
    """A header nested beyond measure is refused, as is one beyond the limit."""
    for data in (b"[" * 100_000, b'{"a":' * 100_000, b" " * 5_000_000):
        with pytest.raises(MalformedError):
            parse_header(data)


@pytest.mark.parametrize(
    "column",
    [
        "calling_number",
        "called_number",
        "redirecting_number",
        "calling",
        "called",
        "record_id",
        "calling_imei",
        "calling_cell",
        "line",
        "called_hi",
        "+375291234567",
        "",
    ],
)
def test_columns_that_stay_at_home(tmp_path: Path, column: str) -> None:
    """A column outside the list, or of the other round, never leaves."""
    path = tmp_path / "x.parquet"
    columns = (*header().columns, column)
    with pytest.raises(RefusedError) as caught:
        write_blinded(path, header(columns=columns), [])
    assert caught.value.code == "column-refused"
    assert "375291234567" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_column_of_a_number_is_on_the_list() -> None:
    """The list of what may leave names no column that holds a clear number."""
    forbidden = re.compile(
        r"(^|_)(number|imei|cell|id|line|calling|called|redirecting)$"
    )
    for table in ALLOWED.values():
        assert not [name for name in table if forbidden.search(name)]


def test_rows_with_another_column(tmp_path: Path) -> None:
    """Rows that bring more, fewer or reordered columns are refused."""
    path = tmp_path / "x.parquet"
    for frame in (
        rows(calling_number=pl.lit("+375291234567")),
        rows().drop("trunk"),
        rows().select(reversed(rows().columns)),
    ):
        with pytest.raises(RefusedError):
            write_blinded(path, header(), [frame])
    assert not list(tmp_path.iterdir())


ROWS_REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "number as trunk": ({"trunk": pl.lit("79161234567")}, "label-number"),
    "number with plus": ({"trunk": pl.lit("+375 29 123-45-67")}, "label-number"),
    "number in a URI": ({"trunk": pl.lit("sip:79161234567@x")}, "label-number"),
    "other digits": ({"trunk": pl.lit("٧٩١٦١٢٣٤")}, "label-number"),
    "long label": ({"trunk": pl.lit("x" * 65)}, "label-length"),
    "label type": ({"trunk": pl.lit(1)}, "column-type"),
    "number as handle": ({"row": pl.lit(79_161_234_567)}, "column-range"),
    "number as time": ({"started_at_ms": pl.lit(79_161_234_567)}, "column-range"),
    "great handle": ({"row": pl.lit(2**64 - 1, dtype=pl.UInt64)}, "column-range"),
    "negative handle": ({"row": pl.lit(-1)}, "column-range"),
    "text as handle": ({"row": pl.lit("1")}, "column-type"),
    "null handle": ({"row": pl.lit(None, dtype=pl.Int64)}, "column-null"),
    "numbers as tokens": ({"pair_hi": NUMBERS["called"]}, "token-clear"),
    "text as tokens": ({"pair_lo": pl.lit("x")}, "column-type"),
}


@pytest.mark.parametrize("what", ROWS_REFUSED)
def test_values_that_stay_at_home(tmp_path: Path, what: str) -> None:
    """A number in the wrong column does not leave, and is not repeated."""
    changes, code = ROWS_REFUSED[what]
    path = tmp_path / "x.parquet"
    with pytest.raises(RefusedError) as caught:
        write_blinded(path, header(), [rows(), rows(**changes)])
    assert caught.value.code == code
    assert not re.search(r"\d{7}", str(caught.value))
    assert not list(tmp_path.iterdir())


def test_label_allowed_explicitly(tmp_path: Path) -> None:
    """A trunk whose name looks like a number leaves only if it is allowed."""
    path = tmp_path / "x.parquet"
    frame = rows(trunk=pl.lit("TG20250101"))
    with pytest.raises(RefusedError):
        write_blinded(path, header(), [frame])
    write_blinded(path, header(), [frame], allow_labels=frozenset({"TG20250101"}))
    assert read_header(path).rows == 40


def test_categories_are_labels_too(tmp_path: Path) -> None:
    """Labels may come as categories, and are looked at as well."""
    path = tmp_path / "x.parquet"
    frame = rows().with_columns(pl.col("trunk").cast(pl.Categorical))
    write_blinded(path, header(), [frame])
    assert pl.read_parquet(path)["trunk"].to_list() == rows()["trunk"].to_list()
    bad = rows(trunk=pl.lit("79161234567").cast(pl.Categorical))
    with pytest.raises(RefusedError):
        write_blinded(path, header(), [bad])


@pytest.mark.parametrize(
    "changes",
    [
        {"gaps": (Gap(from_ms=1, to_ms=2, trunk="79161234567"),)},
        {"gaps": (Gap(from_ms=1, to_ms=2, why="79161234567"),)},
        {"extra": {"who": "+375 29 123 45 67"}},
        {"extra": {"79161234567": 1}},
        {"extra": {"x": 79_161_234_567}},
        {"extra": {"x": 375_291_234_567.0}},
    ],
)
def test_number_in_the_header(tmp_path: Path, changes: dict[str, object]) -> None:
    """A number in a free text of the header does not leave either."""
    with pytest.raises(RefusedError) as caught:
        write_blinded(tmp_path / "x.parquet", header(**changes), [rows()])
    assert caught.value.code == "header-number"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1], b"x"])
def test_extra_facts_are_plain(value: object) -> None:
    """What JSON cannot say is refused with a sentence."""
    with pytest.raises(TallystickError):
        encode_header(header(extra={"x": value}))


def test_long_header() -> None:
    """A header beyond the limit is refused at home."""
    gaps = tuple(Gap(from_ms=i, to_ms=i, why="x" * 64) for i in range(50_000))
    with pytest.raises(RefusedError) as caught:
        encode_header(header(gaps=gaps))
    assert caught.value.code == "header-size"


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "left"},
        {"coverage_to_ms": 0},
        {"peer": "RU"},
        {"epoch": "E 1"},
        {"round_number": 0},
    ],
)
def test_header_that_cannot_be_meant(changes: dict[str, object]) -> None:
    """A header with a wrong name, side, round or coverage is never made."""
    with pytest.raises(ConfigError):
        header(**changes)


def test_old_file_stays_when_the_new_one_fails(good: Path) -> None:
    """A run that is refused leaves the file of the run before as it was."""
    before = good.read_bytes()
    with pytest.raises(RefusedError):
        write_blinded(good, header(), [rows(), rows(row=pl.lit(-1))])
    assert good.read_bytes() == before
    assert [one.name for one in good.parent.iterdir()] == [good.name]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """Writing where nothing can be written ends in a sentence."""
    with pytest.raises(UnavailableError, match="No such file") as caught:
        write_blinded(tmp_path / "no" / "x.parquet", header(), [rows()])
    assert caught.value.code == "blinded-file"


def test_header_types() -> None:
    """The two values of a file's header are frozen."""
    for value, kind in ((header(), BlindedHeader), (expected(), Expected)):
        assert isinstance(value, kind)
        with pytest.raises(AttributeError):
            value.epoch = "x"  # type: ignore[misc]


def second_rows() -> pl.DataFrame:
    """Return rows of the second round: two open halves and a count."""
    tokens = token_columns(
        NUMBERS[:3], parts=("called",), key=key("called", round_number=2), name="called"
    )
    return pl.DataFrame(
        {
            "what": ["open", "open", "cell"],
            "row": [3, 5, 0],
            "called_hi": [*tokens["called_hi"][:2], None],
            "called_lo": [*tokens["called_lo"][:2], None],
            "count": [None, None, 7],
        }
    )


def second_header(**changes: object) -> BlindedHeader:
    """Return a header for `second_rows`."""
    columns = tuple(second_rows().columns)
    return header(**{"round_number": 2, "columns": columns} | changes)


def test_rows_of_the_second_round(tmp_path: Path) -> None:
    """Rows of several kinds stand in one file, each with the columns it has."""
    path = tmp_path / "x.parquet"
    written = write_blinded(path, second_header(), [second_rows()])
    assert written.rows == 3
    assert pl.concat(read_rows(path, written)).equals(second_rows())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"what": pl.lit("other")}, "column-word"),
        ({"what": pl.lit("79161234567")}, "column-word"),
        ({"what": pl.lit(None, pl.String)}, "column-null"),
        ({"count": pl.lit(79_161_234_567)}, "column-range"),
    ],
)
def test_values_that_no_row_of_the_second_round_has(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    """Another kind of row, or a number for a count, does not leave."""
    path = tmp_path / "x.parquet"
    with pytest.raises(RefusedError) as caught:
        write_blinded(path, second_header(), [second_rows().with_columns(**changes)])
    assert caught.value.code == code
    assert "79161234567" not in str(caught.value)


def test_tokens_are_not_missing_in_the_first_round(tmp_path: Path) -> None:
    """Every half of the first round has its token."""
    with pytest.raises(RefusedError) as caught:
        write_blinded(
            tmp_path / "x.parquet", header(), [rows(pair_hi=pl.lit(None, pl.Int64))]
        )
    assert caught.value.code == "column-null"


def test_a_damaged_page_is_seen(good: Path) -> None:
    """A bit that was changed in the midst of a file is found by its check sum."""
    data = bytearray(good.read_bytes())
    data[200] ^= 1
    good.write_bytes(data)
    read = read_header(good, expected=expected())
    with pytest.raises(MalformedError) as caught:
        list(read_rows(good, read))
    assert caught.value.code == "blinded-truncated"
