"""The site of one guide as it stands after the last edit, each page rendered when a browser asks for it.

Nothing of it is written: `build` makes the site and checks its links, the preview shows an edit at once.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from moocmap.parsed import ParsedFiles
from moocmap.site import policy
from moocmap.site.addresses import API
from moocmap.site.compiled import Compiled, CompiledLocale
from moocmap.site.configuration import write_configuration
from moocmap.site.engine import compile_site
from moocmap.site.measured import Measured, measure_all
from moocmap.site.renderer import Renderer, quiet

MEASURED = ("experiments", "build/results")
"""The folders that what is measured comes from."""


class Answer(NamedTuple):
    """What the server says to a request."""

    content: bytes
    media_type: str


class Preview:
    """The pages of a guide; `refresh` reads its files again."""

    def __init__(self, root: Path, today: Callable[[], date]) -> None:
        self.root = root
        self._today = today
        self._parsed = ParsedFiles(root)
        self._one_at_a_time = threading.Lock()
        self._renderers: dict[str, tuple[bytes, Renderer]] = {}
        self._measured: tuple[frozenset[tuple[str, int, int]], list[Measured]] | None = None
        self._shown: _Shown | None = None
        quiet()

    @property
    def pages(self) -> int:
        """How many pages the site has, over all locales."""
        return sum(len(one.heads) for one in self._shown.site.locales.values()) if self._shown else 0

    def refresh(self) -> None:
        """Read the guide again.

        Raises DiagnosticsError or SiteError when anything in it is wrong; what was shown stays then.
        """
        with self._one_at_a_time:
            site = compile_site(self.root, self._today(), parsed=self._parsed, measure_all=self._measure_all)
            renderers = {locale: self._renderer(site, locale) for locale in site.locales}
            self._shown = _Shown(site, renderers)

    def answer(self, path: str) -> Answer | None:
        """Return what stands at a path below the site's root, such as "en/map.html"; None where nothing does.

        Raises SiteError when a template or the theme is wrong.
        """
        with self._one_at_a_time:
            content = self._shown.content(path) if self._shown else None
        return None if content is None else Answer(content, _media_type(path))

    def _renderer(self, site: Compiled, locale: str) -> Renderer:
        """Return MkDocs for a locale; it is set up anew only where its settings are new."""
        nothing = (self.root / "build" / "preview").resolve()  # MkDocs wants folders; pages come from memory
        docs, target = nothing / "docs", nothing / "site"
        docs.mkdir(parents=True, exist_ok=True)
        path = write_configuration(
            self.root, site, locale, "preview", docs_dir=str(docs), site_dir=str(target)
        )
        settings = path.read_bytes() + (self.root / "mkdocs.yml").read_bytes()
        known, renderer = self._renderers.get(locale, (b"", None))
        if renderer is None or known != settings:
            renderer = Renderer(path)
            self._renderers[locale] = settings, renderer
        return renderer

    def _measure_all(self, root: Path) -> list[Measured]:
        """Return the experiments; they are read again only where their files have changed."""
        looks = frozenset(
            (str(path), facts.st_size, facts.st_mtime_ns)
            for folder in MEASURED
            for path in (root / folder).rglob("*")
            if path.is_file()
            for facts in [path.stat()]
        )
        if self._measured is None or self._measured[0] != looks:
            self._measured = looks, measure_all(root)
        return self._measured[1]


class _Shown:
    """One state of the site; what was asked for once is kept."""

    def __init__(self, site: Compiled, renderers: Mapping[str, Renderer]) -> None:
        self.site, self._renderers = site, renderers
        self._books = {locale: renderers[locale].book(one.heads) for locale, one in site.locales.items()}
        self._rendered: dict[str, bytes] = {}

    def content(self, path: str) -> bytes | None:
        """Return a page or file; None where there is none."""
        if path not in self._rendered:
            locale, _, rest = path.partition("/")
            one = self.site.locales.get(locale)
            found = self._localized(locale, one, rest) if one else self._common(path)
            if found is None:
                return None
            self._rendered[path] = found
        return self._rendered[path]

    def _localized(self, locale: str, one: CompiledLocale, path: str) -> bytes | None:
        page = path.removesuffix(".html")
        if path.endswith(".html") and page in one.heads:
            return self._books[locale].html(page, one.text(page)).encode()
        if path in one.files:
            return one.files[path]()
        drawn = next((m for m in self.site.measured if path.startswith(f"experiments/{m.id}/")), None)
        if drawn:
            return one.drawings(drawn).get(path)
        file = self._assets.get(path) or self._renderers[locale].theme_files.get(path)
        return file.read_bytes() if file else None

    def _common(self, path: str) -> bytes | None:
        if path in self.site.records:
            return self.site.records[path].read_bytes()
        files = self.site.exported if path.startswith(f"{API}/") else self.site.shared
        content = files.get(path)
        if content is not None and path.endswith(".html"):
            return policy.protected_page(content.decode(), path).encode()
        return content

    @cached_property
    def _assets(self) -> dict[str, Path]:
        """The images and the like that all locales have, by their path below a locale's folder."""
        source = self.site.source
        files = (path for path in (source / "assets").rglob("*") if path.suffix != ".css" and path.is_file())
        return {path.relative_to(source).as_posix(): path for path in files}


def _media_type(path: str) -> str:
    found = mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_text = found.startswith("text/") or found in ("application/json", "image/svg+xml")
    return f"{found}; charset=utf-8" if is_text else found
