from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.curriculum.load import read_sources
from moocmap.curriculum.model import DEPTHS
from moocmap.curriculum.order import course_order, place_of_lesson, place_of_topic

from .samples import make_guide

BREAD = Path(__file__).parent.parent / "guides" / "bread"
CHAIN = {"a": [], "b": ["a"], "c": ["b"]}
GUIDE = make_guide(
    CHAIN,
    {
        "bottom-up": [({"a": "explains"}, 1), ({"b": "uses", "c": "mentions"}, 1), ({"c": "explains"}, 1)],
        "top-down": [({"c": "uses", "b": "mentions"}, 1), ({"b": "uses", "a": "explains"}, 1)],
        "gap": [({"c": "uses"}, 1), ({"a": "uses"}, 1)],
        "at-once": [({"c": "uses", "b": "uses", "a": "uses"}, 1)],
        "single": [({"a": "uses"}, 1)],
    },
)


def found(course_id, **options):
    order = course_order(GUIDE, GUIDE.course_by_id[course_id], **options)
    return order.pairs, [
        (i.topic, i.lesson.id, i.requires, i.later.id, i.is_direct) for i in order.inversions
    ]


@pytest.mark.parametrize(
    ("course_id", "pairs", "inversions", "rate"),
    [
        ("bottom-up", 3, [], 0.0),
        ("top-down", 3, [("c", "1", "a", "2", False), ("c", "1", "b", "2", True)], 2 / 3),
        ("gap", 1, [("c", "1", "a", "2", False)], 1.0),
        ("at-once", 3, [], 0.0),
        ("single", 0, [], None),
    ],
)
def test_pairs_and_inversions(course_id, pairs, inversions, rate):
    assert found(course_id) == (pairs, inversions)
    assert course_order(GUIDE, GUIDE.course_by_id[course_id]).inversion_rate == rate


def test_depth_says_from_where_a_topic_counts():
    assert found("top-down", depth="mentions") == (
        3,
        [("c", "1", "a", "2", False), ("b", "1", "a", "2", True)],
    )
    assert found("top-down", depth="explains") == (0, [])


@st.composite
def courses(draw):
    topics = [f"t{n}" for n in range(6)]
    requires = {
        t: draw(st.lists(st.sampled_from(topics[:n]), unique=True)) if n else [] for n, t in enumerate(topics)
    }
    lessons = st.dictionaries(st.sampled_from(topics), st.sampled_from(DEPTHS))
    return requires, draw(st.lists(lessons, min_size=1, max_size=5))


@given(courses())
def test_rates_and_inversions_are_what_the_definition_says(case):
    requires, lessons = case
    guide = make_guide(requires, {"c": [(taught, None) for taught in lessons]})
    order = course_order(guide, guide.courses[0])
    first = {}
    for number, taught in enumerate(lessons):
        for topic, depth in taught.items():
            if depth != "mentions":
                first.setdefault(topic, number)
    ancestors = {}
    for topic, direct in requires.items():  # in order: what is required stands before
        ancestors[topic] = set(direct).union(*(ancestors[t] for t in direct))
    pairs = {(t, r) for t in first for r in ancestors[t] if r in first}
    assert order.pairs == len(pairs)
    assert {(i.topic, i.requires) for i in order.inversions} == {
        (t, r) for t, r in pairs if first[r] > first[t]
    }
    assert order.inversion_rate is None if not pairs else 0 <= order.inversion_rate <= 1


def test_places_are_lines_of_the_file():
    sources, _ = read_sources(BREAD)
    guide = sources.guide()
    loaves = guide.course_by_id["loaves"]
    chapter = loaves.lessons[1]
    lines = (BREAD / "curriculum" / "courses" / "loaves.yml").read_text(encoding="utf-8").splitlines()
    for place, text in (
        (place_of_topic(sources, loaves, chapter, "steam"), "steam"),
        (place_of_lesson(sources, loaves, chapter), "id: chapter-2"),
    ):
        file, _, line = place.partition(":")
        assert file == "curriculum/courses/loaves.yml"
        assert text in lines[int(line) - 1]
