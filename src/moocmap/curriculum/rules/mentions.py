"""Rules about what is named somewhere and must stand elsewhere: topics, courses, works, libraries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from moocmap.curriculum.load import Entry, Sources
from moocmap.curriculum.rules.places import (
    AREA_MENTIONS,
    CITATIONS,
    COURSE_MENTIONS,
    COURSE_PREREQUISITES,
    LIBRARY_MENTIONS,
    PART_IDS,
    PART_MENTIONS,
    REQUIREMENTS,
    TAUGHT_TOPICS,
    TOPIC_MENTIONS,
    others_at,
    texts_at,
)
from moocmap.curriculum.rules.registry import rule
from moocmap.diagnostics import Diagnostic, did_you_mean


def unknown(
    rule_id: str, kind: str, places: Iterable[tuple[str, str]], known: set[str], sources: Sources
) -> Iterator[Diagnostic]:
    """Report what these places mention and is not known; `kind` is of the documents that define it."""
    yield from _report(rule_id, kind, others_at(sources, places, known), known, sources)


def _report(
    rule_id: str, kind: str, mentions: Iterable[Entry[str]], known: set[str], sources: Sources
) -> Iterator[Diagnostic]:
    """Report mentions of what is not known.

    Where a file of the kind could not be read, only those that look like a known id: others may stand there.
    """
    is_complete = kind not in sources.damaged_kinds
    known = known if is_complete else known | sources.damaged_ids
    for mention in mentions:
        if mention.value in known:
            continue
        hint = did_you_mean(mention.value, known, cutoff=0.6 if is_complete else 0.85)
        if is_complete or hint:
            yield mention.diagnostic(
                rule_id, f"no {rule_id.removeprefix('unknown-')} '{mention.value}'", hint
            )


@rule("unknown-area")
def unknown_area(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The area of a topic or quiz must be one of those in guide.yml."""
    areas = set(sources.texts("settings", "areas.*.id"))
    yield from unknown("unknown-area", "settings", AREA_MENTIONS, areas, sources)


@rule("unknown-topic")
def unknown_topic(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every topic that is named must be defined in topics.yml or topics/*.yml."""
    topics = set(sources.texts("topics", "*.id"))
    yield from unknown("unknown-topic", "topics", TOPIC_MENTIONS, topics, sources)


@rule("unknown-course")
def unknown_course(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every course that is named must have a file in courses/."""
    courses = set(sources.texts("courses", "id"))
    yield from unknown("unknown-course", "courses", COURSE_MENTIONS, courses, sources)
    related = (
        link._replace(value=link.value.partition("/")[0]) for link in others_at(sources, PART_MENTIONS)
    )
    yield from _report("unknown-course", "courses", related, courses, sources)


@rule("unknown-lesson")
def unknown_lesson(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """In `course/part`, the part must be a unit or a lesson of that course."""
    parts: dict[str, set[str]] = {}
    for document in sources.documents.get("courses", []):
        for course_id in document.texts("id"):
            parts[course_id] = {part for pattern in PART_IDS for part in document.texts(pattern)}
    for mention in others_at(sources, PART_MENTIONS):
        course_id, _, part = mention.value.partition("/")
        if part and course_id in parts and part not in parts[course_id]:
            message = f"course '{course_id}' has no unit or lesson '{part}'"
            yield mention.diagnostic("unknown-lesson", message, did_you_mean(part, parts[course_id]))


@rule("unknown-library")
def unknown_library(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every library that is named must be described in libraries.yml, if the guide has that file."""
    if "libraries" in sources.documents or "libraries" in sources.damaged_kinds:
        known = set(sources.texts("libraries", "libraries.*.id"))
        yield from unknown("unknown-library", "libraries", LIBRARY_MENTIONS, known, sources)


@rule("unknown-route")
def unknown_route(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The route that another one brings up to date must stand in paths.yml."""
    known = set(sources.texts("paths", "*.id"))
    yield from unknown("unknown-route", "paths", [("paths", "*.updates")], known, sources)


@rule("unknown-experiment")
def unknown_experiment(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every experiment that a change names must have a file in experiments/."""
    places = [("changes", "*.experiments.*")]
    yield from unknown("unknown-experiment", "experiments", places, sources.experiments, sources)


@rule("unknown-reference")
def unknown_reference(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every work that is cited must have an entry in references.bib."""
    known = set(sources.reference_lines)
    yield from unknown("unknown-reference", "references", CITATIONS, known, sources)
    if known or sources.has_problems:
        return
    count = sum(1 for _ in texts_at(sources, CITATIONS))
    if count:
        message = f"{count} citations name works that should stand here"
        yield Diagnostic(
            sources.reference_label, 1, 1, "error", "unknown-reference", message, "add their entries"
        )


@rule("uncited-reference", "warning")
def uncited_reference(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A work in references.bib should be cited: by a topic, course, lesson, event or library."""
    if sources.has_problems:
        return
    cited = set(texts_at(sources, CITATIONS))
    for key in sources.reference_lines.keys() - cited:
        message, hint = (
            f"reference '{key}' is cited nowhere",
            "cite it in 'refs' of a topic, lesson or event, or remove it",
        )
        line = sources.reference_lines[key]
        yield Diagnostic(sources.reference_label, line, 1, "warning", "uncited-reference", message, hint)


@rule("untaught-topic", "warning")
def untaught_topic(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A topic should be taught in a lesson or required by another topic or course."""
    if sources.has_problems:
        return
    used = set(texts_at(sources, (REQUIREMENTS, COURSE_PREREQUISITES, TAUGHT_TOPICS)))
    for entry in sources.topics:
        if entry.value.id not in used:
            message = f"topic '{entry.value.id}' is neither taught nor required anywhere"
            yield entry.diagnostic("untaught-topic", message, severity="warning", at=["id"])
