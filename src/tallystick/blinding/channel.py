"""The channel file: which two keys two parties use with each other.

It holds no secret and is the same to the byte on both sides:

    format = "tallystick-channel/1"
    agreement = "…64 hexadecimal digits…"
    keys = ["tallystick-public-key/1 BY …", "tallystick-public-key/1 RU …"]

Source: spec/tokens.md, "Agreement".
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Final

from tallystick.blinding.agreement import (
    agreement_identifier,
    check_distinct,
    order_by_name,
)
from tallystick.blinding.key import (
    PublicKey,
    encode_public_key,
    fingerprint,
    parse_public_key,
)
from tallystick.model import MalformedError, VerificationError

_FORMAT: Final = re.compile(r"tallystick-channel/([0-9]{1,4})")
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What the channel file says: the two public keys, in order of their names."""

    keys: tuple[PublicKey, PublicKey]

    @property
    def identifier(self) -> str:
        """The name of the agreement, as in `Agreement.identifier`."""
        return agreement_identifier(*self.keys)

    def peer_of(self, own: PublicKey) -> PublicKey:
        """Return the other party's key.

        Raises:
            VerificationError: "channel-own" when `own` is neither of the two.
        """
        if own not in self.keys:
            raise VerificationError(
                "channel-own",
                f"The channel file does not hold for this key of {own.party}.",
                advice="Give the key it was made with, or make it again with "
                "`tally keys agree`.",
            )
        return self.keys[1 - self.keys.index(own)]


def encode_channel(channel: Channel) -> str:
    """Return the text of the channel file."""
    names = " and ".join(key.party for key in channel.keys)
    lines = "".join(f'  "{encode_public_key(key)}",\n' for key in channel.keys)
    prints = "".join(f"#   {key.party}  {fingerprint(key)}\n" for key in channel.keys)
    return (
        f"# Agreement of {names}. Holds no secret; equal on both sides.\n"
        f"# Fingerprints, to be compared by telephone:\n{prints}"
        f'format = "tallystick-channel/{_VERSION}"\n'
        f'agreement = "{channel.identifier}"\n'
        f"keys = [\n{lines}]\n"
    )


def channel_between(one: PublicKey, other: PublicKey) -> Channel:
    """Return the channel of two parties, in order of their names.

    Two equal keys or names are refused with VerificationError "agreement-self".
    """
    check_distinct(one, other)
    return Channel(keys=order_by_name(one, other))


def parse_channel(text: str, *, origin: str = "The channel file") -> Channel:
    """Read a channel file.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    Raises:
        MalformedError: "channel-foreign" or "channel-damaged".
        VerificationError: "channel-version", or what a key in it raises.
    """
    table = _table(text, origin)
    match = _FORMAT.fullmatch(str(table.get("format")))
    if match is None:
        raise MalformedError(
            "channel-foreign",
            f"{origin} is not a Tallystick channel file.",
            advice="Make one with `tally keys agree --out`.",
        )
    if int(match[1]) != _VERSION:
        raise VerificationError(
            "channel-version",
            f"{origin} is of version {match[1]}; this program knows {_VERSION}.",
            advice="Make it again with `tally keys agree`, on both sides.",
        )
    return _channel(table, origin)


def _table(text: str, origin: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # also of a number too long for one
        raise MalformedError(
            "channel-foreign",
            f"{origin} is not TOML.",
            advice="Make one with `tally keys agree --out`.",
        ) from None


def _channel(table: dict[str, object], origin: str) -> Channel:
    lines = table.get("keys")
    if isinstance(lines, list) and len(lines) == 2:
        one, other = (parse_public_key(str(line), origin=origin) for line in lines)
        channel = channel_between(one, other)
        if table.get("agreement") == channel.identifier:
            return channel
    raise MalformedError(
        "channel-damaged",
        f"{origin} does not hold two keys and the name of their agreement.",
        advice="It was changed after it was made: make it again with "
        "`tally keys agree`.",
    )
