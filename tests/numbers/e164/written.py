"""Subscribers of two countries and the ways in which their numbers are written."""

import polars as pl
from hypothesis import strategies as st

BY_NUMBERS = st.from_regex(
    r"375(?:29[1-7]|33[36]|44[4-7]|25[567]|17[2-3]|162)[0-9]{6}", fullmatch=True
)
RU_NUMBERS = st.from_regex(
    r"7(?:9[0126][0-9]|49[5689]|81[1-8]|34[1-3]|38[1-5])[0-9]{7}", fullmatch=True
)

# Forms no trunk need be declared for: nothing else can be meant.
CLEAR = {
    "375": ("+{0}", "{0}", "00{0}", "810{0}", "80{1}", "0{1}"),
    "7": ("+{0}", "{0}", "00{0}", "810{0}", "8{1}"),
}
DRESS = (
    "{}",
    "tel:{}",
    "sip:{}@gw.example.net;user=phone",
    "<sip:{}@10.0.0.1:5060>;tag=1",
    "'{}",
    " {} ",
    "{};npdi;rn=+375299",
    '"A Name" <sip:{}@gw>',
)


def forms(digits: str) -> list[str]:
    """Return the clear forms of a number."""
    code = "375" if digits.startswith("375") else "7"
    return [form.format(digits, digits[len(code) :]) for form in CLEAR[code]]


def frame(texts: list[str], trunk: str | list[str] = "T1") -> pl.DataFrame:
    """Return records whose calling and called numbers are these texts."""
    trunks = [trunk] * len(texts) if isinstance(trunk, str) else trunk
    return pl.DataFrame(
        {
            "calling_number": texts,
            "called_number": texts,
            "redirecting_number": texts,
            "trunk": trunks,
        },
        schema_overrides=dict.fromkeys(
            ("calling_number", "called_number", "redirecting_number", "trunk"),
            pl.String,
        ),
    )
