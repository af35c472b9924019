"""What both sides measure of a telephone call."""

from hypothesis import strategies as st

from tallystick.domains.calls import SPEC
from tallystick.testing.strategies import Measured, worlds

ERRORS_MS = (0, 0, -300, 400)


@st.composite
def measured_calls(draw: st.DrawFn) -> Measured:
    """Draw a call, unanswered or answered, as two keepers note it."""
    ring_ms = 1000 * draw(st.integers(1, 30))
    talk_ms = 1000 * draw(st.sampled_from((0, 0, 1, 7, 30, 60, 61, 185, 600)))

    def noted() -> dict[str, object]:
        held = ring_ms + draw(st.sampled_from(ERRORS_MS))
        return {
            "duration_ms": talk_ms and talk_ms + draw(st.sampled_from(ERRORS_MS)),
            "answered": talk_ms > 0,
            "answer_ms": held if talk_ms else None,
            "end_ms": held + talk_ms,
        }

    return noted(), noted()


CALLS = worlds(SPEC, values=measured_calls())
