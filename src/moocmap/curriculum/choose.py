"""Which courses suit a learner, from answers to the questions of `chooser.yml`.

Definition, so exact that another implementation (the page's, in JavaScript) must give equal results:

1. *Candidates* are the courses whose status is `current`, in the order of the guide. All start at 0 points.
2. *Effects.* For each question of the guide, in its order, that has an answer: for each effect of this
   answer, in its order, every candidate that matches the effect's filter gets the effect's points (added;
   they may be negative) and its reason; an effect that `excludes` makes the candidate drop out and gives no
   points. Several effects of one answer may meet the same course: all of them count.
3. *Matching.* A course matches a filter when every condition that the filter states holds. An empty list and
   a missing value state no condition. Of a list, one value is enough: the course's id, kind, status,
   language, certificate, approach or emphasis is in the list; one of its libraries is; one of its
   prerequisites names a topic of `assumes`; one of its lessons takes a topic of `teaches` to the depth
   `explains` or deeper. `free` is compared with whether the course is free of charge.
4. *Hours.* `max_hours` holds when the hours of the course are at most that. They are the sum, in the order of
   study, of the middles, (low + high) / 2, of its lessons' hours. Where any lesson states none, the hours of
   the course are not known, and the condition does not hold.
5. *Order.* Courses that did not drop out come before those that did; then more points before fewer; then
   fewer exclusions before more; then the order of the guide.

Questions without an answer change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moocmap.curriculum.companions import Answer, CourseFilter, Effect, Question
from moocmap.curriculum.coverage import Coverage, coverage_of
from moocmap.curriculum.model import DEPTHS, Course, Guide
from moocmap.fields import Text

TAUGHT = frozenset(DEPTHS[DEPTHS.index("explains") :])
"""The depths at which a lesson teaches a topic, instead of touching or using it."""


@dataclass(frozen=True)
class Reason:
    """What one effect of an answer says about a course."""

    question: str
    answer: str
    points: int
    excludes: bool
    text: Text


@dataclass(frozen=True)
class Recommendation:
    """A course with all that the answers say about it."""

    course: Course
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        """The sum of all points."""
        return sum(reason.points for reason in self.reasons)

    @property
    def advantages(self) -> tuple[Reason, ...]:
        """Reasons for the course."""
        return tuple(reason for reason in self.reasons if reason.points > 0)

    @property
    def drawbacks(self) -> tuple[Reason, ...]:
        """Reasons against the course that do not rule it out."""
        return tuple(reason for reason in self.reasons if reason.points < 0)

    @property
    def exclusions(self) -> tuple[Reason, ...]:
        """Reasons why the course drops out; none when it is recommended."""
        return tuple(reason for reason in self.reasons if reason.excludes)


def recommend(guide: Guide, answers: Mapping[str, str]) -> list[Recommendation]:
    """Return all current courses, the most suitable first; the module says by which rule.

    `answers` maps ids of questions to ids of their answers. Raises KeyError for an id that is unknown.
    """
    coverage = coverage_of(guide)
    effects = list(_effects(guide, answers))
    found = [
        Recommendation(course, tuple(_reasons(course, effects, coverage)))
        for course in guide.courses
        if course.status == "current"
    ]
    return sorted(found, key=lambda one: (bool(one.exclusions), -one.points, len(one.exclusions)))


def _effects(guide: Guide, answers: Mapping[str, str]) -> Iterator[tuple[Question, Answer, Effect]]:
    """Yield the effects of the answers in the order of the guide."""
    by_id = {question.id: question for question in guide.chooser}
    for question_id in answers:
        _ = by_id[question_id]
    for question in guide.chooser:
        if question.id in answers:
            answer = {answer.id: answer for answer in question.answers}[answers[question.id]]
            yield from ((question, answer, effect) for effect in answer.effects)


def _reasons(
    course: Course, effects: list[tuple[Question, Answer, Effect]], coverage: Coverage
) -> Iterator[Reason]:
    for question, answer, effect in effects:
        if matches(course, effect.courses, coverage):
            yield Reason(question.id, answer.id, effect.points, effect.excludes, effect.because)


def matches(course: Course, wanted: CourseFilter, coverage: Coverage) -> bool:
    """Return whether every condition of a filter holds for a course; the module says when one does."""
    of_lists = (
        (wanted.ids, {course.id}),
        (wanted.kind, {course.kind}),
        (wanted.status, {course.status}),
        (wanted.language, {course.language}),
        (wanted.certificate, {course.certificate}),
        (wanted.approach, {course.approach}),
        (wanted.emphasis, {course.emphasis}),
        (wanted.libraries, set(course.libraries)),
        (wanted.assumes, {prerequisite.topic for prerequisite in course.prerequisites}),
    )
    return (
        all(not values or not of_course.isdisjoint(values) for values, of_course in of_lists)
        and (not wanted.teaches or any(_teaches(course, topic, coverage) for topic in wanted.teaches))
        and wanted.free in (None, course.price.free)
        and (wanted.max_hours is None or _is_within(course, wanted.max_hours))
    )


def _teaches(course: Course, topic_id: str, coverage: Coverage) -> bool:
    return coverage.depth(course.id, topic_id) in TAUGHT


def _is_within(course: Course, max_hours: float) -> bool:
    hours = hours_of(course)
    return hours is not None and hours <= max_hours


def hours_of(course: Course) -> float | None:
    """Return the hours of a course, the sum of the middles of its lessons'; None when any states none."""
    total = 0.0
    for lesson in course.lessons:
        if lesson.hours is None:
            return None
        total += (lesson.hours.low + lesson.hours.high) / 2
    return total


def successor(guide: Guide, course: Course) -> Course | None:
    """Return the current course that took the place of this one, directly or through others, if any did."""
    seen = {course.id}
    while course.superseded_by is not None and course.superseded_by not in seen:
        course = guide.course_by_id[course.superseded_by]
        seen.add(course.id)
        if course.status == "current":
            return course
    return None
