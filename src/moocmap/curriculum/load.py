"""Reads the folder `curriculum/`, keeping the place of every object for the rules.

All files are read and all mistakes are collected before anything is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from moocmap import documents, shapes, text_files
from moocmap.curriculum.bibliography import read_references
from moocmap.curriculum.companions import Change, Chapter, Libraries, Question, Quiz, Route, Waiver
from moocmap.curriculum.model import Course, Guide, GuideSettings, PublishedCoverage, Reference, Term, Topic
from moocmap.diagnostics import Diagnostic, did_you_mean
from moocmap.documents import Document, Place
from moocmap.memo import Memo
from moocmap.parsed import ParsedFiles

T = TypeVar("T")
FOLDER = "curriculum"
MOST_PARTS = 3_000_000
"""So many values and keys may a guide hold, 40 times ours: one of 10,000 lessons, and no end of copies."""
_SINGLE_FILES = (
    "guide",
    "topics",
    "glossary",
    "history",
    "libraries",
    "paths",
    "chooser",
    "quizzes",
    "changes",
    "waivers",
)
_ID_LINE = re.compile(r"\bid:\s*['\"]?([a-z0-9-]+)")


class Entry(NamedTuple, Generic[T]):
    """A loaded object and the place in the file where it stands."""

    value: T
    document: Document
    path: Place = ()

    def diagnostic(
        self, rule: str, message: str, hint: str = "", at: Iterable[str | int] = (), **options: Any
    ) -> Diagnostic:
        """Make a diagnostic for the part of this object at `at`; options as in `Document.diagnostic`."""
        return self.document.diagnostic((*self.path, *at), rule, message, hint, **options)


@dataclass
class Sources:
    """All that was read: documents by kind, and the objects of those that are valid.

    `damaged_ids` holds the ids seen in files that could not be read, so that one broken file does not make
    every mention of its ids an error too.
    """

    documents: dict[str, list[Document]] = field(default_factory=dict)
    settings: Entry[GuideSettings] | None = None
    courses: list[Entry[Course]] = field(default_factory=list)
    topics: list[Entry[Topic]] = field(default_factory=list)
    terms: list[Entry[Term]] = field(default_factory=list)
    published: list[Entry[PublishedCoverage]] = field(default_factory=list)
    history: list[Entry[Chapter]] = field(default_factory=list)
    libraries: Entry[Libraries] | None = None
    routes: list[Entry[Route]] = field(default_factory=list)
    chooser: list[Entry[Question]] = field(default_factory=list)
    quizzes: list[Entry[Quiz]] = field(default_factory=list)
    changes: list[Entry[Change]] = field(default_factory=list)
    waivers: list[Entry[Waiver]] = field(default_factory=list)
    experiments: set[str] = field(default_factory=set)
    """The ids of the experiments beside the curriculum, which are the names of their files."""
    references: list[Reference] = field(default_factory=list)
    reference_lines: dict[str, int] = field(default_factory=dict)
    reference_label: str = f"{FOLDER}/references.bib"
    damaged_ids: set[str] = field(default_factory=set)
    damaged_kinds: set[str] = field(default_factory=set)
    """Kinds of which a file could not be read: what seems missing may stand there."""
    has_problems: bool = False
    """Whether syntax or shape is wrong anywhere: what seems unused may be used there."""
    once: Memo = field(default_factory=Memo, repr=False, compare=False)

    def texts(self, kind: str, pattern: str) -> Iterator[str]:
        """Yield every text that `pattern` names in the documents of a kind; see `Document.select`."""
        for document in self.documents.get(kind, []):
            yield from document.texts(pattern)

    def select(self, kind: str, pattern: str, but: Collection[str] = ()) -> Iterator[Entry[str]]:
        """Yield the texts of `texts` with their places, without those in `but`."""
        for document in self.documents.get(kind, []):
            if but and all(text in but for text in document.texts(pattern)):
                continue  # the rule: places, which take long, are for what is wrong
            for path, value in document.select(pattern):
                if value not in but:
                    yield Entry(value, document, path)

    def entries(self) -> list[Entry[Any]]:
        """Return all valid objects that come from YAML."""
        single: list[Entry[Any]] = [entry for entry in (self.settings, self.libraries) if entry]
        companions: list[Entry[Any]] = [*self.history, *self.routes, *self.chooser, *self.quizzes]
        companions += self.changes
        return [*single, *self.topics, *self.courses, *self.terms, *self.published, *companions]

    def guide(self) -> Guide | None:
        """Put the objects together, once; None when `guide.yml` could not be read."""
        return self.once("guide", self._guide)

    def _guide(self) -> Guide | None:
        if self.settings is None:
            return None
        return Guide(
            settings=self.settings.value,
            courses=[entry.value for entry in self.courses],
            topics=self._topics_by_area(self.settings.value),
            terms=[entry.value for entry in self.terms],
            references=self.references,
            published=[entry.value for entry in self.published],
            history=[entry.value for entry in self.history],
            libraries=self.libraries.value if self.libraries else Libraries(libraries=[]),
            routes=[entry.value for entry in self.routes],
            chooser=[entry.value for entry in self.chooser],
            quizzes=[entry.value for entry in self.quizzes],
            changes=[entry.value for entry in self.changes],
        )

    def _topics_by_area(self, settings: GuideSettings) -> list[Topic]:
        rank = {area.id: index for index, area in enumerate(settings.areas)}
        return sorted(
            (entry.value for entry in self.topics), key=lambda topic: rank.get(topic.area, len(rank))
        )


def read_sources(root: Path, parsed: ParsedFiles | None = None) -> tuple[Sources, list[Diagnostic]]:
    """Read every file of `root/curriculum`.

    Returns what could be read and all problems of syntax and shape; `rules.check` finds those of meaning.
    `parsed` knows the files that have not changed.
    """
    folder, sources = root / FOLDER, Sources()
    reader = _Reader(root, sources, parsed or ParsedFiles(root))
    sources.settings = next(iter(reader.objects("settings", [folder / "guide.yml"], GuideSettings)), None)
    sources.libraries = next(iter(reader.objects("libraries", reader.file("libraries"), Libraries)), None)
    topic_files = [*reader.file("topics"), *reader.folder("topics")]
    sources.topics = reader.lists("topics", topic_files, Topic)
    sources.courses = reader.objects("courses", reader.folder("courses"), Course)
    sources.terms = reader.lists("glossary", reader.file("glossary"), Term)
    sources.published = reader.objects("published", reader.folder("published"), PublishedCoverage)
    sources.history = reader.lists("history", reader.file("history"), Chapter)
    sources.routes = reader.lists("paths", reader.file("paths"), Route)
    sources.chooser = reader.lists("chooser", reader.file("chooser"), Question)
    sources.quizzes = reader.lists("quizzes", reader.file("quizzes"), Quiz)
    sources.changes = reader.lists("changes", reader.file("changes"), Change)
    sources.experiments = {path.stem for path in root.glob("experiments/*.yml")}
    sources.waivers = reader.lists("waivers", reader.file("waivers"), Waiver)
    bibliography = folder / "references.bib"
    sources.references, sources.reference_lines, found = read_references(bibliography, reader.parsed)
    if found or not bibliography.exists():
        sources.damaged_kinds.add("references")
    problems = [*reader.problems, *found, *_unread_files(folder, {*reader.read, bibliography}, root)]
    sources.has_problems = any(problem.severity == "error" for problem in problems)
    return sources, problems


def _unread_files(folder: Path, read: set[Path], root: Path) -> Iterator[Diagnostic]:
    """Warn of files that no part of the guide is read from, such as one with a misspelt name."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        hidden = hidden or path.match("published/*.csv")  # lists that only tests read
        is_file = os.path.isfile(path)  # noqa: PTH113 - Path's raises where a folder cannot be searched
        if is_file and path not in read and path.suffix != ".md" and not hidden:
            renamed = f"rename it to '{text_files.visible(path.stem)}.yml'"
            hint = renamed if path.suffix == ".yaml" else _known_places(path)
            label = text_files.label(path, root)
            yield Diagnostic(label, 1, 1, "warning", "unread-file", "this file is not read", hint)


def _known_places(path: Path) -> str:
    names = (*(f"{name}.yml" for name in _SINGLE_FILES), "references.bib")
    return did_you_mean(path.name, names) or f"read are {', '.join(names)}, courses/, topics/, published/"


class _Reader:
    """Reads files into `sources` and gathers their problems."""

    def __init__(self, root: Path, sources: Sources, parsed: ParsedFiles) -> None:
        self.root = root
        self.parsed = parsed
        self.sources = sources
        self.read: set[Path] = set()
        self.problems: list[Diagnostic] = []
        self.parts = 0

    def file(self, name: str) -> list[Path]:
        """Return the file of a name if there is one, be it only a link that leads nowhere."""
        path = self.root / FOLDER / f"{name}.yml"
        return [path] if os.path.lexists(path) else []

    def folder(self, name: str) -> list[Path]:
        """Return the YAML files of a folder; a folder that cannot be opened is a problem."""
        paths, problems = text_files.listed(self.root / FOLDER / name, self.root)
        if problems:
            self.problems += problems
            self.sources.damaged_kinds.add(name)
        return paths

    def objects(self, kind: str, paths: Iterable[Path], shape: type[T]) -> list[Entry[T]]:
        """Read files that hold one object each."""
        documents_read = self._documents(kind, paths, shape, dict)
        return [entry for document in documents_read for entry in self._valid(document, shape, ())]

    def lists(self, kind: str, paths: Iterable[Path], shape: type[T]) -> list[Entry[T]]:
        """Read files that hold a list of objects, each of which is checked by itself."""
        entries: list[Entry[T]] = []
        for document in self._documents(kind, paths, list[shape], list):  # type: ignore[valid-type]
            problems, self.problems = self.problems, []
            for index in range(len(document.data)):
                entries += self._valid(document, shape, (index,))
            self.problems = problems + documents.first_of(self.problems)
        return entries

    def _documents(self, kind: str, paths: Iterable[Path], shape: Any, container: type) -> Iterator[Document]:
        """Read files whose top level is a `container`; others are reported and count as damaged."""
        for path in paths:
            self.read.add(path)
            document, found = self._document(path)
            self.problems += found
            if document is not None and not isinstance(document.data, container):
                self.problems += shapes.validate(document, shape)[1]
                document = None
            if document is None:
                self.sources.damaged_kinds.add(kind)
                self.sources.damaged_ids.update(_ID_LINE.findall(text_files.read_damaged(path, self.root)))
            else:
                self.sources.documents.setdefault(kind, []).append(document)
                yield document

    def _document(self, path: Path) -> tuple[Document | None, list[Diagnostic]]:
        document, found = self.parsed.document(path)
        self.parts += document.parts if document else 0
        if document and self.parts > MOST_PARTS:
            message = f"with this file the guide holds more than {MOST_PARTS:,} values and keys"
            return None, [text_files.unreadable(document.label, message, "make two guides of it")]
        return document, found

    def _valid(self, document: Document, shape: type[T], at: tuple[int, ...]) -> list[Entry[T]]:
        value, errors = shapes.validate(document, shape, at)
        self.problems += errors
        return [] if value is None else [Entry(value, document, at)]
