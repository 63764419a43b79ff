from datetime import date
from itertools import chain, combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from moocmap.curriculum.candidates import minutes_of
from moocmap.curriculum.model import DEPTHS, Price, Range
from moocmap.curriculum.plan import allowed_courses, knowledge, plan, plan_data
from moocmap.curriculum.set_cover import cheapest_cover
from moocmap.curriculum.weeks import calendar, weekly_minutes, weeks
from moocmap.diagnostics import UsableError

from .samples import make_guide

CHAIN = {"a": [], "b": ["a"], "c": ["b"], "d": []}


def steps_of(guide, goals, topics=(), courses=(), **options):
    found = plan(guide, goals, knowledge(guide, topics, courses), allowed_courses(guide), **options)
    return [f"{step.course.id}/{step.lesson.id}" for step in found.steps]


# The cheapest cover


def all_sets(size):
    return chain.from_iterable(combinations(range(size), n) for n in range(size + 1))


things = st.sampled_from("pqrst")


@given(st.lists(st.tuples(st.integers(0, 4), st.sets(things)), max_size=9), st.sets(things))
def test_the_cover_is_the_first_of_the_smallest_of_the_cheapest(lessons, wanted):
    minutes, covers = [m for m, _ in lessons], [c for _, c in lessons]
    wanted &= set().union(*covers)
    possible = [s for s in all_sets(len(lessons)) if wanted <= set().union(*(covers[i] for i in s))]
    best = min(possible, key=lambda s: (sum(minutes[i] for i in s), len(s), s))
    assert cheapest_cover(minutes, covers, wanted) == list(best)


def test_a_long_chain_of_equal_choices_takes_the_first_of_each():
    covers = [{number // 3} for number in range(150)]
    assert cheapest_cover([60] * 150, covers, set(range(50))) == list(range(0, 150, 3))


def test_what_no_lesson_covers_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="covered by no lesson: q"):
        cheapest_cover([1], [{"p"}], {"p", "q"})


# What is known, allowed and how long it takes


def test_knowing_a_topic_includes_what_it_requires_as_deep():
    guide = make_guide(CHAIN, {"one": [({"c": "uses", "d": "mentions"}, 1), ({"b": "explains"}, 1)]})
    assert knowledge(guide, ["b"], []) == {"b": "implements", "a": "implements"}
    assert knowledge(guide, [], ["one"]) == {"c": "uses", "b": "explains", "a": "explains", "d": "mentions"}
    with pytest.raises(KeyError):
        knowledge(guide, [], ["none"])


def test_courses_are_allowed_by_name_language_price_and_status():
    lesson = [({"a": "explains"}, 1)]
    guide = make_guide(
        CHAIN,
        dict.fromkeys(("now", "spanish", "paid", "old", "gone"), lesson),
        spanish={"language": "es"},
        paid={"price": Price(free=False)},
        old={"status": "superseded"},
        gone={"status": "retired"},
    )

    def ids(**options):
        return [course.id for course in allowed_courses(guide, **options)]

    assert ids() == ["now", "spanish", "paid"]
    assert ids(superseded=True) == ["now", "spanish", "paid", "old", "gone"]
    assert ids(only=["paid", "old"]) == ["paid", "old"]
    assert ids(exclude=["now"], language="en") == ["paid"]
    assert ids(free=True, language="es") == ["spanish"]


@pytest.mark.parametrize(
    ("low", "high", "minutes"), [(1, 2, 90), (0, 0, 0), (0.1, 0.25, 11), (1.65, 1.65, 99)]
)
def test_minutes_are_the_middle_rounded_half_up(low, high, minutes):
    assert minutes_of(Range(low=low, high=high, kind="derived")) == minutes


def test_lessons_without_hours_take_the_median_of_the_guide():
    lessons = [({"a": "explains"}, None), ({"d": "explains"}, 1), ({"d": "explains"}, 4)]
    guide = make_guide(CHAIN, {"one": lessons})
    step = plan(guide, ["a"], {}, guide.courses).steps[0]
    assert (step.minutes, step.is_estimated, step.hours) == (150, True, (2.5, 2.5))
    bare = make_guide(CHAIN, {"one": lessons[:1]})
    assert plan(bare, ["a"], {}, bare.courses).minutes == 60


# Goals


def test_a_goal_falls_to_the_deepest_depth_that_is_offered():
    guide = make_guide(CHAIN, {"one": [({"d": "mentions"}, 1), ({"d": "uses"}, 5)]})
    (goal,) = plan(guide, ["d"], {}, guide.courses, depth="implements").goals
    assert (goal.depth, goal.is_known) == ("uses", False)
    assert steps_of(guide, ["d"], depth="implements") == ["one/2"]
    assert plan(guide, ["d"], {"d": "uses"}, guide.courses).goals[0].is_known


def test_a_goal_known_deep_enough_needs_no_lesson():
    guide = make_guide(CHAIN, {"one": [({"a": "uses"}, 1)], "two": [({"a": "explains"}, 1)]})
    assert steps_of(guide, ["a"], topics=["b"]) == []
    assert steps_of(guide, ["a"], courses=["one"]) == ["two/1"]


def test_a_goal_that_no_allowed_course_teaches_is_refused():
    guide = make_guide(CHAIN, {"one": [({"a": "explains"}, 1)]})
    with pytest.raises(UsableError, match="goal 'd' is taught by none of the courses to choose from"):
        plan(guide, ["d"], {}, guide.courses)


# Prerequisites and order


def test_all_prerequisites_are_covered_and_come_first():
    guide = make_guide(
        CHAIN,
        {"top": [({"c": "explains"}, 1)], "base": [({"b": "explains"}, 1), ({"a": "uses"}, 1)]},
    )
    assert steps_of(guide, ["c"]) == ["base/2", "base/1", "top/1"]
    assert steps_of(guide, ["c"], topics=["a"]) == ["base/1", "top/1"]
    assert steps_of(guide, ["c"], courses=["base"]) == ["top/1"]


def test_what_no_allowed_lesson_teaches_is_assumed():
    guide = make_guide(CHAIN, {"one": [({"c": "explains", "b": "mentions"}, 1), ({"a": "uses"}, 2)]})
    found = plan(guide, ["c"], {}, guide.courses)
    assert found.assumed == ("b",)  # but not a, which b requires and a lesson teaches
    assert [step.lesson.id for step in found.steps] == ["2", "1"]
    deep = plan(guide, ["c"], {}, guide.courses, prerequisites="explains")
    assert (deep.assumed, deep.minutes) == (("a", "b"), 60)


def test_a_lesson_that_only_uses_a_topic_presupposes_nothing():
    guide = make_guide(CHAIN, {"one": [({"b": "uses"}, 1), ({"a": "explains"}, 1), ({"c": "explains"}, 1)]})
    assert steps_of(guide, ["c"]) == ["one/1", "one/2", "one/3"]


def test_lessons_stay_in_their_course_and_its_order():
    topics = {"p": [], "q": [], "r": [], "s": [], "goal": ["p", "q", "r", "s"]}
    guide = make_guide(
        topics,
        {
            "one": [({"p": "explains"}, 1), ({"goal": "explains"}, 1), ({"q": "explains"}, 1)],
            "two": [({"r": "explains"}, 1), ({"s": "explains"}, 1)],
        },
    )
    assert steps_of(guide, ["goal"]) == ["one/1", "two/1", "two/2", "one/3", "one/2"]


def test_topics_taught_too_early_are_named_with_their_last_lesson():
    topics = {"x": [], "y": ["x"], "z": ["y"]}
    circle = {"one": [({"x": "explains", "z": "explains"}, 1), ({"y": "explains"}, 1)]}
    guide = make_guide(topics, circle)
    found = plan(guide, ["z"], {}, guide.courses)
    assert [(step.lesson.id, step.goals, step.prepares, step.early) for step in found.steps] == [
        ("1", ("z",), ("x",), ("z",)),
        ("2", (), ("y",), ()),
    ]


def test_plan_data_is_the_whole_plan():
    guide = make_guide(CHAIN, {"one": [({"b": "explains"}, 1.5)]})
    assert plan_data(plan(guide, ["b", "b"], {}, guide.courses)) == {
        "goals": [{"topic": "b", "depth": "explains", "known": False}],
        "lessons": [
            {
                "course": "one",
                "lesson": "1",
                "hours": [1.5, 1.5],
                "minutes": 90,
                "estimated": False,
                "reaches": ["b"],
                "prepares": [],
                "early": [],
            }
        ],
        "assumed": ["a"],
        "hours": [1.5, 1.5],
        "minutes": 90,
    }


TOPICS = [f"t{n}" for n in range(6)]


@st.composite
def cases(draw):
    requires = {
        t: draw(st.lists(st.sampled_from(TOPICS[:n]), unique=True, max_size=2)) if n else []
        for n, t in enumerate(TOPICS)
    }
    taught = st.dictionaries(st.sampled_from(TOPICS), st.sampled_from(DEPTHS), max_size=4)
    lesson = st.tuples(taught, st.sampled_from([None, 0, 1, 2, 3]))
    courses = {c: draw(st.lists(lesson, min_size=1, max_size=3)) for c in ("one", "two")}
    return (
        requires,
        courses,
        draw(st.sets(st.sampled_from(TOPICS), max_size=1)),
        draw(st.sampled_from(TOPICS[2:])),
    )


def ancestors(requires, topic):
    return set(requires[topic]).union(*(ancestors(requires, t) for t in requires[topic]))


@given(cases())
def test_a_plan_is_the_best_of_all_sets_and_in_order_where_there_is_one(case):
    """Hold a plan against the definition, by brute force and written anew."""
    requires, courses, known, goal = case
    guide = make_guide(requires, courses)
    lessons = [
        (f"{c}/{n}", taught, h) for c, ls in courses.items() for n, (taught, h) in enumerate(ls, start=1)
    ]
    known = known.union(*(ancestors(requires, t) for t in known))
    deepest = max((DEPTHS.index(taught[goal]) for _, taught, _ in lessons if goal in taught), default=-1)
    if deepest < 0 and goal not in known:
        with pytest.raises(UsableError):
            plan(guide, [goal], knowledge(guide, known, []), guide.courses)
        return
    found = plan(guide, [goal], knowledge(guide, known, []), guide.courses)
    if goal in known:
        assert found.steps == ()
        return

    def gives(taught, depth):
        return {t for t in taught if DEPTHS.index(taught[t]) >= depth}

    needed = ancestors(requires, goal) - known
    offered = needed & set().union(*(gives(taught, 1) for _, taught, _ in lessons))
    assert set(found.assumed) == needed - offered
    stated = sorted(h * 60 for _, _, h in lessons if h is not None)
    median = (stated[(len(stated) - 1) // 2] + stated[len(stated) // 2]) / 2 if stated else 60
    cost = [median if h is None else h * 60 for _, _, h in lessons]

    def feasible(chosen):
        some = [lessons[i][1] for i in chosen]
        reached = any(goal in gives(taught, min(2, deepest)) for taught in some)
        return reached and offered <= set().union(*(gives(taught, 1) for taught in some))

    best = min(filter(feasible, all_sets(len(lessons))), key=lambda s: (sum(cost[i] for i in s), len(s), s))
    names = [f"{step.course.id}/{step.lesson.id}" for step in found.steps]
    assert sorted(names) == sorted(lessons[i][0] for i in best)
    assert found.minutes == sum(cost[i] for i in best)

    def never_early(order):
        there = set()
        for i in order:
            there |= gives(lessons[i][1], 1)
            explained = gives(lessons[i][1], 2) & (offered | {goal})
            if any(not ancestors(requires, t) & offered <= there for t in explained):
                return False
        return True

    in_order = [next(i for i, lesson in enumerate(lessons) if lesson[0] == name) for name in names]
    assert never_early(in_order) == any(map(never_early, permutations(best)))
    if never_early(in_order):
        assert not any(step.early for step in found.steps)


# Weeks and calendar


def test_weeks_are_filled_one_after_the_other():
    guide = make_guide(CHAIN, {"one": [({"a": "uses"}, 1), ({"b": "uses"}, 0), ({"c": "explains"}, 2.5)]})
    filled = weeks(plan(guide, ["c"], {}, guide.courses).steps, weekly_minutes(1.5))
    assert [[(p.step.lesson.id, p.minutes) for p in portions] for portions in filled] == [
        [("1", 60), ("2", 0), ("3", 30)],
        [("3", 90)],
        [("3", 30)],
    ]
    assert weeks([], 60) == []
    assert weekly_minutes(0.001) == 1


@given(st.lists(st.sampled_from([0, 0.5, 1, 2, 7]), min_size=1, max_size=5), st.integers(1, 300))
def test_no_minute_is_lost_and_no_week_overfull(hours, per_week):
    topics = {f"t{n}": [] for n in range(len(hours))}
    lessons = [({topic: "explains"}, h) for topic, h in zip(topics, hours, strict=True)]
    guide = make_guide(topics, {"one": lessons})
    found = plan(guide, list(topics), {}, guide.courses)
    filled = weeks(found.steps, per_week)
    assert sum(p.minutes for portions in filled for p in portions) == found.minutes
    assert all(sum(p.minutes for p in portions) == per_week for portions in filled[:-1])


def test_the_calendar_has_an_event_for_each_week_and_reads_back():
    guide = make_guide(CHAIN, {"one": [({"a": "explains"}, 3), ({"b": "explains"}, 1)]})
    title = "Backslash \\, comma; semicolon and «año» " * 4
    guide = guide.model_copy(update={"courses": [guide.courses[0].model_copy(update={"title": title})]})
    found = plan(guide, ["b"], {}, guide.courses)
    filled = weeks(found.steps, 120)
    written = calendar(found, filled, date(2026, 12, 28), "en")
    assert written == calendar(found, filled, date(2026, 12, 28), "en")
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    events = Calendar.from_ical(written).walk("VEVENT")
    assert [(e.decoded("dtstart"), e.decoded("dtend")) for e in events] == [
        (date(2026, 12, 28), date(2027, 1, 4)),
        (date(2027, 1, 4), date(2027, 1, 11)),
    ]
    assert str(events[1]["summary"]) == f"{title}: Lesson 1; {title}: Lesson 2"
    assert "Lesson 1 (60 of 180 min) https://example.org" in str(events[1]["description"])
    assert len({str(e["uid"]) for e in events}) == 2


def test_a_calendar_ends_with_the_year_9999():
    guide = make_guide(CHAIN, {"one": [({"a": "explains"}, 3)]})
    found = plan(guide, ["a"], {}, guide.courses)
    with pytest.raises(UsableError, match="week 2 lies beyond the year 9999"):
        calendar(found, weeks(found.steps, 90), date(9999, 12, 20), "en")
