"""The published vectors, walked row by row."""

import json
from operator import itemgetter
from typing import Any

import pytest

from tallystick.blinding import agree
from tallystick.channel import (
    Answering,
    ClosingRecord,
    Data,
    DepartureRecord,
    EpochNotice,
    Frame,
    FrameError,
    FrameReader,
    Heartbeat,
    Hello,
    Opening,
    Position,
    Proof,
    Refusal,
    Refused,
    Resume,
    Resumed,
    Welcome,
    encode_frame,
    encode_terms,
    encode_verifying_key,
    live_token_keys,
    parse_agreement,
    parse_verifying_key,
    sign_terms,
    signing_fingerprint,
    signing_key,
    states_of,
)

from . import plain
from .make_vectors import FILES, FOLDER, FROM_MS, encode
from .parties import BY, RU, check, standing, terms

GOOD = json.loads((FOLDER / "good.json").read_text(encoding="utf-8"))
BAD = json.loads((FOLDER / "bad.json").read_text(encoding="utf-8"))
# Test 1 and 2 of RFC 8032, section 7.1: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a3"
            "3bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15"
            "996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]


def _raw(values: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(values[name]) for name in names]


def _position(values: dict[str, Any]) -> Position:
    return Position(bytes.fromhex(values["stream"]), values["number"])


def _data(values: dict[str, Any]) -> Data:
    departures = tuple(
        DepartureRecord(
            values["first"] + i,
            one["at_ms"],
            *_raw(one, "pair", "called", "calling"),
            states_of(calling=one["calling_state"], called=one["called_state"]),
            one["flags"],
        )
        for i, one in enumerate(values["departures"])
    )
    closings = tuple(
        ClosingRecord(**one | {"answered": bool(one["answered"])})
        for one in values["closings"]
    )
    members = ("number", "first", "from_ms", "watermark_ms", "epoch")
    return Data(*(values[name] for name in members), departures, closings)


def frame_of(row: dict[str, Any]) -> Frame:
    """Return the value of a vector."""
    values = row["values"]
    makers = {
        "hello": lambda: Hello(
            values["oldest"],
            values["newest"],
            *_raw(values, "channel", "terms", "nonce"),
            _position(values),
            values["subscriber"],
            values["publisher"],
        ),
        "welcome": lambda: Welcome(
            values["version"],
            bytes.fromhex(values["nonce"]),
            values["epoch"],
            values["now_ms"],
            bytes.fromhex(values["signature"]),
        ),
        "proof": lambda: Proof(*_raw(values, "signature")),
        "refused": lambda: Refused(
            Refusal(values["code"]), values["oldest"], values["newest"]
        ),
        "data": lambda: _data(values),
        "heartbeat": lambda: Heartbeat(**values),
        "epoch": lambda: EpochNotice(
            values["epoch"], values["starts_ms"], *_raw(values, "check")
        ),
        "resume": lambda: Resume(_position(values)),
        "resumed": lambda: Resumed(
            _position(values), values["next_sequence"], values["from_ms"]
        ),
    }
    return makers[row["what"]]()


@pytest.mark.interop
@pytest.mark.parametrize("row", RFC_8032)
def test_ed25519_of_the_plain_one(row: tuple[str, str, str, str]) -> None:
    """The plain signatures are those that RFC 8032 prints."""
    seed, public, message, signature = map(bytes.fromhex, row)
    assert plain.public(seed) == public
    assert plain.sign(seed, message) == signature


@pytest.mark.parametrize("private", [BY, RU], ids=["BY", "RU"])
def test_signing_keys(private: Any) -> None:
    """A party's signing key, line and fingerprint are those of the vectors."""
    row = next(one for one in GOOD["keys"] if one["party"] == private.party)
    key = signing_key(private)
    assert key.seed.hex() == row["seed"]
    assert key.seed.hex() not in repr(key)
    assert key.public().point.hex() == row["verifying"]
    assert encode_verifying_key(key.public()) == row["verifying_line"]
    assert parse_verifying_key(row["verifying_line"]) == key.public()
    assert signing_fingerprint(key.public()) == row["fingerprint"]


def test_agreement_file() -> None:
    """Two signatures over the terms give the vectors' file."""
    text = encode_terms(terms())
    for private in (BY, RU):
        text = sign_terms(text, signing_key(private))
    assert text == GOOD["agreement"]["text"]
    read = parse_agreement(GOOD["agreement"]["text"])
    assert read.terms == terms()
    assert read.digest.hex() == GOOD["agreement"]["digest"]


@pytest.mark.parametrize("row", GOOD["epochs"], ids=itemgetter("label"))
def test_epochs(row: dict[str, Any]) -> None:
    """Epochs have the labels, beginnings and checks of the vectors."""
    epoch = terms().epoch(row["epoch"])
    assert (epoch.label, epoch.starts_ms) == (row["label"], row["starts_ms"])
    assert check(row["epoch"]).hex() == row["check"]
    keys = live_token_keys(agree(RU, BY.public()), terms(), row["epoch"])
    assert {key.epoch for key in keys.values()} == {row["label"]}
    assert row["check"] not in {key.text[:16] for key in keys.values()}


def test_handshake() -> None:
    """Both sides sign what the vectors say."""
    hello, welcome, proof = map(frame_of, GOOD["handshake"])
    binding = bytes.fromhex(GOOD["binding"])
    assert isinstance(hello, Hello)
    answering = Answering(standing(BY, binding=binding), nonce=bytes(range(32, 64)))
    answer = answering.receive_hello(hello, now_ms=FROM_MS + 3_700_000)
    assert answer == encode_frame(welcome)
    assert answering.receive_proof(proof) == hello.position
    opening = Opening(
        standing(RU, binding=binding), nonce=bytes(range(32)), position=hello.position
    )
    assert opening.hello() == encode_frame(hello)
    assert opening.receive(welcome) == encode_frame(proof)


@pytest.mark.parametrize(
    "row", GOOD["handshake"] + GOOD["frames"], ids=itemgetter("what")
)
def test_frames(row: dict[str, Any]) -> None:
    """Every frame has the vectors' bytes and is read back from them."""
    data = bytes.fromhex(row["frame"])
    assert encode_frame(frame_of(row)) == data
    assert FrameReader().feed(data) == [frame_of(row)]


@pytest.mark.parametrize("row", BAD["cases"], ids=itemgetter("what"))
def test_bad_frames_are_refused(row: dict[str, str]) -> None:
    """Each bad vector is refused with its code, and nothing is read after it."""
    reader = FrameReader()
    with pytest.raises(FrameError) as caught:
        reader.feed(bytes.fromhex(row["frame"]))
    assert caught.value.code == row["code"]
    with pytest.raises(FrameError):
        reader.feed(bytes.fromhex(GOOD["frames"][0]["frame"]))


@pytest.mark.parametrize("name", FILES)
def test_vectors_are_what_the_plain_implementation_makes(name: str) -> None:
    """The files are up to date with the script that makes them."""
    assert (FOLDER / name).read_text(encoding="utf-8") == encode(FILES[name]())
