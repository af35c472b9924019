"""Where a node does otherwise than the parties' agreement says.

Rules, their budgets and the days of objections are obeyed as they stand. Other numbers
a node has from its terms and settings, or of itself: each is compared here.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tallystick.agreement.text import AgreementText
from tallystick.model import TallystickError
from tallystick.node.agreed import read_life
from tallystick.node.config.check_files import Result
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.pairing.live import Hold
from tallystick.pairing.live.closing import LEAST_MS

_SECOND_MS: Final = 1_000


class _Compared(NamedTuple):
    """A number that both the agreement and the node have.

    Attributes:
        place: Where the agreement has it.
        agreed: Reads it there.
        done: What the node does.
        where: What says so to the node.
        at_most: Whether less is as good.
    """

    place: str
    agreed: Callable[[AgreementText], Any]
    done: Callable[[Hold], int]
    where: str
    at_most: bool = False


_NUMBERS: Final = (
    _Compared(
        "window.before_ms",
        lambda text: text.window.before_ms,
        lambda hold: hold.matcher.window.before_ms,
        "window_ms of the terms",
    ),
    _Compared(
        "window.usual_ms",
        lambda text: text.window.usual_ms,
        lambda hold: hold.matcher.window.usual_ms,
        "window_ms of the terms, at most three seconds",
    ),
    _Compared(
        "window.after_ms",
        lambda text: text.window.after_ms,
        lambda hold: hold.matcher.window.after_ms,
        "clock_ms of the terms",
    ),
    _Compared(
        "window.horizon_ms",
        lambda text: text.window.horizon_ms,
        lambda hold: hold.matcher.window.horizon_ms,
        "the program",
    ),
    _Compared(
        "window.grace_ms",
        lambda text: text.window.grace_ms,
        lambda hold: hold.settings.grace_ms,
        "grace_ms of the terms and limits.deadline_ms",
        at_most=True,
    ),
    _Compared(
        "tolerances.answer_ms",
        lambda text: text.tolerances.answer_ms,
        lambda _: LEAST_MS,
        "the program",
    ),
    _Compared(
        "tolerances.duration_ms",
        lambda text: text.tolerances.duration_ms,
        lambda _: LEAST_MS,
        "the program",
    ),
    _Compared(
        "completeness.least_pairs",
        lambda text: text.completeness.least_pairs,
        lambda hold: hold.matcher.window.least_pairs,
        "the program",
    ),
    _Compared(
        "retention.departures_s",
        lambda text: text.retention.departures_s,
        lambda hold: -(-hold.matcher.window.life_ms // _SECOND_MS),
        "the terms",
        at_most=True,
    ),
)


def try_agreed(
    settings: NodeSettings, own: Secrets, hold: Hold, *, now_ms: int
) -> list[Result]:
    """Tell where a node does otherwise than what is in force.

    Args:
        settings: Of the node.
        own: Its keys and terms.
        hold: As it holds arrivals.
        now_ms: The present time.
    """
    if settings.agreement is None:
        return []
    try:
        holding = read_life(settings.agreement, own).obeyed(now_ms)
    except TallystickError as error:
        return [Result("agreement", good=False, said=str(error))]
    if holding is None:
        said = "nothing is in force: no rule acts on a call"
        return [Result("agreement", good=True, said=said)]
    version = holding.version.value
    wrong = [_differs(one, version, hold) for one in _NUMBERS]
    found = [Result("agreement", good=False, said=one) for one in wrong if one]
    said = f"version {version.version} is in force"
    said += f"; suspended: {', '.join(sorted(holding.suspended)) or 'nothing'}"
    said += (
        f"; completeness.share ({version.completeness.share:g}) is measured by pairing"
        " in batch: the node rests on the peer's promises"
    )
    return [Result("agreement", good=True, said=said), *found]


def _differs(one: _Compared, text: AgreementText, hold: Hold) -> str:
    agreed, done = one.agreed(text), one.done(hold)
    if done == agreed or (one.at_most and done < agreed):
        return ""
    most = "at most " if one.at_most else ""
    return (
        f"{one.place}: {most}{agreed} is agreed, and the node has {done} by {one.where}"
    )
