"""What a course has that is new to somebody who finished others: topics, lessons and hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moocmap.curriculum.coverage import Coverage, coverage_of
from moocmap.curriculum.model import Course, Depth, Guide, Lesson
from moocmap.curriculum.prerequisites import TAUGHT, at_least, deepened, presupposed


@dataclass(frozen=True)
class Gain:
    """A topic that a lesson takes further than the learner has come so far."""

    lesson: Lesson
    topic: str
    before: Depth | None
    """How far the learner had come when the lesson begins, the course's earlier lessons included."""
    depth: Depth

    @property
    def is_new(self) -> bool:
        """Whether the topic was not taught before; a mention does not count."""
        return not at_least(self.before, TAUGHT)


@dataclass(frozen=True)
class Hours:
    """The hours of some lessons from low to high, and the lessons that do not say how long they take."""

    low: float
    high: float
    unstated: tuple[Lesson, ...]


@dataclass(frozen=True)
class Delta:
    """What is new in a course, in its own order."""

    course: Course
    gains: tuple[Gain, ...]
    new: tuple[str, ...]
    """Topics that the learner did not have before the course, in its order."""
    deeper: tuple[str, ...]
    """Topics that the learner had and the course takes further, in its order."""

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """The lessons with something new, in the order of study."""
        gaining = {gain.lesson.id for gain in self.gains}
        return tuple(lesson for lesson in self.course.lessons if lesson.id in gaining)


def delta(guide: Guide, finished: Sequence[str], new: str, known: Iterable[str] = ()) -> Delta:
    """Return what the course `new` adds for one who finished other courses and knows some topics besides.

    A finished course leaves each of its topics at the deepest depth it takes it; knowing a topic means
    knowing all of it and everything that it requires. A lesson gains a topic where it takes it at least to
    `uses` and deeper than all before, in the finished courses and in the earlier lessons of the new one: so
    a topic can be gained twice, first used and later explained.

    Raises KeyError for an unknown course or topic.
    """
    coverage, start = coverage_of(guide), dict[str, Depth]()
    for course_id in finished:
        start = deepened(start, _depths(coverage, guide.course_by_id[course_id]))
    start = deepened(start, dict.fromkeys(presupposed(guide, known), "implements"))
    course, gains, now = guide.course_by_id[new], list[Gain](), dict(start)
    for lesson in course.lessons:
        for topic in lesson.topics:
            before = now.get(topic.id)
            if at_least(topic.depth, TAUGHT) and (before is None or not at_least(before, topic.depth)):
                gains.append(Gain(lesson, topic.id, before, topic.depth))
                now[topic.id] = topic.depth
    gained = dict.fromkeys(gain.topic for gain in gains)
    had = {topic_id for topic_id in gained if at_least(start.get(topic_id), TAUGHT)}
    return Delta(
        course,
        tuple(gains),
        tuple(topic_id for topic_id in gained if topic_id not in had),
        tuple(topic_id for topic_id in gained if topic_id in had),
    )


def _depths(coverage: Coverage, course: Course) -> dict[str, Depth]:
    depths = {topic.id: coverage.depth(course.id, topic.id) for topic in coverage.topics(course.id)}
    return {topic_id: depth for topic_id, depth in depths.items() if depth is not None}


def hours(lessons: Iterable[Lesson]) -> Hours:
    """Sum up the hours of lessons; one that states none is named, not counted as zero."""
    lessons = list(lessons)
    stated = [lesson.hours for lesson in lessons if lesson.hours is not None]
    return Hours(
        sum(span.low for span in stated),
        sum(span.high for span in stated),
        tuple(lesson for lesson in lessons if lesson.hours is None),
    )
