"""Topics that a course teaches before their prerequisites, and how often it does: the inversion rate.

A rate near 0 is that of a course which builds from the ground up (bottom-up); a higher one means that it
puts things to use first and explains what they stand on later (top-down).
"""

from __future__ import annotations

from dataclasses import dataclass

from moocmap.curriculum.load import Entry, Sources
from moocmap.curriculum.model import Course, Depth, Guide, Lesson
from moocmap.curriculum.prerequisites import TAUGHT, at_least, presupposed


@dataclass(frozen=True)
class Inversion:
    """A topic taught in `lesson`, and something it requires that first comes in the `later` lesson."""

    course: Course
    topic: str
    lesson: Lesson
    requires: str
    later: Lesson
    is_direct: bool
    """Whether the topic names the requirement itself, rather than through other topics."""


@dataclass(frozen=True)
class CourseOrder:
    """In which order a course teaches what belongs together."""

    course: Course
    pairs: int
    """How many pairs of a topic and something that it requires the course teaches."""
    inversions: tuple[Inversion, ...]
    """The pairs in the wrong order, in the order of study."""

    @property
    def inversion_rate(self) -> float | None:
        """The part of the pairs in the wrong order, 0 to 1; None where there is no pair."""
        return len(self.inversions) / self.pairs if self.pairs else None


def course_order(guide: Guide, course: Course, depth: Depth = TAUGHT) -> CourseOrder:
    """Find the topics that a course teaches before their prerequisites.

    A topic counts from the first lesson that takes it at least to `depth`. A pair is a topic and one it
    requires, directly or through others, both taught in the course so. The pair is inverted when the
    requirement's first lesson comes after the topic's; in the same lesson, it is not. The rate is that of
    inversions in a permutation (Kendall's tau distance), taken over the pairs that the prerequisites order.
    """
    first = _first_lessons(course, depth)
    pairs = [
        (topic_id, required)
        for topic_id in first
        for required in sorted(presupposed(guide, [topic_id]) - {topic_id})
        if required in first
    ]
    inversions = [
        Inversion(
            course,
            topic_id,
            course.lessons[first[topic_id]],
            required,
            course.lessons[first[required]],
            required in guide.topic_by_id[topic_id].requires,
        )
        for topic_id, required in pairs
        if first[required] > first[topic_id]
    ]
    return CourseOrder(course, len(pairs), tuple(inversions))


def _first_lessons(course: Course, depth: Depth) -> dict[str, int]:
    """Return for each topic the number (from 0) of the first lesson that takes it to `depth`, in order."""
    first: dict[str, int] = {}
    for number, lesson in enumerate(course.lessons):
        for topic in lesson.topics:
            if at_least(topic.depth, depth):
                first.setdefault(topic.id, number)
    return first


def place_of_lesson(sources: Sources, course: Course, lesson: Lesson) -> str:
    """Return `file:line` where a lesson starts."""
    return _place(sources, course, lesson, ())


def place_of_topic(sources: Sources, course: Course, lesson: Lesson, topic_id: str) -> str:
    """Return `file:line` of a topic in a lesson's list."""
    index = [topic.id for topic in lesson.topics].index(topic_id)
    return _place(sources, course, lesson, ("topics", index))


def _place(sources: Sources, course: Course, lesson: Lesson, at: tuple[str | int, ...]) -> str:
    entry = _entry(sources, course)
    path = next(
        ("units", u, "lessons", n)
        for u, unit in enumerate(course.units)
        for n, one in enumerate(unit.lessons)
        if one.id == lesson.id
    )
    line, _ = entry.document.position((*entry.path, *path, *at))
    return f"{entry.document.label}:{line}"


def _entry(sources: Sources, course: Course) -> Entry[Course]:
    return next(entry for entry in sources.courses if entry.value.id == course.id)
