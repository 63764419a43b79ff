"""The site's map for search engines: every page with its twins in the other languages and its last change."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_CHANGED = re.compile(r'<time class="mm-changed" datetime="(\d{4}-\d{2}-\d{2})"')


def write(site: Path, locales: Sequence[str], site_url: str) -> None:
    """Write `sitemap.xml`, and the `robots.txt` that names it, into a site that will live at `site_url`."""
    base = site_url.rstrip("/")
    pages = {
        locale: {path.relative_to(site / locale).as_posix() for path in (site / locale).rglob("*.html")}
        for locale in locales
    }
    urls = ET.Element("urlset", {"xmlns": SITEMAP, "xmlns:xhtml": "http://www.w3.org/1999/xhtml"})
    for locale in locales:
        for page in sorted(pages[locale]):
            twins = {other: f"{base}/{other}/{page}" for other in locales if page in pages[other]}
            _url(urls, twins[locale], twins, _last_change(site / locale / page))
    ET.indent(urls)
    text = '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(urls, encoding="unicode") + "\n"
    (site / "sitemap.xml").write_text(text, encoding="utf-8")
    robots = f"User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n"
    (site / "robots.txt").write_text(robots, encoding="utf-8")


def _url(urls: ET.Element, address: str, twins: Mapping[str, str], changed: str | None) -> None:
    url = ET.SubElement(urls, "url")
    ET.SubElement(url, "loc").text = address
    if changed:
        ET.SubElement(url, "lastmod").text = changed
    for locale, twin in twins.items():
        ET.SubElement(url, "xhtml:link", {"rel": "alternate", "hreflang": locale, "href": twin})


def _last_change(page: Path) -> str | None:
    """Return the day that the page itself names as that of its last change."""
    found = _CHANGED.search(page.read_text(encoding="utf-8"))
    return found[1] if found else None
