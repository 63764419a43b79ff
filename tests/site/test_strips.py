from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from moocmap.curriculum.coverage import Coverage
from moocmap.curriculum.model import DEPTHS, Guide
from moocmap.site.strips import HEIGHT, _runs, bands
from moocmap.site.views import GuideView

BAR = re.compile(r"M(\d+) (\d+)v-(\d+)h(\d+)v\3z")


def test_bars_show_the_depth_of_every_topic(guide: Guide) -> None:
    view, coverage = GuideView(guide), Coverage(guide)
    topics = [topic for _, group in view.topics_by_area for topic in group]
    assert {strip.course.id for strip in view.strips} == {course.id for course in view.current_courses}
    for strip in view.strips:
        shown = {}
        for depth, path in strip.bars.items():
            assert BAR.sub("", path) == ""
            for x, bottom, height, size in (map(int, found) for found in BAR.findall(path)):
                assert bottom == HEIGHT
                assert height * len(DEPTHS) == HEIGHT * (DEPTHS.index(depth) + 1)
                shown |= {topics[x + i].id: depth for i in range(size)}
        depths = {topic.id: coverage.depth(strip.course.id, topic.id) for topic in topics}
        assert shown == {topic: depth for topic, depth in depths.items() if depth}


def test_the_broadest_course_comes_first(guide: Guide) -> None:
    sizes = [len(Coverage(guide).topics(strip.course.id)) for strip in GuideView(guide).strips]
    assert sizes == sorted(sizes, reverse=True)


def test_areas_stand_side_by_side_and_empty_ones_take_no_room(guide: Guide) -> None:
    areas = GuideView(guide).topics_by_area
    found = bands([(areas[0][0], []), *areas])
    assert all(first.start + first.size == second.start for first, second in itertools.pairwise(found))
    assert sum(band.size for band in found) == len(guide.topics)
    assert all(band.size for band in found)


@given(st.lists(st.booleans()))
def test_runs_are_what_is_true(flags: list[bool]) -> None:
    runs = _runs(flags)
    assert [
        x in {x for start, size in runs for x in range(start, start + size)} for x in range(len(flags))
    ] == flags
    assert all(start + size < after for (start, size), (after, _) in itertools.pairwise(runs))
