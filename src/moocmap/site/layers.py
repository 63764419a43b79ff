"""Lays a directed graph without circles out in layers, from left to right: the method of Sugiyama.

Boxes come into layers, so that every edge leads to the right; an edge that passes layers gets a bend in each,
and edges of one box that go the same way share their bends. Sweeps order each layer by the mean of what
its boxes hang on and keep the order with the fewest crossings; least squares (isotonic regression) then
place the boxes as near to their neighbours as the order lets them. Boxes of one lane stay in one band.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[int, int]

BEND = 7.0
"""The room that a passing edge takes in a layer."""
FURTHEST_MOVE = 3
"""How many layers a box moves at most to make its layer less full."""
ORDER_SWEEPS, PLACE_SWEEPS = 16, 12


@dataclass(frozen=True)
class Layout:
    """Each box's layer and the middle of it, downwards; where edges bend; the lanes' bands."""

    layers: tuple[int, ...]
    middles: tuple[float, ...]
    bends: Mapping[Edge, tuple[float, ...]]
    bands: tuple[tuple[float, float], ...]
    height: float


@dataclass
class _Item:
    """A box or a bend."""

    layer: int
    lane: int
    room: float
    before: list[int]
    after: list[int]
    middle: float = 0.0


def layered(
    rooms: Sequence[float], edges: Iterable[Edge], lanes: Sequence[int] | None = None, head: float = 0.0
) -> Layout:
    """Lay out boxes, given the height each needs, with the `edges` between them (indexes of boxes).

    `lanes` gives each box's lane, counted from 0; each lane's band begins with an empty strip of height
    `head`. The same input always gives the same layout.
    """
    edges = sorted(set(edges))
    lanes = [0] * len(rooms) if lanes is None else lanes
    layers = in_layers(len(rooms), edges)
    _level(layers, edges, lanes)
    items = [_Item(layer, lane, room, [], []) for layer, lane, room in zip(layers, lanes, rooms, strict=True)]
    routes = _routes(items, edges)
    columns = _ordered(items)
    bands = _bands(items, columns, max(lanes, default=-1) + 1, head)
    _place(items, columns, bands, head)
    return Layout(
        tuple(layers),
        tuple(item.middle for item in items[: len(rooms)]),
        {edge: tuple(items[i].middle for i in route) for edge, route in routes.items()},
        tuple(bands),
        bands[-1][1] if bands else 0.0,
    )


def in_layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """Give each box a layer right of all that lead to it, and keep the edges short."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    order = _in_order(before)
    layers = [0] * count
    for box in order:
        layers[box] = max((layers[i] + 1 for i in before[box]), default=0)
    for _ in range(count):  # a box that leads to more than leads to it moves to the right, as far as it can
        moves = [
            (box, min(layers[i] for i in after[box]) - 1)
            for box in reversed(order)
            if len(after[box]) > len(before[box])
        ]
        moves = [(box, layer) for box, layer in moves if layer > layers[box]]
        for box, layer in moves:
            layers[box] = layer
        if not moves:
            break
    return layers


def _level(layers: list[int], edges: Sequence[Edge], lanes: Sequence[int]) -> None:
    """Move boxes that can wait from full layers of a lane to emptier ones further to the right."""
    after: list[list[int]] = [[] for _ in layers]
    for source, target in edges:
        after[source].append(target)
    count = Counter(zip(lanes, layers, strict=True))
    last, first = max(layers, default=0), tuple(layers)

    def better(box: int) -> int | None:
        here, lane = layers[box], lanes[box]
        end = min((layers[i] - 1 for i in after[box]), default=last)
        free = range(here + 1, min(end, first[box] + FURTHEST_MOVE) + 1)
        emptiest = min(free, key=lambda layer: count[lane, layer], default=here)
        return emptiest if count[lane, emptiest] + 1 < count[lane, here] else None

    moved = True
    while moved:
        moved = False
        for box in sorted(range(len(layers)), key=lambda i: (-count[lanes[i], layers[i]], -i)):
            to = better(box)
            if to is not None:
                count[lanes[box], layers[box]] -= 1
                count[lanes[box], to] += 1
                layers[box] = to
                moved = True


def _in_order(before: Sequence[Sequence[int]]) -> list[int]:
    """Return all boxes, each after those that lead to it."""
    done: dict[int, None] = {}

    def visit(box: int, route: frozenset[int]) -> None:
        if box in route:
            raise ValueError("the graph has a circle")
        if box not in done:
            for other in before[box]:
                visit(other, route | {box})
            done[box] = None

    for box in range(len(before)):
        visit(box, frozenset())
    return list(done)


def _routes(items: list[_Item], edges: Sequence[Edge]) -> dict[Edge, list[int]]:
    """Add the bends to `items`, and return through which of them each edge goes."""
    bends: dict[tuple[int, int, int], int] = {}
    routes: dict[Edge, list[int]] = {}
    for source, target in edges:
        lane, here = items[target].lane, source
        routes[source, target] = []
        for layer in range(items[source].layer + 1, items[target].layer):
            bend = bends.get((source, lane, layer))
            if bend is None:
                bend = bends[source, lane, layer] = len(items)
                items.append(_Item(layer, lane, BEND, [], []))
            routes[source, target].append(bend)
            _join(items, here, bend)
            here = bend
        _join(items, here, target)
    return routes


def _join(items: list[_Item], source: int, target: int) -> None:
    if target not in items[source].after:
        items[source].after.append(target)
        items[target].before.append(source)


# Order within layers --------------------------------------------------------------------------------


def _ordered(items: Sequence[_Item]) -> list[list[int]]:
    """Return the items of each layer from top to bottom, with few crossings."""
    count = max((item.layer for item in items), default=-1) + 1
    columns: list[list[int]] = [[] for _ in range(count)]
    for i in sorted(range(len(items)), key=lambda i: (items[i].lane, i)):
        columns[items[i].layer].append(i)
    best, fewest = [list(column) for column in columns], _crossings(items, columns)
    for sweep in range(ORDER_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            _sort_by_neighbours(items, columns, column, forward)
        now = _crossings(items, columns)
        if now < fewest:
            best, fewest = [list(column) for column in columns], now
    return best


def _sort_by_neighbours(
    items: Sequence[_Item], columns: Sequence[Sequence[int]], column: list[int], forward: bool
) -> None:
    rank = {i: n / len(other) for other in columns for n, i in enumerate(other)}

    def wish(i: int) -> float:
        near = items[i].before if forward else items[i].after
        return sum(rank[j] for j in near) / len(near) if near else rank[i]

    column.sort(key=lambda i: (items[i].lane, wish(i)))


def _crossings(items: Sequence[_Item], columns: Sequence[Sequence[int]]) -> int:
    rank = {i: n for column in columns for n, i in enumerate(column)}
    total = 0
    for column in columns:
        passed: list[int] = []  # where the lines seen so far end, sorted
        for i in column:
            ends = [rank[j] for j in items[i].after]
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total


# Places ---------------------------------------------------------------------------------------------


def _bands(
    items: Sequence[_Item], columns: Sequence[Sequence[int]], lanes: int, head: float
) -> list[tuple[float, float]]:
    """Return each lane's top and bottom: it is as high as its fullest layer."""
    bands, top = [], 0.0
    for lane in range(lanes):
        full = max(sum(items[i].room for i in column if items[i].lane == lane) for column in columns)
        bands.append((top, top + head + full))
        top += head + full
    return bands


def _place(
    items: Sequence[_Item],
    columns: Sequence[Sequence[int]],
    bands: Sequence[tuple[float, float]],
    head: float,
) -> None:
    groups = [
        [i for i in column if items[i].lane == lane] for column in columns for lane in range(len(bands))
    ]
    groups = [group for group in groups if group]
    for group in groups:
        top, bottom = bands[items[group[0]].lane]
        _set_middles(items, group, [(top + head + bottom) / 2] * len(group), top + head, bottom)
    for sweep in range(PLACE_SWEEPS):
        for group in groups if sweep % 2 == 0 else reversed(groups):
            top, bottom = bands[items[group[0]].lane]
            wishes = [_wish(items, i) for i in group]
            _set_middles(items, group, wishes, top + head, bottom)


def _wish(items: Sequence[_Item], i: int) -> float:
    """Return the mean of the neighbours within the lane."""
    near = [j for j in (*items[i].before, *items[i].after) if items[j].lane == items[i].lane]
    return sum(items[j].middle for j in near) / len(near) if near else items[i].middle


def _set_middles(
    items: Sequence[_Item], group: Sequence[int], wishes: Sequence[float], top: float, bottom: float
) -> None:
    """Place the items of one layer and lane: in order, apart, within the band, else as near as can be.

    Items whose wishes would overlap form a block at the mean of their wishes (pool adjacent violators).
    """
    blocks: list[tuple[float, list[float]]] = []  # the sum of the wished shifts, and where each item is least
    start = top
    for i, wish in zip(group, wishes, strict=True):
        least = start + items[i].room / 2  # its middle when all stand at the top
        start += items[i].room
        total, members = wish - least, [least]
        while blocks and blocks[-1][0] / len(blocks[-1][1]) > total / len(members):
            before, others = blocks.pop()
            total, members = before + total, others + members
        blocks.append((total, members))
    spare = bottom - start
    middles = [
        least + min(max(total / len(members), 0.0), spare) for total, members in blocks for least in members
    ]
    for i, middle in zip(group, middles, strict=True):
        items[i].middle = middle
