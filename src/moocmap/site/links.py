"""Checks a built site by its HTML alone: every link leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADING = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src")}
_LOADING |= {("audio", "src"), ("embed", "src"), ("object", "data"), ("input", "src"), ("image", "href")}
_LOADING_RELATIONS = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "manifest",
}
_CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, order=True)
class Broken:
    """A link of a page that does not hold."""

    page: str
    line: int
    address: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.reason}: {self.address}"


class _Reader(HTMLParser):
    """Collects the anchors of a page, its links and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[int, str]] = []
        self.loaded: list[tuple[int, str]] = []
        self._styles = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        values = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        self.anchors.update(values[name] for name in ("id", "name") if values.get(name))
        if tag == "a" and "href" in values:
            self.links.append((line, values["href"]))
        elif tag == "link" and "href" in values:
            relations = set(values.get("rel", "").lower().split())
            self._note_link(line, values["href"], bool(relations & _LOADING_RELATIONS), relations)
        for name, value in values.items():
            if (tag, name) in _LOADING or (tag == "use" and name == "href"):
                self.loaded.append((line, value))
            elif name == "srcset":
                self.loaded += [(line, part.split()[0]) for part in value.split(",") if part.split()]
            elif name == "style":
                self.loaded += [(line, address) for address in _css_addresses(value)]
        self._styles = tag == "style"

    def _note_link(self, line: int, address: str, loads: bool, relations: set[str]) -> None:
        if loads:
            self.loaded.append((line, address))
        elif "canonical" not in relations:
            self.links.append((line, address))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self._styles = False

    def handle_data(self, data: str) -> None:
        """Read style sheets within the page."""
        if self._styles:
            self.loaded += [(self.getpos()[0], address) for address in _css_addresses(data)]


def check(site: Path) -> list[Broken]:
    """Return every broken link, and every script, style, image or font that comes from another host.

    Links to the web are not followed. A link to a page must name its file, so that it works without a server.
    """
    pages = {path: _read(path) for path in sorted(site.resolve().rglob("*.html"))}
    found: list[Broken] = []
    for path, reader in pages.items():
        label = path.relative_to(site.resolve()).as_posix()
        problems = [(line, a, _why_broken(site, path, a, pages, loads=False)) for line, a in reader.links]
        problems += [(line, a, _why_broken(site, path, a, pages, loads=True)) for line, a in reader.loaded]
        found += [Broken(label, line, address, reason) for line, address, reason in problems if reason]
    return sorted({*found, *_check_styles(site)})


def _read(path: Path) -> _Reader:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader


def _check_styles(site: Path) -> Iterator[Broken]:
    for path in sorted(site.rglob("*.css")):
        for address in _css_addresses(path.read_text(encoding="utf-8")):
            reason = _why_broken(site, path, address, {}, loads=True)
            if reason:
                yield Broken(path.relative_to(site).as_posix(), 1, address, reason)


def _css_addresses(css: str) -> list[str]:
    return _CSS_ADDRESS.findall(_CSS_COMMENT.sub("", css))


def _why_broken(site: Path, page: Path, address: str, pages: dict[Path, _Reader], *, loads: bool) -> str:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return "not an address"
    if parts.scheme or parts.netloc:
        return _why_not_allowed(parts.scheme, loads=loads)
    if parts.path.startswith("/"):
        return "absolute path"
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    reason = _why_no_file(site.resolve(), target)
    anchor = unquote(parts.fragment)
    if reason or not anchor or loads or target not in pages:
        return reason
    return "" if anchor in pages[target].anchors else "no such anchor"


def _why_not_allowed(scheme: str, *, loads: bool) -> str:
    """Say what is wrong with an address that names its scheme or host."""
    if scheme in ("http", "https", ""):
        return "loaded from another host" if loads else ""
    allowed = "data" if loads else "mailto"
    return "" if scheme == allowed else f"'{scheme}:' address"


def _why_no_file(site: Path, target: Path) -> str:
    if not target.is_relative_to(site):
        return "outside the site"
    if target.is_dir():
        return "folder instead of a file"
    return "" if target.is_file() else "no such file"
