from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.site.layers import BEND, Edge, Layout, in_layers, layered

Graph = tuple[list[float], list[Edge], list[int]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Boxes with heights and lanes, and edges between them without circles, in any order of boxes."""
    count = draw(st.integers(1, 14))
    order = draw(st.permutations(range(count)))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda p: p[0] < p[1])
    edges = draw(st.lists(pairs, max_size=30)) if count > 1 else []
    rooms = draw(st.lists(st.integers(20, 60), min_size=count, max_size=count))
    lanes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    return [float(room) for room in rooms], [(order[a], order[b]) for a, b in edges], lanes


@given(graphs())
def test_every_edge_leads_to_the_right_and_bends_in_each_layer_between(graph: Graph) -> None:
    rooms, edges, lanes = graph
    layout = layered(rooms, edges, lanes)
    for source, target in edges:
        between = layout.layers[target] - layout.layers[source] - 1
        assert between >= 0
        assert len(layout.bends[source, target]) == between


@given(graphs())
def test_boxes_of_a_layer_do_not_overlap_and_stay_in_the_bands_of_their_lanes(graph: Graph) -> None:
    rooms, edges, lanes = graph
    layout = layered(rooms, edges, lanes, head=10)
    for box, room in enumerate(rooms):
        top, bottom = layout.bands[lanes[box]]
        assert top + 10 - 1e-6 <= layout.middles[box] - room / 2
        assert layout.middles[box] + room / 2 <= bottom + 1e-6
    for layer in set(layout.layers):
        boxes = sorted(
            (i for i in range(len(rooms)) if layout.layers[i] == layer), key=layout.middles.__getitem__
        )
        for above, below in pairwise(boxes):
            apart = layout.middles[below] - layout.middles[above]
            assert apart >= (rooms[above] + rooms[below]) / 2 - 1e-6


@given(graphs())
def test_no_edge_bends_inside_a_box(graph: Graph) -> None:
    rooms, edges, lanes = graph
    layout = layered(rooms, edges, lanes)
    for (source, _), bends in layout.bends.items():
        for layer, bend in enumerate(bends, layout.layers[source] + 1):
            for box, room in enumerate(rooms):
                if layout.layers[box] == layer:
                    assert abs(layout.middles[box] - bend) >= (room + BEND) / 2 - 1e-6


@given(graphs())
def test_the_same_graph_is_drawn_the_same_whatever_the_order_of_its_edges(graph: Graph) -> None:
    rooms, edges, lanes = graph
    assert layered(rooms, edges, lanes) == layered(rooms, edges[::-1] + edges, lanes)


def test_an_order_without_crossings_is_found() -> None:
    layout = layered([30.0] * 6, [(0, 5), (1, 4), (2, 3)])
    assert crossings(layout, [(0, 5), (1, 4), (2, 3)]) == 0


def test_a_chain_is_a_straight_line() -> None:
    layout = layered([30.0] * 4, [(0, 1), (1, 2), (2, 3)])
    assert layout.layers == (0, 1, 2, 3)
    assert len(set(layout.middles)) == 1


def test_edges_of_one_box_share_their_bends() -> None:
    layout = layered([30.0] * 5, [(0, 1), (1, 2), (2, 3), (2, 4), (0, 3), (0, 4)])
    assert layout.bends[0, 3] == layout.bends[0, 4]


def test_a_box_stands_close_to_what_it_leads_to() -> None:
    assert in_layers(4, [(0, 1), (1, 2), (3, 2)]) == [0, 1, 2, 1]


def test_full_layers_of_a_lane_are_levelled() -> None:
    star = [(0, leaf) for leaf in range(1, 9)]
    chain = [(0, 9), (9, 10), (10, 11)]
    assert layered([30.0] * 9, star).height == 8 * 30
    assert layered([30.0] * 12, star + chain).height < 5 * 30


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        layered([30.0, 30.0], [(0, 1), (1, 0)])


def crossings(layout: Layout, edges: list[Edge]) -> int:
    places = [(layout.middles[a], layout.middles[b]) for a, b in edges]
    return sum(a < c and b > d for a, b in places for c, d in places)
