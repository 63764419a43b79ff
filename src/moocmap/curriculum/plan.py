"""The shortest way through the lessons of all courses from what one knows to what one wants to know.

Definition, so exact that another implementation must find the same plan:

1. *Known.* A topic named as known is known at `implements`; a finished course leaves each of its topics at
   the deepest depth it takes it. What a topic requires, directly or through others, is known at least as
   deep as the topic itself.
2. *Lessons.* All lessons of the allowed courses, in the order of the data. A lesson costs the middle of its
   hours in whole minutes, rounded half up; one that states no hours costs the median of all lessons of the
   guide that do (rounded half up; one hour where none does) and counts as estimated.
3. *Goals.* A goal is wanted at a depth (`explains`), or at the deepest that an allowed lesson offers where
   none reaches it. A goal that is known at that depth needs nothing more.
4. *Needed* are the goals that are left, and all that they require, directly or through others, as far as it
   is not known at the depth of prerequisites (`uses`). A needed topic, no goal, that no allowed lesson
   takes to that depth is *assumed*: the basics that a learner brings.
5. *Chosen* is a set of lessons in which some lesson takes each goal that is left to its depth, and some
   lesson takes each other needed topic, that is not assumed, to the depth of prerequisites. Of all such
   sets it is the one with the fewest minutes, then the fewest lessons, then the one that holds the first
   lesson in which they differ.
6. *Order.* A lesson *brings* the needed topics that it takes to the depth of prerequisites. For each needed
   topic that it at least explains it *presupposes* all that the topic requires, directly or through others,
   as far as that is not known at the depth of prerequisites and some allowed lesson brings it. (A lesson
   that only uses a topic presupposes nothing: that is what teaching top-down means.) What it presupposes is
   *there* when a lesson before or the lesson itself brings it. The next lesson is always one with the
   fewest presupposed topics that are not there; of these one with no chosen lesson of its course left
   before it; of these one of the same course as the last; of these the first in the data.
7. Lessons are bundles, and one may explain a needed topic too *early*, before all it requires is there,
   while no chosen lesson takes the topic up in time. The plan names such a topic at the last lesson that
   brings it: one comes back for it.

It is demanded that every prerequisite is covered, and only preferred that it comes first. To demand both
was tried, with lessons that block until all they presuppose is there: where two lessons each explain
something that the other presupposes, no order exists, and the search took minutes where this one takes a
second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from moocmap.curriculum.candidates import EXPLAINED, Candidate, Needs, candidates, needs_of
from moocmap.curriculum.coverage import coverage_of
from moocmap.curriculum.model import Course, Depth, Guide, Lesson, deeper
from moocmap.curriculum.prerequisites import TAUGHT, at_least, deepened, presupposed
from moocmap.curriculum.set_cover import cheapest_cover
from moocmap.diagnostics import UsableError


@dataclass(frozen=True)
class Goal:
    """A topic that one wants to reach."""

    topic: str
    depth: Depth
    """How far the plan takes it: as far as wanted, or as far as any allowed lesson does."""
    is_known: bool
    """Whether it was known so far before."""


@dataclass(frozen=True)
class Step:
    """A lesson of the plan, and what it is there for. Topics stand in the order of the lesson."""

    course: Course
    lesson: Lesson
    minutes: int
    is_estimated: bool
    """Whether the lesson states no hours and `minutes` is the median of those that do."""
    goals: tuple[str, ...]
    """Goals that no lesson before it reaches."""
    prepares: tuple[str, ...]
    """Other needed topics that no lesson before it takes to the depth of prerequisites."""
    early: tuple[str, ...]
    """Needed topics that it explains before what they require: worth coming back to."""

    @property
    def hours(self) -> tuple[float, float]:
        """Its hours from low to high; the estimate at both ends where it states none."""
        stated = self.lesson.hours
        return (stated.low, stated.high) if stated else (self.minutes / 60, self.minutes / 60)


@dataclass(frozen=True)
class Plan:
    """An ordered list of lessons that reaches the goals in the least time."""

    goals: tuple[Goal, ...]
    steps: tuple[Step, ...]
    assumed: tuple[str, ...]
    """Needed topics that no allowed lesson teaches, in the order of the guide."""

    @property
    def minutes(self) -> int:
        """All lessons together, each at the middle of its hours."""
        return sum(step.minutes for step in self.steps)

    @property
    def hours(self) -> tuple[float, float]:
        """All lessons together from low to high."""
        return sum(step.hours[0] for step in self.steps), sum(step.hours[1] for step in self.steps)


def plan(
    guide: Guide,
    goals: Sequence[str],
    known: Mapping[str, Depth],
    courses: Sequence[Course],
    *,
    depth: Depth = EXPLAINED,
    prerequisites: Depth = TAUGHT,
) -> Plan:
    """Return the plan that the module's description defines. It exists as soon as each goal is taught.

    `known` comes from `knowledge`, `courses` from `allowed_courses`.
    Raises UsableError when no allowed course teaches a goal, or the search takes too long.
    """
    lessons = candidates(guide, courses)
    aims = [_goal(lessons, topic_id, depth, known) for topic_id in dict.fromkeys(goals)]
    left = {goal.topic: goal.depth for goal in aims if not goal.is_known}
    needs = needs_of(guide, lessons, left, known, prerequisites)
    covers = [needs.covered_by(lesson) for lesson in lessons]
    chosen = cheapest_cover([lesson.minutes for lesson in lessons], covers, needs.wanted)
    steps = _steps([lessons[index] for index in chosen], needs)
    assumed = tuple(topic.id for topic in guide.topics if topic.id in needs.assumed)
    return Plan(tuple(aims), tuple(steps), assumed)


def knowledge(guide: Guide, topics: Iterable[str], courses: Iterable[str]) -> dict[str, Depth]:
    """Return how far one knows each topic who knows some topics and has finished some courses.

    Raises KeyError for an unknown topic or course.
    """
    coverage = coverage_of(guide)
    known: dict[str, Depth] = dict.fromkeys(presupposed(guide, topics), "implements")
    for course_id in courses:
        for topic in coverage.topics(guide.course_by_id[course_id].id):
            reached = coverage.depth(course_id, topic.id)
            if reached is not None:
                known = deepened(known, dict.fromkeys(presupposed(guide, [topic.id]), reached))
    return known


def allowed_courses(
    guide: Guide,
    *,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    language: str | None = None,
    free: bool = False,
    superseded: bool = False,
) -> list[Course]:
    """Return the courses from which lessons may be chosen, in the order of the guide.

    Superseded and retired courses are left out unless `superseded`, or unless `only` names them.
    """
    return [
        course
        for course in guide.courses
        if (not only or course.id in only)
        and course.id not in exclude
        and (language is None or course.language == language)
        and (not free or course.price.free)
        and (superseded or course.status == "current" or course.id in only)
    ]


def plan_data(found: Plan) -> dict[str, Any]:
    """Return a plan as plain data: goals, lessons in order, what is assumed, hours and minutes in all."""
    return {
        "goals": [{"topic": goal.topic, "depth": goal.depth, "known": goal.is_known} for goal in found.goals],
        "lessons": [
            {
                "course": step.course.id,
                "lesson": step.lesson.id,
                "hours": list(step.hours),
                "minutes": step.minutes,
                "estimated": step.is_estimated,
                "reaches": list(step.goals),
                "prepares": list(step.prepares),
                "early": list(step.early),
            }
            for step in found.steps
        ],
        "assumed": list(found.assumed),
        "hours": list(found.hours),
        "minutes": found.minutes,
    }


def _goal(lessons: Iterable[Candidate], topic_id: str, wanted: Depth, known: Mapping[str, Depth]) -> Goal:
    if at_least(known.get(topic_id), wanted):
        return Goal(topic_id, wanted, is_known=True)
    offered = [lesson.depths[topic_id] for lesson in lessons if topic_id in lesson.depths]
    if not offered:
        raise UsableError(
            f"goal '{topic_id}' is taught by none of the courses to choose from; allow more of them, "
            "or superseded ones with --allow-superseded"
        )
    deepest = offered[0]
    for depth in offered:
        deepest = deeper(deepest, depth)
    reachable = wanted if at_least(deepest, wanted) else deepest
    return Goal(topic_id, reachable, is_known=at_least(known.get(topic_id), reachable))


def _steps(chosen: Sequence[Candidate], needs: Needs) -> list[Step]:
    steps, there, reached = [], set[str](), set[str]()
    ordered = _in_order(chosen, needs)
    learnt = _learnt(ordered, needs)
    for number, lesson in enumerate(ordered):
        later = set[str]().union(*(needs.brought_by(other) for other in ordered[number + 1 :]))
        covered, brought = needs.covered_by(lesson), needs.brought_by(lesson)
        goals = (covered & needs.goals) - reached
        early = needs.missing(lesson, there).keys() - learnt - later
        prepares = brought - there - needs.goals
        steps.append(
            Step(
                lesson.course,
                lesson.lesson,
                lesson.minutes,
                lesson.lesson.hours is None,
                *(tuple(t for t in lesson.depths if t in some) for some in (goals, prepares, early)),
            )
        )
        there |= brought
        reached |= goals
    return steps


def _in_order(chosen: Sequence[Candidate], needs: Needs) -> list[Candidate]:
    waiting, ordered, there = list(chosen), list[Candidate](), set[str]()
    while waiting:
        following = min(waiting, key=lambda lesson: _rank(lesson, waiting, ordered, needs, there))
        waiting.remove(following)
        ordered.append(following)
        there.update(needs.brought_by(following))
    return ordered


def _rank(
    lesson: Candidate,
    waiting: Sequence[Candidate],
    ordered: Sequence[Candidate],
    needs: Needs,
    there: Set[str],
) -> tuple[int, bool, bool, int]:
    """Return what makes a lesson the next: the least of these tuples."""
    missing = set[str]().union(*needs.missing(lesson, there).values())
    course_id = lesson.course.id
    out_of_turn = any(other.course.id == course_id and other.index < lesson.index for other in waiting)
    jumps = not ordered or ordered[-1].course.id != course_id
    return len(missing), out_of_turn, jumps, lesson.index


def _learnt(ordered: Sequence[Candidate], needs: Needs) -> set[str]:
    """Return the needed topics that at least one lesson takes up when all they require is there."""
    learnt, there = set[str](), set[str]()
    for lesson in ordered:
        learnt |= needs.brought_by(lesson) - needs.missing(lesson, there).keys()
        there |= needs.brought_by(lesson)
    return learnt
