import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moocmap.curriculum.choose import hours_of, matches, recommend, successor
from moocmap.curriculum.companions import CourseFilter, Question
from moocmap.curriculum.coverage import Coverage
from moocmap.curriculum.load import read_sources
from moocmap.curriculum.model import Course, Guide, Range

REPOSITORY = Path(__file__).parent.parent.parent
BREAD = REPOSITORY / "tests" / "guides" / "bread"


def load(root):
    return read_sources(root)[0].guide()


@pytest.fixture(scope="module")
def bread():
    return load(BREAD)


OURS = load(REPOSITORY)
CURRENT = [course.id for course in OURS.courses if course.status == "current"]


def rebuilt(guide, **values):
    """Return the guide with some of its parts replaced."""
    return Guide(**{name: getattr(guide, name) for name in Guide.model_fields} | values)


def with_questions(guide, *questions):
    return rebuilt(guide, chooser=[Question.model_validate(question) for question in questions])


def question(question_id, **effects_by_answer):
    """A question whose answers have the given (filter, points) pairs; None for points means: drops out."""
    return {
        "id": question_id,
        "text": "?",
        "answers": [
            {
                "id": answer,
                "text": ".",
                "effects": [
                    {"courses": courses, "because": "so"} | ({"points": p} if p else {"excludes": True})
                    for courses, p in effects
                ],
            }
            for answer, effects in effects_by_answer.items()
        ],
    }


def ranking(guide, **answers):
    return [(one.course.id, one.points) for one in recommend(guide, answers)]


def changed(guide, course_id, **values):
    """Return the guide with some values of one course changed."""
    courses = [c.model_copy(update=values) if c.id == course_id else c for c in guide.courses]
    return rebuilt(guide, courses=courses)


def test_without_answers_the_order_is_that_of_the_guide(bread):
    assert ranking(bread) == [(course.id, 0) for course in bread.courses if course.status == "current"]


def test_points_add_up_over_effects_and_questions(bread):
    guide = with_questions(
        changed(changed(bread, "loaves", status="current"), "starter", status="current"),
        question("taste", sour=[({"ids": ["starter"]}, 2), ({"kind": ["book", "mooc"]}, 1)], mild=[]),
        question("time", short=[({"ids": ["starter"]}, -5)], long=[]),
    )
    assert ranking(guide, taste="sour") == [("starter", 3), ("loaves", 1)]
    assert ranking(guide, taste="sour", time="short") == [("loaves", 1), ("starter", -2)]
    best, last = recommend(guide, {"taste": "sour", "time": "short"})
    assert [reason.points for reason in last.advantages] == [2, 1]
    assert [(reason.question, reason.answer, reason.points) for reason in last.drawbacks] == [
        ("time", "short", -5)
    ]
    assert not best.exclusions


def test_courses_that_drop_out_come_last_whatever_their_points(bread):
    guide = with_questions(
        changed(changed(bread, "loaves", status="current"), "starter", status="current"),
        question("taste", sour=[({"ids": ["loaves"]}, 5), ({"ids": ["loaves"]}, None)], mild=[]),
    )
    assert ranking(guide, taste="sour") == [("starter", 0), ("loaves", 5)]
    assert [reason.text for reason in recommend(guide, {"taste": "sour"})[1].exclusions] == ["so"]


@pytest.mark.parametrize("answers", [{"nothing": "x"}, {"money": "nothing"}])
def test_an_unknown_question_or_answer_is_no_silent_zero(bread, answers):
    with pytest.raises(KeyError):
        recommend(bread, answers)


def test_courses_that_are_not_current_are_left_out_and_name_their_successor(bread):
    guide = changed(
        changed(bread, "loaves", status="superseded", superseded_by="starter"), "starter", status="current"
    )
    loaves = guide.course_by_id["loaves"]
    assert [course for course, _ in ranking(guide)] == ["starter"]
    assert successor(guide, loaves).id == "starter"
    retired = changed(guide, "starter", status="retired", superseded_by="loaves")
    assert successor(retired, loaves) is None


COURSE = OURS.course_by_id["deep-learning-specialization-2021"]


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({"ids": ["fastai-2022", COURSE.id]}, True),
        ({"ids": ["fastai-2022"]}, False),
        ({"kind": ["mooc"], "language": ["en"], "free": False}, True),
        ({"kind": ["mooc"], "free": True}, False),
        ({"certificate": ["free", "paid"]}, True),
        ({"approach": ["bottom-up"], "emphasis": ["practice"]}, False),
        ({"libraries": ["pytorch", "keras"]}, True),
        ({"assumes": ["linear-algebra"]}, True),
        ({"assumes": ["deep-neural-network"]}, False),
        ({"teaches": ["data-block-api", "object-detection"]}, True),
        ({"teaches": ["data-block-api"]}, False),
        ({"max_hours": 1000}, True),
        ({"max_hours": 1}, False),
        ({"ids": []}, True),
    ],
)
def test_a_filter_holds_when_all_its_conditions_do(conditions, holds):
    assert matches(COURSE, CourseFilter.model_validate(conditions), Coverage(OURS)) is holds


def test_a_topic_that_is_only_used_is_not_taught():
    coverage = Coverage(OURS)
    only_used = [t.id for t in OURS.topics if coverage.depth(COURSE.id, t.id) in ("uses", "mentions")]
    assert only_used
    assert not matches(COURSE, CourseFilter(teaches=only_used), coverage)


def test_hours_are_the_sum_of_middles_and_unknown_when_a_lesson_has_none(bread):
    course = bread.course_by_id["starter"]
    hours = Range(low=1, high=2, kind="derived")
    timed = [lesson.model_copy(update={"hours": hours}) for lesson in course.lessons]
    unit = course.units[0]
    assert hours_of(rebuilt_course(course, unit, timed)) == 1.5 * len(timed)
    timed[0] = timed[0].model_copy(update={"hours": None})
    assert hours_of(rebuilt_course(course, unit, timed)) is None


def rebuilt_course(course, unit, lessons):
    values = {name: getattr(course, name) for name in Course.model_fields}
    return Course(**values | {"units": [unit.model_copy(update={"lessons": lessons})]})


QUESTIONS = {q.id: [None, *(answer.id for answer in q.answers)] for q in OURS.chooser}
some_answers = st.fixed_dictionaries({q: st.sampled_from(ids) for q, ids in QUESTIONS.items()}).map(
    lambda chosen: {q: answer for q, answer in chosen.items() if answer is not None}
)


@settings(max_examples=40)
@given(some_answers)
def test_answers_move_courses_by_their_effects_and_by_nothing_else(answers):
    """The points of all answers together are the sum of what each gives alone; so are the exclusions."""
    together = {one.course.id: one for one in recommend(OURS, answers)}
    alone = [{one.course.id: one for one in recommend(OURS, {q: a})} for q, a in answers.items()]
    assert sorted(together) == sorted(CURRENT)
    for course_id, one in together.items():
        assert one.points == sum(single[course_id].points for single in alone)
        assert bool(one.exclusions) == any(single[course_id].exclusions for single in alone)
    ranked = recommend(OURS, answers)
    keys = [(bool(one.exclusions), -one.points, CURRENT.index(one.course.id)) for one in ranked]
    assert all(a[:2] <= b[:2] for a, b in itertools.pairwise(keys))


@settings(max_examples=40)
@given(some_answers, st.randoms())
def test_the_order_in_which_answers_are_given_does_not_matter(answers, random):
    shuffled = list(answers.items())
    random.shuffle(shuffled)
    assert recommend(OURS, answers) == recommend(OURS, dict(shuffled))


@cache
def points_of_all_learners():
    """Return choices of answers by question, and the points of each current course for every combination."""
    choices = [[None, *(answer.id for answer in q.answers)] for q in OURS.chooser]
    points = np.zeros((1, len(CURRENT)))
    for q, ids in zip(OURS.chooser, choices, strict=True):
        found = [recommend(OURS, {q.id: answer} if answer else {}) for answer in ids]
        rows = [{o.course.id: -1000 if o.exclusions else o.points for o in one} for one in found]
        step = np.array([[row[course] for course in CURRENT] for row in rows])
        points = (points[:, None, :] + step[None]).reshape(-1, len(CURRENT))
    return choices, points


def answers_that_lead_to(course_id):
    """Return the answers that put a course farthest ahead of all others, or None if none put it first."""
    choices, points = points_of_all_learners()
    mine = CURRENT.index(course_id)
    lead = points[:, mine] - np.delete(points, mine, axis=1).max(axis=1)
    lead[points[:, mine] < -500] = -np.inf
    if lead.max() <= 0:
        return None
    best = np.unravel_index(lead.argmax(), [len(ids) for ids in choices])
    chosen = {q.id: ids[i] for q, ids, i in zip(OURS.chooser, choices, best, strict=True)}
    return {question: answer for question, answer in chosen.items() if answer}


def test_nearly_every_current_course_is_the_best_for_somebody():
    """A new course needs no place in the chooser at once, but most should be somebody's first."""
    unreached = [course for course in CURRENT if not answers_that_lead_to(course)]
    assert len(unreached) <= len(CURRENT) // 5, f"no answers of chooser.yml put these first: {unreached}"


def test_every_answer_changes_something_or_says_that_nothing_matters():
    for q in OURS.chooser:
        without_effect = [answer.id for answer in q.answers if not answer.effects]
        assert len(without_effect) <= 1
        for answer in q.answers:
            moved = any(one.reasons for one in recommend(OURS, {q.id: answer.id}))
            assert moved == bool(answer.effects), f"{q.id}={answer.id} meets no course"


def test_who_reads_spanish_only_is_left_with_what_there_is_in_spanish():
    """The Hugging Face course is translated."""
    left = {one.course.id for one in recommend(OURS, {"language": "spanish"}) if not one.exclusions}
    spanish = {course for course in CURRENT if OURS.course_by_id[course].language == "es"}
    assert left >= spanish | {"hugging-face-llm-course"}
    assert len(left) < len(CURRENT) / 3
