"""What waits to be appended, and how far a member's word reaches."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.cluster import decode_batch, log_keys
from tallystick.cluster.outbox import Outbox

from .test_vectors import CHANNEL, OWN

KEYS = log_keys(OWN, CHANNEL)
MOMENTS = st.integers(0, 1 << 40)


@given(MOMENTS, st.none() | MOMENTS)
def test_a_floor_never_passes_what_was_heard(now_ms: int, heard_ms: int | None) -> None:
    """A member that stood still has calls before its doors that it has not read."""
    batch = decode_batch(
        Outbox(bytes(8), KEYS).batch(now_ms=now_ms, heard_ms=heard_ms), KEYS
    )
    assert batch is not None
    assert batch.floor_ms == (now_ms if heard_ms is None else min(now_ms, heard_ms))
