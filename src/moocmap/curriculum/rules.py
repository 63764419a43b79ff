"""What curriculum data must mean, beyond its shape: one small function for each rule.

A rule takes the sources and the date of today and yields diagnostics. Its documentation for editors stands in
`moocmap/rulebook.yml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from moocmap.curriculum.companions import Libraries, Offer, Waiver
from moocmap.curriculum.coverage import Coverage, agreement
from moocmap.curriculum.load import Entry, Sources
from moocmap.curriculum.model import Topic
from moocmap.diagnostics import Diagnostic, Severity, did_you_mean
from moocmap.documents import Document, Place
from moocmap.fields import Translations
from moocmap.rulebook import rule_pages

Check = Callable[[Sources, date], Iterator[Diagnostic]]

FACTS_AGE_YEARS = 2


@dataclass(frozen=True)
class Rule:
    """A named check with its severity.

    `is_waivable` tells whether the guide can be used in spite of a finding, so that editors may accept it.
    """

    id: str
    severity: Severity
    check: Check
    is_waivable: bool


RULES: list[Rule] = []


def _rule(
    rule_id: str, severity: Severity = "error", is_waivable: bool | None = None
) -> Callable[[Check], Check]:
    """Register a rule; warnings can be waived unless `is_waivable` says otherwise, errors cannot."""

    def register(check: Check) -> Check:
        waivable = severity == "warning" if is_waivable is None else is_waivable
        RULES.append(Rule(rule_id, severity, check, waivable))
        return check

    return register


def check(sources: Sources, today: date) -> list[Diagnostic]:
    """Apply every rule; return all findings sorted by file and line."""
    return sorted(finding for rule in RULES for finding in rule.check(sources, today))


# Where ids are mentioned: (kind of document, path within it). Read from the documents as they stand, so that
# a typing mistake elsewhere in a file hides none of these findings.
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
PART_MENTIONS = (("courses", "units.*.lessons.*.compare.*.with"), ("paths", "*.steps.*.part"))


def _all(sources: Sources, places: Iterable[tuple[str, str]]) -> Iterator[Entry[str]]:
    for kind, pattern in places:
        yield from sources.select(kind, pattern)


def _ids(sources: Sources, kind: str, pattern: str) -> set[str]:
    return {entry.value for entry in sources.select(kind, pattern)}


def _unknown(
    rule: str, kind: str, mentions: Iterable[Entry[str]], known: set[str], sources: Sources
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
            yield mention.diagnostic(rule, f"no {rule.removeprefix('unknown-')} '{mention.value}'", hint)


@_rule("unknown-area")
def unknown_area(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The area of a topic or quiz must be one of those in guide.yml."""
    areas = _ids(sources, "settings", "areas.*.id")
    yield from _unknown("unknown-area", "settings", _all(sources, AREA_MENTIONS), areas, sources)


@_rule("unknown-topic")
def unknown_topic(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every topic that is named must be defined in topics.yml or topics/*.yml."""
    topics = _ids(sources, "topics", "*.id")
    yield from _unknown("unknown-topic", "topics", _all(sources, TOPIC_MENTIONS), topics, sources)


@_rule("unknown-course")
def unknown_course(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every course that is named must have a file in courses/."""
    courses = _ids(sources, "courses", "id")
    related = (link._replace(value=link.value.partition("/")[0]) for link in _all(sources, PART_MENTIONS))
    mentions = [*_all(sources, COURSE_MENTIONS), *related]
    yield from _unknown("unknown-course", "courses", mentions, courses, sources)


@_rule("unknown-lesson")
def unknown_lesson(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """In `course/part`, the part must be a unit or a lesson of that course."""
    parts: dict[str, set[str]] = {}
    for document in sources.documents.get("courses", []):
        for _, course_id in document.select("id"):
            parts[course_id] = {part.value for part in _parts(document)}
    for mention in _all(sources, PART_MENTIONS):
        course_id, _, part = mention.value.partition("/")
        if part and course_id in parts and part not in parts[course_id]:
            message = f"course '{course_id}' has no unit or lesson '{part}'"
            yield mention.diagnostic("unknown-lesson", message, did_you_mean(part, parts[course_id]))


@_rule("unknown-library")
def unknown_library(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every library that is named must be described in libraries.yml, if the guide has that file."""
    if "libraries" in sources.documents or "libraries" in sources.damaged_kinds:
        known = _ids(sources, "libraries", "libraries.*.id")
        mentions = _all(sources, LIBRARY_MENTIONS)
        yield from _unknown("unknown-library", "libraries", mentions, known, sources)


@_rule("unknown-route")
def unknown_route(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The route that another one brings up to date must stand in paths.yml."""
    yield from _unknown(
        "unknown-route",
        "paths",
        sources.select("paths", "*.updates"),
        _ids(sources, "paths", "*.id"),
        sources,
    )


@_rule("unknown-experiment")
def unknown_experiment(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every experiment that a change names must have a file in experiments/."""
    mentions = sources.select("changes", "*.experiments.*")
    yield from _unknown("unknown-experiment", "experiments", mentions, sources.experiments, sources)


@_rule("unknown-reference")
def unknown_reference(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Every work that is cited must have an entry in references.bib."""
    known = set(sources.reference_lines)
    citations = list(_all(sources, CITATIONS))
    yield from _unknown("unknown-reference", "references", citations, known, sources)
    if citations and not known and not sources.has_problems:
        message = f"{len(citations)} citations name works that should stand here"
        yield Diagnostic(
            sources.reference_label, 1, 1, "error", "unknown-reference", message, "add their entries"
        )


@_rule("uncited-reference", "warning")
def uncited_reference(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A work in references.bib should be cited: by a topic, course, lesson, event or library."""
    if sources.has_problems:
        return
    cited = {citation.value for citation in _all(sources, CITATIONS)}
    for key in sources.reference_lines.keys() - cited:
        message, hint = (
            f"reference '{key}' is cited nowhere",
            "cite it in 'refs' of a topic, lesson or event, or remove it",
        )
        line = sources.reference_lines[key]
        yield Diagnostic(sources.reference_label, line, 1, "warning", "uncited-reference", message, hint)


@_rule("duplicate-id")
def duplicate_id(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Ids are unique among their kind; those of lessons within a course, of answers within a question."""
    yield from _repeated("language", sources.select("settings", "locales.*"))
    yield from _repeated("area", sources.select("settings", "areas.*.id"))
    yield from _repeated("topic", sources.select("topics", "*.id"))
    yield from _repeated("course", sources.select("courses", "id"))
    yield from _repeated("term", sources.select("glossary", "*.id"))
    yield from _repeated("published table", sources.select("published", "id"))
    yield from _repeated("library", sources.select("libraries", "libraries.*.id"))
    yield from _repeated("stage", sources.select("libraries", "stages.*.id"))
    yield from _repeated("chapter", sources.select("history", "*.id"))
    yield from _repeated("event", sources.select("history", "*.events.*.id"))
    yield from _repeated("route", sources.select("paths", "*.id"))
    yield from _repeated("question", sources.select("chooser", "*.id"))
    yield from _repeated("change", sources.select("changes", "*.id"))
    yield from _repeated("quiz of area", sources.select("quizzes", "*.area"))
    yield from _repeated("question", sources.select("quizzes", "*.questions.*.id"))
    for _, answers in groupby(
        sources.select("chooser", "*.answers.*.id"), key=lambda answer: answer.path[:1]
    ):
        yield from _repeated("answer of this question", answers)
    for document in sources.documents.get("courses", []):
        yield from _repeated("unit or lesson", _parts(document))
        taught = (Entry(value, document, path) for path, value in document.select(TAUGHT_TOPICS[1]))
        for _, topics in groupby(taught, key=lambda topic: topic.path[:4]):
            yield from _repeated("topic of this lesson", topics)


def _parts(document: Document) -> Iterator[Entry[str]]:
    for pattern in ("units.*.id", "units.*.lessons.*.id"):
        for path, value in document.select(pattern):
            yield Entry(value, document, path)


def _repeated(what: str, ids: Iterable[Entry[str]]) -> Iterator[Diagnostic]:
    first: dict[str, Entry[str]] = {}
    for entry in ids:
        earlier = first.setdefault(entry.value, entry)
        if earlier is not entry:
            line, _ = earlier.document.position(earlier.path)
            message = f"{what} '{entry.value}' already stands at {earlier.document.label}:{line}"
            yield entry.diagnostic("duplicate-id", message, "give each its own id")


@_rule("file-name", is_waivable=True)
def file_name(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A course's file is named by its id, so that one finds it."""
    for entry in sources.courses:
        stem = PurePosixPath(entry.document.label).stem
        if stem != entry.value.id:
            hint = f"rename the file to '{entry.value.id}.yml'"
            yield entry.diagnostic(
                "file-name", f"course '{entry.value.id}' stands in '{stem}.yml'", hint, at=["id"]
            )


@_rule("superseded-by-itself")
def superseded_by_itself(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """What replaces a course is another course."""
    for entry in sources.courses:
        if entry.value.superseded_by == entry.value.id:
            message = f"course '{entry.value.id}' cannot be superseded by itself"
            yield entry.diagnostic(
                "superseded-by-itself", message, "name its successor", at=["superseded_by"]
            )


@_rule("no-successor", "warning")
def no_successor(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A superseded course should name the course that replaced it, so that nobody starts the wrong one."""
    for entry in sources.courses:
        if entry.value.status == "superseded" and entry.value.superseded_by is None:
            message = f"course '{entry.value.id}' is superseded, but not said by which course"
            yield entry.diagnostic(
                "no-successor", message, "add 'superseded_by: …'", at=["status"], severity="warning"
            )


@_rule("topic-cycle")
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


@_rule("untaught-topic", "warning")
def untaught_topic(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A topic should be taught in a lesson or required by another topic or course."""
    if sources.has_problems:
        return
    used = {use.value for use in _all(sources, (REQUIREMENTS, COURSE_PREREQUISITES, TAUGHT_TOPICS))}
    for entry in sources.topics:
        if entry.value.id not in used:
            message = f"topic '{entry.value.id}' is neither taught nor required anywhere"
            yield entry.diagnostic("untaught-topic", message, severity="warning", at=["id"])


@_rule("missing-translation", "warning")
def missing_translation(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A translated text needs every language of the guide."""
    for entry, path, text, locales in _translations(sources):
        for locale in locales:
            if locale not in text:
                yield entry.diagnostic(
                    "missing-translation",
                    f"no text in '{locale}'",
                    f"add '{locale}: …'",
                    at=path,
                    severity="warning",
                )


@_rule("unknown-locale")
def unknown_locale(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A text must not be in a language that the guide does not have."""
    for entry, path, text, locales in _translations(sources):
        for locale in text:
            if locale not in locales:
                message = f"the guide has no language '{locale}'"
                hint = f"its languages are {', '.join(locales)} (guide.yml)"
                yield entry.diagnostic("unknown-locale", message, hint, at=(*path, locale))


def _translations(sources: Sources) -> Iterator[tuple[Entry[Any], Place, Translations, list[str]]]:
    locales = list(sources.settings.value.locales) if sources.settings else []
    for entry in sources.entries() if locales else []:
        for path, text in _texts_of(entry):
            yield entry, path, text, locales


def _texts_of(entry: Entry[Any]) -> list[tuple[Place, Translations]]:
    return entry.document.once(("texts", entry.path), lambda: list(_texts_within(entry.value, ())))


def _texts_within(value: Any, path: Place) -> Iterator[tuple[Place, Translations]]:
    if isinstance(value, Translations):
        yield path, value
    elif isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name, part in value.__dict__.items():
            if isinstance(part, _HOLDERS):
                yield from _texts_within(part, (*path, fields[name].alias or name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, _HOLDERS):
                yield from _texts_within(item, (*path, index))


_HOLDERS = (Translations, BaseModel, list)


@_rule("future-date", is_waivable=True)
def future_date(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """No course, event or change can have taken place in the future, nor a fact have been checked there."""
    for entry, at, moment in _moments(sources):
        if moment > today.isoformat()[: len(moment)]:
            yield entry.diagnostic("future-date", f"{moment} lies in the future", at=at)


def _moments(sources: Sources) -> Iterator[tuple[Entry[Any], Place, str]]:
    """Yield every date of the data with its place."""
    for course in sources.courses:
        yield course, ("year",), str(course.value.year)
        for index, fact in enumerate(course.value.facts):
            yield course, ("facts", index, "checked"), fact.checked
    for chapter in sources.history:
        for index, event in enumerate(chapter.value.events):
            yield chapter, ("events", index, "year"), event.year
    for change in sources.changes:
        yield change, ("date",), change.value.date
    if sources.libraries:
        for at, offer in _offers(sources.libraries.value):
            yield sources.libraries, (*at, "date"), offer.date


def _offers(libraries: Libraries) -> Iterator[tuple[Place, Offer]]:
    for s, stage in enumerate(libraries.stages):
        for a, aspect in enumerate(stage.aspects):
            for o, offer in enumerate(aspect.offers):
                yield ("stages", s, "aspects", a, "offers", o), offer


@_rule("history-order", is_waivable=True)
def history_order(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The events of a chapter stand in the order of time."""
    for chapter in sources.history:
        for index, (before, event) in enumerate(pairwise(chapter.value.events), start=1):
            if event.year[:4] < before.year[:4]:
                message = f"'{event.id}' ({event.year}) stands after '{before.id}' ({before.year})"
                yield chapter.diagnostic(
                    "history-order", message, "sort the events by year", at=["events", index, "year"]
                )


@_rule("changes-order", is_waivable=True)
def changes_order(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The newest change stands first."""
    for after, entry in pairwise(sources.changes):
        if entry.value.date > after.value.date:
            newer, older = (f"'{one.value.id}' ({one.value.date})" for one in (entry, after))
            message = f"{newer} stands after {older}"
            yield entry.diagnostic("changes-order", message, "put the newest first", at=["date"])


@_rule("old-fact", "warning")
def old_fact(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Facts about a course that is offered today should be looked up again every two years."""
    for entry in sources.courses:
        for index, fact in enumerate(entry.value.facts):
            age = today.year - int(fact.checked[:4])
            if entry.value.status == "current" and age > FACTS_AGE_YEARS:
                message = f"facts about {', '.join(fact.about)} were checked {age} years ago"
                hint = "look them up again and renew 'checked'"
                yield entry.diagnostic(
                    "old-fact", message, hint, at=["facts", index, "checked"], severity="warning"
                )


@_rule("published-row", is_waivable=True)
def published_row(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A published row that differs from the derived coverage needs an explanation, and only such a row."""
    guide = sources.guide()
    if guide is None or sources.has_problems:
        return  # rows would differ for want of lessons that could not be read
    coverage = Coverage(guide)
    for entry in sources.published:
        if not guide.course_by_id.keys() >= set(entry.value.courses):
            continue  # unknown-course says so
        for index, row in enumerate(agreement(coverage, entry.value)):
            if not guide.topic_by_id.keys() >= set(row.row.topics):
                continue  # unknown-topic says so
            if row.verdict == "unexplained":
                derived = ", ".join(c for c, taught in row.derived.items() if taught) or "no course"
                message = f"'{row.row.label}' is taught by {derived} according to the lessons"
                hint = "correct the lessons' topics, or say in 'explanation' why they differ from the source"
                yield entry.diagnostic("published-row", message, hint, at=["rows", index, "label"])
            elif row.agrees and row.row.explanation:
                yield entry.diagnostic(
                    "published-row",
                    "this row agrees: its explanation is out of date",
                    "remove it",
                    at=["rows", index, "explanation"],
                )


@_rule("to-do", "warning")
def to_do(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """No text should say that it is still to be written."""
    for document in (one for kind in sources.documents.values() for one in kind):
        for path, text in _strings_within(document.data, ()) if document.mentions("TODO") else ():
            if text.startswith("TODO") or text.endswith("TODO"):
                hint = "write it, or remove the key if it is not needed"
                yield document.diagnostic(
                    path, "to-do", f"still to be written: {text}", hint, severity="warning"
                )


def _strings_within(data: Any, path: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _strings_within(value, (*path, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _strings_within(item, (*path, index))


@_rule("unknown-rule")
def unknown_rule(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A waiver must name a rule that exists."""
    known = set(rule_pages())
    yield from _unknown("unknown-rule", "rules", sources.select("waivers", "*.rule"), known, sources)


@_rule("not-waivable")
def not_waivable(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Only findings that leave the guide usable can be waived."""
    firm = rule_pages().keys() - {rule.id for rule in RULES if rule.is_waivable}
    for mention in sources.select("waivers", "*.rule"):
        if mention.value in firm:
            message = f"findings of '{mention.value}' cannot be waived"
            yield mention.diagnostic("not-waivable", message, "mend what it finds and remove this waiver")


@_rule("stale-waiver")
def stale_waiver(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A waiver must cover a finding: one that covers nothing any more is to be removed."""
    if sources.has_problems:
        return  # what it covers may stand in a file that could not be read
    waived = {entry.value.rule for entry in sources.waivers}
    found = {r.id: list(r.check(sources, today)) for r in RULES if r.is_waivable and r.id in waived}
    for entry in sources.waivers:
        rule, file = entry.value.rule, entry.value.file
        if rule in found and not any(_covers(entry.value, finding) for finding in found[rule]):
            message = f"this waiver covers no finding of '{rule}' in {file}"
            hint = "remove it, or compare 'file' and 'about' with what moocmap check says without it"
            yield entry.diagnostic("stale-waiver", message, hint)


def _covers(waiver: Waiver, finding: Diagnostic) -> bool:
    is_about = waiver.about is None or waiver.about in finding.message
    return finding.rule == waiver.rule and finding.file == waiver.file and is_about


def divide(
    findings: Iterable[Diagnostic], waivers: Iterable[Waiver]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return the findings that no waiver covers, and those that one covers."""
    waivable = {rule.id for rule in RULES if rule.is_waivable}
    active = [waiver for waiver in waivers if waiver.rule in waivable]
    left: list[Diagnostic] = []
    waived: list[Diagnostic] = []
    for finding in findings:
        (waived if any(_covers(waiver, finding) for waiver in active) else left).append(finding)
    return left, waived
