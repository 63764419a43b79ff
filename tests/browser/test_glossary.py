"""The glossary as one looks terms up, and the tooltips of terms in running text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
LOSS = "#term-loss"
RATE = "#term-learning-rate"


def shown(page: Any) -> list[str]:
    return [heading.inner_text().split("\n")[0] for heading in page.locator(".mm-entry:visible h3").all()]


@over_http
@pytest.mark.parametrize(
    ("locale", "query", "found"),
    [("en", "perdida", LOSS), ("es", "PÉRDIDA", LOSS), ("en", "step siz", RATE), ("es", "factor", RATE)],
)
def test_terms_are_found_in_either_language_and_by_synonyms(
    visit: Start, locale: str, query: str, found: str
) -> None:
    visitor = visit()
    visitor.open(f"{locale}/glossary.html")
    page = visitor.page
    assert len(shown(page)) == 2
    page.locator("#mm-glossary-q").press_sequentially(query)
    assert len(shown(page)) == 1
    assert page.locator(found).is_visible()
    assert page.locator(".mm-letters li:visible").count() == 1
    assert page.locator(".mm-seek__count").inner_text().startswith("1 ")
    page.reload()
    assert page.locator("#mm-glossary-q").input_value() == query
    assert len(shown(page)) == 1


@over_http
def test_what_is_in_no_name_is_looked_for_in_definitions(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/glossary.html?q=what+training")
    assert visitor.page.locator(LOSS).is_visible()
    assert not visitor.page.locator(RATE).is_visible()
    visitor.page.locator("#mm-glossary-q").fill("zzz")
    assert shown(visitor.page) == []
    visitor.page.get_by_role("button", name="Show all").click()
    assert len(shown(visitor.page)) == 2
    assert "q=" not in visitor.page.url


@over_http
@pytest.mark.parametrize(
    ("locale", "other", "before", "after"),
    [
        ("en", "es", ["learning rate", "loss"], ["pérdida", "tasa de aprendizaje"]),
        ("es", "en", ["pérdida", "tasa de aprendizaje"], ["learning rate", "loss"]),
    ],
)
def test_the_order_follows_the_language_one_comes_from(
    visit: Start, locale: str, other: str, before: list[str], after: list[str]
) -> None:
    visitor = visit()
    visitor.open(f"{locale}/glossary.html")
    page = visitor.page

    def first_words() -> list[str]:
        return page.locator(".mm-entry h3 > [lang]:first-child").all_inner_texts()

    assert first_words() == before
    page.locator(f"input[name=from][value={locale}]").focus()
    page.keyboard.press("ArrowDown" if locale == "en" else "ArrowUp")
    assert first_words() == after
    letters = sorted({word[0].upper() for word in after})
    assert page.locator(".mm-letters a").all_inner_texts() == letters
    assert page.locator(".mm-letter > h2").all_inner_texts() == letters
    page.reload()
    assert first_words() == after


@over_http
def test_a_link_to_an_entry_shows_it_whatever_is_filtered(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"en/glossary.html?q=rate{LOSS}")
    assert visitor.page.locator(LOSS).is_visible()
    assert visitor.page.locator("#mm-glossary-q").input_value() == ""


def test_without_scripts_the_other_language_has_an_index(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("es/glossary.html")
    page = visitor.page
    assert not page.locator("form.mm-seek").is_visible()
    page.locator(".mm-index summary").click()
    page.locator(".mm-index").get_by_role("link", name="pérdida").click()
    assert page.url.endswith(LOSS)


# Tooltips -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "word", "definition", "other"),
    [
        ("en", "loss", "What training makes small.", "Spanish: pérdida"),
        ("es", "pérdida", "Lo que el entrenamiento reduce.", "inglés: loss"),
    ],
)
def test_a_term_in_a_text_is_explained_on_hover_and_focus(
    visit: Start, locale: str, word: str, definition: str, other: str
) -> None:
    visitor = visit()
    visitor.open(f"{locale}/history.html")
    page = visitor.page
    link, tip = page.locator("a.mm-gloss", has_text=word), page.get_by_role("tooltip")
    assert link.count() == 1
    assert page.locator(f"#{link.get_attribute('aria-describedby')}").text_content().startswith(definition)
    link.hover()
    assert tip.locator("p").all_text_contents() == [definition, other]
    tip.hover()  # it stays while one reads it
    page.wait_for_timeout(250)
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert tip.count() == 0
    page.mouse.move(5, 5)
    link.focus()
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert tip.count() == 0
    assert page.evaluate("document.activeElement.className") == "mm-gloss"
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#term-loss")


@over_http
def test_a_tap_explains_and_a_second_one_follows(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 700}, has_touch=True)
    visitor.open("en/history.html")
    page = visitor.page
    link, tip = page.locator("a.mm-gloss").first, page.get_by_role("tooltip")
    link.tap()
    assert tip.is_visible()
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    page.locator("h1").tap()
    assert tip.count() == 0
    link.tap()
    link.tap()
    page.wait_for_url("**/glossary.html#term-*")


@over_http
def test_without_scripts_a_term_is_a_link(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("en/history.html")
    visitor.page.locator("a.mm-gloss", has_text="loss").click()
    assert visitor.page.url.endswith("/glossary.html#term-loss")
