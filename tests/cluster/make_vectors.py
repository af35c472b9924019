"""Write spec/vectors/log/*.json from the plain implementation.

By hand, in the folder tests: python -m cluster.make_vectors --overwrite
Review the difference: a vector that changes is a new version of the log.
"""

import json
import sys
from pathlib import Path
from typing import Any

from blinding.make_vectors import SECRETS

from . import plain
from .plain import event, number

FOLDER = Path(__file__).parents[2] / "spec" / "vectors" / "log"
CHANNEL = bytes(range(32))
PRIVATE = bytes.fromhex(SECRETS["BY"])
REFS, TAGS = plain.keys(PRIVATE, "BY", CHANNEL)
RUN = bytes.fromhex("a1a2a3a4a5a6a7a8")
NOW_MS = 1_795_224_600_000
TOKENS = [bytes([value]) * 16 for value in (0x11, 0x22, 0x33, 0x44)]
REF = plain.reference(REFS, "7f3a@sbc-1")
CLOSING = number(1, 1) + number(4_200, 4) + number(61_000, 4) + number(16, 1)
DEPARTED = (
    REF
    + number(NOW_MS, 8)
    + number(1, 4)
    + b"".join(TOKENS[:3])
    + number(17, 1)
    + number(1, 1)
)
HALF = b"".join(TOKENS) + number(17, 1) + number(128, 1)

EVENTS = {
    "nothing": [],
    "probe": [event(1)],
    "found": [event(2, bytes.fromhex("0102030405060708"))],
    "join": [event(3, number(2_000, 4) + plain.fields(b"minsk", b"minsk", b"brest"))],
    "departed, lost, closed": [
        event(4, DEPARTED),
        event(5),
        event(6, number(1, 8) + CLOSING),
    ],
    "asked, ended": [
        event(7, REF + number(NOW_MS, 8) + number(1, 1) + number(1, 1) + HALF),
        event(8, REF + number(0, 8) + CLOSING),
    ],
    "opened, heard": [event(9), event(10, b"a frame")],
    "mark": [event(11)],
    "state": [event(12, number(NOW_MS, 8) + number(3, 8) + b"a state")],
}

BROKEN = {
    "another version": {"version": 2},
    "unknown kind": {"events": [event(13)]},
    "a probe with content": {"events": [event(1, b"x")]},
    "a half that breaks off": {"events": [event(4, DEPARTED[:-1])]},
    "a departure of a state that is none": {
        "events": [event(4, DEPARTED[:-2] + number(0x55, 1) + number(0, 1))]
    },
    "an arrival without halves": {
        "events": [event(7, REF + number(NOW_MS, 8) + number(1, 1) + number(0, 1))]
    },
    "an answer to a call that was not answered": {
        "events": [event(6, number(1, 8) + number(0, 1) + CLOSING[1:])]
    },
    "a stream of zero bytes": {"events": [event(2, bytes(8))]},
    "a join that needs nobody": {
        "events": [event(3, number(0, 4) + plain.fields(b"minsk"))]
    },
}


def made(**changes: Any) -> str:
    """Return a batch in hexadecimal digits."""
    usual: dict[str, Any] = {
        "events": [],
        "run": RUN,
        "count": 7,
        "sent_ms": NOW_MS,
        "floor_ms": NOW_MS - 1,
    }
    told = usual | changes
    return plain.batch(TAGS, told.pop("events"), **told).hex()


def good() -> dict[str, Any]:
    """Return what every implementation must agree with."""
    return {
        "keys": {
            "party": "BY",
            "private": PRIVATE.hex(),
            "channel": CHANNEL.hex(),
            "references": REFS.hex(),
            "tags": TAGS.hex(),
        },
        "reference": {"call_id": "7f3a@sbc-1", "reference": REF.hex()},
        "batches": [
            {"holds": name, "batch": made(events=events)}
            for name, events in EVENTS.items()
        ],
    }


def bad() -> dict[str, Any]:
    """Return what must be refused, each with a right tag."""
    return {
        "refused": [
            {"why": why, "batch": made(**changes)} for why, changes in BROKEN.items()
        ],
        "passed over": [
            {"why": "the tag of another party", "batch": made()[:-2] + "00"}
        ],
    }


FILES = {"good.json": good, "bad.json": bad}


def main() -> None:
    """Write the files."""
    if "--overwrite" not in sys.argv:
        raise SystemExit(__doc__)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        text = json.dumps(make(), indent=1) + "\n"
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
