"""The published vectors of the log, walked row by row."""

import json
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.blinding import PrivateKey
from tallystick.channel import ClosingRecord, Departure
from tallystick.cluster import decode_batch, encode_batch, log_keys
from tallystick.cluster.events import (
    Asked,
    Closed,
    Departed,
    Ended,
    Found,
    Heard,
    Join,
    Lost,
    Mark,
    Opened,
    Place,
    Probe,
    State,
)
from tallystick.model import MalformedError
from tallystick.pairing.live import LiveHalf

from .make_vectors import CHANNEL, FILES, FOLDER, NOW_MS, REF, RUN, TOKENS

GOOD = json.loads((FOLDER / "good.json").read_text(encoding="utf-8"))
BAD = json.loads((FOLDER / "bad.json").read_text(encoding="utf-8"))
OWN = PrivateKey(party="BY", secret=bytes.fromhex(GOOD["keys"]["private"]))
KEYS = log_keys(OWN, CHANNEL)
ENDING = ClosingRecord(0, True, 4_200, 61_000, 16)
HALF = LiveHalf(0, NOW_MS, *TOKENS[:3], alias=TOKENS[3])
MEANT = {
    "nothing": (),
    "probe": (Probe(),),
    "found": (Found(bytes.fromhex("0102030405060708")),),
    "join": (Join("minsk", ("minsk", "brest"), 2_000),),
    "departed, lost, closed": (
        Departed(REF, Departure(NOW_MS, 1, *TOKENS[:3], 17, 1)),
        Lost(),
        Closed(ENDING._replace(sequence_of=1)),
    ),
    "asked, ended": (Asked(REF, (HALF,), True), Ended(REF, ENDING)),
    "opened, heard": (Opened(), Heard(b"a frame")),
    "mark": (Mark(),),
    "state": (State(Place(NOW_MS, 3), b"a state"),),
}


def test_the_files_are_those_of_the_plain_implementation():
    for name, make in FILES.items():
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert json.loads(text) == make(), name


def test_keys_and_references():
    assert KEYS.refs.hex() == GOOD["keys"]["references"]
    assert KEYS.tags.hex() == GOOD["keys"]["tags"]
    said = GOOD["reference"]
    assert KEYS.ref(said["call_id"]).hex() == said["reference"]


@pytest.mark.parametrize("row", GOOD["batches"], ids=itemgetter("holds"))
def test_batches(row):
    data = bytes.fromhex(row["batch"])
    batch = decode_batch(data, KEYS)
    assert batch[:4] == (RUN, 7, NOW_MS, NOW_MS - 1)
    assert batch.events == MEANT[row["holds"]]
    assert encode_batch(batch, KEYS) == data


@pytest.mark.parametrize("row", BAD["refused"], ids=itemgetter("why"))
def test_batches_that_are_refused(row):
    with pytest.raises(MalformedError):
        decode_batch(bytes.fromhex(row["batch"]), KEYS)


@pytest.mark.parametrize("row", BAD["passed over"], ids=itemgetter("why"))
def test_batches_that_are_passed_over(row):
    assert decode_batch(bytes.fromhex(row["batch"]), KEYS) is None


@pytest.mark.property
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    """Whatever a member writes by mistake, nothing but `MalformedError` comes of it."""
    assert decode_batch(data, KEYS) is None
    body = bytes.fromhex(GOOD["batches"][0]["batch"])[:36] + data
    with_tag = body + KEYS.tag(body)
    try:
        decode_batch(with_tag, KEYS)
    except MalformedError:
        return
