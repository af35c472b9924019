"""Figures that hypothesis draws."""

from hypothesis import strategies as st

from tallystick.harm import (
    NOTICED,
    OUTCOMES,
    Figures,
    Period,
    Redress,
    Replay,
    RuleFigures,
)

OCTOBER = Period(from_ms=1_790_812_800_000, until_ms=1_793_491_200_000)
small = st.one_of(st.integers(0, 25), st.integers(0, 3_000))
replays = st.builds(Replay, honest=small, confirmed=small, unproven=small)


@st.composite
def figures(draw, party="RU", peer="BY"):
    """Draw figures that add up."""
    rules = [
        RuleFigures(rule=f"rule-{number}", mode=mode, action=action, replay=replay)
        for number, (mode, action, replay) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(("live", "dry-run")),
                        st.sampled_from(NOTICED),
                        replays,
                    ),
                    max_size=5,
                )
            )
        )
    ]
    outcomes = {name: draw(small) for name in OUTCOMES}
    acted = sum(one.replay.total for one in rules if one.mode == "live")
    outcomes["no_departure"] += acted
    verified = sum(outcomes.values())
    seen = draw(st.integers(0, OCTOBER.minutes))
    told = st.none() | small
    return Figures(
        party=party,
        peer=peer,
        period=OCTOBER,
        outcomes=outcomes,
        rules=tuple(rules),
        redress=draw(
            st.none() | st.builds(Redress, upheld=small, refused=small, open=small)
        ),
        waited_ms={0: draw(st.integers(0, verified))},
        covered=draw(st.integers(0, verified)),
        minutes_seen=seen,
        minutes_covered=draw(st.integers(0, seen)),
        told=draw(told),
        heard=draw(told),
        open_cases=draw(told),
        overdue_cases=draw(told),
    )
