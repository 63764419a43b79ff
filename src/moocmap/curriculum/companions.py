"""What stands beside courses and topics: history, libraries, routes, chooser, quizzes, changes, waivers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from moocmap.fields import Closed, Day, Id, Locale, NonEmpty, PartialDate, Text, WebUrl

PART_PATTERN = r"^[a-z0-9-]+(/[a-z0-9-]+)?$"
"""A course, or a unit or lesson of it: `course` or `course/part`."""


class Event(Closed):
    """Something that happened, with the works that report it."""

    id: Id
    year: PartialDate
    until: PartialDate | None = Field(None, description="The last year of what lasted longer.")
    title: Text
    text: Text
    topics: list[Id] = []
    courses: list[Id] = []
    libraries: list[Id] = []
    refs: list[Id] = []


class Chapter(Closed):
    """`history.yml` is a list of chapters: a strand of the history, its events in order of time."""

    id: Id
    title: Text
    summary: Text
    refs: list[Id] = []
    events: Annotated[list[Event], Field(min_length=1)]


class Library(Closed):
    """A library that courses use. Its name is the same in every language."""

    id: Id
    name: NonEmpty
    url: WebUrl | None = None
    summary: Text
    released: PartialDate | None = Field(None, description="When its first version appeared.")
    license: NonEmpty | None = Field(None, description="By its SPDX identifier.")
    status: Literal["active", "maintained", "retired"] = "active"
    replaced_by: Id | None = None
    refs: list[Id] = []


class Offer(Closed):
    """What one version of a library offered at one date, and who says so."""

    library: Id
    version: NonEmpty
    date: PartialDate
    text: Text
    names: list[NonEmpty] = Field([], description="Functions, classes and options, as code spells them.")
    source: Text
    url: WebUrl | None = None
    refs: list[Id] = []


class Aspect(Closed):
    """One thing a learner does at a stage, with what each library offers for it."""

    id: Id
    name: Text
    offers: Annotated[list[Offer], Field(min_length=1)]


class Stage(Closed):
    """A stage of a project, such as loading data or training."""

    id: Id
    name: Text
    summary: Text
    code: Text | None = Field(
        None, description="How the example's code differs between libraries, in its region of this id."
    )
    aspects: Annotated[list[Aspect], Field(min_length=1)]


PythonFile = Annotated[str, Field(pattern=r"^([a-z0-9_-]+/)*[a-z0-9_-]+\.py$")]
"""A file of the guide, named relative to its folder; no name leads out of it."""


class Example(Closed):
    """The same small task in code for each compared library, in regions: `setup` and stages by id."""

    text: Text = Field(description="What the task is, and what the code begins with.")
    files: dict[Id, PythonFile]
    data: PythonFile | None = Field(None, description="A script that makes data to try the code on.")


class Libraries(Closed):
    """`libraries.yml`: the libraries of the guide, and those of them that are compared stage by stage."""

    libraries: list[Library]
    compared: list[Id] = Field([], description="The libraries of the comparison, in the order of columns.")
    conclusion: Text | None = None
    example: Example | None = None
    stages: list[Stage] = []


class Step(Closed):
    """A part of a route: a course, or a unit or lesson of it, and why it stands here."""

    part: Annotated[str, Field(pattern=PART_PATTERN)]
    why: Text


class Route(Closed):
    """`paths.yml` is a list of routes: an order in which to study parts of courses, and for whom."""

    id: Id
    name: Text
    summary: Text
    for_whom: Text
    drawbacks: Text | None = None
    source: Text | None = Field(None, description="Who recommends it, where it is not the guide's own.")
    updates: Id | None = Field(None, description="The older route that this one brings up to date.")
    steps: Annotated[list[Step], Field(min_length=1)]


class CourseFilter(Closed):
    """Which courses are meant: those for which everything named here holds.

    Of a list, one value is enough.
    """

    ids: list[Id] = []
    kind: list[Literal["mooc", "book"]] = []
    status: list[Literal["current", "superseded", "retired"]] = []
    language: list[Locale] = []
    free: bool | None = None
    certificate: list[Literal["none", "free", "paid"]] = []
    approach: list[Literal["top-down", "bottom-up", "mixed"]] = []
    emphasis: list[Literal["theory", "practice", "balanced"]] = []
    libraries: list[Id] = []
    teaches: list[Id] = Field([], description="Topics that a lesson at least explains.")
    assumes: list[Id] = Field([], description="Topics among the prerequisites.")
    max_hours: Annotated[float, Field(gt=0)] | None = Field(
        None, description="The middle of its hours is at most this."
    )

    @model_validator(mode="after")
    def _says_something(self) -> CourseFilter:
        if not self.model_fields_set:
            raise PydanticCustomError("empty_filter", "expected at least one condition")
        return self


class Effect(Closed):
    """What an answer means for some courses: points for or against, or that they drop out; and why."""

    courses: CourseFilter
    points: Annotated[int, Field(ge=-5, le=5)] = 0
    excludes: bool = False
    because: Text = Field(description="A reason in words that follow a course's name and a colon.")

    @model_validator(mode="after")
    def _does_something(self) -> Effect:
        if bool(self.points) == self.excludes:
            raise PydanticCustomError("effect", "expected either points other than 0 or 'excludes: true'")
        return self


class Answer(Closed):
    """One answer to a question. Without effects it leaves all courses as they are."""

    id: Id
    text: Text
    effects: list[Effect] = []


class Question(Closed):
    """`chooser.yml` is a list of questions whose answers lead to a course."""

    id: Id
    text: Text
    answers: Annotated[list[Answer], Field(min_length=2)]


class Choice(Closed):
    """One answer to a question of a quiz, and why it is right or wrong."""

    text: Text
    right: bool = False
    because: Text = Field(description="What a learner is told who has chosen it.")


class QuizQuestion(Closed):
    """A question of a quiz. When several answers are right, all of them are to be chosen."""

    id: Id
    text: Text
    topics: Annotated[list[Id], Field(min_length=1)] = Field(description="What it checks.")
    answers: Annotated[list[Choice], Field(min_length=2)]

    @model_validator(mode="after")
    def _can_be_answered(self) -> QuizQuestion:
        if len({answer.right for answer in self.answers}) == 1:
            missing = "wrong" if self.answers[0].right else "right"
            raise PydanticCustomError("answers", f"expected at least one {missing} answer")
        return self

    @property
    def right(self) -> list[int]:
        """Which answers are right, by their place."""
        return [place for place, answer in enumerate(self.answers) if answer.right]


class Quiz(Closed):
    """`quizzes.yml` is a list of quizzes: for an area, questions with which one checks oneself."""

    area: Id
    questions: Annotated[list[QuizQuestion], Field(min_length=1)]


class Change(Closed):
    """`changes.yml` is a list of what changed for the guide's readers, the newest first."""

    id: Id
    date: Day
    kind: Literal["new", "better", "corrected", "removed"]
    title: Text
    text: Text | None = None
    courses: list[Id] = []
    topics: list[Id] = []
    experiments: list[Id] = []


class Waiver(Closed):
    """`waivers.yml` is a list of findings of `moocmap check` that editors accept, each with its reason."""

    rule: NonEmpty
    file: NonEmpty = Field(description="As the finding names it, such as curriculum/courses/some.yml.")
    about: NonEmpty | None = Field(None, description="A text within the finding's message.")
    reason: NonEmpty
