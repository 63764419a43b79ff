"""What search engines and other programs read in a page's head: linked data in the words of schema.org.

Each page says what it is about (a course, a lesson, a topic, an experiment …) and where it stands. Addresses
are absolute where the site's address is known, else relative to the page, as JSON-LD allows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from moocmap.curriculum.model import Course, Effort, Price, Topic
from moocmap.site import addresses
from moocmap.site.addresses import API
from moocmap.site.exports import media_type
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured
from moocmap.site.rendering import Page
from moocmap.site.views import GuideView, LessonPlace

Node = dict[str, Any]
SECTIONS = {
    "courses": addresses.COURSES,
    "topics": addresses.TOPICS,
    "experiments": addresses.EXPERIMENTS,
    "compare": addresses.COMPARE,
}
"""The page above those of each section."""


@dataclass(frozen=True)
class Place:
    """A page's place on the web: gives the addresses that its data name."""

    page: str
    locale: str
    site_url: str | None = None

    def of(self, address: str, anchor: str = "") -> str:
        """Return the address of a page of the same locale."""
        if self.site_url is None:
            return addresses.relative(self.page, address, anchor)
        end = f"#{anchor}" if anchor else ""
        return f"{self.site_url.rstrip('/')}/{self.locale}/{address}.html{end}"

    def file(self, path: str) -> str:
        """Return the address of a file below the site's root."""
        if self.site_url is None:
            return addresses.beside(self.page, path)
        return f"{self.site_url.rstrip('/')}/{path}"


def linked_data(
    page: Page, view: GuideView, t: Strings, measured: Sequence[Measured], site_url: str | None
) -> str:
    """Return the linked data of a page as JSON that may stand within a `<script>`."""
    about = _About(view, t, measured, Place(page.path, t.locale, site_url))
    return embedded({"@context": "https://schema.org", "@graph": about.graph(page)})


def embedded(data: object) -> str:
    """Return data as JSON without a character that HTML, a template or YAML could take for its own."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class _About:
    """The linked data of one page."""

    def __init__(self, view: GuideView, t: Strings, measured: Sequence[Measured], place: Place) -> None:
        self.view, self.t, self.measured, self.place = view, t, measured, place

    def graph(self, page: Page) -> list[Node]:
        """Return what the page is about, and where it stands."""
        kinds: dict[str, Callable[[], Node]] = {
            "course.md": lambda: self._course(page.data["course"]),
            "lesson.md": lambda: self._lesson(page.data["place"]),
            "topic.md": lambda: self._topic(page.data["topic"]),
            "experiment.md": lambda: self._experiment(page.data["experiment"]),
            "glossary.md": self._glossary,
            "topics.md": self._topics,
            "courses.md": self._courses,
            "data.md": self._data,
        }
        here = self.place.of(page.path)
        nodes: list[Node] = [self._page(page, here)]
        if page.template in kinds:
            nodes[0]["mainEntity"] = kinds[page.template]()
        if page.path == addresses.HOME:
            return [*nodes, self._site()]
        return [*nodes, self._breadcrumbs(page)]

    def _page(self, page: Page, here: str) -> Node:
        text = {"description": page.description} if page.description else {}
        return {"@type": "WebPage", "url": here, "name": page.title, **text, "inLanguage": self.t.locale}

    def _site(self) -> Node:
        settings = self.view.guide.settings
        return {
            "@type": "WebSite",
            "name": self.t.text(settings.title),
            "description": self.t.text(settings.description),
            "inLanguage": list(settings.locales),
            "url": self.place.of(addresses.HOME),
        }

    def _breadcrumbs(self, page: Page) -> Node:
        steps = [(self.t.text(self.view.guide.settings.title), addresses.HOME)]
        above = SECTIONS.get(page.section)
        if above and above != page.path:
            steps.append((str(self.t(f"{page.section}.title")), above))
        if "place" in page.data:
            course = page.data["course"]
            steps.append((self.t.text(course.short_title or course.title), addresses.course(course.id)))
        title = self.t.text(page.data["lesson"].title) if "place" in page.data else page.title
        steps.append((title, page.path))
        return {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": n, "name": name, "item": self.place.of(address)}
                for n, (name, address) in enumerate(steps, start=1)
            ],
        }

    # Courses and lessons --------------------------------------------------------------------------

    def _course(self, course: Course) -> Node:
        is_book = course.kind == "book"
        node = self._course_in_short(course)
        node["description"] = self.t.text(course.summary)
        people = [{"@type": "Person", "name": name} for name in course.instructors]
        if is_book:
            node |= {"learningResourceType": str(self.t("kind.book")), "author": people}
        else:
            node |= {
                "learningResourceType": str(self.t("kind.mooc")),
                "provider": {"@type": "Organization", "name": course.provider},
                "hasCourseInstance": [
                    {"@type": "CourseInstance", "courseMode": "Online", "instructor": people}
                    | _workload(course.effort)
                ],
            }
            if course.certificate != "none":
                node["educationalCredentialAwarded"] = str(self.t("facts.certificate"))
        asked = self._prerequisites(course)
        return node | {
            "offers": _offer(course.price),
            "isAccessibleForFree": course.price.free,
            "copyrightYear": course.year,
            **({} if is_book or not asked else {"coursePrerequisites": asked}),
            "teaches": [self._topic_in_short(topic) for topic in self.view.coverage.topics(course.id)],
            "hasPart": [self._lesson_in_short(course, lesson) for lesson in course.lessons],
        }

    def _prerequisites(self, course: Course) -> list[str]:
        known = self.view.guide.topic_by_id
        found = []
        for asked in course.prerequisites:
            topic = known.get(asked.topic or "")
            name = asked.note or (topic.name if topic else None)
            found += [self.t.text(name)] if name else []
        return found

    def _course_in_short(self, course: Course) -> Node:
        return {
            "@type": "Book" if course.kind == "book" else "Course",
            "name": self.t.text(course.title),
            "url": course.url,
            "inLanguage": course.language,
            "subjectOf": {"@type": "WebPage", "url": self.place.of(addresses.course(course.id))},
        }

    def _lesson_in_short(self, course: Course, lesson: Any) -> Node:
        return {
            "@type": "LearningResource",
            "name": self.t.text(lesson.title),
            **({"url": lesson.url} if lesson.url else {}),
            "subjectOf": {"@type": "WebPage", "url": self.place.of(addresses.lesson(course.id, lesson.id))},
        }

    def _lesson(self, place: LessonPlace) -> Node:
        course, lesson = place.course, place.lesson
        node = self._lesson_in_short(course, lesson) | {
            "description": self.t.text(lesson.summary),
            "inLanguage": course.language,
            "position": place.number,
            "isPartOf": self._course_in_short(course),
            "teaches": [self._topic_in_short(taught.topic) for taught in self.view.lesson_topics(place)],
        }
        if lesson.hours:
            node["timeRequired"] = _duration((lesson.hours.low + lesson.hours.high) / 2)
        return node

    # Words ----------------------------------------------------------------------------------------

    def _topic_in_short(self, topic: Topic) -> Node:
        return {
            "@type": "DefinedTerm",
            "name": self.t.text(topic.name),
            "url": self.place.of(addresses.topic(topic.id)),
        }

    def _topic(self, topic: Topic) -> Node:
        return self._topic_in_short(topic) | {
            "description": self.t.text(topic.definition),
            "termCode": topic.id,
            "inDefinedTermSet": self.place.of(addresses.TOPICS),
        }

    def _term_set(self, key: str, address: str) -> Node:
        return {
            "@type": "DefinedTermSet",
            "name": str(self.t(f"{key}.title")),
            "inLanguage": self.t.locale,
            "url": self.place.of(address),
        }

    def _topics(self) -> Node:
        terms = [self._topic_in_short(topic) for topic in self.view.guide.topics]
        return self._term_set("topics", addresses.TOPICS) | {"hasDefinedTerm": terms}

    def _glossary(self) -> Node:
        terms = [
            {
                "@type": "DefinedTerm",
                "name": self.t.text(term.term),
                "url": self.place.of(addresses.GLOSSARY, f"term-{term.id}"),
                **({"alternateName": term.also[self.t.locale]} if term.also.get(self.t.locale) else {}),
            }
            for term in self.view.guide.terms
        ]
        return self._term_set("glossary", addresses.GLOSSARY) | {"hasDefinedTerm": terms}

    # Lists and data -------------------------------------------------------------------------------

    def _courses(self) -> Node:
        items = [
            {"@type": "ListItem", "position": n, "item": self._course_in_short(course)}
            for n, course in enumerate(self.view.courses, start=1)
        ]
        return {"@type": "ItemList", "numberOfItems": len(items), "itemListElement": items}

    def _dataset(self, name: str, text: str, files: Iterable[str]) -> Node:
        licence = self.view.guide.settings.license
        return {
            "@type": "Dataset",
            "name": name,
            "description": text,
            "inLanguage": list(self.view.guide.settings.locales),
            "isAccessibleForFree": True,
            **({"license": licence.url or licence.name} if licence else {}),
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": file.rsplit("/", 1)[-1],
                    "encodingFormat": media_type(file),
                    "contentUrl": self.place.file(f"{API}/{file}"),
                }
                for file in files
            ],
        }

    def _data(self) -> Node:
        text = str(self.t("data.intro"))
        return self._dataset(self.t.text(self.view.guide.settings.title), text, ["index.json", "guide.json"])

    def _experiment(self, one: Measured) -> Node:
        parts = [f"experiments/{one.id}.json"]
        parts += [
            f"experiments/{one.id}/{record.facts.run}/{name}"
            for record in one.records
            for name in ("run.json", "epochs.csv", "predictions.csv")
        ]
        node = self._dataset(self.t.text(one.title), self.t.text(one.question), parts)
        return node | {"url": self.place.of(addresses.experiment(one.id))}


def _workload(effort: Effort | None) -> Node:
    if effort is None or effort.hours is None:
        return {}
    return {"courseWorkload": _duration(sum(effort.hours) / 2)}


def _duration(hours: float) -> str:
    """Write hours as an ISO 8601 duration."""
    whole, minutes = divmod(round(hours * 60), 60)
    return "PT" + (f"{whole}H" if whole or not minutes else "") + (f"{minutes}M" if minutes else "")


def _offer(price: Price) -> Node:
    offer: Node = {"@type": "Offer"}
    if price.amount is not None and price.currency:
        category = "Subscription" if price.per == "month" else "Partially Free" if price.free else "Paid"
        return offer | {"category": category, "price": price.amount, "priceCurrency": price.currency}
    return offer | {"category": "Free" if price.free else "Paid"}
