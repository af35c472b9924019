"""Several nodes of one party that answer as one: a log, and what each makes of it.

Bytes, time and randomness are arguments. The log is spec/log.md.
"""

from tallystick.cluster.codec import decode_batch, encode_batch
from tallystick.cluster.events import BEGINNING, Batch, Join, Place
from tallystick.cluster.keys import TAG_BYTES, LogKeys, log_keys
from tallystick.cluster.member import Member
from tallystick.cluster.replica import Replica, Rules, Word

__all__ = [
    "BEGINNING",
    "TAG_BYTES",
    "Batch",
    "Join",
    "LogKeys",
    "Member",
    "Place",
    "Replica",
    "Rules",
    "Word",
    "decode_batch",
    "encode_batch",
    "log_keys",
]
