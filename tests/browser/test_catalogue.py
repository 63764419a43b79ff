"""The catalogue: filters, order, outdated courses, and a choice of courses to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)


def shown(page: Any) -> list[str]:
    return [title.inner_text() for title in page.locator(".mm-course:visible h2 a").all()]


def asked(page: Any) -> str:
    return str(page.evaluate("decodeURIComponent(location.search)"))


def box(page: Any, name: str) -> Any:
    return page.get_by_role("checkbox", name=name, include_hidden=True)


def choices(page: Any, facet: str) -> dict[str, str]:
    labels = page.locator(f"[data-mm-facet={facet}] label").all()
    return dict(label.inner_text().rsplit(maxsplit=1) for label in labels)


def test_outdated_courses_are_marked_and_hidden_until_asked_for(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/index.html")
    assert shown(page) == ["Beta Specialization"]
    assert page.locator("[data-mm-count]").inner_text() == "1 of 3 courses"
    page.get_by_label("Show 2 outdated courses").check()
    assert shown(page) == ["Beta Specialization", "The Gamma Book", "Alpha Course"], "the newest first"
    assert "outdated=1" in asked(page)
    alpha = page.locator("[data-mm-course=alpha]")
    assert "superseded" in alpha.inner_text()
    assert "Out of date. Replaced by Beta." in alpha.inner_text()
    assert "No longer offered." in page.locator("[data-mm-course=gamma-book]").inner_text()
    alpha.locator(".mm-course__newer a").click()
    page.wait_for_url("**/en/courses/beta.html")
    page.go_back()
    assert len(shown(page)) == 3, "the way back leads to what one saw"


def test_filters_count_what_they_leave_and_stay_in_the_address(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("es/courses/index.html?outdated=1")
    assert choices(page, "price") == {"de pago": "2", "gratis": "1"}
    box(page, "gratis").check()
    assert shown(page) == ["Alpha Course"]
    assert choices(page, "kind") == {"Curso en línea": "1", "Libro": "0"}
    assert box(page, "Libro").is_disabled(), "a choice that would leave nothing"
    assert box(page, "de pago").first.is_enabled(), "values of one facet add up"
    page.reload()
    assert shown(page) == ["Alpha Course"]
    assert page.locator("[role=status]").first.inner_text() == "1 de 3 cursos"
    page.get_by_role("button", name="Quitar el filtro gratis").click()
    assert len(shown(page)) == 3
    assert "price" not in asked(page)
    box(page, "reemplazado").check()
    assert shown(page) == ["Alpha Course"]


@over_http
def test_search_finds_names_people_and_topics_without_accents(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("es/courses/index.html?outdated=1")
    box = page.get_by_label("Buscar en cursos y temas")
    for query, titles in (
        ("TEORIA paso", ["Programa Beta"]),
        ("turing", ["The Gamma Book"]),
        ("ulmfit", ["Alpha Course"]),
        ("tasa aprend", ["Programa Beta", "Alpha Course"]),
    ):
        box.fill(query)
        assert shown(page) == titles, query
    hits = page.locator("[data-mm-hit]:visible").all_inner_texts()
    assert hits == [
        "Enseña: Tasa de aprendizaje",
        "Enseña: Tasa de aprendizaje, Buscador de la tasa de aprendizaje",
    ]
    assert "find=tasa+aprend" in asked(page)
    page.reload()
    assert len(shown(page)) == 2


@over_http
def test_courses_sort_by_what_one_minds(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/index.html?outdated=1")
    for key, titles in {
        "name": ["Alpha Course", "Beta Specialization", "The Gamma Book"],
        "hours": ["Alpha Course", "Beta Specialization", "The Gamma Book"],
        "price": ["Alpha Course", "The Gamma Book", "Beta Specialization"],
        "topics": ["Alpha Course", "Beta Specialization", "The Gamma Book"],
    }.items():
        page.get_by_label("Sort by").select_option(key)
        assert shown(page) == titles, key
        assert f"sort={key}" in asked(page)
    page.get_by_label("Sort by").select_option("year")
    assert shown(page) == ["Beta Specialization", "The Gamma Book", "Alpha Course"]
    assert "sort" not in asked(page)


@over_http
def test_an_empty_result_says_how_to_get_out_of_it(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/index.html?library=fastai&price=free")
    nothing = page.locator("[data-mm-nothing]")
    assert shown(page) == []
    assert nothing.locator("button").all_inner_texts() == [
        "Show 1 outdated course that fits",
        "Clear all filters",
    ]
    nothing.get_by_role("button", name="Show 1 outdated").press("Enter")
    assert shown(page) == ["Alpha Course"]
    assert not nothing.is_visible()
    visitor.open("en/courses/index.html?library=fastai&language=es&outdated=1")
    nothing.get_by_role("button", name="Without “fastai”: 1").click()
    assert shown(page) == ["Beta Specialization"]
    page.get_by_label("Search in courses").fill("no such course")
    nothing.get_by_role("button", name="Clear all filters").click()
    assert len(shown(page)) == 3


def test_a_choice_leads_to_the_comparison(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/index.html?outdated=1")
    tray = page.locator("[data-mm-tray]")
    assert not tray.is_visible()
    page.get_by_label("Compare: Beta").check()
    assert tray.locator("p").inner_text() == "Beta. Choose another one to compare it with."
    page.get_by_label("Compare: Alpha").check()
    assert "compare=beta,alpha" in asked(page)
    page.reload()
    assert page.get_by_label("Compare: Alpha").is_checked()
    assert tray.bounding_box()["y"] < 900, "the tray stays on the screen"
    page.get_by_role("link", name="Compare these 2").click()
    page.locator("#pair").wait_for()
    assert page.locator("#pair").inner_text() == "Beta and Alpha, side by side"
    page.go_back()
    page.get_by_role("button", name="Clear", exact=True).click()
    assert not tray.is_visible()


@over_http
def test_everything_by_keyboard(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/index.html")
    page.get_by_label("Search in courses").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "mooc"
    page.keyboard.press("Space")
    assert "kind=mooc" in asked(page)
    page.locator(".mm-course:visible h2 a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/courses/beta.html")


@over_http
def test_a_card_leads_to_its_course_wherever_it_is_clicked(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/courses/index.html")
    visitor.page.locator("[data-mm-course=beta] .mm-glance").click(force=True)
    visitor.page.wait_for_url("**/en/courses/beta.html")


@over_http
def test_on_a_phone_the_filters_fold_away(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 780})
    page = visitor.page
    visitor.open("en/courses/index.html?kind=mooc")
    assert page.get_by_text("Filters (1)").is_visible()
    assert not box(page, "Online course").is_visible()
    page.get_by_text("Filters (1)").click()
    assert box(page, "Online course").is_checked()
    page.set_viewport_size({"width": 1280, "height": 900})
    box(page, "Online course").wait_for()


@over_http
def test_without_scripts_every_course_is_listed_and_marked(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    visitor.open("en/courses/index.html")
    assert shown(page) == ["Beta Specialization", "The Gamma Book", "Alpha Course"]
    assert page.locator(".mm-badge--superseded").is_visible()
    assert page.locator("form:visible, select:visible, .mm-course__pick:visible").count() == 0
