"""Where ids are mentioned: (kind of document, path within it).

They are read from the documents as they stand, so that a typing mistake elsewhere in a file hides none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from moocmap.curriculum.load import Entry, Sources
from moocmap.documents import Document

CHOOSER_FILTERS = "*.answers.*.effects.*.courses"
AREA_MENTIONS = (("topics", "*.area"), ("quizzes", "*.area"))
REQUIREMENTS = ("topics", "*.requires.*")
COURSE_PREREQUISITES = ("courses", "prerequisites.*.topic")
TAUGHT_TOPICS = ("courses", "units.*.lessons.*.topics.*.id")
TOPIC_MENTIONS = (
    REQUIREMENTS,
    COURSE_PREREQUISITES,
    TAUGHT_TOPICS,
    ("glossary", "*.topic"),
    ("published", "rows.*.topics.*"),
    ("history", "*.events.*.topics.*"),
    ("chooser", f"{CHOOSER_FILTERS}.teaches.*"),
    ("chooser", f"{CHOOSER_FILTERS}.assumes.*"),
    ("quizzes", "*.questions.*.topics.*"),
    ("changes", "*.topics.*"),
)
COURSE_MENTIONS = (
    ("courses", "superseded_by"),
    ("published", "courses.*"),
    ("published", "rows.*.taught_in.*"),
    ("history", "*.events.*.courses.*"),
    ("changes", "*.courses.*"),
    ("chooser", f"{CHOOSER_FILTERS}.ids.*"),
)
CITATIONS = (
    ("topics", "*.refs.*"),
    ("courses", "refs.*"),
    ("courses", "units.*.lessons.*.advice.*.refs.*"),
    ("history", "*.refs.*"),
    ("history", "*.events.*.refs.*"),
    ("libraries", "libraries.*.refs.*"),
    ("libraries", "stages.*.aspects.*.offers.*.refs.*"),
)
LIBRARY_MENTIONS = (
    ("courses", "libraries.*"),
    ("history", "*.events.*.libraries.*"),
    ("libraries", "libraries.*.replaced_by"),
    ("libraries", "compared.*"),
    ("libraries", "stages.*.aspects.*.offers.*.library"),
    ("chooser", f"{CHOOSER_FILTERS}.libraries.*"),
)
PART_IDS = ("units.*.id", "units.*.lessons.*.id")
PART_MENTIONS = (("courses", "units.*.lessons.*.compare.*.with"), ("paths", "*.steps.*.part"))


def texts_at(sources: Sources, places: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield every text at these places."""
    for kind, pattern in places:
        yield from sources.texts(kind, pattern)


def others_at(
    sources: Sources, places: Iterable[tuple[str, str]], known: Collection[str] = ()
) -> Iterator[Entry[str]]:
    """Yield every text at these places that is not known, with where it stands."""
    for kind, pattern in places:
        yield from sources.select(kind, pattern, known)


def parts_of(document: Document) -> Iterator[Entry[str]]:
    """Yield the ids of a course's units and lessons."""
    for pattern in PART_IDS:
        for path, value in document.select(pattern):
            yield Entry(value, document, path)
