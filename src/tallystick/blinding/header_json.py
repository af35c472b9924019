"""A blinded file's header as JSON.

Source: spec/tokens.md, "The blinded file".
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Final

from tallystick.blinding.allowed import (
    COUNT_LIMIT,
    YEAR_2000_MS,
    YEAR_2100_MS,
    check_columns,
    looks_like_number,
)
from tallystick.blinding.header import FORMAT, BlindedHeader, Gap, Plain
from tallystick.model import (
    ConfigError,
    MalformedError,
    RefusedError,
    VerificationError,
)

HEADER_LIMIT: Final = 4_194_304  # bytes; room for some 50,000 gaps


def encode_header(header: BlindedHeader) -> bytes:
    """Return the header as JSON.

    A column that may not leave is refused with RefusedError "column-refused".

    Raises:
        RefusedError: "header-number" when a text in it looks like a telephone number,
            "header-size" when it is too long.
        ConfigError: "header-extra" when an extra fact is not plain.
    """
    check_columns(
        header.columns, domain=header.domain, round_number=header.round_number
    )
    if any(looks_like_number(text) for text in _free_texts(header)):
        raise RefusedError(
            "header-number",
            "A text or figure in the file's header looks like a telephone number.",
            advice="Look at the names of trunks in the gaps, and at the extra facts.",
        )
    table = asdict(header)
    table["round"] = table.pop("round_number")
    if not all(map(_is_plain, header.extra.values())):
        raise ConfigError(
            "header-extra", "An extra fact is neither text, finite number nor boolean."
        )
    data = json.dumps(table, ensure_ascii=False, allow_nan=False).encode()
    if len(data) > HEADER_LIMIT:
        raise RefusedError("header-size", "The file's header is too long.")
    return data


def parse_header(data: bytes, *, origin: str = "The file") -> BlindedHeader:
    """Read a header. Members it does not know are passed over.

    Args:
        data: JSON, as `encode_header` writes it.
        origin: How to name the file in errors.

    Raises:
        VerificationError: "blinded-version".
        MalformedError: "blinded-header".
    """
    members = _Members(table=_json_object(data, origin), origin=origin)
    if members.text("format") != FORMAT:
        raise VerificationError(
            "blinded-version",
            f"{origin} is not of the format {FORMAT} that this program knows.",
            advice="Both sides must use versions of Tallystick that know the same "
            "format: the one with the older program should update.",
        )
    try:
        return _header(members)
    except ConfigError as error:
        raise MalformedError(
            "blinded-header", f"{origin} has a header that cannot be meant. {error}"
        ) from None


def _header(members: "_Members") -> BlindedHeader:
    return BlindedHeader(
        domain=members.text("domain"),
        round_number=members.whole("round"),
        epoch=members.text("epoch"),
        side=members.text("side"),
        party=members.text("party"),
        peer=members.text("peer"),
        agreement=members.text("agreement"),
        columns=members.texts("columns"),
        coverage_from_ms=members.whole("coverage_from_ms"),
        coverage_to_ms=members.whole("coverage_to_ms"),
        rows=members.whole("rows"),
        gaps=members.gaps("gaps"),
        extra=members.plain("extra"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Members:
    """A JSON object's members, read by type; anything else raises with the name."""

    table: dict[str, object]
    origin: str

    def text(self, name: str) -> str:
        value = self.table.get(name)
        if isinstance(value, str):
            return value
        raise _unreadable(self.origin, f"at {name!r}")

    def whole(self, name: str) -> int:
        value = self.table.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _unreadable(self.origin, f"at {name!r}")

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.table.get(name)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise _unreadable(self.origin, f"at {name!r}")

    def gaps(self, name: str) -> tuple[Gap, ...]:
        value = self.table.get(name)
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return tuple(_gap(_Members(table=g, origin=self.origin)) for g in value)
        raise _unreadable(self.origin, f"at {name!r}")

    def plain(self, name: str) -> dict[str, Plain]:
        value = self.table.get(name)
        if isinstance(value, dict) and all(map(_is_plain, value.values())):
            return value
        raise _unreadable(self.origin, f"at {name!r}")


def _gap(members: _Members) -> Gap:
    return Gap(
        from_ms=members.whole("from_ms"),
        to_ms=members.whole("to_ms"),
        trunk=None if members.table.get("trunk") is None else members.text("trunk"),
        why=members.text("why"),
    )


def _json_object(data: bytes, origin: str) -> dict[str, object]:
    table = None
    if len(data) <= HEADER_LIMIT:
        try:
            table = json.loads(data)
        except (ValueError, RecursionError):
            table = None
    if not isinstance(table, dict):
        raise _unreadable(origin, "as a whole")
    return table


def _free_texts(header: BlindedHeader) -> list[str]:
    """Return what stands in a header and no grammar restricts."""
    texts = [text for gap in header.gaps for text in (gap.trunk or "", gap.why)]
    for name, value in header.extra.items():
        plain = isinstance(value, bool | int | float) and not _is_suspect(value)
        texts += [name] if plain else [name, str(value)]
    return texts


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


def _is_suspect(value: float) -> bool:
    """Tell whether a figure is neither a count nor a time."""
    return abs(value) > COUNT_LIMIT and not YEAR_2000_MS <= value <= YEAR_2100_MS


def _unreadable(origin: str, where: str) -> MalformedError:
    return MalformedError(
        "blinded-header",
        f"{origin} has a header that cannot be read {where}.",
        advice="Ask the peer to blind again.",
    )
