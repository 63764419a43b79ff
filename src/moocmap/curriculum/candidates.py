"""The lessons among which a plan chooses, and what it needs of them; `plan` defines both."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from moocmap.curriculum.model import Course, Depth, Guide, Lesson, Range
from moocmap.curriculum.prerequisites import at_least, presupposed

EXPLAINED: Depth = "explains"
"""From this depth on a lesson presupposes what its topic requires."""
MINUTES_WITHOUT_ANY_HOURS = 60


def minutes_of(hours: Range) -> int:
    """Return the middle of some hours in whole minutes, rounded half up."""
    return math.floor((hours.low + hours.high) * 30 + 0.5)


@dataclass(frozen=True)
class Candidate:
    """A lesson that one may choose."""

    index: int
    """Its place among the allowed lessons, in the order of the data."""
    course: Course
    lesson: Lesson
    minutes: int

    @cached_property
    def depths(self) -> dict[str, Depth]:
        """How far it takes each of its topics, in its own order."""
        return {topic.id: topic.depth for topic in self.lesson.topics}


def candidates(guide: Guide, courses: Iterable[Course]) -> list[Candidate]:
    """Return all lessons of some courses, with their minutes: stated, or the median of the guide's."""
    stated = [minutes_of(lesson.hours) for c in guide.courses for lesson in c.lessons if lesson.hours]
    median = math.floor(statistics.median(stated) + 0.5) if stated else MINUTES_WITHOUT_ANY_HOURS
    pairs = [(course, lesson) for course in courses for lesson in course.lessons]
    return [
        Candidate(index, course, lesson, minutes_of(lesson.hours) if lesson.hours else median)
        for index, (course, lesson) in enumerate(pairs)
    ]


@dataclass(frozen=True)
class Needs:
    """What the chosen lessons must bring, and what each needed topic presupposes of the others."""

    depths: Mapping[str, Depth]
    """By goal and needed topic that is not assumed: the depth that a lesson must reach to cover it."""
    basics: Depth
    """The depth at which a prerequisite is there."""
    requires: Mapping[str, Set[str]]
    """By needed topic: what it requires, directly or through others, as far as a lesson must bring it."""
    goals: Set[str]
    assumed: Set[str]

    @property
    def wanted(self) -> set[str]:
        """Goals and needed topics that some lesson must cover."""
        return set(self.depths)

    def covered_by(self, lesson: Candidate) -> set[str]:
        """Return what is wanted and a lesson takes as far as it is wanted."""
        return {t for t, depth in self.depths.items() if at_least(lesson.depths.get(t), depth)}

    def brought_by(self, lesson: Candidate) -> set[str]:
        """Return the needed topics that a lesson takes to the depth of prerequisites."""
        return {
            t for t, depth in lesson.depths.items() if t in self.requires and at_least(depth, self.basics)
        }

    def missing(self, lesson: Candidate, there: Set[str]) -> dict[str, set[str]]:
        """Return, by needed topic that a lesson explains too early, what it presupposes and is not there."""
        there = there | self.brought_by(lesson)
        explained = [t for t, depth in lesson.depths.items() if at_least(depth, EXPLAINED)]
        missing = {t: set(self.requires[t] - there) for t in explained if t in self.requires}
        return {t: topics for t, topics in missing.items() if topics}


def needs_of(
    guide: Guide,
    lessons: Sequence[Candidate],
    goals: Mapping[str, Depth],
    known: Mapping[str, Depth],
    basics: Depth,
) -> Needs:
    """Return what goals, at their depths, need of lessons beyond what is known."""
    unknown = {t for t in presupposed(guide, goals) if not at_least(known.get(t), basics)}
    taught = {t for lesson in lessons for t, depth in lesson.depths.items() if at_least(depth, basics)}
    assumed = unknown - taught - goals.keys()
    brought = (unknown & taught) | goals.keys()
    return Needs(
        depths={t: goals.get(t, basics) for t in sorted(brought)},
        basics=basics,
        requires={t: (presupposed(guide, [t]) - {t}) & unknown & taught for t in brought},
        goals=goals.keys(),
        assumed=assumed,
    )
