"""Compiles a guide and its experiments into plain Markdown pages, one folder for each locale.

`site_pages` says which pages there are and what they show; `write_pages` renders and writes them.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from moocmap.curriculum.model import DEPTHS, Guide
from moocmap.diagnostics import did_you_mean
from moocmap.fields import text_in
from moocmap.rulebook import as_body, rule_pages
from moocmap.site import addresses, exports, lesson_views, scripts, search, strips, styles, wording
from moocmap.site.api_docs import documented
from moocmap.site.catalogue import SORT_KEYS, Catalogue
from moocmap.site.chooser_data import Chooser
from moocmap.site.comparison import Comparison
from moocmap.site.course_page import CoursePage
from moocmap.site.drawings import drawings
from moocmap.site.errors import SiteError
from moocmap.site.examples import read_examples
from moocmap.site.feed import FILE as FEED
from moocmap.site.feed import atom
from moocmap.site.glossing import Words
from moocmap.site.hand_written import FRONT_MATTER, HandWritten, read_pages, require_alike
from moocmap.site.locales import Strings, load_strings
from moocmap.site.measured import Measured
from moocmap.site.metadata import linked_data
from moocmap.site.planner_data import planner_data
from moocmap.site.progress_data import progress_data
from moocmap.site.quizzes import Quizzes
from moocmap.site.rendering import (
    Page,
    environment,
    front_matter,
    render,
    render_template,
    render_text,
)
from moocmap.site.timeline import Timeline
from moocmap.site.topic_map import TopicMap
from moocmap.site.views import GuideView, depth_rank, unit_anchor
from moocmap.site.works import Works

SHARED = "shared"
"""The folder of the pages' output for what all locales have in common; it becomes the site's root."""


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


@dataclass(frozen=True)
class Written:
    """What `write_pages` wrote: for each locale the names of its pages."""

    pages: dict[str, list[str]]

    @property
    def count(self) -> int:
        """How many pages there are over all locales."""
        return sum(map(len, self.pages.values()))


def write_pages(
    guide: Guide,
    measured: Sequence[Measured],
    out: Path,
    site_source: Path,
    origins: Origins | None = None,
    *,
    site_url: str | None = None,
) -> Written:
    """Render every page of every locale of `guide` into `out/<locale>`, and exported data into `out/shared`.

    `site_source` holds `templates/`, `pages/<locale>/`, `locales/`, `scripts/` and `assets/`; `site_url` is
    where the site will live, if known. What an earlier run left in these folders is replaced. Raises
    DiagnosticsError or SiteError, before anything is written, when a string, a template or a page is wrong.
    """
    locales = guide.settings.locales
    names = {library.id: library.name for library in guide.libraries.libraries}
    strings = {
        locale: texts.with_names("library", names)
        for locale, texts in load_strings(site_source / "locales", locales, site_source.parent).items()
    }
    there = {one.id for one in measured}
    written_pages = {locale: read_pages(site_source / "pages" / locale, there) for locale in locales}
    require_alike(written_pages, f"{site_source.name}/pages")
    view, origins = GuideView(guide), origins or Origins()
    examples = read_examples(site_source.parent, guide.libraries)
    templates = environment(site_source / "templates")
    texts: dict[str, dict[str, str]] = {}
    indexes: dict[str, str] = {}
    for locale in locales:
        pages = site_pages(view, strings[locale], measured, origins)
        shared = shared_data(view, strings[locale], measured, origins) | {
            "examples": examples,
            "hand_written": written_pages[locale].keys(),
        }
        texts[locale] = {}
        for page in pages:
            data = linked_data(page, view, strings[locale], measured, site_url)
            texts[locale][page.path] = render(page, templates, strings[locale], shared, data)
        texts[locale] |= _rule_texts(strings[locale])
        own_texts = _hand_written_texts(written_pages[locale], templates, strings[locale], shared)
        for name in own_texts.keys() & texts[locale].keys():
            raise SiteError(f"pages/{locale}/{name}.md: the page '{name}' is generated; choose another name")
        texts[locale] |= own_texts
        titles = {name: written.title for name, written in written_pages[locale].items()}
        indexes[locale] = search.script(search.entries(view, strings[locale], pages, titles), strings[locale])
    shared_files = exports.export(guide, measured)
    shared_files |= {f"{addresses.API}/{name}": text.encode() for name, text in examples.files.items()}
    root_pages = _root_pages(guide, strings, templates, site_url)
    worker = (site_source / "scripts" / "offline_worker.js").read_bytes()
    script = scripts.bundle(site_source / "scripts", "main.js")
    for locale in locales:
        _write_locale(out / locale, texts[locale], strings[locale], measured, site_source / "assets")
        _write(out / locale / "assets" / "js" / "guide.js", script.encode())
        _write(out / locale / search.FILE, indexes[locale].encode())
        if guide.changes:
            text = atom(guide, strings[locale], measured, site_url)
            _write(out / locale / FEED, text.encode())
    _write_shared(out / SHARED, {**shared_files, **root_pages, "offline_worker.js": worker}, measured)
    return Written({locale: sorted(texts[locale]) for locale in locales})


def _root_pages(
    guide: Guide, strings: Mapping[str, Strings], templates: Environment, site_url: str | None
) -> dict[str, bytes]:
    """Return the pages that belong to no language: the first one, and those shown in place of another."""
    locales = guide.settings.locales
    base = f"{site_url.rstrip('/')}/" if site_url else ""
    data = {"guide": guide, "strings": strings, "locales": locales, "known": Markup(json.dumps(locales))}
    pages = {
        "index.html": render_template(templates, "root.html", {**data, "base": base}, "index.html"),
        "404.html": render_template(
            templates, "missing.html", {**data, "base": base, "key": "missing_page"}, "404.html"
        ),
        "offline.html": render_template(
            templates, "missing.html", {**data, "base": "", "key": "offline_page"}, "offline.html"
        ),
    }
    return {name: text.encode() for name, text in pages.items()}


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

    def section(path: str, key: str, template: str, contents: bool = False, **data: object) -> Page:
        title, summary = str(t(f"{key}.title")), str(t(f"{key}.intro"))
        return Page(path, title, template, key, data, summary, shows_contents=contents)

    return [
        Page(addresses.HOME, str(t("home.title")), "home.md", "home", description=description),
        section(
            addresses.COURSES, "courses", "courses.md", catalogue=Catalogue(view, t), sort_keys=SORT_KEYS
        ),
        section(addresses.COMPARE, "compare", "compare.md", comparison=Comparison(view, t)),
        section(addresses.PLANNER, "planner", "planner.md", planner=planner_data(view, t)),
        section(addresses.PROGRESS, "progress", "progress.md", progress=progress_data(view, t)),
        section(addresses.TOPICS, "topics", "topics.md"),
        section(addresses.MAP, "map", "map.md", topic_map=TopicMap(view.guide, t)),
        Page(addresses.PUBLISHED, str(t("published.title")), "published.md", "compare"),
        section(addresses.EXPERIMENTS, "experiments", "experiments.md"),
        *_companion_pages(view, t, section),
        section(addresses.GLOSSARY, "glossary", "glossary.md"),
        section(addresses.REFERENCES, "references", "references.md", works=Works(view)),
        section(
            addresses.DATA,
            "data",
            "data.md",
            contents=True,
            api=documented(exports.Source(view.guide, measured), t),
            api_format=str(exports.FORMAT),
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
    data: dict[str, dict[str, object]] = {
        "history": {"timeline": Timeline(guide.history)},
        "chooser": {"chooser": Chooser(view, t)},
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


def _rule_texts(t: Strings) -> dict[str, str]:
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


# Hand-written pages ---------------------------------------------------------------------------------


def _hand_written_texts(
    pages: Mapping[str, HandWritten], templates: Environment, strings: Strings, shared: Mapping[str, Any]
) -> dict[str, str]:
    """Return the hand-written pages of one locale: quoted figures filled in, with their foot."""
    texts = {}
    for name, written in pages.items():
        text = written.text
        if written.quoted:
            text = render_text(Page(name, written.title, written.file, ""), text, templates, strings, shared)
        foot = render(Page(name, "", "foot.md", "", {"file": written.file}), templates, strings, shared)
        texts[name] = text + "\n" + FRONT_MATTER.sub("", foot, count=1)
    return texts


# Writing --------------------------------------------------------------------------------------------


def _write_locale(
    folder: Path, texts: Mapping[str, str], strings: Strings, measured: Sequence[Measured], assets: Path
) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in texts.items():
        _write(folder / f"{name}.md", text.encode())
    if assets.is_dir():
        _copy_assets(assets, folder / "assets")
    for one in measured:
        for name, svg in drawings(one, strings).items():
            _write(folder / "experiments" / one.id / name, svg.encode())


def _copy_assets(assets: Path, folder: Path) -> None:
    """Copy images and the like; of the style sheets only the one that they are joined into."""
    shutil.copytree(assets, folder, ignore=shutil.ignore_patterns("*.css"), dirs_exist_ok=True)
    sheet = Path("css", "site.css")
    _write(folder / sheet, styles.bundle(assets / sheet).encode())


def _write_shared(folder: Path, files: Mapping[str, bytes], measured: Sequence[Measured]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        _write(folder / name, content)
    for one in measured:
        for name, source in one.record_files.items():
            target = folder / addresses.API / "experiments" / one.id / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
