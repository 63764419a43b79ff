"""Compiles a guide and its experiments into plain Markdown pages and files, each when it is asked for.

`write_pages` asks for all of them, `serve` for what a browser shows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment
from markupsafe import Markup

from moocmap import text_files
from moocmap.curriculum.model import Guide
from moocmap.files import copy_folder
from moocmap.site import addresses, exports, scripts, search, styles
from moocmap.site.benchmarks import Benchmark, read_benchmarks
from moocmap.site.drawings import drawings
from moocmap.site.errors import SiteError
from moocmap.site.examples import Examples, read_examples
from moocmap.site.feed import FILE as FEED
from moocmap.site.feed import atom
from moocmap.site.hand_written import FRONT_MATTER, HandWritten, read_pages, require_alike
from moocmap.site.locales import Strings, load_strings
from moocmap.site.measured import Measured
from moocmap.site.metadata import linked_data
from moocmap.site.pages import Origins, rule_texts, shared_data, site_pages
from moocmap.site.rendering import (
    Page,
    environment,
    printed_title,
    render,
    render_template,
    render_text,
)
from moocmap.site.views import GuideView

SHARED = "shared"
"""The folder of the pages' output for what all locales have in common; it becomes the site's root."""
FRESH = ".fresh"
"""The folder beside it in which the pages stand until all are written."""

Files = Mapping[str, Callable[[], bytes]]
"""What makes the content of each file, by its path."""


class Head(NamedTuple):
    """A page's title as the theme prints it, and the section of the site that the page belongs to."""

    title: str
    section: str


class CompiledLocale:
    """The pages and files of one locale."""

    def __init__(self, site: Compiled, strings: Strings, hand_written: Mapping[str, HandWritten]) -> None:
        self.site, self.strings, self.hand_written = site, strings, hand_written

    @cached_property
    def heads(self) -> dict[str, Head]:
        """What stands at the head of each page, by its path, in the order in which pages are made.

        Raises SiteError where a hand-written page would hide a generated one.
        """
        heads = {path: Head(printed_title(page), page.section) for path, page in self._pages.items()}
        heads |= {path: Head(path.rpartition("/")[2], "about") for path in self._rules}
        for name in heads.keys() & self.hand_written.keys():
            file = f"pages/{self.strings.locale}/{name}.md"
            raise SiteError(f"{file}: the page '{name}' is generated; choose another name")
        return heads | {name: Head(page.title, page.section) for name, page in self.hand_written.items()}

    def text(self, path: str) -> str:
        """Return a page as Markdown with front matter. Raises SiteError naming template and line."""
        if path in self._rules:
            return self._rules[path]
        if path in self.hand_written:
            return self._hand_written_text(path)
        page, site = self._pages[path], self.site
        data = linked_data(page, site.view, self.strings, site.measured, site.site_url)
        return render(page, site.templates, self.strings, self._shared, data)

    @cached_property
    def files(self) -> Files:
        """What stands beside the pages and is made of data: scripts, the feed, the search's index."""
        files: dict[str, Callable[[], bytes]] = {
            "assets/js/guide.js": lambda: self.site.script,
            "assets/css/site.css": lambda: self.site.style_sheet,
            search.FILE: self._search_index,
        }
        if self.site.guide.changes:
            files[FEED] = self._feed
        return files

    def drawings(self, one: Measured) -> dict[str, bytes]:
        """Return the drawings of an experiment by their path."""
        if one.id not in self._drawn:
            folder = addresses.experiment(one.id)
            drawn = drawings(one, self.strings)
            self._drawn[one.id] = {f"{folder}/{name}": svg.encode() for name, svg in drawn.items()}
        return self._drawn[one.id]

    @cached_property
    def _drawn(self) -> dict[str, dict[str, bytes]]:
        return {}

    @cached_property
    def _pages(self) -> dict[str, Page]:
        site = self.site
        pages = site_pages(site.view, self.strings, site.measured, site.origins)
        return {page.path: page for page in pages}

    @cached_property
    def _rules(self) -> dict[str, str]:
        return rule_texts(self.strings)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        site = self.site
        return shared_data(site.view, self.strings, site.measured, site.origins) | {
            "examples": site.examples,
            "benchmarks": site.benchmarks,
            "benchmark_of": site.benchmark,
            "hand_written": self.hand_written.keys(),
        }

    def _hand_written_text(self, path: str) -> str:
        """Return a hand-written page: quoted figures filled in, with its foot."""
        written, templates = self.hand_written[path], self.site.templates
        text = written.text
        if written.quoted:
            page = Page(path, written.title, written.file, "")
            text = render_text(page, text, templates, self.strings, self._shared)
        foot = render(
            Page(path, "", "foot.md", "", {"file": written.file}), templates, self.strings, self._shared
        )
        return text + "\n" + FRONT_MATTER.sub("", foot, count=1)

    def _search_index(self) -> bytes:
        titles = {name: page.title for name, page in self.hand_written.items()}
        entries = search.entries(self.site.view, self.strings, list(self._pages.values()), titles)
        return search.script(entries, self.strings).encode()

    def _feed(self) -> bytes:
        return atom(self.site.guide, self.strings, self.site.measured, self.site.site_url).encode()


class Compiled:
    """A guide's site before it is rendered.

    `source` holds `templates/`, `pages/<locale>/`, `locales/`, `scripts/` and `assets/`; `site_url` is where
    the site will live, if known. Raises DiagnosticsError when a string or a page written by hand is wrong.
    """

    def __init__(
        self,
        guide: Guide,
        measured: Sequence[Measured],
        source: Path,
        origins: Origins | None = None,
        *,
        site_url: str | None = None,
    ) -> None:
        self.guide, self.measured, self.source = guide, measured, source
        self.origins, self.site_url = origins or Origins(), site_url
        codes = guide.settings.locales
        names = {library.id: library.name for library in guide.libraries.libraries}
        strings = load_strings(source / "locales", codes, source.parent)
        self.strings = {code: texts.with_names("library", names) for code, texts in strings.items()}
        there = {one.id for one in measured} | {f"benchmarks/{name}" for name in self.benchmarks}
        hand_written = {code: read_pages(source / "pages" / code, there) for code in codes}
        require_alike(hand_written, f"{source.name}/pages")
        self.locales = {code: CompiledLocale(self, self.strings[code], hand_written[code]) for code in codes}

    @cached_property
    def view(self) -> GuideView:
        """The guide as pages show it."""
        return GuideView(self.guide)

    @cached_property
    def templates(self) -> Environment:
        """The templates of all pages."""
        return environment(self.source / "templates")

    @cached_property
    def examples(self) -> Examples:
        """The programs of the guide's libraries, and their files."""
        return read_examples(self.source.parent, self.guide.libraries)

    @cached_property
    def benchmarks(self) -> dict[str, Benchmark]:
        """What the toolkit's benchmarks measured, by name."""
        return read_benchmarks(self.source.parent)

    def benchmark(self, name: str) -> Benchmark:
        """Return what a benchmark measured. Raises SiteError naming those that there are."""
        if name not in self.benchmarks:
            raise SiteError(f"no benchmark '{name}'; there are {', '.join(self.benchmarks)}")
        return self.benchmarks[name]

    @cached_property
    def script(self) -> bytes:
        """The one script of all pages."""
        return scripts.bundle(self.source / "scripts", "main.js").encode()

    @cached_property
    def style_sheet(self) -> bytes:
        """The one style sheet of all pages."""
        return styles.bundle(self.source / "assets" / "css" / "site.css").encode()

    @cached_property
    def shared(self) -> dict[str, bytes]:
        """The files that belong to no language, by their path below the site's root, but for data."""
        worker = (self.source / "scripts" / "offline_worker.js").read_bytes()
        return {**self._root_pages(), "offline_worker.js": worker}

    @cached_property
    def exported(self) -> dict[str, bytes]:
        """The files of data by their path below the site's root, but for records: much to make."""
        files = exports.export(exports.source_of(self.view, self.measured))
        files |= {f"{addresses.API}/{name}": text.encode() for name, text in self.examples.files.items()}
        return files | {f"{addresses.API}/{name}": text for name, text in self._benchmark_files().items()}

    def _benchmark_files(self) -> dict[str, bytes]:
        """Return the records of benchmarks, and one that holds all of them, where there are any."""
        found = {name: one.model_dump(exclude_none=True) for name, one in self.benchmarks.items()}
        every = {"index": found, **found} if found else {}
        return {f"benchmarks/{name}.json": exports.as_json(data).encode() for name, data in every.items()}

    @cached_property
    def records(self) -> dict[str, Path]:
        """The files of records by their path below the site's root."""
        return {
            f"{addresses.API}/experiments/{one.id}/{name}": path
            for one in self.measured
            for name, path in one.record_files.items()
        }

    def _root_pages(self) -> dict[str, bytes]:
        """Return the pages that belong to no language: the first one, and those shown in place of another."""
        locales = self.guide.settings.locales
        base = f"{self.site_url.rstrip('/')}/" if self.site_url else ""
        data = {
            "guide": self.guide,
            "strings": self.strings,
            "locales": locales,
            "known": Markup(json.dumps(locales)),
        }
        pages: list[tuple[str, str, dict[str, str]]] = [
            ("index.html", "root.html", {"base": base}),
            ("404.html", "missing.html", {"base": base, "key": "missing_page"}),
            ("offline.html", "missing.html", {"base": "", "key": "offline_page"}),
        ]
        return {
            name: render_template(self.templates, template, {**data, **more}, name).encode()
            for name, template, more in pages
        }


@dataclass(frozen=True)
class Written:
    """What `write_pages` wrote: for each locale the names of its pages."""

    pages: dict[str, list[str]]

    @property
    def count(self) -> int:
        """How many pages there are over all locales."""
        return sum(map(len, self.pages.values()))


def write_pages(site: Compiled, out: Path) -> Written:
    """Write every page of every locale into `out/<locale>`, and what they share into `out/shared`.

    What an earlier run left in these folders is replaced when all is written: page by page beside it, so that
    a large guide does not fill the memory. Raises DiagnosticsError or SiteError, with all as it was, when a
    string, a template or a page is wrong.
    """
    fresh = out / FRESH
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        for code, one in site.locales.items():
            _write_locale(one, site, fresh / code)
        _write_shared(site, fresh / SHARED)
        for name in (*site.locales, SHARED):
            shutil.rmtree(out / name, ignore_errors=True)
            (fresh / name).rename(out / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        with suppress(OSError):
            out.rmdir()  # only an empty one goes
    return Written({code: sorted(one.heads) for code, one in site.locales.items()})


def _write_locale(one: CompiledLocale, site: Compiled, folder: Path) -> None:
    for path in one.heads:
        _write(folder / f"{path}.md", one.text(path).encode())
    _copy_assets(site.source / "assets", folder / "assets")
    for name, make in one.files.items():
        _write(folder / name, make())
    for measured in site.measured:
        for name, svg in one.drawings(measured).items():
            _write(folder / name, svg)


def _write_shared(site: Compiled, folder: Path) -> None:
    for name, content in {**site.exported, **site.shared}.items():
        _write(folder / name, content)
    for name, source in site.records.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _copy_assets(assets: Path, folder: Path) -> None:
    """Copy images and the like; style sheets are joined into one."""
    if assets.is_dir():
        text_files.refuse_foreign(assets, assets.parents[1])
        copy_folder(assets, folder, ignore=shutil.ignore_patterns("*.css"), dirs_exist_ok=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
