"""Checks a built site by its HTML alone: every link leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
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
    | <(?P<name>[a-z][\w:-]*) (?P<attributes>(?:"[^"]*"|'[^']*'|[^'">]++)*+) >
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


@dataclass(frozen=True)
class _Tag:
    """What a tag offers and asks for."""

    anchors: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()


@dataclass
class _Page:
    """What a page offers and asks for: its anchors, and where in its text it links to or loads an address."""

    text: str
    anchors: set[str] = field(default_factory=set)
    links: dict[str, list[int]] = field(default_factory=dict)
    loaded: dict[str, list[int]] = field(default_factory=dict)

    def lines(self, positions: Iterable[int]) -> set[int]:
        """Return the lines of positions in the text."""
        return {self.text.count("\n", 0, position) + 1 for position in positions}


def _read(path: Path) -> _Page:
    """Read the tags of a page by pattern: a whole parser takes several times as long on a large site."""
    page = _Page(path.read_text(encoding="utf-8"))
    for found in _TAG.finditer(page.text):
        name, attributes, style = found.groups()
        if attributes:
            tag = _tag(name, attributes)
            if tag is not _NOTHING:
                page.anchors.update(tag.anchors)
                for address in tag.links:
                    page.links.setdefault(address, []).append(found.start())
                for address in tag.loaded:
                    page.loaded.setdefault(address, []).append(found.start())
        if style:
            for address in _css_addresses(style):
                page.loaded.setdefault(address, []).append(found.start())
    return page


_NOTHING = _Tag()


@lru_cache(maxsize=200_000)  # pages share most of their tags
def _tag(element: str, attributes: str) -> _Tag:
    if not _INTERESTING.search(attributes):
        return _NOTHING
    tag, values = element.lower(), _attributes(attributes)
    anchors = tuple(values[key] for key in ("id", "name") if values.get(key))
    links = [values[key] for key in _LINKING.get(tag, ()) if key in values]
    loaded: list[str] = []
    if not links and tag == "link" and "href" in values:
        relations = set(values.get("rel", "").lower().split())
        if relations & _LOADING_RELATIONS:
            loaded.append(values["href"])
        elif "canonical" not in relations:
            links.append(values["href"])
    for name, value in values.items():
        if (tag, name) in _LOADING:
            loaded.append(value)
        elif name == "srcset":
            loaded += [part.split()[0] for part in value.split(",") if part.split()]
        elif name == "style":
            loaded += _css_addresses(value)
    return _Tag(anchors, tuple(links), tuple(loaded))


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(text)
    return {
        name.lower(): html.unescape(value[1:-1] if value[:1] in "\"'" else value) for name, value in found
    }


def check(site: Path) -> list[Broken]:
    """Return every broken link, and every script, style, image or font that comes from another host.

    Links to the web are not followed. A link to a page must name its file, so that it works without a server.
    """
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    anchors: dict[str, set[str]] = {}
    wanted: list[tuple[str, str, _Target]] = []
    found: set[Broken] = set()
    for name in sorted(name for name in files if name.endswith(".html")):
        page = _read(site / name)  # kept no longer: all of a large site would not fit into memory
        anchors[name] = page.anchors
        for addresses, loads in ((page.links, False), (page.loaded, True)):
            for address, positions in addresses.items():
                target = _target(name, address, files, loads=loads)
                if isinstance(target, str):
                    found.update(Broken(name, line, address, target) for line in page.lines(positions))
                elif target and target.anchor and not loads:
                    wanted.append((name, address, target))
    for name, address, target in wanted:
        if target.anchor not in anchors.get(target.file, {target.anchor}):
            page = _read(site / name)
            lines = page.lines(page.links[address])
            found.update(Broken(name, line, address, "no such anchor") for line in lines)
    for name in files:
        if name.endswith(".css"):
            for address in _css_addresses((site / name).read_text(encoding="utf-8")):
                target = _target(name, address, files, loads=True)
                if isinstance(target, str):
                    found.add(Broken(name, 1, address, target))
    return sorted(found)


def _css_addresses(css: str) -> list[str]:
    return _CSS_ADDRESS.findall(_CSS_COMMENT.sub("", css))


class _Target(NamedTuple):
    """A file of the site and a place in it."""

    file: str
    anchor: str


def _target(page: str, address: str, files: set[str], *, loads: bool) -> _Target | str | None:
    """Return where an address leads, None where it leads out of the site, or what is wrong with it."""
    parts = _split(page.rpartition("/")[0], address)
    if parts is None:
        return "not an address"
    scheme, path, anchor = parts
    if scheme is not None:
        return _why_not_allowed(scheme, loads=loads) or None
    if path.startswith("/"):
        return "absolute path"
    target = path or page
    return _Target(target, anchor) if target in files else _why_no_file(target, files)


@lru_cache(maxsize=200_000)  # pages of a folder share most of their links
def _split(folder: str, address: str) -> tuple[str | None, str, str] | None:
    """Return scheme (None within the site), path from the site's root ("" for the same page) and anchor."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return parts.scheme, "", ""
    path = parts.path
    if path and not path.startswith("/"):
        path = posixpath.normpath(posixpath.join(folder, unquote(path)))
    return None, path, unquote(parts.fragment)


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
