"""What goes wrong between two parties ends in a sentence, before anything is shown."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from tallystick.blinding import (
    PrivateKey,
    channel_between,
    read_header,
    write_blinded,
)
from tallystick.blinding.file import METADATA_KEY
from tallystick.engines import workspace
from tallystick.engines.rounds import blind_first, blind_second, pair_blinded
from tallystick.model import ConfigError, RefusedError, TallystickError
from tallystick.pairing.spec import Gap, Options

from .desks import FILES, Desks, copy, simulated
from .parties import BY, RU

KZ = PrivateKey(party="KZ", secret=bytes(range(50, 82)))
NEW_RU = PrivateKey(party="RU", secret=bytes(range(60, 92)))


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    """Return two parties that have exchanged all four files of a small day."""
    desks = simulated(tmp_path_factory.mktemp("mistakes"), calls=3_000)
    desks.exchange()
    return desks


@pytest.fixture
def desks(agreed: Desks, tmp_path: Path) -> Desks:
    """Return the same, to spoil."""
    return copy(agreed, tmp_path)


def pair(desks: Desks, **changes: object) -> Path:
    """Let BY pair, and return where."""
    out = desks.post.parent / "result"
    ru_1, ru_2 = desks.file("ru-1"), desks.file("ru-2")
    pair_blinded(desks.by(**changes), out, peer=ru_1, peer_2=ru_2)
    return out


def members(path: Path, **changes: object) -> None:
    """Replace members of a file's header, as another program might."""
    table = pq.read_table(path)
    header = json.loads(pq.read_metadata(path).metadata[METADATA_KEY])
    extra = header["extra"] | changes.pop("extra", {})  # type: ignore[operator]
    data = json.dumps(header | changes | {"extra": extra}).encode()
    schema = table.schema.with_metadata({METADATA_KEY: data})
    pq.write_table(table.cast(schema), path)


def rows(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Replace the rows of a file by others that may be in it."""
    header = read_header(path)
    write_blinded(path, header, [change(pl.read_parquet(path))])


def swap(desks: Desks) -> None:
    """Take the peer's first file for its second, and the other way round."""
    one, two = (desks.file(f"ru-{number}").read_bytes() for number in (1, 2))
    desks.file("ru-1").write_bytes(two)
    desks.file("ru-2").write_bytes(one)


def own_for_peers(desks: Desks) -> None:
    """Take the own files for the peer's."""
    for number in (1, 2):
        own = desks.file(f"by-{number}").read_bytes()
        desks.file(f"ru-{number}").write_bytes(own)


def of_another_party(desks: Desks) -> None:
    """Take a third party's file for the peer's."""
    third = desks.ru(own=KZ, channel=channel_between(BY.public(), KZ.public()))
    blind_first(third, desks.file("ru-1"))


def cut(desks: Desks) -> None:
    """Lose the end of a file on the way."""
    data = desks.file("ru-2").read_bytes()
    desks.file("ru-2").write_bytes(data[: len(data) * 2 // 3])


def damage(desks: Desks) -> None:
    """Change one bit in the midst of a file."""
    data = bytearray(desks.file("ru-1").read_bytes())
    data[len(data) // 3] ^= 16
    desks.file("ru-1").write_bytes(data)


def another_first(desks: Desks) -> None:
    """Let the peer send a corrected first file, but not a second."""
    records = pl.read_csv(desks.day / "arrivals.csv", infer_schema=False)
    fewer = desks.post.parent / "fewer.csv"
    records.head(-50).write_csv(fewer)
    blind_first(replace(desks.ru(), records=(fewer,)), desks.file("ru-1"))


def keep_back(desks: Desks) -> None:
    """Let the peer keep one open half back."""
    rows(desks.file("ru-2"), lambda frame: frame.slice(1))


def ask_about_more(desks: Desks) -> None:
    """Let the peer tell of a half that has a partner."""
    open_ = pl.col("what") == "open"
    first = pl.read_parquet(desks.file("ru-1"))["row"]

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        told = set(frame.filter(open_)["row"])
        paired = next(row for row in first if row not in told)
        more = frame.filter(open_).head(1).with_columns(row=pl.lit(paired, pl.Int64))
        return pl.concat([frame, more])

    rows(desks.file("ru-2"), change)


def twice_one_handle(desks: Desks) -> None:
    """Let two halves have one handle."""
    rows(
        desks.file("ru-1"),
        lambda frame: frame.with_columns(pl.col("row").clip(upper_bound=1_000)),
    )


def wrong_time(desks: Desks) -> None:
    """Put into a file what its writer should have refused."""
    path = desks.file("ru-1")
    table = pq.read_table(path)
    times = pl.DataFrame(table).with_columns(started_at_ms=pl.lit(79_161_234_567))
    spoilt = times.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(table.schema)
    pq.write_table(spoilt, path)


def without(name: str, column: str) -> Callable[[Desks], None]:
    """Leave a column out of a file, as another program might."""

    def spoil(desks: Desks) -> None:
        path = desks.file(name)
        header = read_header(path)
        columns = tuple(one for one in header.columns if one != column)
        frame = pl.read_parquet(path).select(columns)
        write_blinded(path, replace(header, columns=columns), [frame])

    return spoil


def empty(desks: Desks) -> None:
    """Send a first file without halves."""
    path = desks.file("ru-1")
    write_blinded(path, read_header(path), [])


SPOILT: dict[str, tuple[Callable[[Desks], None], str]] = {
    "rounds swapped": (swap, "blinded-round"),
    "own files given as the peer's": (own_for_peers, "blinded-own"),
    "a third party's file": (of_another_party, "blinded-party"),
    "cut off": (cut, "blinded-truncated"),
    "one bit changed": (damage, "blinded-truncated"),
    "older version": (
        lambda desks: members(desks.file("ru-2"), format="tallystick-blinded/0"),
        "blinded-version",
    ),
    "made for somebody else": (
        lambda desks: members(desks.file("ru-1"), peer="KZ"),
        "blinded-peer",
    ),
    "a side that cannot be compared": (
        lambda desks: members(desks.file("ru-1"), side="departures"),
        "blinded-side",
    ),
    "a corrected first file": (another_first, "round-other"),
    "made against another file": (
        lambda desks: members(desks.file("ru-2"), extra={"against": "x"}),
        "round-other",
    ),
    "an open half kept back": (keep_back, "round-open"),
    "a half with partner told of": (ask_about_more, "round-open"),
    "one handle for several": (twice_one_handle, "round-handles"),
    "a number for a time": (wrong_time, "blinded-values"),
    "no times": (without("ru-1", "started_at_ms"), "round-columns"),
    "no company": (without("ru-2", "paired_near"), "round-columns"),
    "no word of serial numbers": (
        lambda desks: members(desks.file("ru-2"), extra={"serials_usable": "yes"}),
        "round-serials",
    ),
    "no halves": (empty, "round-empty"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_file_that_does_not_belong(desks: Desks, what: str) -> None:
    """A wrong file is refused with what it is, and nothing is concluded."""
    spoil, code = SPOILT[what]
    spoil(desks)
    with pytest.raises(TallystickError) as caught:
        pair(desks)
    assert caught.value.code == code
    assert caught.value.advice
    assert not re.search(r"\d{7}", str(caught.value))
    assert not (desks.post.parent / "result" / "summary.json").exists()


OWN: dict[str, tuple[dict[str, object], str]] = {
    "another epoch": ({"epoch": "2026-03-11"}, "blinded-epoch"),
    "another channel": (
        {"channel": channel_between(BY.public(), KZ.public())},
        "blinded-party",
    ),
    "a channel of others": (
        {"channel": channel_between(RU.public(), KZ.public())},
        "channel-own",
    ),
    "a new key of the peer": (
        {"channel": channel_between(BY.public(), NEW_RU.public())},
        "blinded-agreement",
    ),
    "the peer's key": ({"own": RU}, "blinded-own"),
}


@pytest.mark.parametrize("what", OWN)
def test_an_own_mistake(desks: Desks, what: str) -> None:
    """A wrong epoch, channel or key is said before the records are read."""
    changes, code = OWN[what]
    nowhere = (desks.day / "not-there.csv",)
    with pytest.raises(TallystickError) as caught:
        pair(desks, records=nowhere, **changes)
    assert caught.value.code == code
    assert caught.value.advice


def test_other_records_than_blinded(desks: Desks) -> None:
    """Who pairs other records than were blinded is told so."""
    records = pl.read_csv(desks.day / "departures.csv", infer_schema=False)
    fewer = desks.post.parent / "fewer.csv"
    records.head(-1).write_csv(fewer)
    with pytest.raises(TallystickError, match="another first file of BY") as caught:
        pair(desks, records=(fewer,))
    assert caught.value.code == "round-other"


def test_good_files_pair(desks: Desks) -> None:
    """The files that the other tests spoil pair as they are."""
    found = pl.read_parquet(pair(desks) / "findings.parquet")
    assert found.filter(pl.col("kind") == "domestic_arrival").height


def test_long_files_are_paired_in_parts(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of several buckets give what they give in one."""
    whole = pl.read_parquet(pair(desks) / "findings.parquet")
    monkeypatch.setattr(workspace, "ROWS_PER_BUCKET", 700)
    parts = pl.read_parquet(pair(desks) / "findings.parquet")
    assert_frame_equal(parts, whole, abs_tol=1e-9, rel_tol=0)


def second(desks: Desks, side: str, ceiling: float) -> None:
    """Write a second file anew, under a ceiling."""
    by_1, ru_1, by_2, ru_2 = map(desks.file, FILES)
    if side == "by":
        by_2.unlink()
        blind_second(desks.by(), by_2, peer=ru_1, ceiling=ceiling)
    else:
        ru_2.unlink()
        at_home = desks.ru(domestic=True)
        blind_second(at_home, ru_2, peer=by_1, peer_2=by_2, ceiling=ceiling)


@pytest.mark.parametrize(
    ("side", "ceiling", "code", "figure"),
    [
        ("by", 0.01, "round-ceiling", r"\d+ of your [\d,]+ departures: \d+\.\d %"),
        ("ru", 0.01, "round-ceiling", r"\d+ of your [\d,]+ arrivals: \d+\.\d %"),
        ("ru", 0.06, "round-asked", r"BY asks about \d+ of its [\d,]+ halves"),
    ],
)
def test_more_than_agreed_is_not_shown(
    desks: Desks, side: str, ceiling: float, code: str, figure: str
) -> None:
    """Above the ceiling no second file is written; the error says how far above."""
    with pytest.raises(RefusedError, match=figure) as caught:
        second(desks, side, ceiling)
    assert caught.value.code == code
    assert not desks.file(f"{side}-2").exists()


def test_domestic_calls_above_the_ceiling(desks: Desks) -> None:
    """Domestic calls count towards the ceiling with the halves they stand beside."""
    by_2 = read_header(desks.file("by-2"))
    ru_2 = read_header(desks.file("ru-2"))
    asked = by_2.extra["open"] / read_header(desks.file("by-1")).rows  # type: ignore[operator]
    records = pl.read_csv(desks.day / "domestic.csv").height
    shown = (ru_2.extra["open"] + ru_2.extra["domestic"]) / (  # type: ignore[operator]
        read_header(desks.file("ru-1")).rows + records
    )
    assert shown > asked
    with pytest.raises(RefusedError, match="arrivals and domestic calls"):
        second(desks, "ru", (asked + shown) / 2)


def test_domestic_records_and_questions_go_together(desks: Desks) -> None:
    """Neither domestic records without questions, nor questions without records."""
    by_1, ru_1, by_2, ru_2 = map(desks.file, FILES)
    with pytest.raises(ConfigError, match="--peer-2 and --domestic"):
        blind_second(desks.ru(domestic=True), ru_2, peer=by_1)
    with pytest.raises(ConfigError, match="--peer-2 and --domestic"):
        blind_second(desks.ru(), ru_2, peer=by_1, peer_2=by_2)
    with pytest.raises(ConfigError, match="Leave --domestic out"):
        desks.by(domestic=(desks.day / "domestic.csv",))
    assert ru_1.exists()


def test_without_domestic_records(desks: Desks) -> None:
    """An arrival side that does not answer about domestic calls pairs all the same."""
    by_1, ru_1, by_2, ru_2 = map(desks.file, FILES)
    blind_second(desks.ru(), ru_2, peer=by_1)
    assert "support" not in read_header(ru_2).columns
    found = pl.read_parquet(pair(desks) / "findings.parquet")
    assert not found.filter(pl.col("kind") == "domestic_arrival").height
    out = desks.post.parent / "ru"
    told = pair_blinded(desks.ru(), out, peer=by_1, peer_2=by_2)
    assert told["inputs"]["domestic"] is None
    kinds = pl.read_parquet(out / "findings.parquet")["kind"]
    assert sorted(kinds) == sorted(found["kind"])
    assert ru_1.exists()


def test_declared_gaps_are_told(desks: Desks, tmp_path: Path) -> None:
    """A gap that one side declares is in its file, and the other goes by it."""
    start = 1_773_140_400_000  # 2026-03-10T11:00Z
    mine = Gap(
        side="arrivals",
        from_ms=start,
        to_ms=start + 600_000,
        point=None,
        why="declared",
    )
    theirs = replace(mine, side="departures")
    at_home = desks.ru(options=Options(declared_gaps=(mine, theirs)))
    header = blind_first(at_home, desks.file("ru-1"))
    assert [(gap.from_ms, gap.why) for gap in header.gaps] == [(start, "declared")]
    told = json.loads((pair(desks) / "summary.json").read_text(encoding="utf-8"))
    declared = [gap for gap in told["gaps"] if gap["why"] == "declared"]
    assert [gap["side"] for gap in declared] == ["arrivals"]
    assert tmp_path.exists()


def test_a_clock_decades_off_stays_at_home(desks: Desks) -> None:
    """Halves whose time no file can hold are left out and counted as rejected."""
    records = pl.read_csv(desks.day / "departures.csv", infer_schema=False)
    reset = records.head(2).with_columns(
        pl.lit("BY-RESET").alias("record_id") + pl.int_range(2).cast(pl.String),
        started_at=pl.lit("1980-01-06T00:00:00Z"),
        answered_at=pl.lit(None, pl.String),
        released_at=pl.lit(None, pl.String),
    )
    odd = desks.post.parent / "odd.csv"
    pl.concat([records, reset]).write_csv(odd)
    header = blind_first(desks.by(records=(odd,)), desks.file("by-1"))
    assert header.rows == read_header(desks.file("by-1")).rows
    assert header.extra["rejected"] == 2
    told = pair_blinded(
        desks.by(records=(odd,)),
        desks.post.parent / "odd",
        peer=desks.file("ru-1"),
        peer_2=desks.file("ru-2"),
    )
    assert told["inputs"]["departures"]["rejected"] == 2


def test_a_trunk_named_like_a_number(desks: Desks) -> None:
    """A trunk whose name may be a number leaves only if its keeper allows it."""
    records = pl.read_csv(desks.day / "arrivals.csv", infer_schema=False)
    odd = desks.post.parent / "odd.csv"
    records.with_columns(trunk=pl.lit("TG20250101")).write_csv(odd)
    at_home = desks.ru(records=(odd,))
    with pytest.raises(RefusedError) as caught:
        blind_first(at_home, desks.file("ru-1"))
    assert caught.value.code == "label-number"
    labels = frozenset({"TG20250101"})
    blind_first(at_home, desks.file("ru-1"), allow_labels=labels)
    by_1, ru_1, by_2, _ = map(desks.file, FILES)
    blind_second(desks.by(), by_2, peer=ru_1)
    assert read_header(by_2).rows
    assert by_1.exists()
