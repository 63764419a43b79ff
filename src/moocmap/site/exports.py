"""The guide's data as files that other programs can read: JSON, CSV and BibTeX, the same for every build.

`FILES` lists what there is, with the shape of each file: the page that documents the files, their schemas and
`index.json` are made of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, TypeAdapter

from moocmap.curriculum.companions import Change, Chapter, Libraries, Question, Quiz, Route
from moocmap.curriculum.coverage import Coverage, coverage_of
from moocmap.curriculum.model import Area, Course, Depth, Guide, PublishedCoverage, Reference, Term, Topic
from moocmap.curriculum.order import CourseOrder, course_order
from moocmap.fields import Closed, Id, Locale, Text
from moocmap.memo import Memo
from moocmap.site.addresses import API
from moocmap.site.wording import bibtex, reference_links

if TYPE_CHECKING:
    from moocmap.site.measured import Measured  # Matplotlib and SciPy stand behind it
    from moocmap.site.views import GuideView

FORMAT = 1
"""The version of the files' form: a change that could break a program which reads them raises it."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


# Files that are derived rather than copied from the data ---------------------------------------------


class WholeGuide(Closed):
    """The guide with all its courses."""

    title: Text
    description: Text
    locales: list[Locale]
    areas: list[Area]
    courses: list[Course]


class LessonDepth(Closed):
    """How far one lesson takes a topic."""

    id: Id
    depth: Depth


class CoverageEntry(Closed):
    """How far a course takes a topic, and in which lessons."""

    course: Id
    topic: Id
    depth: Depth
    lessons: list[LessonDepth]


class InvertedPair(Closed):
    """A topic that a lesson teaches before what it requires."""

    topic: Id
    lesson: Id
    requires: Id
    later: Id = Field(description="The lesson that teaches the requirement.")
    direct: bool = Field(description="Whether the topic itself names the requirement.")


class OrderEntry(Closed):
    """In which order a course teaches what belongs together."""

    course: Id
    pairs: int
    inversion_rate: float | None
    inversions: list[InvertedPair]


class ExperimentEntry(Closed):
    """An experiment, and how much of it is measured."""

    id: Id
    title: Text
    question: Text
    runs_planned: int
    runs_done: int
    file: str


class FileEntry(Closed):
    """One of these files: its address below this folder."""

    path: str
    media_type: str
    json_schema: str | None = Field(None, alias="schema")


class Index(Closed):
    """What files there are."""

    format: int
    files: list[FileEntry]


@dataclass(frozen=True)
class File:
    """A kind of file: its name, the shape of its data (None for other formats), and what it holds.

    `key` names it in the interface strings. Where there is one for each of several objects, the name has
    `{id}` in it and `make` returns them by id.
    """

    name: str
    key: str
    make: Callable[[Source], Any]
    shape: Any = None

    @property
    def anchor(self) -> str:
        """Its place on the page of data, without what Markdown takes for emphasis."""
        return f"file-{self.key.replace('_', '-')}"

    @property
    def has_many(self) -> bool:
        """Whether there is one for each of several objects."""
        return "{id}" in self.name

    @property
    def schema_name(self) -> str | None:
        """The file of its JSON Schema, where it has one."""
        return f"schema/{self.key}.json" if self.shape is not None else None

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        schema = TypeAdapter(self.shape).json_schema(by_alias=True)
        return {"$schema": _DRAFT, **schema, "title": self.name}

    def made(self, source: Source) -> Any:
        """Return what the files of this kind hold; by id, where there are many."""
        return source.once(self.key, lambda: self.make(source))

    def written(self, source: Source) -> dict[str, str]:
        """Return the files of this kind as text, by name."""
        made = self.made(source)
        if self.has_many:
            return {self.name.format(id=i): as_json(data) for i, data in made.items()}
        return {self.name: made if isinstance(made, str) else as_json(made)}


@dataclass(frozen=True)
class Source:
    """What the files are made of."""

    guide: Guide
    measured: Sequence[Measured]
    once: Memo = field(default_factory=Memo, repr=False, compare=False)

    @cached_property
    def coverage(self) -> Coverage:
        """Which course teaches what."""
        return coverage_of(self.guide)


MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "bib": "application/x-bibtex",
}
"""The media type of each kind of file, by its suffix."""


def media_type(name: str) -> str:
    """Return the media type of a file."""
    return MEDIA_TYPES[name.rsplit(".", 1)[-1]]


def source_of(view: GuideView, measured: Sequence[Measured]) -> Source:
    """Return what the files of a view's guide are made of, once: the page of data shows what is exported."""
    return view.once("exports", lambda: Source(view.guide, measured))


def export(source: Source) -> dict[str, bytes]:
    """Return all exported files by their path below the site's root."""
    files: dict[str, str] = {}
    entries = []
    for kind in FILES:
        written = kind.written(source)
        files |= written
        entries += [
            {"path": name, "media_type": media_type(name)}
            | ({"schema": kind.schema_name} if kind.schema_name else {})
            for name in written
        ]
        if kind.schema_name:
            files[kind.schema_name] = as_json(kind.schema())
    files["index.json"] = as_json({"format": FORMAT, "files": entries})
    return {f"{API}/{name}": text.encode() for name, text in files.items()}


def _whole(source: Source) -> dict[str, Any]:
    settings = source.guide.settings
    return {
        "title": settings.title,
        "description": settings.description,
        "locales": settings.locales,
        "areas": _plain(settings.areas),
        "courses": [course_data(course) for course in source.guide.courses],
    }


def _coverage(source: Source) -> list[dict[str, Any]]:
    coverage = source.coverage
    return [
        {
            "course": course.id,
            "topic": topic.id,
            "depth": coverage.depth(course.id, topic.id),
            "lessons": [
                {"id": taught.lesson.id, "depth": taught.depth}
                for taught in coverage.teachings(course.id, topic.id)
            ],
        }
        for course in source.guide.courses
        for topic in coverage.topics(course.id)
    ]


def _order(source: Source) -> list[dict[str, Any]]:
    guide = source.guide
    return [_order_of(course_order(guide, course)) for course in guide.courses]


def _order_of(order: CourseOrder) -> dict[str, Any]:
    rate = order.inversion_rate
    return {
        "course": order.course.id,
        "pairs": order.pairs,
        "inversion_rate": None if rate is None else round(rate, 4),
        "inversions": [
            {
                "topic": one.topic,
                "lesson": one.lesson.id,
                "requires": one.requires,
                "later": one.later.id,
                "direct": one.is_direct,
            }
            for one in order.inversions
        ],
    }


def _experiments(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "title": one.title,
            "question": one.question,
            "runs_planned": one.runs_planned,
            "runs_done": one.runs_done,
            "file": f"experiments/{one.id}.json",
        }
        for one in source.measured
    ]


def _experiment_data(source: Source) -> dict[str, dict[str, Any]]:
    from moocmap.site.measured_data import exported  # Matplotlib and SciPy stand behind it

    return {one.id: exported(one) for one in source.measured}


# References in the form of citation processors --------------------------------------------------------

_CSL_TYPES = {
    "article": "article-journal",
    "book": "book",
    "incollection": "chapter",
    "inproceedings": "paper-conference",
    "mastersthesis": "thesis",
    "phdthesis": "thesis",
    "techreport": "report",
}
_CSL_NAMES = {
    "doi": "DOI",
    "isbn": "ISBN",
    "issn": "ISSN",
    "volume": "volume",
    "number": "issue",
    "pages": "page",
    "publisher": "publisher",
    "edition": "edition",
    "journal": "container-title",
    "booktitle": "container-title",
    "school": "publisher",
    "institution": "publisher",
}


def csl(reference: Reference) -> dict[str, Any]:
    """Return a work as an item of CSL-JSON, as Zotero, pandoc and citeproc read it."""
    fields = {name.lower(): value for name, value in reference.fields.items()}
    item: dict[str, Any] = {
        "id": reference.key,
        "type": _CSL_TYPES.get(reference.kind, "document"),
        "title": reference.title,
    }
    if reference.authors:
        item["author"] = [
            {"literal": author.name}
            if author.surname == author.name
            else {"family": author.surname, "given": author.name.removesuffix(author.surname).strip()}
            for author in reference.authors
        ]
    if reference.year.isdigit():
        item["issued"] = {"date-parts": [[int(reference.year)]]}
    for name, csl_name in _CSL_NAMES.items():
        if fields.get(name):
            item.setdefault(csl_name, fields[name].replace("--", "–") if name == "pages" else fields[name])
    links = dict(reference_links(reference))
    address = links.get("URL") or links.get("arXiv") or links.get("DOI")
    return item | ({"URL": address} if address else {})


def course_data(course: BaseModel) -> dict[str, Any]:
    """Return a course as its YAML file says it, without what was left out there."""
    data: dict[str, Any] = course.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return data


def coverage_csv(coverage: Coverage) -> str:
    """Return one line for each topic: its area, and how far each course takes it."""
    guide = coverage.guide
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["area", "topic", *(course.id for course in guide.courses)])
    for topic in guide.topics:
        depths = [coverage.depth(course.id, topic.id) or "" for course in guide.courses]
        writer.writerow([topic.area, topic.id, *depths])
    return out.getvalue()


def _plain(objects: Sequence[BaseModel]) -> list[Mapping[str, Any]]:
    return [one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in objects]


def as_json(data: Any) -> str:
    """Write data as indented JSON, in the order in which it stands."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


FILES = (
    File("guide.json", "guide", _whole, WholeGuide),
    File(
        "courses/{id}.json",
        "course",
        lambda source: {course.id: course_data(course) for course in source.guide.courses},
        Course,
    ),
    File("topics.json", "topics", lambda source: _plain(source.guide.topics), list[Topic]),
    File("coverage.json", "coverage", _coverage, list[CoverageEntry]),
    File("coverage.csv", "coverage-csv", lambda source: coverage_csv(source.coverage)),
    File("order.json", "order", _order, list[OrderEntry]),
    File("published.json", "published", lambda s: _plain(s.guide.published), list[PublishedCoverage]),
    File("glossary.json", "glossary", lambda source: _plain(source.guide.terms), list[Term]),
    File("references.json", "references", lambda source: [csl(one) for one in source.guide.references]),
    File(
        "references.bib",
        "references-bib",
        lambda source: "\n\n".join(map(bibtex, source.guide.references)) + "\n",
    ),
    File("paths.json", "paths", lambda source: _plain(source.guide.routes), list[Route]),
    File("chooser.json", "chooser", lambda source: _plain(source.guide.chooser), list[Question]),
    File("quizzes.json", "quizzes", lambda source: _plain(source.guide.quizzes), list[Quiz]),
    File("history.json", "history", lambda source: _plain(source.guide.history), list[Chapter]),
    File("libraries.json", "libraries", lambda source: _plain([source.guide.libraries])[0], Libraries),
    File("changes.json", "changes", lambda source: _plain(source.guide.changes), list[Change]),
    File("experiments.json", "experiments", _experiments, list[ExperimentEntry]),
    File("experiments/{id}.json", "experiment", _experiment_data),
)
"""All kinds of files, in the order in which the page shows them; `index.json` lists what they come to."""
