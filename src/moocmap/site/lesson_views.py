"""What a lesson presupposes, where its topics go on, and how a topic is taught: tables for their pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from moocmap.curriculum.coverage import Teaching
from moocmap.curriculum.model import DEPTHS, Course, Depth, Lesson, Topic
from moocmap.curriculum.prerequisites import TAUGHT, at_least
from moocmap.site.views import GuideView, LessonPlace, Taught, depth_rank


@dataclass(frozen=True)
class Need:
    """A topic that a lesson presupposes, and which of the lesson's topics require it.

    `earlier` is the lesson of the course that taught it; where none did, `later` is the one that will.
    """

    topic: Topic
    wanted_by: tuple[Topic, ...]
    earlier: Lesson | None
    later: Lesson | None


@dataclass(frozen=True)
class Onward:
    """Lessons elsewhere that take a topic deeper, and others in which one practises it; the best first."""

    deeper: tuple[Teaching, ...]
    practice: tuple[Teaching, ...]


@dataclass(frozen=True)
class Successor:
    """The newest edition of a lesson's course, and its lesson with most of the same topics, if any."""

    course: Course
    lesson: Lesson | None
    shared: int
    """How many topics the two lessons share."""


@dataclass(frozen=True)
class CourseTeaching:
    """How a course teaches a topic: how deep at its deepest, and in which lessons."""

    course: Course
    depth: Depth
    lessons: tuple[Teaching, ...]


def needs(view: GuideView, place: LessonPlace) -> list[Need]:
    """Return the topics that a lesson's topics require and that it does not teach itself.

    As in `curriculum.order`, a topic counts as taught from the first lesson that at least uses it.
    """
    return view.once(("needs", place.course.id, place.lesson.id), lambda: _needs(view, place))


def _needs(view: GuideView, place: LessonPlace) -> list[Need]:
    lessons = place.course.lessons
    first = view.once(("first lessons", place.course.id), lambda: _first_lessons(lessons))
    here = {taught.id for taught in place.lesson.topics if at_least(taught.depth, TAUGHT)}
    topics = view.topics_with([taught.id for taught in place.lesson.topics if taught.id in here])
    wanted_by: dict[str, list[Topic]] = {}
    for topic in topics:
        for required in topic.requires:
            if required not in here:
                wanted_by.setdefault(required, []).append(topic)
    found = []
    for topic in view.topics_with(list(wanted_by)):
        number = first.get(topic.id)
        lesson = None if number is None else lessons[number]
        is_earlier = number is not None and number < place.number - 1
        found.append(
            Need(
                topic,
                tuple(wanted_by[topic.id]),
                lesson if is_earlier else None,
                None if is_earlier else lesson,
            )
        )
    return found


def missing(found: Iterable[Need]) -> list[Need]:
    """Return what no earlier lesson of the course has taught."""
    return [need for need in found if need.earlier is None]


def builds_on(found: Iterable[Need]) -> list[tuple[Lesson, list[Topic]]]:
    """Return the earlier lessons that taught what a lesson presupposes, with these topics."""
    grouped: dict[str, tuple[Lesson, list[Topic]]] = {}
    for need in found:
        if need.earlier is not None:
            grouped.setdefault(need.earlier.id, (need.earlier, []))[1].append(need.topic)
    return list(grouped.values())


def built_upon_by(view: GuideView, place: LessonPlace) -> list[tuple[Lesson, list[Topic]]]:
    """Return the later lessons of the course that presuppose what this one first teaches, with that."""
    return [
        (other.lesson, topics)
        for other in view.places_by_course[place.course.id][place.number :]
        for lesson, topics in builds_on(needs(view, other))
        if lesson.id == place.lesson.id
    ]


def _first_lessons(lessons: Sequence[Lesson]) -> Mapping[str, int]:
    first: dict[str, int] = {}
    for number, lesson in enumerate(lessons):
        for taught in lesson.topics:
            if at_least(taught.depth, TAUGHT):
                first.setdefault(taught.id, number)
    return first


def onward(view: GuideView, place: LessonPlace, taught: Taught) -> Onward:
    """Return where to go on with a lesson's topic: for each other course its best lesson.

    Deeper is a lesson that takes the topic further than this one. Where this lesson names or explains it,
    practice is one that uses it (or builds it), first in the courses whose emphasis is practice. Courses that
    can no longer be taken, and editions of this one, are left out.
    """
    here = depth_rank(taught.depth)
    teachings = [
        teaching
        for course in view.coverage.courses_teaching(taught.topic.id)
        if course.id == place.course.id or _can_be_taken(view, course, place.course)
        for teaching in view.coverage.teachings(course.id, taught.topic.id)
        if (teaching.course.id, teaching.lesson.id) != (place.course.id, place.lesson.id)
    ]
    deeper = _best(t for t in teachings if depth_rank(t.depth) > here)
    known = {teaching.course.id for teaching in deeper}
    practice = (
        []
        if taught.depth in ("uses", "implements")
        else _best(t for t in teachings if t.depth in ("uses", "implements") and t.course.id not in known)
    )
    practice.sort(key=lambda teaching: teaching.course.emphasis != "practice")
    return Onward(
        tuple(sorted(deeper, key=lambda teaching: teaching.course.id != place.course.id)), tuple(practice)
    )


def _can_be_taken(view: GuideView, course: Course, instead_of: Course) -> bool:
    is_edition = view.newest_edition(course).id == view.newest_edition(instead_of).id
    return course.status == "current" and not is_edition


def _best(teachings: Iterable[Teaching]) -> list[Teaching]:
    """Return for each course its deepest lesson (the first of these), the deepest of all first."""
    best: dict[str, Teaching] = {}
    for teaching in teachings:
        known = best.get(teaching.course.id)
        if known is None or depth_rank(teaching.depth) > depth_rank(known.depth):
            best[teaching.course.id] = teaching
    return sorted(best.values(), key=lambda teaching: -depth_rank(teaching.depth))


def successor(view: GuideView, place: LessonPlace) -> Successor | None:
    """Return what has replaced a lesson, or None when its course has no newer edition.

    The lesson that this one's own `compare` names comes first, else the one that shares most topics with it.
    """
    course = view.newest_edition(place.course)
    if course.id == place.course.id:
        return None
    mine = {taught.id for taught in place.lesson.topics}
    shared = {lesson.id: len(mine & {t.id for t in lesson.topics}) for lesson in course.lessons}
    named = {
        relation.target.partition("/")[2]
        for relation in place.lesson.compare
        if relation.target.startswith(f"{course.id}/")
    }
    best = max(course.lessons, key=lambda lesson: (lesson.id in named, shared[lesson.id]))
    if best.id not in named and not shared[best.id]:
        return Successor(course, None, 0)
    return Successor(course, best, shared[best.id])


# Topics ---------------------------------------------------------------------------------------------


def teaching_of(view: GuideView, topic: Topic) -> tuple[list[CourseTeaching], list[CourseTeaching]]:
    """Return how courses teach a topic, the deepest first: those one can take today, and all others."""
    every = [
        CourseTeaching(
            course,
            view.coverage.depth(course.id, topic.id) or "mentions",
            tuple(view.coverage.teachings(course.id, topic.id)),
        )
        for course in view.coverage.courses_teaching(topic.id)
    ]
    every.sort(key=lambda one: -depth_rank(one.depth))
    current = [one for one in every if one.course.status == "current"]
    return current, [one for one in every if one.course.status != "current"]


def depth_counts(teachings: Iterable[CourseTeaching]) -> list[tuple[Depth, int]]:
    """Return how many courses take a topic how far, the deepest first; depths of none are left out."""
    depths = [one.depth for one in teachings]
    return [(depth, depths.count(depth)) for depth in reversed(DEPTHS) if depth in depths]


def neighbours_in_area(view: GuideView, topic: Topic) -> tuple[Topic | None, Topic | None]:
    """Return the topics before and after one in the order of its area."""
    topics = next((topics for area, topics in view.topics_by_area if area.id == topic.area), [topic])
    here = [one.id for one in topics].index(topic.id)
    return (
        topics[here - 1] if here else None,
        topics[here + 1] if here + 1 < len(topics) else None,
    )
