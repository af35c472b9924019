"""Taking common URIs and separators off a whole column at once.

It does a part of what `text.clean` does, and must never differ from it: what is not
surely digits in a plain dress is left to `clean`.

Source: spec/numbers.md, "Cleaning".
"""

from typing import Final

import polars as pl

# sip:+375291234567@gw;user=phone, tel:+375-29-..., +7 (916) 123-45-67
_PARAMETER: Final = "[!#$&-;=?-~]*"
_BODY: Final = rf"(?:(?:sips?|tel):)?([+]?[0-9][0-9 ()~-]*)(?:[;@]{_PARAMETER})?"
_PLAIN: Final = f"(?i)^{_BODY}$"
_BRACKETED: Final = f"(?i)^<{_BODY}>(?:;{_PARAMETER})?$"


def undressed(texts: pl.Series) -> pl.Series:
    """Return the digits, with their +, of texts that are digits in plain dress.

    Args:
        texts: As received.

    Returns:
        The digits; null for all other texts.
    """
    text = pl.col("text")
    body = pl.coalesce(text.str.extract(_PLAIN), text.str.extract(_BRACKETED))
    local = text.str.contains("(?i)phone-context")
    digits = body.str.replace_all("[ ()~-]+", "")
    frame = pl.DataFrame({"text": texts})
    return frame.select(pl.when(~local).then(digits)).to_series()
