import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.curriculum.coverage import Coverage, compare
from moocmap.curriculum.delta import delta, hours
from moocmap.curriculum.model import DEPTHS

from .samples import make_guide

GUIDE = make_guide(
    {"a": [], "b": ["a"], "c": [], "d": []},
    {
        "one": [({"a": "uses", "c": "mentions"}, 1)],
        "two": [({"d": "implements"}, 1)],
        "new": [
            ({"a": "uses", "d": "explains"}, 2),
            ({"c": "uses", "b": "mentions"}, None),
            ({"c": "explains", "a": "explains", "b": "explains"}, 3),
        ],
    },
)


def gains(*arguments, **options):
    return [
        (g.lesson.id, g.topic, g.before, g.depth, g.is_new) for g in delta(GUIDE, *arguments, **options).gains
    ]


def test_a_topic_is_gained_where_a_lesson_goes_further_than_all_before():
    assert gains(["one"], "new") == [
        ("1", "d", None, "explains", True),
        ("2", "c", "mentions", "uses", True),
        ("3", "c", "uses", "explains", False),
        ("3", "a", "uses", "explains", False),
        ("3", "b", None, "explains", True),
    ]
    found = delta(GUIDE, ["one"], "new")
    assert (found.new, found.deeper) == (("d", "c", "b"), ("a",))


def test_several_finished_courses_and_known_topics_count_together():
    assert [gain[1] for gain in gains(["one", "two"], "new")] == ["c", "c", "a", "b"]
    # Knowing b means knowing a, which it requires.
    assert [gain[1] for gain in gains(["one", "two"], "new", known=["b"])] == ["c", "c"]
    assert delta(GUIDE, ["one", "two"], "new", ["b", "c"]).lessons == ()


def test_hours_name_lessons_that_state_none():
    found = delta(GUIDE, ["one", "two"], "new")
    some = hours(found.lessons)
    assert (some.low, some.high, [lesson.id for lesson in some.unstated]) == (3, 3, ["2"])
    assert hours(found.course.lessons).low == 5


def test_unknown_names_raise():
    with pytest.raises(KeyError):
        delta(GUIDE, ["one"], "none")
    with pytest.raises(KeyError):
        delta(GUIDE, ["one"], "new", ["none"])


TOPICS = ["a", "b", "c", "d"]
lessons = st.lists(st.dictionaries(st.sampled_from(TOPICS), st.sampled_from(DEPTHS)), min_size=1, max_size=4)


@given(lessons, lessons)
def test_gains_end_at_the_depth_of_the_course_and_leave_out_what_was_had(one, new):
    guide = make_guide({t: [] for t in TOPICS}, {"one": [(t, 1) for t in one], "new": [(t, 1) for t in new]})
    coverage, found = Coverage(guide), delta(guide, ["one"], "new")
    rank = DEPTHS.index
    for topic in TOPICS:
        had, has = coverage.depth("one", topic), coverage.depth("new", topic)
        depths = [gain.depth for gain in found.gains if gain.topic == topic]
        goes_further = has is not None and has != "mentions" and (had is None or rank(has) > rank(had))
        assert bool(depths) == goes_further
        assert depths == sorted(depths, key=rank)
        assert depths[-1:] == ([has] if goes_further else [])
    only_new = {t.id for t in compare(coverage, ["one", "new"]).exclusive["new"]}
    assert {t for t in only_new if coverage.depth("new", t) != "mentions"} <= set(found.new)
