"""What the site's search knows of a locale: all that a reader may look for by name, as one small script.

A script, because pages opened from the file system may load no other file. It holds names in every language
and summaries in one; `site/scripts/search.js` fetches it when the search is opened, and ranks what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moocmap.curriculum.model import Term, Topic
from moocmap.fields import text_in
from moocmap.rulebook import rule_pages
from moocmap.site import addresses
from moocmap.site.escape import visible
from moocmap.site.locales import Strings
from moocmap.site.rendering import Page
from moocmap.site.views import GuideView, plain, unit_anchor

KINDS = (
    *("course", "topic", "term", "page", "experiment"),
    *("library", "lesson", "unit", "event", "work", "rule"),
)
"""What there is to find; of two that fit a query equally well the earlier kind comes first."""
FILE = "assets/js/search-index.js"
"""Where the index lies below a locale's folder."""

SUMMARY = 170
"""How many characters of a summary the results show at most."""


@dataclass(frozen=True)
class Entry:
    """Something to be found. `where` places it (a lesson's course); `words` are searched but not shown."""

    kind: str
    title: str
    address: str
    where: str = ""
    names: Sequence[str] = ()
    words: Sequence[str] = ()
    summary: str = ""


def script(entries: Iterable[Entry], t: Strings) -> str:
    """Return the index as a script that leaves it in `moocmapSearch`, with what the search says."""
    prefix = "search.ui."
    texts = {key.removeprefix(prefix): text for key, text in t.texts.items() if key.startswith(prefix)}
    kinds = [[kind, str(t(f"search.kinds.{kind}"))] for kind in KINDS]
    data = {"texts": texts, "kinds": kinds, "ignored": str(t("search.ignored")), "entries": _rows(entries)}
    return f"globalThis.moocmapSearch = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"


def _rows(entries: Iterable[Entry]) -> list[list[Any]]:
    return [
        [
            KINDS.index(entry.kind),
            visible(entry.title),
            entry.address,
            visible(entry.where),
            _others(entry.title, entry.names),
            visible(" ".join(entry.words)),
            _shortened(visible(entry.summary)),
        ]
        for entry in entries
    ]


def _others(title: str, names: Iterable[str]) -> list[str]:
    """Return the names that say anything beside the title, each once."""
    found = {plain(visible(title)): ""}
    for name in map(visible, names):
        found.setdefault(plain(name), name)
    return [name for name in found.values() if name]


def _bare(name: str) -> str:
    """Return a name without what stands behind it in brackets, such as its abbreviation."""
    return plain(name.partition(" (")[0])


def _shortened(text: str) -> str:
    return text if len(text) <= SUMMARY else f"{text[:SUMMARY].rsplit(' ', 1)[0].rstrip(',;:.')}…"


def entries(
    view: GuideView, t: Strings, pages: Iterable[Page], titles: Mapping[str, str] | None = None
) -> list[Entry]:
    """Return all that one locale's search finds: `pages`, what stands on them, and the toolkit's rules.

    `titles` are those of pages written by hand, by path.
    """
    words = _Words(view, t)
    generated = [words.of_page(page) for page in pages]
    others = [Entry("page", title, f"{path}.html") for path, title in (titles or {}).items()]
    rules = [
        Entry("rule", rule.id, f"{addresses.rule(rule.id)}.html", summary=text_in(rule.asks, t.locale))
        for rule in rule_pages().values()
    ]
    return [*generated, *others, *words.terms(), *words.companions(), *words.works(), *rules]


class _Words:
    """Names things of the guide in one locale, and in the others as names beside."""

    def __init__(self, view: GuideView, t: Strings) -> None:
        self.view, self.t = view, t
        self.guide = view.guide
        self.areas = {area.id: t.text(area.name) for area in self.guide.settings.areas}

    def names(self, *texts: str | Mapping[str, str] | None) -> list[str]:
        """Return texts in all languages."""
        found = (([text] if isinstance(text, str) else list(text.values())) for text in texts if text)
        return [name for names in found for name in names]

    def of_page(self, page: Page) -> Entry:
        """Return what the search says of a page that a template makes."""
        address, data = f"{page.path}.html", page.data
        if "lesson" in data:
            place, lesson = data["place"], data["lesson"]
            course = self.t.text(place.course.short_title or place.course.title)
            where = f"{course}, {place.number}/{len(place.course.lessons)}"
            words = [self.t.text(place.unit.title), lesson.id]
            summary = self.t.text(lesson.summary)
            names = self.names(lesson.title)
            return Entry("lesson", self.t.text(lesson.title), address, where, names, words, summary)
        if "course" in data:
            course = data["course"]
            names = [*self.names(course.short_title, course.title), course.id.replace("-", " ")]
            words = [*course.instructors, *course.libraries]
            where = f"{course.provider}, {course.year}"
            return Entry("course", page.title, address, where, names, words, page.description)
        if "topic" in data:
            topic = data["topic"]
            area = self.areas.get(topic.area, "")
            return Entry("topic", page.title, address, area, self.topic_names(topic), (), page.description)
        kind = "experiment" if "experiment" in data else "page"
        return Entry(kind, page.title, address, summary=page.description)

    def topic_names(self, topic: Topic) -> list[str]:
        """Return a topic's name in all languages, and the synonyms of the terms that mean just it."""
        same = [term for term in self.view.terms_of(topic.id) if self.is_name_of(term, topic)]
        return [*self.names(topic.name, *(term.term for term in same)), *self.synonyms(same)]

    def is_name_of(self, term: Term, topic: Topic) -> bool:
        """Tell whether a term is called just as its topic is."""
        return _bare(self.t.text(term.term)) in map(_bare, self.names(topic.name))

    def synonyms(self, terms: Iterable[Term]) -> list[str]:
        """Return the synonyms of terms in all languages."""
        return [word for term in terms for words in term.also.values() for word in words]

    def terms(self) -> Iterator[Entry]:
        """Yield the glossary's terms but for those that a topic of the same name explains."""
        topics = self.guide.topic_by_id
        for term in self.guide.terms:
            topic = topics.get(term.topic or "")
            if topic is None or not self.is_name_of(term, topic):
                names = [*self.names(term.term), *self.synonyms([term])]
                where, title = (self.t.text(topic.name) if topic else ""), self.t.heading(term.term)
                address = f"{addresses.GLOSSARY}.html#term-{term.id}"
                yield Entry("term", title, address, where, names, (), self.t.text(term.definition))

    def companions(self) -> Iterator[Entry]:
        """Yield units of courses, libraries and what they offer, routes, events."""
        t = self.t
        for course in self.guide.courses:
            if len(course.units) > 1:
                where = t.text(course.short_title or course.title)
                for unit in course.units:
                    address = f"{addresses.course(course.id)}.html#{unit_anchor(unit)}"
                    names = self.names(unit.title)
                    yield Entry("unit", t.text(unit.title), address, where, names)
        for library in self.guide.libraries.libraries:
            address = f"{addresses.LIBRARIES}.html#library-{library.id}"
            yield Entry("library", library.name, address, summary=t.text(library.summary))
        for stage in self.guide.libraries.stages if self.guide.libraries.compared else ():
            for aspect in stage.aspects:
                address = f"{addresses.LIBRARIES}.html#{stage.id}-{aspect.id}"
                words = [name for offer in aspect.offers for name in offer.names]
                where, names = t.text(stage.name), self.names(aspect.name)
                yield Entry("library", t.text(aspect.name), address, where, names, words)
        for route in self.guide.routes:
            address, names = f"{addresses.ROUTES}.html#{route.id}", self.names(route.name)
            yield Entry("page", t.text(route.name), address, "", names, (), t.text(route.summary))
        for chapter in self.guide.history:
            for event in chapter.events:
                address = f"{addresses.HISTORY}.html#{event.id}"
                names, text = self.names(event.title), t.text(event.text)
                yield Entry("event", t.text(event.title), address, str(event.year), names, (), text)

    def works(self) -> Iterator[Entry]:
        """Yield the works of the bibliography."""
        for work in self.guide.references:
            surnames = [author.surname for author in work.authors]
            more = " et al." if len(surnames) > 2 or work.has_more_authors else ""
            where = ", ".join(filter(None, (", ".join(surnames[:2]) + more, str(work.year or ""))))
            address = f"{addresses.REFERENCES}.html#ref-{work.key}"
            yield Entry("work", work.title, address, where, (), surnames)
