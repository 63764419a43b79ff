"""Uses the list of topics and the pages of topics and lessons as a person would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
"""For what cannot differ from the file system."""

EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PHONE = {"viewport": {"width": 360, "height": 780}}


def names(page: Any) -> list[str]:
    found: list[str] = page.locator(".mm-topic-list > li:visible a").all_inner_texts()
    return found


def test_the_list_narrows_as_one_types_by_name_and_explanation(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/topics/index.html")
    page = visitor.page
    assert len(names(page)) == 4
    page.fill("#topics-find", "TÁSA busc")
    assert names(page) == ["Buscador de la tasa de aprendizaje"]
    assert page.is_hidden("#area-basics")
    assert "1 de 4 temas" in page.inner_text(".mm-topics__bar [role=status]")
    page.fill("#topics-find", "derivadas")
    assert names(page) == ["Gradiente"]
    page.fill("#topics-find", "zzz")
    assert "Ningún tema contiene esas palabras" in page.inner_text(".mm-topics__bar [role=status]")
    page.fill("#topics-find", "")
    assert len(names(page)) == 4
    assert page.url.endswith("topics/index.html")


@over_http
def test_explanations_on_request_and_kept_in_the_address(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/topics/index.html")
    page = visitor.page
    about = page.get_by_text("A way to fine-tune language models.")
    assert about.is_hidden()
    page.check("#topics-about")
    assert about.is_visible()
    page.fill("#topics-find", "ulmfit")
    page.reload()
    assert names(page) == ["ULMFiT"]
    assert about.is_visible()


@over_http
def test_a_topic_leads_to_its_neighbours_on_the_map(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/topics/learning-rate.html")
    page = visitor.page
    assert page.locator(".mm-around .mm-node").count() == 3
    page.get_by_role("link", name="See it on the map").click()
    page.wait_for_url("**/map.html?topic=learning-rate&only=1")
    assert page.locator(".mm-map__panel h2").inner_text() == "Learning rate"
    page.go_back()
    page.locator(".mm-around .mm-node", has_text="Gradient").click()
    page.wait_for_url("**/topics/gradient.html")


@over_http
@pytest.mark.parametrize("path", ["topics/learning-rate", "topics/index", "courses/alpha/lesson-1", "map"])
def test_pages_fit_a_phone(visit: Start, path: str) -> None:
    for locale in ("en", "es"):
        visitor = visit(**PHONE)
        visitor.open(f"{locale}/{path}.html")
        assert visitor.page.evaluate(EXCESS) <= 0
        scrolled = "all => all.every(one => one.scrollWidth <= one.clientWidth + 1)"
        assert visitor.page.eval_on_selector_all(".mm-scroll:visible", scrolled)


@over_http
def test_an_old_lesson_leads_to_the_new_one(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/courses/alpha/lesson-1.html")
    visitor.page.click(".mm-notice >> text=1. Gradientes")
    visitor.page.wait_for_url("**/es/courses/beta/week-1.html")


@over_http
def test_without_scripts_topics_are_listed_and_explained_on_their_pages(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("en/topics/index.html")
    page = visitor.page
    assert page.is_hidden(".mm-topics__bar")
    assert len(names(page)) == 4
    page.click("a:has-text('ULMFiT')")
    assert page.get_by_text("A way to fine-tune language models.").first.is_visible()
