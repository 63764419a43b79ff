from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from moocmap.curriculum.model import Guide
from moocmap.site import links, search
from moocmap.site.locales import Strings
from moocmap.site.pages import Origins, site_pages
from moocmap.site.search import KINDS, Entry, entries, script
from moocmap.site.views import GuideView


@pytest.fixture(scope="module")
def found(guide: Guide, strings: dict[str, Strings]) -> dict[str, list[Entry]]:
    view = GuideView(guide)
    return {
        locale: entries(view, t, site_pages(view, t, [], Origins()), {"about": "About"})
        for locale, t in strings.items()
    }


def rows(text: str) -> list[list[Any]]:
    left, _, data = text.partition(" = ")
    assert left == "globalThis.moocmapSearch"
    assert data.endswith("};\n")
    return json.loads(data[:-2])["entries"]


def only(found: list[Entry], title: str) -> Entry:
    (entry,) = [entry for entry in found if entry.title == title]
    return entry


def test_names_in_every_language_lead_to_a_topic(found: dict[str, list[Entry]]) -> None:
    topic = only(found["es"], "Tasa de aprendizaje")
    assert (topic.kind, topic.where, topic.address) == ("topic", "Fundamentos", "topics/learning-rate.html")
    assert {"learning rate", "step size", "factor de aprendizaje"} <= set(topic.names)
    assert [entry.title for entry in found["en"] if entry.kind == "term"] == ["Loss"]


def test_lessons_say_where_they_stand_and_works_who_wrote_them(found: dict[str, list[Entry]]) -> None:
    assert only(found["en"], "Images [and] more").where == "Alpha, 1/2"
    assert [entry.where for entry in found["en"] if entry.kind == "work"]
    assert {entry.kind for entry in found["es"]} >= {"course", "lesson", "library", "event", "page", "rule"}


def test_the_script_holds_each_name_once_and_short_summaries(strings: dict[str, Strings]) -> None:
    entry = Entry(
        "topic", "Año  nuevo", "a.html", names=["ano nuevo", "New year", "new year"], summary="x " * 200
    )
    kind, title, _, _, others, _, summary = rows(script([entry], strings["es"]))[0]
    assert (KINDS[kind], title, others) == ("topic", "Año nuevo", ["New year"])
    assert len(summary) <= search.SUMMARY + 1
    assert summary.endswith("x…")


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en", "es"])
def test_everything_found_is_there(site: Path, locale: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    addresses = [row[2] for row in rows((site / locale / search.FILE).read_text(encoding="utf-8"))]
    links_to = "\n".join(f'<a href="{html.escape(address)}">x</a>' for address in addresses)
    (copy / locale / "found.html").write_text(links_to, encoding="utf-8")
    assert len(addresses) == len(set(addresses))
    assert links.check(copy) == []
