"""Write spec/vectors/tokens/*.json from the plain implementation.

By hand, in the folder tests: python -m blinding.make_vectors --overwrite
Review the difference: a vector that changes is a new version of the construction.
"""

import base64
import json
import sys
from pathlib import Path

from . import plain

FOLDER = Path(__file__).parents[2] / "spec" / "vectors" / "tokens"
# Alice's and Bob's keys of RFC 7748, section 6.1, which prints their shared secret.
SECRETS = {
    "BY": "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    "RU": "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
}
LABELS = [
    ("calls", "2026-11-21", 1, "pair"),
    ("calls", "2026-11-22", 1, "pair"),
    ("calls", "2026-11-21", 2, "pair"),
    ("calls", "2026-11-21", 2, "called"),
    ("calls", "2026-11-21", 2, "calling"),
]
UNREADABLE = -1_234_567_890_123_456_789
PAIRS = [
    ("both numbers", [375291234567, 79161234567]),
    ("the other way round", [79161234567, 375291234567]),
    ("no calling number", [0, 79161234567]),
    ("calling number unreadable", [UNREADABLE, 79161234567]),
    ("neither number", [0, 0]),
    ("least and greatest integers", [-(2**63), 2**63 - 1]),
]
SINGLES = [
    ("a number", [79161234567]),
    ("none", [0]),
    ("unreadable", [UNREADABLE]),
]
# Points of low order on the curve and its twist, each in its one way of writing.
LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    plain.P - 1,
]


def _party(name: str) -> dict[str, str]:
    secret = bytes.fromhex(SECRETS[name])
    point = plain.public(secret)
    return {
        "party": name,
        "private": secret.hex(),
        "public": point.hex(),
        "private_line": plain.line("private", name, secret),
        "public_line": plain.line("public", name, point),
        "fingerprint": plain.fingerprint(name, point),
    }


def _pair() -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    by, ru = (
        (name, plain.public(bytes.fromhex(secret))) for name, secret in SECRETS.items()
    )
    return by, ru


def _tokens(okm: bytes, domain: str, purpose: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for what, parts in PAIRS if purpose == "pair" else SINGLES:
        text = plain.message(domain, purpose, parts)
        token = plain.token(okm, text)
        halves = (token[:8], token[8:])
        hi, lo = (int.from_bytes(half, "big", signed=True) for half in halves)
        rows.append(
            {
                "what": what,
                "parts": [str(part) for part in parts],
                "message": text,
                "token": token.hex(),
                "hi": str(hi),
                "lo": str(lo),
            }
        )
    return rows


def good() -> dict[str, object]:
    """Return the vectors that must hold."""
    one, other = _pair()
    secret = plain.x25519(bytes.fromhex(SECRETS["BY"]), other[1])
    keys = []
    for domain, epoch, number, purpose in LABELS:
        info = plain.info(one, other, domain, epoch, number, purpose)
        okm = plain.hkdf(secret, plain.PROTOCOL, info, 32)
        keys.append(
            {
                "domain": domain,
                "epoch": epoch,
                "round": number,
                "purpose": purpose,
                "info": info.hex(),
                "okm": okm.hex(),
                "tokens": _tokens(okm, domain, purpose),
            }
        )
    return {
        "format": "tallystick-token-vectors/1",
        "protocol": plain.PROTOCOL.decode(),
        "note": "Integers are decimal texts, since they exceed what JavaScript keeps.",
        "parties": [_party("BY"), _party("RU")],
        "shared_secret": secret.hex(),
        "agreement": plain.agreement(one, other),
        "keys": keys,
    }


def _case(what: str, reads: str, value: object, code: str) -> dict[str, object]:
    return {"what": what, "reads": reads, "value": value, "code": code}


def bad() -> dict[str, object]:
    """Return what must be refused, and with which code."""
    by, ru = _party("BY"), _party("RU")
    line = by["public_line"]
    word = line.split()[-1]
    wrong = f"{line[:-6]}{'A' if line[-6] != 'A' else 'B'}{line[-5:]}"
    short = base64.urlsafe_b64encode(bytes(31)).decode()
    p_le = plain.P.to_bytes(32, "little")
    newer = line.replace("key/1", "key/2")
    pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA\n-----END PUBLIC KEY-----\n"
    channel = f'keys = ["{by["public_line"]}", "{ru["public_line"]}"]\n'
    head = 'format = "tallystick-channel/1"\n'
    zeros = f'agreement = "{"0" * 64}"\n'
    cases = [
        _case("empty", "public key", "", "key-foreign"),
        _case("only a comment", "public key", "# a key\n", "key-foreign"),
        _case("PEM", "public key", pem, "key-foreign"),
        _case("SSH", "public key", "ssh-ed25519 AAAAC3Nz me", "key-foreign"),
        _case("a newer version", "public key", newer, "key-version"),
        _case("version nought", "public key", line.replace("/1", "/0"), "key-version"),
        _case("a private key", "public key", by["private_line"], "key-kind"),
        _case("a public key", "private key", line, "key-kind"),
        _case("one letter wrong", "public key", wrong, "key-damaged"),
        _case("one letter lost", "public key", line[:-1], "key-damaged"),
        _case("another's name", "public key", line.replace("BY", "B2"), "key-damaged"),
        _case(
            "no name", "public key", f"tallystick-public-key/1 {word}", "key-foreign"
        ),
        _case("nothing after", "public key", "tallystick-public-key/1", "key-damaged"),
        _case(
            "too short",
            "public key",
            f"tallystick-public-key/1 BY {short}",
            "key-damaged",
        ),
        _case("two keys", "public key", f"{line}\n{ru['public_line']}", "key-several"),
        _case(
            "p, another way to write 0",
            "public key",
            plain.line("public", "BY", p_le),
            "key-point",
        ),
        *(
            _case(
                f"point of low order, number {i}",
                "peer",
                plain.line("public", "XX", u.to_bytes(32, "little")),
                "key-point",
            )
            for i, u in enumerate(LOW_ORDER)
        ),
        _case("one's own key", "peer", line, "agreement-self"),
        _case(
            "one's own name",
            "peer",
            plain.line("public", "BY", bytes.fromhex(ru["public"])),
            "agreement-self",
        ),
        _case("not TOML", "channel", "format: 1", "channel-foreign"),
        _case("another TOML", "channel", "a = 1\n", "channel-foreign"),
        _case(
            "a newer version",
            "channel",
            'format = "tallystick-channel/2"\n',
            "channel-version",
        ),
        _case(
            "another agreement", "channel", head + zeros + channel, "channel-damaged"
        ),
        _case("no keys", "channel", head + zeros, "channel-damaged"),
        _case("a name with a space", "party", "B Y", "name-party"),
        _case("a name of Cyrillic letters", "party", "БЕЛ", "name-party"),
        _case("a name with a colon", "purpose", "pair:1", "name-purpose"),
        _case("an empty epoch", "epoch", "", "name-epoch"),
        _case("capital letters", "domain", "Calls", "name-domain"),
        _case("no parts", "parts", [], "token-parts"),
        _case("more than 64 bits", "parts", [str(2**63)], "token-parts"),
    ]
    return {"format": "tallystick-token-vectors/1", "cases": cases}


def encode(vectors: dict[str, object]) -> str:
    """Return a vector file's text."""
    return json.dumps(vectors, indent=2, ensure_ascii=False) + "\n"


FILES = {"good.json": good, "bad.json": bad}

if __name__ == "__main__":
    if "--overwrite" not in sys.argv:
        sys.exit("Give --overwrite to replace the vectors.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file_name, make in FILES.items():
        (FOLDER / file_name).write_text(encode(make()), encoding="utf-8")
