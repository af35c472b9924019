"""Tokens by the column, some millions a second.

Polars' streaming engine cuts the columns into pieces by itself, works on as many as
there are cores and holds only those, so memory stays bounded and Python has no loop.

Source: spec/tokens.md, "Tokens".
"""

from typing import Final

import polars as pl
import polars_hash as plh

from tallystick.blinding.schedule import TokenKey
from tallystick.model import ConfigError, MalformedError

_HALF_DIGITS: Final = 16  # hexadecimal digits in 64 bits


def token_columns(
    frame: pl.DataFrame, *, parts: tuple[str, ...], key: TokenKey, name: str
) -> pl.DataFrame:
    """Return the tokens of a frame's rows, in their order.

    Args:
        frame: Holds at least the columns `parts`.
        parts: Names of Int64 columns without nulls: a number's digits, 0 for none,
            negative for one that could not be read.
        key: The token key.
        name: What the result's columns begin with.

    Returns:
        Two Int64 columns `{name}_hi` and `{name}_lo`, the token's 16 bytes as two
        signed big-endian integers; equal to `reference.token` on every row.

    A column that is missing, null somewhere or of another type is refused with
    ConfigError or MalformedError, naming the column.

    Bounds: beyond the result, memory for some 100,000 rows a core.
    """
    _check_parts(frame, parts)
    digits = frame.lazy().select(_hex(_message(parts, key), key).alias("token"))
    return digits.select(
        _integer(0).alias(f"{name}_hi"), _integer(_HALF_DIGITS).alias(f"{name}_lo")
    ).collect(engine="streaming")


def _message(parts: tuple[str, ...], key: TokenKey) -> pl.Expr:
    texts = [pl.lit(f"{key.domain}:{key.purpose}")]
    texts += [pl.col(part).cast(pl.String) for part in parts]
    return pl.concat_str(texts, separator=":")


def _hex(text: pl.Expr, key: TokenKey) -> pl.Expr:
    return plh.CryptographicHashingNameSpace(text).hmac_sha256(key=key.text)


def _integer(offset: int) -> pl.Expr:
    half = pl.col("token").str.slice(offset, _HALF_DIGITS)
    unsigned = half.str.to_integer(base=16, dtype=pl.UInt64)
    return unsigned.reinterpret(signed=True)


def _check_parts(frame: pl.DataFrame, parts: tuple[str, ...]) -> None:
    if not parts:
        raise ConfigError("token-parts", "A token needs at least one part.")
    for part in parts:
        if frame.schema.get(part) != pl.Int64:
            raise ConfigError(
                "token-parts", f"Column {part} of a match key is not there as Int64."
            )
        if nulls := frame[part].null_count():
            raise MalformedError(
                "token-null",
                f"Column {part} of a match key is null in {nulls} rows.",
                advice="Write 0 where there is no number.",
            )
