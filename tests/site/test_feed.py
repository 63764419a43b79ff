from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from moocmap.curriculum.model import Guide
from moocmap.site import feed
from moocmap.site.locales import Strings

ATOM = f"{{{feed.ATOM}}}"
MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")


def texts(element: ET.Element, name: str) -> list[str]:
    return [found.text or "" for found in element.findall(ATOM + name)]


def links(element: ET.Element) -> dict[str, str]:
    return {link.get("rel", "alternate"): link.get("href", "") for link in element.findall(f"{ATOM}link")}


def parsed(guide: Guide, strings: Strings, site_url: str | None = None) -> ET.Element:
    return ET.fromstring(feed.atom(guide, strings, [], site_url))


@pytest.mark.parametrize("locale", ["en", "es"])
def test_a_feed_has_what_rfc_4287_requires(guide: Guide, strings: dict[str, Strings], locale: str) -> None:
    root = parsed(guide, strings[locale])
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) == len(guide.changes) > 1
    for element in (root, *entries):  # 4.1.1 and 4.1.2: exactly one of each
        for name in ("id", "title", "updated"):
            assert len(texts(element, name)) == 1, name
        assert re.match(r"^urn:uuid:[0-9a-f-]{36}$", texts(element, "id")[0]), "an absolute IRI"
        assert MOMENT.match(texts(element, "updated")[0])
        assert "alternate" in links(element)
    assert texts(root.findall(f"{ATOM}author")[0], "name") == [strings[locale].text(guide.settings.title)]
    assert links(root)["self"] == "feed.xml"
    assert len({texts(entry, "id")[0] for entry in entries} | set(texts(root, "id"))) == len(entries) + 1


def test_an_entry_tells_what_changed(guide: Guide, strings: dict[str, Strings]) -> None:
    first = parsed(guide, strings["es"]).findall(f"{ATOM}entry")[0]
    assert texts(first, "title") == ["Se explica el buscador"]
    assert texts(first, "updated") == ["2026-10-30T00:00:00Z"]
    content = first.find(f"{ATOM}content")
    assert content is not None
    assert (
        content.text == "Con <dos> ejemplos y una gráfica. Alpha Course, buscador de la tasa de aprendizaje."
    )
    assert content.get("type") == "text"


def test_a_feed_is_as_new_as_its_newest_entry(guide: Guide, strings: dict[str, Strings]) -> None:
    assert texts(parsed(guide, strings["en"]), "updated") == ["2026-10-30T00:00:00Z"]


def test_ids_stay_when_the_site_moves_and_links_become_absolute(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    here, there = parsed(guide, strings["en"]), parsed(guide, strings["en"], "https://example.org/x/")
    ids = [[texts(entry, "id") for entry in root.findall(f"{ATOM}entry")] for root in (here, there)]
    assert ids[0] == ids[1]
    assert links(there)["self"] == "https://example.org/x/en/feed.xml"
    entry = there.findall(f"{ATOM}entry")[1]
    assert links(entry)["alternate"] == "https://example.org/x/en/changes.html#beginning"


def test_signs_that_xml_cannot_hold_do_not_break_a_feed(guide: Guide, strings: dict[str, Strings]) -> None:
    bad = guide.changes[0].model_copy(update={"title": "a\x00b\ufffe<c>&"})
    changed = guide.model_copy(update={"changes": [bad]})
    entry = parsed(changed, strings["en"]).findall(f"{ATOM}entry")[0]
    assert texts(entry, "title") == ["ab<c>&"]


@pytest.mark.slow
def test_pages_lead_to_the_feed_and_its_links_to_their_places(site: Path) -> None:
    page = BeautifulSoup((site / "en/courses/alpha.html").read_text(encoding="utf-8"), "html.parser")
    link = page.select_one("head link[type='application/atom+xml']")
    assert link is not None
    assert (site / "en/courses" / str(link["href"])).resolve() == (site / "en/feed.xml").resolve()
    changes = BeautifulSoup((site / "en/changes.html").read_text(encoding="utf-8"), "html.parser")
    root = ET.fromstring((site / "en/feed.xml").read_text(encoding="utf-8"))
    for entry in root.findall(f"{ATOM}entry"):
        address, _, anchor = links(entry)["alternate"].partition("#")
        assert address == "changes.html"
        found = changes.find(id=anchor)
        assert found is not None
        assert texts(entry, "title")[0] in found.get_text()
