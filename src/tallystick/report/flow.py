"""The flow picture: from departure carriers to where their calls ended.

Widths are true to scale; nothing is drawn wider than it is except that the thinnest
bands keep a hairline. Names never collide: every node has at least a line's height.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tallystick.report.drawing import WIDTH, clipped
from tallystick.report.result import Route
from tallystick.report.texts import Texts

LEFT: Final = 214
RIGHT: Final = 244
BAR: Final = 7
LINE: Final = 15
TALL: Final = 250  # height of all calls together
GAP: Final = 5
PARTED: Final = 16  # between the arrivals and the ends that are none
HAIRLINE: Final = 1.2
NUMBER: Final = 66  # room for a count beside its node
NODES_MOST: Final = 12
NAME_LETTERS: Final = 22
END_LETTERS: Final = 28
ENDS: Final = ("domestic", "nowhere", "unproven")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A carrier, a trunk or an end, with its place on the paper."""

    name: str
    ends: str
    calls: int
    top: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Calls from one node to another."""

    ends: str
    calls: int
    left: float
    right: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A laid-out picture."""

    lefts: list[Node]
    rights: list[Node]
    bands: list[Band]
    height: float
    calls: int


_Key = tuple[str, str, bool]  # name, which end ("" on the left), stands for others
_Links = Counter[tuple[_Key, _Key]]


def lay_out(routes: Iterable[Route], texts: Texts) -> Flow | None:
    """Place `routes` on the paper; None where there is no call among them."""
    links: _Links = Counter()
    for route in routes:
        links[_start(route, texts), _end(route, texts)] += route.calls
    links = _folded(+links, texts)
    if not links:
        return None
    total = links.total()
    lefts = _column(_sums(links, 0), total)
    rights = _column(_sums(links, 1), total)
    return Flow(
        lefts=list(lefts.values()),
        rights=list(rights.values()),
        bands=_bands(links, lefts, rights, total),
        height=max(_foot(node) for node in [*lefts.values(), *rights.values()]),
        calls=total,
    )


def draw_flow(routes: Iterable[Route], texts: Texts, *, label: str) -> Markup | None:
    """Return the flow of `routes` as SVG, or None where there is none."""
    flow = lay_out(routes, texts)
    if flow is None:
        return None
    thick_first = sorted(flow.bands, key=lambda band: -band.height)
    parts = [_band(band) for band in thick_first]
    parts += [_node(node, texts, left=True) for node in flow.lefts]
    parts += [_node(node, texts, left=False) for node in flow.rights]
    height = round(flow.height + LINE)
    opening = Markup(
        '<svg role="img" class="flow" aria-label="{}" width="{}" height="{}" '
        'viewBox="0 {} {} {}">'
    ).format(label, WIDTH, height, -(LINE // 2), WIDTH, height)
    return opening + Markup().join(parts) + Markup("</svg>")


def _start(route: Route, texts: Texts) -> _Key:
    return route.departure_carrier or texts.say("carriers.unnamed"), "", False


def _end(route: Route, texts: Texts) -> _Key:
    if route.ends != "arrivals":
        return texts.named("flow", route.ends), route.ends, False
    names = [name for name in (route.arrival_trunk, route.arrival_carrier) if name]
    return " · ".join(names) or texts.say("carriers.unnamed"), "arrivals", False


def _sums(links: _Links, place: int) -> Counter[_Key]:
    sums: Counter[_Key] = Counter()
    for link, calls in links.items():
        sums[link[place]] += calls
    return sums


def _folded(links: _Links, texts: Texts) -> _Links:
    """Keep the largest nodes of each column and fold the others into one."""
    fate = _fates(_sums(links, 0), "carriers.others", texts)
    fate |= _fates(_sums(links, 1), "flow.others", texts)
    folded: _Links = Counter()
    for (start, end), calls in links.items():
        folded[fate.get(start, start), fate.get(end, end)] += calls
    return folded


def _fates(sums: Counter[_Key], key: str, texts: Texts) -> dict[_Key, _Key]:
    """Return where each node that is too small to be named goes."""
    named = [node for node, _ in sums.most_common() if node[1] in {"", "arrivals"}]
    small = named[NODES_MOST:] if len(named) > NODES_MOST + 1 else []
    return {node: (texts.count(key, len(small)), node[1], True) for node in small}


def _column(sums: Counter[_Key], total: int) -> dict[_Key, Node]:
    """Stack nodes, largest first, the ends that are no arrivals at the foot."""
    order = sorted(sums, key=lambda key: (_rank(key), -sums[key], key[0]))
    nodes: dict[_Key, Node] = {}
    top, middle, before = 0.0, -LINE / 2, order[0][1]
    for key in order:
        height = sums[key] / total * TALL
        top = max(top, middle + LINE - height / 2)
        top += PARTED if key[1] != before == "arrivals" else 0.0
        nodes[key] = Node(
            name=key[0], ends=key[1], calls=sums[key], top=top, height=height
        )
        middle, top, before = top + height / 2, top + height + GAP, key[1]
    return nodes


def _rank(key: _Key) -> tuple[int, bool]:
    ends = ENDS.index(key[1]) if key[1] in ENDS else len(ENDS)
    return (-1 if key[1] in {"", "arrivals"} else ends), key[2]


def _foot(node: Node) -> float:
    return node.top + max(node.height, LINE)


def _bands(
    links: _Links, lefts: dict[_Key, Node], rights: dict[_Key, Node], total: int
) -> list[Band]:
    """Lay bands so that they leave and reach each node in the nodes' own order."""
    from_top = {key: node.top for key, node in lefts.items()}
    to_top = {key: node.top for key, node in rights.items()}
    bands = []
    for start in lefts:
        for end in rights:
            calls = links.get((start, end), 0)
            if not calls:
                continue
            height = calls / total * TALL
            bands.append(
                Band(
                    ends=end[1],
                    calls=calls,
                    left=from_top[start],
                    right=to_top[end],
                    height=height,
                )
            )
            from_top[start] += height
            to_top[end] += height
    return bands


def _band(band: Band) -> Markup:
    x0, x1 = LEFT + BAR, WIDTH - RIGHT - BAR
    half = (x0 + x1) / 2
    height = max(band.height, HAIRLINE)
    y0, y1 = band.left, band.right
    path = (
        f"M{x0} {y0:.1f}C{half} {y0:.1f} {half} {y1:.1f} {x1} {y1:.1f}"
        f"v{height:.1f}"
        f"C{half} {y1 + height:.1f} {half} {y0 + height:.1f} {x0} {y0 + height:.1f}z"
    )
    thin = " thin" if band.height < HAIRLINE * 2 else ""
    ends = band.ends if band.ends in ENDS else "arrivals"
    return Markup('<path class="band {}{}" d="{}"/>').format(ends, thin, path)


def _node(node: Node, texts: Texts, *, left: bool) -> Markup:
    x = LEFT if left else WIDTH - RIGHT - BAR
    height = max(node.height, HAIRLINE)
    middle = node.top + height / 2 + 4
    side = -1 if left else 1
    at = LEFT - 6 if left else WIDTH - RIGHT + 6
    anchor = "end" if left else "start"
    letters = NAME_LETTERS if left else END_LETTERS
    bar = Markup('<rect class="node" x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>')
    number = Markup('<text class="count" x="{}" y="{:.1f}" text-anchor="{}">{}</text>')
    name = Markup('<text x="{}" y="{:.1f}" text-anchor="{}">{}</text>')
    count = texts.formats.integer(node.calls)
    # Counts stand in a column of their own, so that they can be compared.
    edge = at if left else at + NUMBER - 10
    return (
        bar.format(x, node.top, BAR, height)
        + number.format(edge, middle, "end", count)
        + name.format(at + side * NUMBER, middle, anchor, clipped(node.name, letters))
    )
