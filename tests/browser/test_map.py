"""Uses the topic map as a person would: choose, search, filter, zoom, by mouse, keyboard and finger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
"""For what cannot differ from the file system."""

PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True}
EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def node(page: Any, topic: str) -> Any:
    return page.locator(f'.mm-node[data-id="{topic}"]')


def marked(page: Any, css: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(f".mm-node.{css}", "all => all.map(one => one.dataset.id)")
    return sorted(found)


def test_choosing_a_topic_shows_what_it_needs_and_opens(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/map.html")
    page = visitor.page
    assert page.is_hidden(".mm-map__panel")
    node(page, "learning-rate").click()
    assert marked(page, "is-needed") == ["gradient"]
    assert marked(page, "is-opened") == ["learning-rate-finder"]
    assert marked(page, "is-dim") == ["ulmfit"]
    panel = page.locator(".mm-map__panel")
    assert panel.locator("h2").inner_text() == "Learning rate"
    assert "How large a step is, as in w <- w - a*g." in panel.inner_text()
    assert (
        panel.locator("a", has_text="Shortest way").get_attribute("href") == "planner.html?goal=learning-rate"
    )
    assert "needs 1, leads to 1" in page.text_content("[role=status]")
    assert page.url.endswith("map.html?topic=learning-rate")
    panel.locator(".mm-chips a", has_text="Gradient").click()
    assert page.url.endswith("?topic=gradient")
    assert marked(page, "is-opened") == ["learning-rate", "learning-rate-finder"]
    panel.get_by_role("button", name="Back to all topics").click()
    assert page.url.endswith("map.html")
    assert marked(page, "is-dim") == []


@over_http
def test_a_shared_address_opens_as_it_was_left(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/map.html?topic=learning-rate&only=1")
    page = visitor.page
    assert page.locator(".mm-map__panel h2").inner_text() == "Tasa de aprendizaje"
    assert page.is_checked("#map-only")
    assert node(page, "ulmfit").is_hidden()
    assert page.locator(".mm-node:visible").count() == 3
    xs = page.eval_on_selector_all(
        ".mm-node:not([hidden])", "all => all.map(one => one.getBoundingClientRect().x)"
    )
    assert xs == sorted(xs)
    page.uncheck("#map-only")
    assert node(page, "ulmfit").is_visible()
    assert page.url.endswith("?topic=learning-rate")


@over_http
def test_an_address_with_unknown_names_shows_the_whole_map(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/map.html?topic=%3Cb%3E&area=nothing&course=__proto__")
    assert visitor.page.locator(".mm-node:visible").count() == 4
    assert marked(visitor.page, "is-dim") == []


@over_http
def test_search_finds_topics_without_accents_and_enter_goes_to_the_first(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/map.html")
    page = visitor.page
    page.fill("#map-find", "APRENDIZÁJE")
    names = page.locator(".mm-map__found a").all_inner_texts()
    assert sorted(names) == ["Buscador de la tasa de aprendizaje", "Tasa de aprendizaje"]
    page.fill("#map-find", "buscador")
    page.keyboard.press("Enter")
    assert page.url.endswith("?topic=learning-rate-finder")
    assert page.evaluate("document.activeElement.dataset.id") == "learning-rate-finder"
    page.fill("#map-find", "zzz")
    assert page.inner_text(".mm-map__found") == "No se ha encontrado nada."


@over_http
def test_areas_and_courses_filter_drawing_and_list(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/map.html")
    page = visitor.page
    page.select_option("#map-area", label="Practice")
    assert marked(page, "is-dim") == ["gradient", "learning-rate"]
    assert page.locator(".mm-map-list > li:visible").count() == 2
    assert page.url.endswith("?area=practice")
    page.select_option("#map-area", "")
    page.select_option("#map-course", label="Beta")
    assert marked(page, "is-dim") == ["learning-rate-finder", "ulmfit"]
    assert "2 of 4 topics shown" in page.text_content("[role=status]")
    page.check("#map-only")
    assert page.locator(".mm-node:visible").count() == 2


def test_the_keyboard_alone_goes_along_the_lines(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/map.html")
    page = visitor.page
    page.focus(".mm-map__frame")
    page.keyboard.press("Tab")
    focused = "document.activeElement.dataset.id"
    assert page.locator('.mm-node[tabindex="0"]').count() == 1
    node(page, "gradient").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "learning-rate"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "learning-rate-finder"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.url.endswith("?topic=learning-rate")
    assert page.evaluate(focused) == "learning-rate"
    page.keyboard.press("Escape")
    assert page.url.endswith("map.html")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/topics/learning-rate.html")


@over_http
def test_zoom_by_buttons_keys_and_wheel_and_pan_by_dragging(visit: Start) -> None:
    visitor = visit(viewport={"width": 800, "height": 500})
    visitor.open("en/map.html")
    page = visitor.page
    width = "+document.querySelector('.mm-map__svg').getAttribute('width')"
    start = page.evaluate(width)
    page.get_by_role("button", name="Zoom in").click()
    assert page.evaluate(width) > start
    page.focus(".mm-map__frame")
    for _ in range(4):
        page.keyboard.press("+")
    large = page.evaluate(width)
    box = page.locator(".mm-map__frame").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.wheel(0, 20)
    assert page.evaluate(width) == large  # the plain wheel scrolls
    page.keyboard.down("Control")
    page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    page.wait_for_function(f"{width} < {large}")
    left = "document.querySelector('.mm-map__frame').scrollLeft"
    before = page.evaluate(left)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 60, steps=4)
    page.mouse.up()
    assert page.evaluate(left) < before
    assert "topic=" not in page.url  # a drag is no click
    page.get_by_role("button", name="Whole map").click()
    frame = page.evaluate("document.querySelector('.mm-map__frame').clientWidth")
    assert page.evaluate(width) <= frame


@over_http
def test_what_is_known_is_shown_and_said(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/map.html?topic=learning-rate-finder")
    page = visitor.page
    assert node(page, "learning-rate").get_attribute("aria-label") == "Learning rate"
    page.locator(".mm-map__panel .mm-chips a", has_text="Learning rate").first.click()
    page.check(".mm-map__panel [data-mm-tick]")
    assert node(page, "learning-rate").get_attribute("aria-label") == "Learning rate, known"
    assert node(page, "learning-rate").locator(".mm-node__done").is_visible()
    node(page, "learning-rate-finder").click()
    assert "1 of the 2 topics it needs" in page.inner_text(".mm-map__panel")
    visitor.open("en/topics/learning-rate.html")
    assert page.is_checked("[data-mm-tick]")


def test_on_a_phone_the_list_comes_first_and_a_topic_shows_its_neighbours_only(visit: Start) -> None:
    visitor = visit(**PHONE)
    visitor.open("es/map.html")
    page = visitor.page
    assert page.is_hidden(".mm-map__frame")
    assert page.locator(".mm-map-list > li:visible").count() == 4
    page.fill("#map-find", "gradiente")
    page.locator(".mm-map__found a").first.tap()
    assert page.locator(".mm-map__panel h2").inner_text() == "Gradiente"
    assert page.evaluate("document.activeElement.localName") == "h2"
    assert page.locator(".mm-node:visible").count() == 3
    assert page.evaluate(EXCESS) <= 0


def test_without_scripts_the_map_is_links_and_a_list(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("en/map.html")
    page = visitor.page
    assert page.is_hidden(".mm-map__bar")
    assert page.is_visible('.mm-node[data-id="ulmfit"]')
    page.click('.mm-map-list a[href="#topic-learning-rate"]')
    assert page.url.endswith("#topic-learning-rate")
    node(page, "gradient").click()
    page.wait_for_url("**/topics/gradient.html")


@over_http
def test_on_paper_there_is_the_list(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/map.html?topic=gradient")
    visitor.page.emulate_media(media="print")
    assert visitor.page.is_hidden(".mm-map")
    assert visitor.page.locator(".mm-map-list > li:visible").count() == 4


@over_http
def test_two_fingers_zoom_the_map_and_not_the_page(visit: Start) -> None:
    visitor = visit(viewport={"width": 800, "height": 900}, has_touch=True)
    visitor.open("en/map.html")
    page = visitor.page
    width = "+document.querySelector('.mm-map__svg').getAttribute('width')"
    before = page.evaluate(width)
    box = page.locator(".mm-map__frame").bounding_box()
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *distances: int) -> None:
        points = [{"x": box["x"] + 300 + d, "y": box["y"] + 60, "id": n} for n, d in enumerate(distances)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -20, 20)
    touch("touchMove", -40, 40)
    touch("touchEnd")
    assert page.evaluate(width) == pytest.approx(2 * before, rel=0.02)
    assert page.evaluate("visualViewport.scale") == 1
