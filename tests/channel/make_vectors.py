"""Write spec/vectors/channel/*.json from the plain implementation.

By hand, in the folder tests: python -m channel.make_vectors --overwrite
Review the difference: a vector that changes is a new version of the channel.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from blinding import plain as tokens
from blinding.make_vectors import SECRETS

from . import plain

FOLDER = Path(__file__).parents[2] / "spec" / "vectors" / "channel"
FROM_MS = 1_795_219_200_000  # 2026-11-21T00:00Z
MEMBERS = {
    "epoch_ms": 3_600_000,
    "overlap_ms": 30_000,
    "window_ms": 8_000,
    "grace_ms": 250,
    "clock_ms": 100,
}
STREAM = "0102030405060708"
BINDING = hashlib.sha256(b"certificate").digest()
NAMES = ("BY", "RU")
POINTS = {name: tokens.public(bytes.fromhex(SECRETS[name])) for name in NAMES}
SEEDS = {name: plain.seed(name, bytes.fromhex(SECRETS[name])) for name in NAMES}
PAIR = [(name, POINTS[name]) for name in NAMES]
CHANNEL = tokens.agreement(*PAIR)


def keys() -> list[dict[str, str]]:
    """Return the parties' signing keys."""
    rows = []
    for name in NAMES:
        point = plain.public(SEEDS[name])
        rows.append(
            {
                "party": name,
                "private": SECRETS[name],
                "seed": SEEDS[name].hex(),
                "verifying": point.hex(),
                "verifying_line": plain.verifying_line(name, point),
                "fingerprint": plain.signing_fingerprint(name, point),
            }
        )
    return rows


def body() -> str:
    """Return the text that both sign."""
    verifying = {name: plain.public(SEEDS[name]) for name in NAMES}
    lines = ["# Terms of the channel between BY and RU. Holds no secret."]
    lines += ["# Fingerprints, to be compared by telephone before signing:"]
    lines += [f"#   {n}  {tokens.fingerprint(n, POINTS[n])}" for n in NAMES]
    lines += [f"#   {n}  {plain.signing_fingerprint(n, verifying[n])}" for n in NAMES]
    lines += ['format = "tallystick-terms/1"', f'channel = "{CHANNEL}"', "keys = ["]
    lines += [f'  "{tokens.line("public", n, POINTS[n])}",' for n in NAMES]
    lines += ["]", "verifying_keys = ["]
    lines += [f'  "{plain.verifying_line(n, verifying[n])}",' for n in NAMES]
    lines += ["]", 'domain = "calls"', 'tokens = "hmac-sha256/1"']
    lines += ["from = 2026-11-21T00:00:00Z", "until = 2027-02-21T00:00:00Z"]
    lines += [f"{name} = {value}" for name, value in MEMBERS.items()]
    return "\n".join(lines) + "\n"


def agreement() -> dict[str, str]:
    """Return the file, and the digest of what is signed."""
    text = body()
    lines = (plain.signature_line(name, SEEDS[name], text) for name in NAMES)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"text": text + "".join(lines), "digest": digest}


def epochs() -> list[dict[str, Any]]:
    """Return some epochs with their labels and checks."""
    shared = tokens.x25519(bytes.fromhex(SECRETS["BY"]), POINTS["RU"])
    rows = []
    labels = ("live.2026-11-21t00.00", "live.2026-11-21t01.00", "live.2026-11-22t00.00")
    for index, label in zip((0, 1, 24), labels, strict=True):
        info = tokens.info(PAIR[0], PAIR[1], "calls", label, 1, "check")
        okm = tokens.hkdf(shared, tokens.PROTOCOL, info, 32)
        starts_ms = FROM_MS + index * MEMBERS["epoch_ms"]
        row = {"epoch": index, "label": label, "starts_ms": starts_ms}
        rows.append(row | {"check": okm[:8].hex()})
    return rows


def handshake() -> list[dict[str, Any]]:
    """Return hello, welcome and proof of one session, RU listening to BY."""
    hello: dict[str, Any] = {
        "oldest": 1,
        "newest": 1,
        "channel": CHANNEL,
        "terms": agreement()["digest"],
        "nonce": bytes(range(32)).hex(),
        "stream": STREAM,
        "number": 7,
        "subscriber": "RU",
        "publisher": "BY",
    }
    welcome: dict[str, Any] = {
        "version": 1,
        "nonce": bytes(range(32, 64)).hex(),
        "epoch": 1,
        "now_ms": FROM_MS + 3_700_000,
        "signature": bytes(64).hex(),
    }
    said = plain.payload("hello", hello)
    unsigned = plain.payload("welcome", welcome)
    signed = plain.transcript("publisher", said, unsigned, BINDING)
    welcome["signature"] = plain.sign(SEEDS["BY"], signed).hex()
    answered = plain.payload("welcome", welcome)
    proved = plain.transcript("subscriber", said, answered, BINDING)
    proof = {"signature": plain.sign(SEEDS["RU"], proved).hex()}
    return [_frame("hello", hello), _frame("welcome", welcome), _frame("proof", proof)]


def _frame(what: str, values: dict[str, Any]) -> dict[str, Any]:
    kind = plain.LAYOUTS[what][0]
    data = plain.frame(kind, plain.payload(what, values))
    return {"what": what, "values": values, "frame": data.hex()}


def _departure(i: int, **changes: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "at_ms": FROM_MS + 3_700_000 - 3 * i,
        "pair": bytes([i] * 16).hex(),
        "called": bytes([i + 100] * 16).hex(),
        "calling": bytes(16).hex(),
        "calling_state": i % 3,
        "called_state": 1,
        "flags": i % 4,
    }
    return values | changes


CLOSED = {"answered": 1, "answer_ms": 4_200, "duration_ms": 61_000, "cause": 16}
UNANSWERED = {"answered": 0, "answer_ms": 0, "duration_ms": 0, "cause": 19}


def frames() -> list[dict[str, Any]]:
    """Return one frame of every kind after the handshake."""
    promise = {"from_ms": FROM_MS, "watermark_ms": FROM_MS + 3_699_980}
    data = {"number": 7, "first": 41, "epoch": 1, **promise}
    ends = [{"sequence_of": 3, **CLOSED}, {"sequence_of": 41, **UNANSWERED}]
    cases = {
        "both": data
        | {"departures": list(map(_departure, range(3))), "closings": ends},
        "departures": data | {"departures": [_departure(9)], "closings": []},
        "closings": data | {"departures": [], "closings": ends},
        "nothing": data | {"departures": [], "closings": [], "watermark_ms": 0},
    }
    rows = [
        {
            "what": "data",
            "values": values,
            "frame": plain.frame(5, plain.data_payload(values)).hex(),
        }
        for values in cases.values()
    ]
    now = {"now_ms": FROM_MS + 3_700_000}
    resumed = {"stream": STREAM, "number": 7, "next_sequence": 41, "from_ms": FROM_MS}
    announced = {name: epochs()[1][name] for name in ("epoch", "starts_ms", "check")}
    rows += [
        _frame("heartbeat", {"number": 7, "next_sequence": 44, **promise, **now}),
        _frame("epoch", announced),
        _frame("resume", {"stream": STREAM, "number": 7}),
        _frame("resumed", resumed),
        _frame("refused", {"code": 1, "oldest": 1, "newest": 1}),
    ]
    return rows


def bad() -> list[dict[str, str]]:
    """Return bytes that are refused, each with its code."""
    good = bytes.fromhex(frames()[0]["frame"])
    values = frames()[0]["values"]

    def case(what: str, code: str, data: bytes) -> dict[str, str]:
        return {"what": what, "code": code, "frame": data.hex()}

    def changed(what: str, **changes: Any) -> dict[str, str]:
        data = plain.frame(5, plain.data_payload(values | changes))
        return case(what, "frame-value", data)

    payload = plain.data_payload(values)
    late = 4_102_444_800_001
    return [
        case("another protocol", "frame-magic", b"GET / HTTP/1.1\r\n\r\n"),
        case("a later layout", "frame-version", good[:2] + b"\x02" + good[3:]),
        case("a kind nobody knows", "frame-kind", plain.frame(99, b"")),
        case("kind zero", "frame-kind", plain.frame(0, b"")),
        case("too long", "frame-length", good[:4] + (2**20).to_bytes(4, "big")),
        case("one bit is another", "frame-checksum", good[:20] + b"\xff" + good[21:]),
        case("checksum cut", "frame-checksum", good[:-4] + bytes(4)),
        case("a byte too many", "frame-layout", plain.frame(5, payload + b"\0")),
        case("a byte too few", "frame-layout", plain.frame(5, payload[:-1])),
        case("no head", "frame-layout", plain.frame(5, payload[:40])),
        case("heartbeat cut", "frame-layout", plain.frame(6, bytes(39))),
        case("names cut", "frame-layout", plain.frame(1, bytes([1] * 115))),
        changed("number zero", number=0),
        changed("sequence zero", first=0),
        changed("sequence too great", first=2**63),
        changed("promise from 1970", from_ms=0),
        changed("watermark after 2100", watermark_ms=late),
        changed("called state unknown", departures=[_departure(1, called_state=3)]),
        changed("calling state unknown", departures=[_departure(1, calling_state=3)]),
        changed("flag unknown", departures=[_departure(1, flags=4)]),
        changed("departure of 1970", departures=[_departure(1, at_ms=0)]),
        changed("departure after 2100", departures=[_departure(1, at_ms=late)]),
        changed("end of call zero", closings=[{"sequence_of": 0, **CLOSED}]),
        changed("cause unknown", closings=[{"sequence_of": 1, **CLOSED, "cause": 128}]),
        changed(
            "half answered", closings=[{"sequence_of": 1, **CLOSED, "answered": 2}]
        ),
        changed(
            "not answered, yet long",
            closings=[{"sequence_of": 1, **UNANSWERED, "duration_ms": 1}],
        ),
        case("refusal unknown", "frame-value", plain.frame(4, b"\xff\x01\x01")),
        case("hello of no version", "frame-value", plain.frame(1, bytes(114))),
        case("resume from zero", "frame-value", plain.frame(8, bytes(16))),
    ]


def good() -> dict[str, Any]:
    """Return all that is right."""
    return {
        "keys": keys(),
        "agreement": agreement(),
        "epochs": epochs(),
        "binding": BINDING.hex(),
        "handshake": handshake(),
        "frames": frames(),
    }


FILES = {"good.json": good, "bad.json": lambda: {"cases": bad()}}


def encode(value: object) -> str:
    """Return the text of a file."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for file, make in FILES.items():
        path = FOLDER / file
        if path.exists() and "--overwrite" not in sys.argv:
            sys.exit(f"{path} is there; give --overwrite")
        path.write_text(encode(make()), encoding="utf-8")
