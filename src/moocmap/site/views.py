"""What the pages show, derived from the guide: pure functions from data to small tables."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from moocmap.curriculum.companions import Aspect, Library, Offer, Route
from moocmap.curriculum.coverage import RowAgreement, agreement, coverage_of
from moocmap.curriculum.model import (
    DEPTHS,
    Area,
    Course,
    Depth,
    Fact,
    Guide,
    Lesson,
    PublishedCoverage,
    Reference,
    Relation,
    Term,
    Topic,
    Unit,
)
from moocmap.fields import text_in
from moocmap.memo import Memo
from moocmap.site import addresses
from moocmap.site.strips import Band, Strip, bands, strips


@dataclass(frozen=True)
class Taught:
    """A topic with how far something takes it."""

    topic: Topic
    depth: Depth
    exclusive: bool = False


@dataclass(frozen=True)
class LessonPlace:
    """A lesson where it stands: its course and unit, and the lessons before and after it."""

    course: Course
    unit: Unit
    lesson: Lesson
    number: int
    before: Lesson | None
    after: Lesson | None


@dataclass(frozen=True)
class Target:
    """What a relation points at: a course, one of its units or one of its lessons."""

    course: Course
    part: Unit | Lesson | None

    @property
    def address(self) -> str:
        """The address of the page."""
        if isinstance(self.part, Lesson):
            return addresses.lesson(self.course.id, self.part.id)
        return addresses.course(self.course.id)

    @property
    def anchor(self) -> str:
        """The place within the page."""
        return unit_anchor(self.part) if isinstance(self.part, Unit) else ""


@dataclass(frozen=True)
class Citation:
    """A place that recommends a work: a page or a part of it, and the course when it is a lesson's."""

    name: str | dict[str, str]
    address: str
    anchor: str = ""
    course: Course | None = None


@dataclass(frozen=True)
class CourseMark:
    """A course in a topic's row of the matrix."""

    course: Course
    depth: Depth | None
    exclusive: bool


def plain(text: str) -> str:
    """Return `text` as dictionaries sort it and hurried readers type it: without accents and capitals."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def unit_anchor(unit: Unit) -> str:
    """Return the anchor of a unit in its course's page."""
    return f"unit-{unit.id}"


def depth_rank(depth: Depth) -> int:
    """Return 1 for the least depth to 4 for the greatest."""
    return DEPTHS.index(depth) + 1


class GuideView:
    """All derived tables of a guide; each is computed when a page asks for it, those under keys by `once`."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.coverage = coverage_of(guide)
        self.once = Memo()

    # Areas and topics -----------------------------------------------------------------------------

    @cached_property
    def topics_by_area(self) -> list[tuple[Area, list[Topic]]]:
        """The areas that have topics, with them."""
        areas = self.guide.settings.areas
        grouped = [(area, [t for t in self.guide.topics if t.area == area.id]) for area in areas]
        return [(area, topics) for area, topics in grouped if topics]

    @cached_property
    def required_by(self) -> dict[str, list[Topic]]:
        """By topic id: the topics that require it."""
        found: dict[str, list[Topic]] = {topic.id: [] for topic in self.guide.topics}
        for topic in self.guide.topics:
            for required in dict.fromkeys(topic.requires):
                if required in found:
                    found[required].append(topic)
        return found

    def required(self, topic: Topic) -> list[Topic]:
        """Return the topics that `topic` requires."""
        return self.topics_with([*topic.requires])

    def topics_with(self, topic_ids: Sequence[str]) -> list[Topic]:
        """Return the topics with these ids."""
        return [self.guide.topic_by_id[i] for i in topic_ids if i in self.guide.topic_by_id]

    def terms_of(self, topic_id: str) -> list[Term]:
        """Return the glossary terms that name a topic."""
        return self._terms_by_topic.get(topic_id, [])

    @cached_property
    def _terms_by_topic(self) -> dict[str, list[Term]]:
        found: dict[str, list[Term]] = {}
        for term in self.guide.terms:
            found.setdefault(term.topic or "", []).append(term)
        return found

    def synonyms(self, topic_id: str, locale: str) -> list[str]:
        """Return the glossary's other words for a topic in one language."""
        return [
            word
            for term in self.terms_of(topic_id)
            for word in (text_in(term.term, locale), *term.also.get(locale, []))
        ]

    # Courses and lessons --------------------------------------------------------------------------

    def is_exclusive(self, course: Course, topic_id: str) -> bool:
        """Tell whether no other course teaches a topic.

        Editions count as one course: the newest has the topic to itself where only older ones share it.
        """
        return (course.id, topic_id) in self._exclusive

    @cached_property
    def _exclusive(self) -> set[tuple[str, str]]:
        return {
            (course.id, topic.id)
            for topic in self.guide.topics
            for course in self.coverage.courses_teaching(topic.id)
            if self._has_to_itself(course, topic.id)
        }

    def _has_to_itself(self, course: Course, topic_id: str) -> bool:
        others = (c for c in self.coverage.courses_teaching(topic_id) if c.id != course.id)
        return len(self.guide.courses) > 1 and all(self.newest_edition(c).id == course.id for c in others)

    def newest_edition(self, course: Course) -> Course:
        """Return the course that replaced this one, directly or by way of others; itself when none did."""
        return self._newest_editions[course.id]

    @cached_property
    def _newest_editions(self) -> dict[str, Course]:
        return {course.id: self._newest_edition(course) for course in self.guide.courses}

    def _newest_edition(self, course: Course) -> Course:
        seen = {course.id}
        while (successor := self.guide.course_by_id.get(course.superseded_by or "")) is not None:
            if successor.id in seen:
                break
            seen.add(successor.id)
            course = successor
        return course

    @cached_property
    def courses(self) -> list[Course]:
        """All courses: first those that one can start today."""
        return sorted(self.guide.courses, key=lambda course: course.status != "current")

    @cached_property
    def current_courses(self) -> list[Course]:
        """The courses that one can start today; all where there is none."""
        return [course for course in self.courses if course.status == "current"] or self.courses

    @cached_property
    def topic_ids(self) -> dict[str, frozenset[str]]:
        """By course id: the ids of the topics that it teaches."""
        known = self.guide.topic_by_id.keys()
        return {
            course.id: frozenset(t.id for lesson in course.lessons for t in lesson.topics) & known
            for course in self.guide.courses
        }

    def taught_by_area(self, course: Course) -> list[tuple[Area, list[Taught]]]:
        """Return what a course teaches, by area, the deepest first."""
        grouped = []
        for area, topics in self.topics_by_area:
            taught = [t for t in (self._taught(course, topic) for topic in topics) if t]
            if taught:
                grouped.append((area, sorted(taught, key=lambda t: -depth_rank(t.depth))))
        return grouped

    def _taught(self, course: Course, topic: Topic) -> Taught | None:
        depth = self.coverage.depth(course.id, topic.id)
        return Taught(topic, depth, self.is_exclusive(course, topic.id)) if depth else None

    def exclusive(self, course: Course) -> list[Taught]:
        """Return what no other course of the guide teaches."""
        return [taught for _, group in self.taught_by_area(course) for taught in group if taught.exclusive]

    @cached_property
    def places(self) -> list[LessonPlace]:
        """All lessons where they stand."""
        return [place for places in self.places_by_course.values() for place in places]

    @cached_property
    def places_by_course(self) -> dict[str, list[LessonPlace]]:
        """By course id: its lessons where they stand."""
        return {course.id: _places(course) for course in self.guide.courses}

    def lesson_topics(self, place: LessonPlace) -> list[Taught]:
        """Return the topics of a lesson, the deepest first."""
        known = self.guide.topic_by_id
        taught = [
            Taught(known[t.id], t.depth, self.is_exclusive(place.course, t.id))
            for t in place.lesson.topics
            if t.id in known
        ]
        return sorted(taught, key=lambda t: -depth_rank(t.depth))

    def target(self, reference: str) -> Target | None:
        """Return what `course` or `course/part` names, or None when there is no such thing."""
        course_id, _, part_id = reference.partition("/")
        course = self.guide.course_by_id.get(course_id)
        if course is None or not part_id:
            return Target(course, None) if course else None
        parts: list[Unit | Lesson] = [*course.lessons, *course.units]
        part = next((part for part in parts if part.id == part_id), None)
        return Target(course, part) if part else None

    def library_courses(self, library_id: str) -> list[Course]:
        """Return the courses that use a library."""
        return [course for course in self.guide.courses if library_id in course.libraries]

    def offers(self, aspect: Aspect, library_id: str) -> list[Offer]:
        """Return what a library offers for an aspect, the newest version first."""
        found = [offer for offer in aspect.offers if offer.library == library_id]
        return sorted(found, key=lambda offer: offer.date, reverse=True)

    @cached_property
    def libraries_sorted(self) -> list[Library]:
        """The libraries by name."""
        return sorted(self.guide.libraries.libraries, key=lambda library: plain(library.name))

    def route_with(self, route_id: str) -> Route | None:
        """Return a route by its id."""
        return next((route for route in self.guide.routes if route.id == route_id), None)

    def newer_route(self, route: Route) -> Route | None:
        """Return the route that brings this one up to date."""
        return next((other for other in self.guide.routes if other.updates == route.id), None)

    def relations(self, lesson: Lesson) -> list[tuple[Target, Relation]]:
        """Return how a lesson relates to other courses, as its data say."""
        found = [(self.target(relation.target), relation) for relation in lesson.compare]
        return [(target, relation) for target, relation in found if target]

    def relations_from_others(self, place: LessonPlace) -> list[tuple[LessonPlace, Relation]]:
        """Return what other lessons say about this one."""
        return self._relations_by_target.get(f"{place.course.id}/{place.lesson.id}", [])

    @cached_property
    def _relations_by_target(self) -> dict[str, list[tuple[LessonPlace, Relation]]]:
        found: dict[str, list[tuple[LessonPlace, Relation]]] = {}
        for place in self.places:
            for relation in place.lesson.compare:
                found.setdefault(relation.target, []).append((place, relation))
        return found

    # Facts, references, published tables ----------------------------------------------------------

    def facts_about(self, course: Course, field: str) -> list[tuple[int, Fact]]:
        """Return the numbered sources of a fact, as the course page's list numbers them."""
        return [(n, fact) for n, fact in enumerate(course.facts, start=1) if field in fact.about]

    def references_with(self, keys: Sequence[str]) -> list[Reference]:
        """Return the works with these keys."""
        known = self.guide.reference_by_key
        return [known[key] for key in keys if key in known]

    @cached_property
    def citations(self) -> dict[str, list[Citation]]:
        """By reference key: where the guide recommends the work."""
        found: dict[str, list[Citation]] = {reference.key: [] for reference in self.guide.references}
        for key, citation in self._all_citations():
            if citation not in found.setdefault(key, []):
                found[key].append(citation)
        return found

    @property
    def recommended(self) -> list[Reference]:
        """The works that some page recommends."""
        return [reference for reference in self.guide.references if self.citations[reference.key]]

    def _all_citations(self) -> Iterator[tuple[str, Citation]]:
        for topic in self.guide.topics:
            here = Citation(topic.name, addresses.topic(topic.id))
            yield from ((key, here) for key in topic.refs)
        for course in self.guide.courses:
            here = Citation(course.title, addresses.course(course.id))
            yield from ((key, here) for key in course.refs)
            for lesson in course.lessons:
                here = Citation(lesson.title, addresses.lesson(course.id, lesson.id), course=course)
                yield from ((key, here) for advice in lesson.advice for key in advice.refs)
        yield from self._citations_of_companions()

    def _citations_of_companions(self) -> Iterator[tuple[str, Citation]]:
        for chapter in self.guide.history:
            here = Citation(chapter.title, addresses.HISTORY, chapter.id)
            yield from ((key, here) for key in chapter.refs)
            for event in chapter.events:
                here = Citation(event.title, addresses.HISTORY, event.id)
                yield from ((key, here) for key in event.refs)
        for library in self.guide.libraries.libraries:
            here = Citation(library.name, addresses.LIBRARIES, f"library-{library.id}")
            yield from ((key, here) for key in library.refs)
        for stage in self.guide.libraries.stages:
            for aspect in stage.aspects:
                here = Citation(aspect.name, addresses.LIBRARIES, stage.id)
                yield from ((key, here) for offer in aspect.offers for key in offer.refs)

    @cached_property
    def references_sorted(self) -> list[Reference]:
        """The works by the first author's surname and the year."""
        return sorted(self.guide.references, key=lambda r: (plain(_surname(r)), r.year, plain(r.title)))

    def terms_by_letter(self, locale: str) -> list[tuple[str, list[Term]]]:
        """Return the glossary in the order of one language, by first letter."""
        terms = sorted(self.guide.terms, key=lambda term: plain(text_in(term.term, locale)))
        letters = itertools.groupby(terms, key=lambda term: plain(text_in(term.term, locale))[:1].upper())
        return [(letter, list(group)) for letter, group in letters]

    def agreement(self, published: PublishedCoverage) -> list[RowAgreement]:
        """Hold a published table against the derived coverage."""
        return agreement(self.coverage, published)

    def verdicts(self, published: PublishedCoverage) -> dict[str, int]:
        """Count the rows of a published table by verdict."""
        rows = self.agreement(published)
        return {v: sum(row.verdict == v for row in rows) for v in ("agrees", "explained", "unexplained")}

    # The matrix -----------------------------------------------------------------------------------

    def matrix(self, courses: Sequence[Course]) -> list[tuple[Area, list[tuple[Topic, list[CourseMark]]]]]:
        """Return every topic with its depth in each of these courses, by area."""
        return [
            (area, [(topic, self._marks(topic, courses)) for topic in topics])
            for area, topics in self.topics_by_area
        ]

    def _marks(self, topic: Topic, courses: Sequence[Course]) -> list[CourseMark]:
        depths = [(course, self.coverage.depth(course.id, topic.id)) for course in courses]
        return [
            CourseMark(course, depth, depth is not None and self.is_exclusive(course, topic.id))
            for course, depth in depths
        ]

    @cached_property
    def bands(self) -> list[Band]:
        """The areas side by side, as wide as they have topics."""
        return bands(self.topics_by_area)

    @cached_property
    def strips(self) -> list[Strip]:
        """The current courses, each as a strip of bars over all topics; those that take up most first."""
        broadest = sorted(self.current_courses, key=lambda course: -len(self.coverage.topics(course.id)))
        return strips(self.topics_by_area, broadest, self.coverage)

    @cached_property
    def newest_routes(self) -> list[Route]:
        """The routes that no newer one brings up to date."""
        return [route for route in self.guide.routes if self.newer_route(route) is None]

    def breadth(self) -> list[tuple[Area, int, list[tuple[Course, int]]]]:
        """Return by area how many topics there are, and how many of them each current course teaches."""
        return [
            (
                area,
                len(topics),
                [
                    (c, sum(bool(self.coverage.teachings(c.id, t.id)) for t in topics))
                    for c in self.current_courses
                ],
            )
            for area, topics in self.topics_by_area
        ]


def _surname(reference: Reference) -> str:
    return reference.authors[0].surname if reference.authors else reference.title


def _places(course: Course) -> list[LessonPlace]:
    lessons = course.lessons
    units = [unit for unit in course.units for _ in unit.lessons]
    return [
        LessonPlace(
            course,
            units[i],
            lesson,
            i + 1,
            lessons[i - 1] if i else None,
            lessons[i + 1] if i + 1 < len(lessons) else None,
        )
        for i, lesson in enumerate(lessons)
    ]
