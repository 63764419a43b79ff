"""The data that editors write in `curriculum/`: one class for each kind of object.

The classes are the schema: `moocmap schema` exports them as JSON Schema, and an unknown key is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from moocmap.curriculum.companions import (
    PART_PATTERN,
    Change,
    Chapter,
    Libraries,
    Library,
    Question,
    Quiz,
    Route,
)
from moocmap.fields import Closed, Id, Locale, NonEmpty, PartialDate, Text, TranslatedText, WebUrl
from moocmap.memo import Memo

Depth = Literal["mentions", "uses", "explains", "implements"]
DEPTHS: tuple[Depth, ...] = ("mentions", "uses", "explains", "implements")
"""How far a lesson takes a topic, from least to most."""


def deeper(a: Depth, b: Depth) -> Depth:
    """Return the deeper of two depths."""
    return max(a, b, key=DEPTHS.index)


class Area(Closed):
    """A field of topics, such as training or computer vision. Areas stand in the order of `guide.yml`."""

    id: Id
    name: Text


class License(Closed):
    """Under which terms others may use the guide's data."""

    name: NonEmpty = Field(description="Its short name, such as CC BY 4.0.")
    url: WebUrl | None = None


class GuideSettings(Closed):
    """`guide.yml`: what the guide is called, its languages (the first is the default) and its areas."""

    title: Text
    description: Text
    locales: Annotated[list[Locale], Field(min_length=1)]
    areas: Annotated[list[Area], Field(min_length=1)]
    repository: WebUrl | None = None
    edit_url: WebUrl | None = Field(
        None, description="Where files are edited: the path of a file is appended."
    )
    license: License | None = None


class Topic(Closed):
    """`topics/*.yml`: something one learns."""

    id: Id
    name: Text
    area: Id
    definition: Text
    requires: list[Id] = Field([], description="Topics one must know before this one.")
    refs: list[Id] = Field([], description="Works to read, by their key in references.bib.")


class Range(Closed):
    """Hours from low to high, and who says so: the provider, the learners, or a derivation of ours."""

    low: Annotated[float, Field(ge=0)]
    high: Annotated[float, Field(ge=0)]
    kind: Literal["provider", "derived", "learner"]

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise PydanticCustomError("range_order", "expected low to be at most high")
        return self


class TaughtTopic(Closed):
    """A topic in a lesson, with how far the lesson takes it."""

    id: Id
    depth: Depth


class Advice(Closed):
    """A piece of study advice with its readings."""

    text: Text
    refs: list[Id] = []


class Relation(Closed):
    """How this lesson relates to another course, unit or lesson: `course` or `course/lesson`."""

    target: Annotated[str, Field(alias="with", pattern=PART_PATTERN)]
    note: Text


class Lesson(Closed):
    """The smallest thing one studies. Its id is unique within its course."""

    id: Id
    title: Text
    url: WebUrl | None = None
    hours: Range | None = None
    summary: Text
    topics: list[TaughtTopic] = []
    advice: list[Advice] = []
    compare: list[Relation] = []


class Unit(Closed):
    """A part of a course: a part, a week group, a course of a programme, a part of a book."""

    id: Id
    title: Text
    url: WebUrl | None = None
    summary: Text | None = None
    lessons: Annotated[list[Lesson], Field(min_length=1)]


class Effort(Closed):
    """How long the whole course takes, as the provider states it."""

    weeks: Annotated[float, Field(gt=0)] | None = None
    hours_per_week: tuple[float, float] | None = None
    hours: tuple[float, float] | None = None


class Price(Closed):
    """What the course costs: free, or an amount (`per` month or once) in a currency (ISO 4217)."""

    free: bool
    amount: Annotated[float, Field(ge=0)] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    per: Literal["month", "once"] | None = None


class Prerequisite(Closed):
    """What a course asks of its learners: a topic, a note, or both."""

    topic: Id | None = None
    note: Text | None = None


FactField = Literal[
    "approach",
    "certificate",
    "content",
    "effort",
    "hours",
    "instructors",
    "libraries",
    "prerequisites",
    "price",
    "status",
    "works_with",
]


class Fact(Closed):
    """Where facts about a course come from and when they were true."""

    about: Annotated[list[FactField], Field(min_length=1)]
    source: Text
    url: WebUrl | None = None
    checked: PartialDate


class Course(Closed):
    """`courses/<id>.yml`: a MOOC or a book with its units and lessons."""

    id: Id
    kind: Literal["mooc", "book"]
    title: Text
    short_title: Text | None = Field(None, description="A name that fits a table's column.")
    provider: NonEmpty
    instructors: Annotated[list[NonEmpty], Field(min_length=1)]
    year: Annotated[int, Field(ge=1940, le=2200)]
    language: Locale
    url: WebUrl
    status: Literal["current", "superseded", "retired"]
    superseded_by: Id | None = None
    works_with: dict[str, str] = Field({}, description="Library versions the material runs on.")
    effort: Effort | None = None
    price: Price
    certificate: Literal["none", "free", "paid"]
    approach: Literal["top-down", "bottom-up", "mixed"]
    emphasis: Literal["theory", "practice", "balanced"]
    libraries: list[Id] = []
    summary: Text
    audience: Text | None = None
    prerequisites: list[Prerequisite] = []
    refs: list[Id] = Field([], description="The book itself and its companions, by key in references.bib.")
    facts: list[Fact] = []
    units: Annotated[list[Unit], Field(min_length=1)]

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """All lessons in the order of study."""
        return tuple(lesson for unit in self.units for lesson in unit.lessons)

    @cached_property
    def parts(self) -> frozenset[str]:
        """Ids that a `course/part` reference can name: units and lessons."""
        return frozenset(u.id for u in self.units) | frozenset(lesson.id for lesson in self.lessons)


class Term(Closed):
    """`glossary.yml`: a term in each language, with its synonyms."""

    id: Id
    term: TranslatedText
    also: dict[Locale, list[NonEmpty]] = Field({}, description="Synonyms and abbreviations.")
    other_uses: dict[Locale, list[NonEmpty]] = Field(
        {}, description="Words and phrases that look like it but mean something else: pages leave them plain."
    )
    definition: Text
    topic: Id | None = Field(None, description="The topic that teaches what the term names.")


class PublishedRow(Closed):
    """One row of a published coverage table: its words, our topics for it, and the courses it marks."""

    label: NonEmpty
    topics: Annotated[list[Id], Field(min_length=1)]
    taught_in: Annotated[list[Id], Field(min_length=1)]
    evidence: Text | None = Field(
        None, description="Where the source's text shows which course a mark means."
    )
    explanation: Text | None = Field(None, description="Why our derived coverage differs from this row.")


class PublishedCoverage(Closed):
    """`published/*.yml`: a coverage table from the literature that the derived one is held against."""

    id: Id
    title: Text
    source: Text
    courses: Annotated[list[Id], Field(min_length=2)]
    rows: Annotated[list[PublishedRow], Field(min_length=1)]


class Author(Closed):
    """A person or an organisation; an organisation's surname is its whole name."""

    name: str
    surname: str


class Reference(Closed):
    """A work in `references.bib`, by its BibTeX key."""

    key: Id
    kind: str
    authors: list[Author]
    has_more_authors: bool = False
    """Whether the list ends with "and others"."""
    title: str
    year: str
    fields: dict[str, str] = Field({}, description="All other BibTeX fields as written.")

    @property
    def is_verified(self) -> bool:
        """Whether the entry was found in a source (`note = {unverified}` says that it was not)."""
        return "unverified" not in self.fields.get("note", "")


class Guide(Closed):
    """All curriculum data of a guide, loaded and valid one by one."""

    settings: GuideSettings
    courses: list[Course]
    topics: list[Topic]
    terms: list[Term] = []
    references: list[Reference] = []
    published: list[PublishedCoverage] = []
    history: list[Chapter] = []
    libraries: Libraries = Libraries(libraries=[])
    routes: list[Route] = []
    chooser: list[Question] = []
    quizzes: list[Quiz] = []
    changes: list[Change] = []

    @cached_property
    def course_by_id(self) -> dict[str, Course]:
        """Courses by id."""
        return {course.id: course for course in self.courses}

    @cached_property
    def topic_by_id(self) -> dict[str, Topic]:
        """Topics by id."""
        return {topic.id: topic for topic in self.topics}

    @cached_property
    def reference_by_key(self) -> dict[str, Reference]:
        """References by BibTeX key."""
        return {reference.key: reference for reference in self.references}

    @cached_property
    def library_by_id(self) -> dict[str, Library]:
        """Libraries by id."""
        return {library.id: library for library in self.libraries.libraries}

    @cached_property
    def once(self) -> Memo:
        """What is derived from the guide and made once, by its name."""
        return Memo()

    def taught(self) -> Iterator[tuple[Course, Lesson, TaughtTopic]]:
        """Yield every topic of every lesson, in the order of courses and study."""
        for course in self.courses:
            for lesson in course.lessons:
                for topic in lesson.topics:
                    yield course, lesson, topic
