"""Opens the site as a person would, over HTTP and from the file system.

The fixture `visit` also fails a test on any console message, error, or request to another host.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
"""For what cannot differ from the file system."""

EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
KINDS = [
    "index",
    "about",
    "compare",
    "courses/index",
    "courses/alpha",
    "courses/alpha/lesson-1",
    "experiments/index",
    "experiments/later",
    "experiments/tiny",
    "glossary",
    "published",
    "references",
    "topics/index",
    "topics/learning-rate",
]
"""One page of each kind."""


def test_the_first_page_leads_to_the_browsers_language(visit: Start) -> None:
    for locale, heading in (("es-MX", "Guía pequeña"), ("en-GB", "Small guide"), ("fr-FR", "Small guide")):
        visitor = visit(locale=locale)
        visitor.open("index.html")
        visitor.page.wait_for_url("**/index.html")
        assert visitor.page.text_content(".mm-hero h1") == heading


def test_the_first_page_works_without_scripts(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("index.html")
    visitor.page.click("text=Español")
    assert visitor.page.text_content("h1") == "Guía pequeña"


def test_home_leads_to_its_three_ways(visit: Start) -> None:
    visitor = visit()
    for number, title in enumerate(("Which course?", "Planner", "Experiments")):
        visitor.open("en/index.html")
        way = visitor.page.locator(".mm-way").nth(number)
        way.click(position={"x": 200, "y": 20})  # the whole card leads there
        assert visitor.page.locator("article h1").inner_text() == title


def test_the_language_switch_keeps_the_page(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/courses/alpha/lesson-1.html")
    visitor.page.click(".mm-language a")
    assert visitor.page.url.endswith("/es/courses/alpha/lesson-1.html")
    assert visitor.page.locator("article h1").inner_text() == "Imágenes [y] más"
    assert visitor.page.get_attribute("html", "lang") == "es"
    visitor.page.click(".mm-language a")
    assert visitor.page.url.endswith("/en/courses/alpha/lesson-1.html")


def test_the_palette_switches_the_drawing_and_holds_in_both_languages(visit: Start) -> None:
    visitor = visit(color_scheme="light")
    page = visitor.page
    visitor.open("en/experiments/tiny.html")
    light, dark = (
        page.locator(f"img[src*='/curves-'][src$='#only-{scheme}']") for scheme in ("light", "dark")
    )
    light.wait_for(state="visible")
    assert not dark.is_visible()
    page.click("label[title='Switch to light mode']")
    page.click("label[title='Switch to dark mode']")
    dark.wait_for(state="visible")
    assert not light.is_visible()
    dark.scroll_into_view_if_needed()
    assert (
        dark.evaluate(
            "image => image.complete || new Promise(done => { image.onload = image.onerror = () => done(0) })"
        )
        is not None
    )
    assert dark.evaluate("image => image.naturalWidth") > 0
    page.click(".mm-language a")
    page.locator("label[title='Usar el modo del sistema']").wait_for(state="visible")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"


@over_http
def test_the_palette_follows_the_system_first(visit: Start) -> None:
    visitor = visit(color_scheme="dark")
    visitor.open("es/index.html")
    assert visitor.page.locator("body").get_attribute("data-md-color-scheme") == "slate"


def fits(page: Any) -> bool:
    """Tell whether a page stays within the screen, once its layout has settled."""
    for _ in range(10):
        if page.evaluate(EXCESS) <= 0:
            return True
        page.wait_for_timeout(100)
    return False


@pytest.mark.parametrize(("visit", "locale"), [("http", "en"), ("file", "es")], indirect=["visit"])
def test_pages_of_every_kind_fit_and_are_well_formed(visit: Start, locale: str) -> None:
    visitor = visit(viewport={"width": 360, "height": 780})
    for kind in KINDS:
        visitor.page.set_viewport_size({"width": 360, "height": 780})
        visitor.open(f"{locale}/{kind}.html")
        assert fits(visitor.page), f"{kind} is wider than a phone"
        visitor.page.set_viewport_size({"width": 1280, "height": 900})
        assert fits(visitor.page), f"{kind} is wider than the screen"
        levels = visitor.page.eval_on_selector_all(
            "article :is(h1, h2, h3, h4)", "found => found.map(heading => Number(heading.tagName[1]))"
        )
        assert levels.count(1) == 1, kind
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), (kind, levels)
        assert visitor.page.locator("article img:not([alt])").count() == 0, kind


@over_http
def test_the_matrix_scrolls_under_its_head(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 500})
    visitor.open("en/compare.html")
    head = visitor.page.locator(".mm-matrix thead th").first
    cell = visitor.page.locator(".mm-matrix tbody th[scope=row]").first
    before, left = head.bounding_box(), cell.bounding_box()
    visitor.page.evaluate(
        "() => { const s = document.querySelector('.mm-scroll--tall'); s.scrollTop = 60; s.scrollLeft = 60 }"
    )
    assert head.bounding_box() == before
    assert cell.bounding_box()["x"] == left["x"]


@over_http
def test_the_keyboard_reaches_the_content(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/courses/alpha.html")
    visitor.page.keyboard.press("Tab")
    focused = visitor.page.evaluate("document.activeElement.className")
    assert "md-skip" in focused.split()


@over_http
def test_data_can_be_downloaded(visit: Start, site: Path) -> None:
    visitor = visit()
    visitor.open("en/courses/alpha.html")
    with visitor.page.expect_download() as download:
        visitor.page.click(".mm-page-source a[download]")
    assert download.value.path().read_bytes() == (site / "api" / "courses" / "alpha.json").read_bytes()
