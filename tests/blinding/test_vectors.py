"""The published vectors and our own, walked row by row."""

import json
from collections.abc import Callable
from operator import itemgetter

import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.blinding import (
    Agreement,
    PrivateKey,
    PublicKey,
    TokenKey,
    agree,
    encode_private_key,
    encode_public_key,
    fingerprint,
    parse_channel,
    parse_private_key,
    parse_public_key,
    token,
    token_columns,
    token_integers,
    token_key,
)
from tallystick.blinding.reference import message
from tallystick.blinding.schedule import key_info
from tallystick.blinding.transcript import check_name
from tallystick.model import TallystickError

from . import plain
from .make_vectors import FILES, FOLDER, encode
from .parties import key

GOOD = json.loads((FOLDER / "good.json").read_text(encoding="utf-8"))
BAD = json.loads((FOLDER / "bad.json").read_text(encoding="utf-8"))
RFC = json.loads((FOLDER / "rfc.json").read_text(encoding="utf-8"))
KEYS = GOOD["keys"]


def _id(row: dict[str, str]) -> str:
    return str(row.get("source") or row.get("what") or row.get("purpose"))


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    """Return the agreement of the vectors' two parties."""
    by, ru = GOOD["parties"]
    return agree(
        parse_private_key(by["private_line"]), parse_public_key(ru["public_line"])
    )


@pytest.mark.interop
@pytest.mark.parametrize("row", RFC["x25519"], ids=_id)
def test_x25519_of_the_library_and_of_the_plain_one(row: dict[str, str]) -> None:
    """Both implementations give what RFC 7748 prints."""
    scalar, point = bytes.fromhex(row["scalar"]), bytes.fromhex(row["point"])
    private = X25519PrivateKey.from_private_bytes(scalar)
    shared = private.exchange(X25519PublicKey.from_public_bytes(point))
    assert shared.hex() == row["output"]
    assert plain.x25519(scalar, point).hex() == row["output"]
    shown = PrivateKey(party="X", secret=scalar).public().point
    assert row.get("scalar_public", shown.hex()) == shown.hex()


@pytest.mark.interop
@pytest.mark.parametrize("row", RFC["hkdf_sha256"], ids=_id)
def test_hkdf_of_the_library_and_of_the_plain_one(row: dict[str, str]) -> None:
    """Both implementations give what RFC 5869 prints."""
    secret, salt, info = (bytes.fromhex(row[n]) for n in ("secret", "salt", "info"))
    length = len(row["output"]) // 2
    library = HKDF(algorithm=SHA256(), length=length, salt=salt, info=info)
    assert library.derive(secret).hex() == row["output"]
    assert plain.hkdf(secret, salt, info, length).hex() == row["output"]


@pytest.mark.parametrize("row", GOOD["parties"], ids=itemgetter("party"))
def test_keys(row: dict[str, str]) -> None:
    """A party's key has the point, lines and fingerprint of the vectors."""
    private = parse_private_key(row["private_line"])
    public = parse_public_key(row["public_line"])
    assert private == PrivateKey(
        party=row["party"], secret=bytes.fromhex(row["private"])
    )
    assert private.public() == public
    assert public == PublicKey(party=row["party"], point=bytes.fromhex(row["public"]))
    assert encode_private_key(private) == row["private_line"]
    assert encode_public_key(public) == row["public_line"]
    assert fingerprint(public) == row["fingerprint"]


def test_agreement(agreement: Agreement) -> None:
    """The shared secret is the RFC's; the agreement has the vectors' name."""
    assert agreement.secret.hex() == GOOD["shared_secret"] == RFC["x25519"][1]["output"]
    assert agreement.identifier == GOOD["agreement"]


@pytest.mark.parametrize("row", KEYS, ids=lambda r: f"{r['epoch']}-{r['purpose']}")
def test_schedule_and_tokens(row: dict[str, object], agreement: Agreement) -> None:
    """Derived keys and tokens are the vectors', one by one and by the column."""
    labels = {name: row[name] for name in ("domain", "epoch", "purpose")}
    labels["round_number"] = row["round"]
    assert key_info(agreement, **labels).hex() == row["info"]  # type: ignore[arg-type]
    derived = token_key(agreement, **labels)  # type: ignore[arg-type]
    assert derived.text == row["okm"]
    for one in row["tokens"]:  # type: ignore[attr-defined]
        _check_token(one, derived)


def _check_token(row: dict[str, object], derived: TokenKey) -> None:
    parts = [int(part) for part in row["parts"]]  # type: ignore[attr-defined]
    assert message(parts, derived).decode() == row["message"]
    value = token(parts, derived)
    assert value.hex() == row["token"]
    assert [str(half) for half in token_integers(value)] == [row["hi"], row["lo"]]
    names = tuple(f"part{i}" for i in range(len(parts)))
    frame = pl.DataFrame([parts], schema=dict.fromkeys(names, pl.Int64), orient="row")
    columns = token_columns(frame, parts=names, key=derived, name="t")
    assert columns.row(0) == token_integers(value)


def test_every_key_and_token_of_the_vectors_is_another() -> None:
    """Epochs, rounds and purposes give tokens that never compare."""
    tokens = [one["token"] for row in KEYS for one in row["tokens"]]
    assert len(set(tokens)) == len(tokens)
    assert len({row["okm"] for row in KEYS}) == len(KEYS)


READERS: dict[str, Callable[[str], object]] = {
    "public key": parse_public_key,
    "private key": parse_private_key,
    "channel": parse_channel,
    "peer": lambda line: agree(
        parse_private_key(GOOD["parties"][0]["private_line"]), parse_public_key(line)
    ),
    "party": lambda name: check_name("party", name),
    "purpose": lambda name: check_name("purpose", name),
    "epoch": lambda name: check_name("epoch", name),
    "domain": lambda name: check_name("domain", name),
    "parts": lambda parts: token([int(part) for part in parts], key()),
}


@pytest.mark.parametrize("row", BAD["cases"], ids=_id)
def test_bad_vectors_are_refused(row: dict[str, str]) -> None:
    """Each bad vector is refused with its code."""
    with pytest.raises(TallystickError) as caught:
        READERS[row["reads"]](row["value"])
    assert caught.value.code == row["code"]


@pytest.mark.parametrize("name", FILES)
def test_vectors_are_what_the_plain_implementation_makes(name: str) -> None:
    """The files are up to date with the script that makes them."""
    assert (FOLDER / name).read_text(encoding="utf-8") == encode(FILES[name]())
