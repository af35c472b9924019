"""From match keys to tokens, and what else may leave a side.

Keys, randomness and rows are arguments. No number enters an error, and no secret a
`repr`. The construction is spec/tokens.md.
"""

from tallystick.blinding.agreement import Agreement, agree, agreement_text
from tallystick.blinding.allowed import ALLOWED, check_columns, check_values
from tallystick.blinding.channel import (
    Channel,
    channel_between,
    encode_channel,
    parse_channel,
)
from tallystick.blinding.columns import token_columns
from tallystick.blinding.file import read_header, read_rows, write_blinded
from tallystick.blinding.header import (
    BlindedHeader,
    Expected,
    Gap,
    verify_header,
)
from tallystick.blinding.key import (
    PrivateKey,
    PublicKey,
    encode_private_key,
    encode_public_key,
    fingerprint,
    new_private_key,
    parse_private_key,
    parse_public_key,
)
from tallystick.blinding.keyfile import (
    public_key_text,
    read_channel,
    read_private_key,
    read_public_key,
    write_channel,
    write_private_key,
)
from tallystick.blinding.reference import Maker, token, token_integers
from tallystick.blinding.schedule import PURPOSES, TokenKey, token_key

__all__ = [
    "ALLOWED",
    "PURPOSES",
    "Agreement",
    "BlindedHeader",
    "Channel",
    "Expected",
    "Gap",
    "Maker",
    "PrivateKey",
    "PublicKey",
    "TokenKey",
    "agree",
    "agreement_text",
    "channel_between",
    "check_columns",
    "check_values",
    "encode_channel",
    "encode_private_key",
    "encode_public_key",
    "fingerprint",
    "new_private_key",
    "parse_channel",
    "parse_private_key",
    "parse_public_key",
    "public_key_text",
    "read_channel",
    "read_header",
    "read_private_key",
    "read_public_key",
    "read_rows",
    "token",
    "token_columns",
    "token_integers",
    "token_key",
    "verify_header",
    "write_blinded",
    "write_channel",
    "write_private_key",
]
