"""Joins the INVITE and BYE rows of Kamailio's acc table to calls.

One row stands for one transaction and carries the time at which its final response
was written down, so the start of a call is known only as the moment of its answer or
refusal. Rows of one Call-ID are one call.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import polars as pl

from tallystick.domains.calls.records.batch import Reject
from tallystick.domains.calls.records.causes import NORMAL_CLEARING
from tallystick.domains.calls.records.delimited import DelimitedReader
from tallystick.domains.calls.records.formats import Detected
from tallystick.domains.calls.records.layout import Layout
from tallystick.domains.calls.records.local import WallClock
from tallystick.domains.calls.records.rows import Rows
from tallystick.domains.calls.records.times import parse_times

# A call is handed out when this much later rows have come, so that a repeated BYE
# or a second attempt after a refusal still finds it.
SETTLED_MS: Final = {"ended": 60_000, "refused": 3_600_000}
# More rows than this wait for their call to end: the oldest are handed out as open.
MAX_HELD_ROWS: Final = 2_000_000

_BAD_TIME: Final = "The time of the row cannot be read, or its zone is not known."
_NO_INVITE: Final = (
    "The BYE ends a call whose INVITE is not in the file: its start is not known."
)
_COLUMNS: Final = {
    "record_id": ("callid",),
    "calling_number": ("calling",),
    "called_number": ("called",),
    "started_at": ("started_ms",),
    "answered_at": ("answered_ms",),
    "released_at": ("released_ms",),
    "duration_s": ("talked_ms",),
    "trunk": ("came_from",),
    "release_cause": ("cause",),
}
_INNER: Final = ("line:", "ms:", "method:", "code:")


class AccReader:
    """The calls of one acc table.

    Bounds: MAX_HELD_ROWS rows of calls that have not ended, about 1 GB at worst.
    """

    def __init__(self, detected: Detected, *, batch_rows: int) -> None:
        self._source = DelimitedReader(detected, batch_rows=batch_rows)
        self.stream = self._source.stream
        source = self._source.layout
        self._read = source
        self.layout = Layout(
            source.file,
            replace(
                source.mapping,
                columns=dict(_COLUMNS),
                duration_unit="ms",
                time_format="epoch_ms",
            ),
            dict(_COLUMNS),
            open_calls=True,
        )
        zone = source.mapping.zone
        self._clock = WallClock(zone) if zone else None
        self._held = pl.DataFrame()
        self._newest_ms = 0

    def rows(self) -> Iterator[Rows]:
        """Yield calls as they end, at last those that have not."""
        for rows in self._source.rows():
            timed, rejects = self._timed(rows)
            self._held = pl.concat([self._held, timed], how="diagonal")
            self._newest_ms = max(self._newest_ms, _highest(timed))
            yield self._calls(rejects, last=False)
        yield self._calls([], last=True)

    def _timed(self, rows: Rows) -> tuple[pl.DataFrame, list[Reject]]:
        """Return the INVITE and BYE rows with their time; rejects without."""
        frame, mapping = rows.frame, self._read.mapping
        column = self._read.sources["started_at"][0]
        given = frame[column].set(frame[column].is_in(mapping.nulls), "")
        times = parse_times(given, mapping.time_format)
        ms = times.utc_ms
        if times.wall is not None and self._clock is not None:
            nothing = pl.repeat(None, len(ms), dtype=pl.Int64, eager=True)
            walls = {"started_at": times.wall}
            placed = self._clock.place(walls, nothing, nothing)["started_at"]
            ms = ms.zip_with(ms.is_not_null(), placed)
        names = {name.strip().lower(): name for name in frame.columns}
        timed = frame.with_columns(
            rows.lines.alias("line:"),
            ms.alias("ms:"),
            pl.col(names["method"])
            .str.strip_chars()
            .str.to_uppercase()
            .alias("method:"),
            pl.col(names["sip_code"]).str.strip_chars().alias("code:"),
            pl.col(names["callid"]).alias("callid"),
        ).filter(pl.col("method:").is_in(["INVITE", "BYE"]))
        bad = timed.filter(pl.col("ms:").is_null())["line:"].to_list()
        rejects = [*rows.rejects, *(Reject(line, column, _BAD_TIME) for line in bad)]
        return timed.filter(pl.col("ms:").is_not_null()), rejects

    def _calls(self, rejects: list[Reject], *, last: bool) -> Rows:
        """Take out of the held rows the calls that are settled."""
        calls = self._grouped()
        if not last:
            calls = calls.filter(self._settled(calls.height))
        self._held = self._held.join(calls, on="callid", how="anti")
        orphans = calls.filter(pl.col("started_ms").is_null())["line:"].to_list()
        calls = calls.filter(pl.col("started_ms").is_not_null())
        return Rows(
            calls.drop("line:", "newest:"),
            calls["line:"],
            [*rejects, *(Reject(line, "method", _NO_INVITE) for line in orphans)],
        )

    def _settled(self, height: int) -> pl.Expr:
        if height > MAX_HELD_ROWS // 2:
            return pl.lit(value=True)
        ended = (
            pl.col("released_ms").is_not_null() & pl.col("answered_ms").is_not_null()
        )
        refused = pl.col("answered_ms").is_null()
        age = self._newest_ms - pl.col("newest:")
        return (ended & (age > SETTLED_MS["ended"])) | (
            refused & (age > SETTLED_MS["refused"])
        )

    def _grouped(self) -> pl.DataFrame:
        """Return one row per Call-ID of the held rows."""
        invite, bye = pl.col("method:") == "INVITE", pl.col("method:") == "BYE"
        accepted = invite & pl.col("code:").str.starts_with("2")
        sources = self._read.sources
        firsts = {
            "calling": sources["calling_number"][0],
            "called": sources["called_number"][0],
            "came_from": sources["trunk"][0] if "trunk" in sources else "",
        }
        taken = {name for names in sources.values() for name in names}
        carried = [
            name
            for name in self._held.columns
            if name not in {*taken, *_INNER, "callid"} and name.lower() not in _SPENT
        ]
        return (
            self._held.group_by("callid", maintain_order=True)
            .agg(
                pl.col("line:").min(),
                pl.col("ms:").max().alias("newest:"),
                pl.col("ms:").filter(invite).min().alias("started_ms"),
                pl.col("ms:").filter(accepted).min().alias("answered_ms"),
                pl.col("ms:").filter(bye).min().alias("ended:"),
                pl.col("ms:").filter(invite).max().alias("refused:"),
                pl.col("code:").filter(invite).last().fill_null("").alias("final:"),
                *(
                    pl.col(source).filter(invite).first().fill_null("").alias(name)
                    if source
                    else pl.lit("").alias(name)
                    for name, source in firsts.items()
                ),
                *(pl.col(name).first().fill_null("") for name in carried),
            )
            .with_columns(
                released_ms=pl.when(pl.col("answered_ms").is_not_null())
                .then(pl.col("ended:"))
                .otherwise(pl.col("refused:")),
            )
            .with_columns(
                talked_ms=pl.when(pl.col("answered_ms").is_null())
                .then(0)
                .otherwise(pl.col("released_ms") - pl.col("answered_ms")),
                cause=pl.when(pl.col("answered_ms").is_null())
                .then(pl.col("final:"))
                .when(pl.col("released_ms").is_not_null())
                .then(pl.lit(str(NORMAL_CLEARING)))
                .otherwise(pl.lit("")),
            )
            .drop("ended:", "refused:", "final:")
        )


# Columns that a call has used up.
_SPENT: Final = {"method", "sip_code", "sip_reason", "time"}


def _highest(timed: pl.DataFrame) -> int:
    highest = timed["ms:"].max()
    return highest if isinstance(highest, int) else 0
