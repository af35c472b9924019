"""What the head of a request must say before its content is read.

Source: spec/stir-http.md, "The head of a request".
"""

from collections.abc import Mapping
from typing import Final

from tallystick.domains.calls.stir.errors import FaultError

JSON: Final = "application/json"
_ADMITTING: Final = frozenset({JSON, "application/*", "*/*"})
_NO_WEIGHT: Final = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})


def check_head(headers: Mapping[bytes, bytes], body: bytes) -> None:
    """Hold the head of a POST against what the interface asks for.

    Args:
        headers: By name in lower case.
        body: The content.

    Raises:
        FaultError: length-missing, body-missing, body-type or answer-type.
    """
    if b"content-length" not in headers and b"transfer-encoding" not in headers:
        raise FaultError("length-missing")
    if not body.strip():
        raise FaultError("body-missing")
    kind = _media_type(headers.get(b"content-type", JSON.encode()))
    if kind != JSON:
        raise FaultError("body-type", JSON)
    accept = headers.get(b"accept", b"*/*")
    if not any(_admits(one) for one in accept.split(b",")):
        raise FaultError("answer-type", "other than " + JSON)


def _media_type(value: bytes) -> str:
    return value.partition(b";")[0].strip().lower().decode("latin-1")


def _admits(wanted: bytes) -> bool:
    weights = {
        one.replace(b" ", b"").lower().decode("latin-1")
        for one in wanted.split(b";")[1:]
    }
    return _media_type(wanted) in _ADMITTING and weights.isdisjoint(_NO_WEIGHT)
