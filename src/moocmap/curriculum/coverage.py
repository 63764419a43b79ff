"""Which courses take which topics how far: derived from the lessons, never typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moocmap.curriculum.model import (
    Course,
    Depth,
    Guide,
    Lesson,
    PublishedCoverage,
    PublishedRow,
    Topic,
    deeper,
)
from moocmap.fields import text_in


@dataclass(frozen=True)
class Teaching:
    """One lesson's treatment of a topic."""

    course: Course
    lesson: Lesson
    depth: Depth


class Coverage:
    """The topics × courses table of a guide: a course's coverage is the union of its lessons'."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self._teachings: dict[tuple[str, str], list[Teaching]] = {}
        self._courses: dict[str, list[Course]] = {}
        for course, lesson, topic in guide.taught():
            self._teachings.setdefault((course.id, topic.id), []).append(
                Teaching(course, lesson, topic.depth)
            )
            courses = self._courses.setdefault(topic.id, [])
            if not courses or courses[-1] is not course:  # lessons come course by course
                courses.append(course)

    def teachings(self, course_id: str, topic_id: str) -> list[Teaching]:
        """Return the lessons of a course that take up a topic, in the order of study."""
        return self._teachings.get((course_id, topic_id), [])

    def depth(self, course_id: str, topic_id: str) -> Depth | None:
        """Return how far a course takes a topic at its deepest, or None when it does not teach it."""
        deepest: Depth | None = None
        for teaching in self.teachings(course_id, topic_id):
            deepest = deeper(deepest, teaching.depth) if deepest else teaching.depth
        return deepest

    def courses_teaching(self, topic_id: str) -> list[Course]:
        """Return the courses that teach a topic, in the order of the guide."""
        return self._courses.get(topic_id, [])

    def topics(self, course_id: str) -> list[Topic]:
        """Return the topics that a course teaches, in the order of the guide's areas."""
        return [topic for topic in self.guide.topics if self.teachings(course_id, topic.id)]

    def table(self, course_ids: Sequence[str], locale: str) -> list[dict[str, str]]:
        """Return every topic with its depth in each course ("" where it is not taught).

        Columns: area, topic (its id), name (in `locale`), then one for each course id.
        Raises KeyError for an unknown course.
        """
        for course_id in course_ids:
            _ = self.guide.course_by_id[course_id]
        return [
            {"area": topic.area, "topic": topic.id, "name": text_in(topic.name, locale)}
            | {c: self.depth(c, topic.id) or "" for c in course_ids}
            for topic in self.guide.topics
        ]


def coverage_of(guide: Guide) -> Coverage:
    """Return the coverage of a guide, which is made once."""
    return guide.once("coverage", lambda: Coverage(guide))


@dataclass(frozen=True)
class Comparison:
    """What some courses share and what only one of them teaches; topics in the order of the guide."""

    courses: tuple[Course, ...]
    shared: tuple[Topic, ...]
    exclusive: dict[str, tuple[Topic, ...]]
    deeper_in: dict[str, tuple[Topic, ...]]
    """By course id: topics that another of the courses teaches too, but none as deep."""


def compare(coverage: Coverage, course_ids: Sequence[str]) -> Comparison:
    """Compare two or more courses. Raises KeyError for an unknown course."""
    courses = tuple(coverage.guide.course_by_id[course_id] for course_id in course_ids)
    taught = {course_id: {topic.id for topic in coverage.topics(course_id)} for course_id in course_ids}
    exclusive, deepest = {}, {}
    for mine in course_ids:
        others = [other for other in course_ids if other != mine]
        elsewhere = set[str]().union(*(taught[other] for other in others))
        topics = coverage.topics(mine)
        exclusive[mine] = tuple(topic for topic in topics if topic.id not in elsewhere)
        deepest[mine] = tuple(
            topic
            for topic in topics
            if topic.id in elsewhere and all(_is_deeper(coverage, mine, other, topic.id) for other in others)
        )
    shared = tuple(topic for topic in coverage.guide.topics if all(topic.id in taught[c] for c in course_ids))
    return Comparison(courses, shared, exclusive, deepest)


def _is_deeper(coverage: Coverage, mine: str, other: str, topic_id: str) -> bool:
    a, b = coverage.depth(mine, topic_id), coverage.depth(other, topic_id)
    return a is not None and a != b and (b is None or deeper(a, b) == a)


def comparison_table(coverage: Coverage, comparison: Comparison, locale: str) -> list[dict[str, str]]:
    """Return the topics that any of the compared courses teaches, with depths and a verdict.

    Columns as in `Coverage.table`, then `verdict`: `only X`, `deeper in X`, `shared` (by all, and
    in none of them deepest) or `partly` (by some of three or more).
    """
    ids = [course.id for course in comparison.courses]
    verdicts = {topic.id: "shared" for topic in comparison.shared}
    for course_id in ids:
        verdicts |= {topic.id: f"only {course_id}" for topic in comparison.exclusive[course_id]}
        verdicts |= {topic.id: f"deeper in {course_id}" for topic in comparison.deeper_in[course_id]}
    table = coverage.table(ids, locale)
    taught = [row for row in table if any(row[course_id] for course_id in ids)]
    return [row | {"verdict": verdicts.get(row["topic"], "partly")} for row in taught]


@dataclass(frozen=True)
class RowAgreement:
    """A published row beside what the lessons say."""

    row: PublishedRow
    published: dict[str, bool]
    derived: dict[str, bool]

    @property
    def agrees(self) -> bool:
        """Whether every course is marked alike."""
        return self.published == self.derived

    @property
    def verdict(self) -> str:
        """`agrees`, `explained` (differs, and the data say why) or `unexplained`."""
        if self.agrees:
            return "agrees"
        return "explained" if self.row.explanation else "unexplained"


def agreement(coverage: Coverage, published: PublishedCoverage) -> list[RowAgreement]:
    """Hold a published table against the derived coverage, row by row.

    A course has a row's mark when its lessons teach at least one of the row's topics at any depth.
    """
    return [
        RowAgreement(
            row,
            {course_id: course_id in row.taught_in for course_id in published.courses},
            {c: any(coverage.teachings(c, topic_id) for topic_id in row.topics) for c in published.courses},
        )
        for row in published.rows
    ]


def agreement_table(rows: Sequence[RowAgreement]) -> list[dict[str, Any]]:
    """Return a line for each published row: number, label, for each course who marks it, and the verdict.

    Who marks it: `both`, `published only`, `lessons only`, or "" for neither.
    """
    marks = {(True, True): "both", (True, False): "published only", (False, True): "lessons only"}
    return [
        {"row": number, "label": row.row.label}
        | {c: marks.get((row.published[c], row.derived[c]), "") for c in row.published}
        | {"verdict": row.verdict}
        for number, row in enumerate(rows, start=1)
    ]
