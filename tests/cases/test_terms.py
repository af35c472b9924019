"""The days that count are those agreed when a case began, to its end."""

from dataclasses import dataclass
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.cases.course import Terms
from tallystick.cases.fold import fold

from .parties import ASKED, DAY, PARTIES, RAISED, T0, say

RECEIVED = {"domain": "calls", "action": "reject", "rule": "missing"}
OBJECTION = "objection/K7QF-2M9X-T4C3"
ABOUTS = {"case/C1": ("raised", RAISED), OBJECTION: ("received", RECEIVED)}
FOLLOWING = (
    ("asked", ASKED),
    ("answered", {"answer": "confirmed"}),
    ("decided", {"decision": "confirmed"}),
    ("decided", {"decision": "upheld"}),
    ("appealed", {"text": "No."}),
    ("closed", {}),
    ("told", {}),
)
days = st.integers(1, 60)
terms = st.builds(
    Terms, ask=days, answer=days, decide=days, appeal=days, close=days, redress=days
)


@dataclass
class Amended:
    """Terms that are others from a moment on."""

    before: Terms
    after: Terms
    from_ms: int

    def at(self, at_ms):
        return self.before if at_ms < self.from_ms else self.after


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(ABOUTS)),
    st.lists(
        st.tuples(
            st.sampled_from(PARTIES), st.sampled_from(FOLLOWING), st.integers(0, 90)
        ),
        max_size=6,
    ),
    terms,
    terms,
    st.integers(-2, 100),
    st.randoms(),
)
def test_an_amended_agreement_changes_no_deadline_that_runs(
    about, steps, before, after, amended_day, order
):
    """Whatever is said when, in whatever order it comes: as if nothing was amended."""
    said = [say("RU", *ABOUTS[about], T0, about=about)]
    for by, (kind, body), day in sorted(steps, key=itemgetter(2)):
        said.append(say(by, kind, body, T0 + day * DAY, said[-1], about=about))
    order.shuffle(said)
    told = {"parties": PARTIES, "now_ms": T0 + 200 * DAY}
    amended = Amended(before, after, T0 + amended_day * DAY)
    plain = before if amended_day > 0 else after
    assert fold(about, said, terms=amended, **told) == fold(
        about, said, terms=plain, **told
    )


def test_every_step_of_an_objection_has_the_days_of_redress():
    """A caller is not kept waiting by the longer days of cases."""
    about = OBJECTION
    asked = {"whom": "BY", "question": "was-sent"}
    steps = (
        ("RU", "received", RECEIVED),
        ("RU", "asked", asked),
        ("BY", "answered", {"answer": "explained"}),
        ("RU", "decided", {"decision": "upheld"}),
    )
    said = []
    for day, (by, kind, body) in enumerate(steps):
        at_ms = T0 + day * DAY
        said.append(say(by, kind, body, at_ms, *said[-1:], about=about))
        state = fold(about, said, parties=PARTIES, terms=Terms(redress=3), now_ms=at_ms)
        assert state.due_ms == at_ms + 3 * DAY
