"""Rules about ids, and about what may not come back to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import PurePosixPath

from moocmap.curriculum.load import Entry, Sources
from moocmap.curriculum.model import Topic
from moocmap.curriculum.rules.places import PART_IDS, TAUGHT_TOPICS, parts_of
from moocmap.curriculum.rules.registry import rule
from moocmap.diagnostics import Diagnostic
from moocmap.documents import Document

UNIQUE = (
    ("language", "settings", "locales.*"),
    ("area", "settings", "areas.*.id"),
    ("topic", "topics", "*.id"),
    ("course", "courses", "id"),
    ("term", "glossary", "*.id"),
    ("published table", "published", "id"),
    ("library", "libraries", "libraries.*.id"),
    ("stage", "libraries", "stages.*.id"),
    ("chapter", "history", "*.id"),
    ("event", "history", "*.events.*.id"),
    ("route", "paths", "*.id"),
    ("question", "chooser", "*.id"),
    ("change", "changes", "*.id"),
    ("quiz of area", "quizzes", "*.area"),
    ("question", "quizzes", "*.questions.*.id"),
)
"""What has an id that nothing else of its kind in the guide has: its name, kind of document, path."""


@rule("duplicate-id")
def duplicate_id(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Ids are unique among their kind; those of lessons within a course, of answers within a question."""
    for what, kind, pattern in UNIQUE:
        if _has_twice(sources.texts(kind, pattern)):
            yield from _repeated(what, sources.select(kind, pattern))
    answers = sources.select("chooser", "*.answers.*.id")
    for _, of_question in groupby(answers, key=lambda answer: answer.path[:1]):
        yield from _repeated("answer of this question", of_question)
    for document in sources.documents.get("courses", []):
        if _has_twice(part for pattern in PART_IDS for part in document.texts(pattern)):
            yield from _repeated("unit or lesson", parts_of(document))
        yield from _repeated_topics(document)


def _repeated_topics(document: Document) -> Iterator[Diagnostic]:
    _, pattern = TAUGHT_TOPICS
    lessons = document.parts_at(pattern.removesuffix(".*.id"))
    ids = ([str(topic.get("id")) for topic in topics if isinstance(topic, dict)] for topics in lessons)
    if any(map(_has_twice, ids)):
        taught = (Entry(value, document, path) for path, value in document.select(pattern))
        for _, topics in groupby(taught, key=lambda topic: topic.path[:4]):
            yield from _repeated("topic of this lesson", topics)


def _has_twice(ids: Iterable[str]) -> bool:
    every = list(ids)
    return len(set(every)) < len(every)


def _repeated(what: str, ids: Iterable[Entry[str]]) -> Iterator[Diagnostic]:
    first: dict[str, Entry[str]] = {}
    for entry in ids:
        earlier = first.setdefault(entry.value, entry)
        if earlier is not entry:
            line, _ = earlier.document.position(earlier.path)
            message = f"{what} '{entry.value}' already stands at {earlier.document.label}:{line}"
            yield entry.diagnostic("duplicate-id", message, "give each its own id")


@rule("file-name", is_waivable=True)
def file_name(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A course's file is named by its id, so that one finds it."""
    for entry in sources.courses:
        stem = PurePosixPath(entry.document.label).stem
        if stem != entry.value.id:
            hint = f"rename the file to '{entry.value.id}.yml'"
            yield entry.diagnostic(
                "file-name", f"course '{entry.value.id}' stands in '{stem}.yml'", hint, at=["id"]
            )


@rule("superseded-by-itself")
def superseded_by_itself(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """What replaces a course is another course."""
    for entry in sources.courses:
        if entry.value.superseded_by == entry.value.id:
            message = f"course '{entry.value.id}' cannot be superseded by itself"
            yield entry.diagnostic(
                "superseded-by-itself", message, "name its successor", at=["superseded_by"]
            )


@rule("no-successor", "warning")
def no_successor(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A superseded course should name the course that replaced it, so that nobody starts the wrong one."""
    for entry in sources.courses:
        if entry.value.status == "superseded" and entry.value.superseded_by is None:
            message = f"course '{entry.value.id}' is superseded, but not said by which course"
            yield entry.diagnostic(
                "no-successor", message, "add 'superseded_by: …'", at=["status"], severity="warning"
            )


@rule("topic-cycle")
def topic_cycle(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """No topic may require itself, directly or through others: one could never begin."""
    entries = {entry.value.id: entry for entry in sources.topics}
    done: set[str] = set()
    for start in entries:
        for cycle in _cycles_from(start, entries, done):
            entry = entries[cycle[0]]
            message = f"a circle of requirements: {' → '.join(cycle)}"
            at = ("requires", entry.value.requires.index(cycle[1]))
            yield entry.diagnostic("topic-cycle", message, "remove one of these requirements", at=at)


def _cycles_from(start: str, entries: dict[str, Entry[Topic]], done: set[str]) -> Iterator[list[str]]:
    """Walk depth first without recursion; yield each circle met, as ids from its first back to its first."""
    if start in done:
        return
    route, pending = [start], [iter(entries[start].value.requires)]
    while route:
        required = next(pending[-1], None)
        if required is None:
            done.add(route.pop())
            pending.pop()
        elif required in route:
            yield [*route[route.index(required) :], required]
        elif required in entries and required not in done:
            route.append(required)
            pending.append(iter(entries[required].value.requires))
