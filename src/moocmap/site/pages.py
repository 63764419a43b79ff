"""Which pages a guide's site has, and what each of them shows; `compiled` renders them to Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from moocmap.curriculum.model import DEPTHS
from moocmap.diagnostics import did_you_mean
from moocmap.fields import text_in
from moocmap.rulebook import as_body, rule_pages
from moocmap.site import addresses, exports, lesson_views, strips, wording
from moocmap.site.api_docs import documented
from moocmap.site.catalogue import SORT_KEYS, Catalogue
from moocmap.site.chooser_data import Chooser
from moocmap.site.comparison import Comparison
from moocmap.site.course_page import CoursePage
from moocmap.site.errors import SiteError
from moocmap.site.glossing import Words
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured
from moocmap.site.planner_data import planner_data
from moocmap.site.progress_data import progress_data
from moocmap.site.quizzes import Quizzes
from moocmap.site.rendering import (
    Page,
    front_matter,
)
from moocmap.site.timeline import Timeline
from moocmap.site.topic_map import TopicMap
from moocmap.site.views import GuideView, depth_rank, unit_anchor
from moocmap.site.works import Works


@dataclass(frozen=True)
class Origins:
    """Which file each object comes from, for the links that lead back to it, and when files changed."""

    files: Mapping[tuple[str, str], str] = field(default_factory=dict)
    days: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str, object_id: str, default: str = "") -> str:
        """Return the file of an object, named relative to the guide's folder."""
        return self.files.get((kind, object_id), default)

    def changed(self, file: str) -> str:
        """Return the day of a file's last change, of a folder's newest one; "" where it is not known."""
        if not file.endswith("/"):
            return self.days.get(file, "")
        return max((day for name, day in self.days.items() if name.startswith(file)), default="")


def shared_data(
    view: GuideView, strings: Strings, measured: Sequence[Measured], origins: Origins
) -> dict[str, Any]:
    """Return what every template can use besides the data of its own page."""
    return {
        "guide": view.guide,
        "settings": view.guide.settings,
        "view": view,
        "coverage": view.coverage,
        "measured": measured,
        "experiment_of": partial(_experiment, measured),
        "origins": origins,
        "say": wording.Wording(strings),
        "words": Words(
            view.guide.terms, strings.locale, [strings.text(topic.name) for topic in view.guide.topics]
        ),
        "quizzes": Quizzes(view.guide),
        "reference_links": wording.reference_links,
        "main_link": wording.main_link,
        "bibtex": wording.bibtex,
        "depths": DEPTHS,
        "depth_rank": depth_rank,
        "strip_height": strips.HEIGHT,
        "unit_anchor": unit_anchor,
        "study": lesson_views,
        "to": addresses,
    }


def _experiment(measured: Sequence[Measured], experiment_id: str) -> Measured:
    """Return an experiment by its id, for pages that tell of it."""
    by_id = {one.id: one for one in measured}
    if experiment_id not in by_id:
        hint = did_you_mean(experiment_id, by_id) or f"there are {', '.join(by_id)}"
        raise SiteError(f"no experiment '{experiment_id}'; {hint}")
    return by_id[experiment_id]


def site_pages(
    view: GuideView, strings: Strings, measured: Sequence[Measured], origins: Origins
) -> list[Page]:
    """Return every generated page of one locale, with what it shows."""
    pages = [
        *_section_pages(view, strings, measured),
        *_course_pages(view, strings),
        *_topic_pages(view, strings),
        *_experiment_pages(strings, measured),
    ]
    twice = [path for path, count in Counter(page.path for page in pages).items() if count > 1]
    if twice:
        raise SiteError(f"two pages would have the address '{twice[0]}'; rename one of the ids in it")
    return pages


def _section_pages(view: GuideView, t: Strings, measured: Sequence[Measured]) -> list[Page]:
    description = t.text(view.guide.settings.description)

    def section(
        path: str, key: str, template: str, contents: bool = False, **data: Callable[[], object]
    ) -> Page:
        """Return a page of its own; `data` is what makes what it shows, called when it is rendered."""
        title, summary = str(t(f"{key}.title")), str(t(f"{key}.intro"))

        def more() -> dict[str, object]:
            return {name: make() for name, make in data.items()}

        return Page(path, title, template, key, {}, summary, shows_contents=contents, more=more)

    return [
        Page(addresses.HOME, str(t("home.title")), "home.md", "home", description=description),
        section(
            addresses.COURSES,
            "courses",
            "courses.md",
            catalogue=partial(Catalogue, view, t),
            sort_keys=lambda: SORT_KEYS,
        ),
        section(addresses.COMPARE, "compare", "compare.md", comparison=partial(Comparison, view, t)),
        section(addresses.PLANNER, "planner", "planner.md", planner=partial(planner_data, view, t)),
        section(addresses.PROGRESS, "progress", "progress.md", progress=partial(progress_data, view, t)),
        section(addresses.TOPICS, "topics", "topics.md"),
        section(addresses.MAP, "map", "map.md", topic_map=partial(TopicMap, view.guide, t)),
        Page(addresses.PUBLISHED, str(t("published.title")), "published.md", "compare"),
        section(addresses.EXPERIMENTS, "experiments", "experiments.md"),
        *_companion_pages(view, t, section),
        section(addresses.GLOSSARY, "glossary", "glossary.md"),
        section(addresses.REFERENCES, "references", "references.md", works=partial(Works, view)),
        section(
            addresses.DATA,
            "data",
            "data.md",
            contents=True,
            api=lambda: documented(exports.source_of(view, measured), t),
            api_format=lambda: str(exports.FORMAT),
        ),
    ]


def _companion_pages(view: GuideView, t: Strings, section: Callable[..., Page]) -> list[Page]:
    """Return the pages of what a guide may have beside its courses, as far as it has it."""
    guide = view.guide
    sections = [
        (guide.routes, addresses.ROUTES, "routes"),
        (guide.libraries.libraries, addresses.LIBRARIES, "libraries"),
        (guide.history, addresses.HISTORY, "history"),
        (guide.chooser, addresses.CHOOSER, "chooser"),
        (guide.changes, addresses.CHANGES, "changes"),
        (guide.quizzes, addresses.QUIZZES, "quizzes"),
    ]
    data: dict[str, dict[str, Callable[[], object]]] = {
        "history": {"timeline": partial(Timeline, guide.history)},
        "chooser": {"chooser": partial(Chooser, view, t)},
    }
    return [
        section(path, key, f"{key}.md", key not in ("chooser", "libraries"), **data.get(key, {}))
        for has, path, key in sections
        if has
    ]


def _course_pages(view: GuideView, t: Strings) -> list[Page]:
    courses = [
        Page(
            addresses.course(course.id),
            t.text(course.title),
            "course.md",
            "courses",
            {"course": course, "shown": CoursePage(view, t, course)},
            t.text(course.summary),
            shows_contents=True,
        )
        for course in view.guide.courses
    ]
    lessons = [
        Page(
            addresses.lesson(place.course.id, place.lesson.id),
            f"{t.text(place.lesson.title)} – {t.text(place.course.short_title or place.course.title)}",
            "lesson.md",
            "courses",
            {"place": place, "course": place.course, "lesson": place.lesson},
            t.text(place.lesson.summary),
        )
        for place in view.places
    ]
    return courses + lessons


def _topic_pages(view: GuideView, t: Strings) -> list[Page]:
    area_names = {area.id: t.text(area.name) for area in view.guide.settings.areas}
    topic_map = TopicMap(view.guide, t)
    return [
        Page(
            addresses.topic(topic.id),
            t.heading(topic.name),
            "topic.md",
            "topics",
            {
                "topic": topic,
                "area_name": area_names.get(topic.area, topic.area),
                "topic_map": topic_map,
            },
            t.text(topic.definition),
        )
        for topic in view.guide.topics
    ]


def _experiment_pages(t: Strings, measured: Sequence[Measured]) -> list[Page]:
    return [
        Page(
            addresses.experiment(one.id),
            t.text(one.title),
            "experiment.md",
            "experiments",
            {"experiment": one},
            t.text(one.question),
        )
        for one in measured
    ]


def rule_texts(t: Strings) -> dict[str, str]:
    """Return the documentation of the rules of `moocmap check`, a page each and one that lists them."""

    def page(path: str, title: str, body: str) -> str:
        return front_matter(Page(path, title, "", "about")) + f"# {title}\n\n{body}"

    title, rules = str(t("rules.title")), rule_pages()
    entries = [f"- [{rule.id}]({rule.id}.md): {text_in(rule.asks, t.locale)}" for rule in rules.values()]
    listing = "\n".join([str(t("rules.intro")), "", *entries]) + "\n"
    back = f"[{title}](index.md)"
    texts = {
        addresses.rule(rule_id): page(
            addresses.rule(rule_id), rule_id, f"{as_body(rule, t.locale)}\n{back}\n"
        )
        for rule_id, rule in rules.items()
    }
    return {addresses.RULES: page(addresses.RULES, title, listing), **texts}
