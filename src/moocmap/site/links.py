"""Checks a built site by its HTML alone: every link leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADING = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src")}
_LOADING |= {("audio", "src"), ("embed", "src"), ("object", "data"), ("input", "src"), ("image", "href")}
_LOADING |= {("use", "href")}
_LINKING = {"a": ("href", "xlink:href"), "area": ("href",), "form": ("action",)}
_LOADING_RELATIONS = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "manifest",
}
_TAG = re.compile(
    r"""<!--.*?-->
    | <(?P<name>[a-z][\w:-]*) (?P<attributes>(?:"[^"]*"|'[^']*'|[^'">])*) >
      (?:(?<=style>)(?P<style>.*?)</style\s*>)?""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_INTERESTING = re.compile(r"\b(?:href|src|srcset|id|name|style|data|action)\s*=", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s=/"'>]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
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


@dataclass
class _Page:
    """What a page offers and asks for: its anchors, its links and what it loads, with their positions."""

    text: str
    anchors: set[str] = field(default_factory=set)
    links: list[tuple[int, str]] = field(default_factory=list)
    loaded: list[tuple[int, str]] = field(default_factory=list)

    def line(self, position: int) -> int:
        """Return the line of a position in the text."""
        return self.text.count("\n", 0, position) + 1


def _read(path: Path) -> _Page:
    """Read the tags of a page by pattern: a whole parser takes several times as long on a large site."""
    page = _Page(path.read_text(encoding="utf-8"))
    for found in _TAG.finditer(page.text):
        name, attributes, style = found["name"], found["attributes"], found["style"]
        if name and _INTERESTING.search(attributes):
            _note(page, found.start(), name.lower(), _attributes(attributes))
        if style:
            page.loaded += [(found.start(), address) for address in _css_addresses(style)]
    return page


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(text)
    return {
        name.lower(): html.unescape(value[1:-1] if value[:1] in "\"'" else value) for name, value in found
    }


def _note(page: _Page, position: int, tag: str, values: dict[str, str]) -> None:
    page.anchors.update(values[name] for name in ("id", "name") if values.get(name))
    links = [values[name] for name in _LINKING.get(tag, ()) if name in values]
    if links:
        page.links += [(position, address) for address in links]
    elif tag == "link" and "href" in values:
        relations = set(values.get("rel", "").lower().split())
        if relations & _LOADING_RELATIONS:
            page.loaded.append((position, values["href"]))
        elif "canonical" not in relations:
            page.links.append((position, values["href"]))
    for name, value in values.items():
        if (tag, name) in _LOADING:
            page.loaded.append((position, value))
        elif name == "srcset":
            page.loaded += [(position, part.split()[0]) for part in value.split(",") if part.split()]
        elif name == "style":
            page.loaded += [(position, address) for address in _css_addresses(value)]


def check(site: Path) -> list[Broken]:
    """Return every broken link, and every script, style, image or font that comes from another host.

    Links to the web are not followed. A link to a page must name its file, so that it works without a server.
    """
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    pages = {name: _read(site / name) for name in sorted(files) if name.endswith(".html")}
    found: set[Broken] = set()
    for name, page in pages.items():
        for addresses, loads in ((page.links, False), (page.loaded, True)):
            for position, address in addresses:
                reason = _why_broken(name, address, files, pages, loads=loads)
                if reason:
                    found.add(Broken(name, page.line(position), address, reason))
    for name in files:
        if name.endswith(".css"):
            for address in _css_addresses((site / name).read_text(encoding="utf-8")):
                reason = _why_broken(name, address, files, {}, loads=True)
                if reason:
                    found.add(Broken(name, 1, address, reason))
    return sorted(found)


def _css_addresses(css: str) -> list[str]:
    return _CSS_ADDRESS.findall(_CSS_COMMENT.sub("", css))


def _why_broken(page: str, address: str, files: set[str], pages: Mapping[str, _Page], *, loads: bool) -> str:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return "not an address"
    if parts.scheme or parts.netloc:
        return _why_not_allowed(parts.scheme, loads=loads)
    if parts.path.startswith("/"):
        return "absolute path"
    path = posixpath.join(posixpath.dirname(page), unquote(parts.path)) if parts.path else page
    target = posixpath.normpath(path)
    if target not in files:
        return _why_no_file(target, files)
    anchor = unquote(parts.fragment)
    is_missing = anchor and not loads and target in pages and anchor not in pages[target].anchors
    return "no such anchor" if is_missing else ""


def _why_no_file(target: str, files: set[str]) -> str:
    if target.startswith(".."):
        return "outside the site"
    is_folder = target == "." or any(name.startswith(f"{target}/") for name in files)
    return "folder instead of a file" if is_folder else "no such file"


def _why_not_allowed(scheme: str, *, loads: bool) -> str:
    """Say what is wrong with an address that names its scheme or host."""
    if scheme in ("http", "https", ""):
        return "loaded from another host" if loads else ""
    allowed = "data" if loads else "mailto"
    return "" if scheme == allowed else f"'{scheme}:' address"
