"""The flow picture: nothing is lost, nothing is drawn wider than it is."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.report.flow import LINE, TALL, draw_flow, lay_out
from tallystick.report.result import Route
from tallystick.report.texts import texts_in

TEXTS = texts_in("en")
NAMES = st.sampled_from([f"Carrier {index}" for index in range(30)])
ROUTES = st.lists(
    st.builds(
        Route,
        departure_carrier=NAMES,
        departure_trunk=st.just("T"),
        ends=st.sampled_from(["arrivals", "domestic", "nowhere", "unproven", "moon"]),
        arrival_carrier=NAMES,
        arrival_trunk=st.sampled_from(["", "A", "B"]),
        calls=st.integers(0, 100_000),
    ),
    max_size=80,
)


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(routes=ROUTES)
def test_calls_are_conserved_and_names_never_collide(routes):
    """Both columns hold all calls, widths are to scale, names are a line apart."""
    flow = lay_out(routes, TEXTS)
    total = sum(route.calls for route in routes)
    if not total:
        assert flow is None
        return
    assert flow.calls == total == sum(band.calls for band in flow.bands)
    for column in (flow.lefts, flow.rights):
        assert sum(node.calls for node in column) == total
        middles = [node.top + node.height / 2 for node in column]
        for above, below in itertools.pairwise(middles):
            assert below - above >= LINE - 1e-6
    for part in [*flow.lefts, *flow.rights, *flow.bands]:
        assert part.height == pytest.approx(part.calls / total * TALL)


def test_many_carriers_are_folded():
    """Small carriers stand together in one node at the end of their column."""
    routes = [
        Route(
            departure_carrier=f"C{n}", ends="arrivals", arrival_trunk="A", calls=99 - n
        )
        for n in range(40)
    ]
    flow = lay_out(routes, TEXTS)
    assert len(flow.lefts) == 13
    assert flow.lefts[-1].name == TEXTS.count("carriers.others", 28)


def test_ends_that_are_no_arrivals_stand_below():
    """What did not arrive is set apart at the foot, in one fixed order."""
    ends = ("unproven", "nowhere", "arrivals", "domestic")
    routes = [Route(departure_carrier="C", ends=end, calls=9) for end in ends]
    flow = lay_out(routes, TEXTS)
    order = [node.ends for node in flow.rights]
    assert order == ["arrivals", "domestic", "nowhere", "unproven"]


def test_names_are_escaped():
    """A carrier's name is text, whatever it holds."""
    routes = [Route(departure_carrier="<script>", ends="nowhere", calls=1)]
    svg = draw_flow(routes, TEXTS, label='"><b>')
    assert "<script>" not in svg
    assert "<b>" not in svg
    assert "&lt;script&gt;" in svg


def test_nothing_to_draw_is_none():
    """Without calls there is no picture."""
    assert draw_flow([], TEXTS, label="") is None
