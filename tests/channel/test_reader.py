"""From bytes to frames, however they are cut and whatever they are."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.channel import FRAME_FAULTS, Frame, FrameError, FrameReader
from tallystick.channel.codec import GREETING_LIMIT, PAYLOAD_LIMIT, seal
from tallystick.channel.frame import Kind

from .make_vectors import FOLDER

GOOD = json.loads((FOLDER / "good.json").read_text(encoding="utf-8"))
FRAMES = [bytes.fromhex(row["frame"]) for row in GOOD["handshake"] + GOOD["frames"]]
WHOLE = b"".join(FRAMES)
KINDS = st.sampled_from([*map(int, Kind), 0, 77])


def read(parts: list[bytes]) -> tuple[list[Frame], str | None]:
    """Feed the parts; return the frames and the code of the fault."""
    reader, frames = FrameReader(), []
    reader.widen()
    for part in parts:
        try:
            frames += reader.feed(part)
        except FrameError as error:
            return frames, error.code
    return frames, reader.fault.code if reader.fault else None


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """Cut bytes at places."""
    places = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@pytest.mark.property
@given(st.lists(st.integers(0, len(WHOLE)), max_size=40))
def test_any_cut_gives_the_same_frames(at: list[int]) -> None:
    """Frames do not depend on how the bytes are cut."""
    assert read(cut(WHOLE, at)) == read([WHOLE])
    assert len(read([WHOLE])[0]) == len(FRAMES)


def test_byte_by_byte() -> None:
    """One byte at a time gives the same frames."""
    assert read([bytes([byte]) for byte in WHOLE]) == read([WHOLE])


@pytest.mark.property
@given(
    st.integers(0, len(WHOLE) - 1),
    st.binary(min_size=1, max_size=6),
    st.lists(st.integers(0, len(WHOLE)), max_size=6),
)
def test_damaged_bytes_give_a_prefix(place: int, bits: bytes, at: list[int]) -> None:
    """Damage ends the stream; what came before it is what was sent, however cut."""
    damaged = WHOLE[:place] + bits + WHOLE[place + len(bits) :]
    frames, code = read([damaged])
    assert frames == read([WHOLE])[0][: len(frames)]
    assert code is None or code in FRAME_FAULTS
    assert read(cut(damaged, at)) == (frames, code)


@pytest.mark.property
@given(KINDS, st.binary(max_size=400))
def test_any_payload_is_read_or_refused(kind: int, payload: bytes) -> None:
    """A rightly sealed frame of any bytes raises nothing but FrameError."""
    frames, code = read([seal(kind, payload)])
    assert (len(frames) == 1) != (code is not None)


@pytest.mark.property
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Bytes of any kind raise nothing but FrameError."""
    frames, _ = read([data])
    assert frames == []


def test_an_unknown_peer_gets_little_room() -> None:
    """Before the proof a long frame is refused by its head; after it, a longer one."""
    head = b"TY\x01\x05"
    for limit, reader in (
        (GREETING_LIMIT, FrameReader()),
        (PAYLOAD_LIMIT, FrameReader()),
    ):
        if limit == PAYLOAD_LIMIT:
            reader.widen()
        assert reader.feed(head + limit.to_bytes(4, "big")) == []
        other = FrameReader()
        if limit == PAYLOAD_LIMIT:
            other.widen()
        with pytest.raises(FrameError) as caught:
            other.feed(head + (limit + 1).to_bytes(4, "big"))
        assert caught.value.code == "frame-length"
