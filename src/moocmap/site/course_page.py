"""What a course's page derives from the whole guide: its order of teaching, and its likes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from moocmap.curriculum.delta import hours
from moocmap.curriculum.model import Course, Range, Topic, Unit
from moocmap.curriculum.order import CourseOrder, course_order
from moocmap.site.comparison import inversion_share
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView
from moocmap.site.wording import Wording

NEIGHBOURS = 4
"""How many other courses a page offers to compare its own with."""


@dataclass(frozen=True)
class Reversed:
    """A topic that a course teaches before something that it requires, with the numbers of both lessons."""

    topic: Topic
    lesson: int
    required: Topic
    later: int


class CoursePage:
    """A course as its page shows it."""

    def __init__(self, view: GuideView, strings: Strings, course: Course) -> None:
        self.view = view
        self.t = strings
        self.course = course

    @cached_property
    def order(self) -> CourseOrder:
        """In which order the course teaches what belongs together."""
        return course_order(self.view.guide, self.course)

    @property
    def inversions(self) -> str:
        """How much the course teaches before what it requires, as a percentage."""
        return inversion_share(self.t, self.order)

    @property
    def reversed(self) -> list[Reversed]:
        """The topics that come before something that they name as a requirement, in the order of study."""
        number = {lesson.id: n for n, lesson in enumerate(self.course.lessons, start=1)}
        topics = self.view.guide.topic_by_id
        return [
            Reversed(topics[one.topic], number[one.lesson.id], topics[one.requires], number[one.later.id])
            for one in self.order.inversions
            if one.is_direct
        ]

    @property
    def neighbours(self) -> list[Course]:
        """Other courses to compare with: other editions, then those of today that share most topics.

        Two courses share most when their common topics are a large part of all that either teaches
        (Jaccard's index).
        """
        view, course = self.view, self.course
        newest = view.newest_edition(course)
        editions = [newest] if newest.id != course.id else []
        editions += [other for other in view.courses if other.superseded_by == course.id]
        taken = {course.id, *(edition.id for edition in editions)}
        others = [other for other in view.current_courses if other.id not in taken]
        return [*editions, *sorted(others, key=lambda other: -self._likeness(other))][:NEIGHBOURS]

    def _likeness(self, other: Course) -> float:
        mine, theirs = self.view.topic_ids[self.course.id], self.view.topic_ids[other.id]
        shared = len(mine & theirs)
        return shared / (len(mine) + len(theirs) - shared or 1)

    @property
    def asked_topics(self) -> list[Topic]:
        """The topics that the course expects one to know."""
        return self.view.topics_with([asked.topic for asked in self.course.prerequisites if asked.topic])

    def hours_of(self, unit: Unit) -> str:
        """Return how many hours a part of the course takes; "" where a lesson does not say."""
        total = hours(unit.lessons)
        if total.unstated:
            return ""
        return Wording(self.t).hours(Range(low=round(total.low), high=round(total.high), kind="derived"))
