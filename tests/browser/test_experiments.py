"""Reads an experiment's page as a person would: sorts its tables, shows a part of its runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
"""For what cannot differ from the file system."""


def column(page: Any, number: int, table: str = ".mm-runs") -> list[str]:
    return page.eval_on_selector_all(
        f"{table} tbody tr", "(rows, n) => rows.map(row => row.cells[n].innerText.trim())", number
    )


def test_tables_sort_up_down_and_back(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/experiments/tiny.html")
    page = visitor.page
    came = column(page, 2)
    head = page.locator(".mm-runs th", has_text="Exactitud").first
    assert head.get_attribute("aria-sort") is None
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, 2) == ["0,7000", "0,7500", "0,8000", "0,8500", "0,9000", "0,9500"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, 2)[0] == "0,9500"
    page.click(".mm-runs th button:has-text('Semilla')")
    assert head.get_attribute("aria-sort") is None
    assert column(page, 1) == ["0", "0", "1", "1", "2", "2"]
    for _ in range(2):
        page.click(".mm-runs th button:has-text('Semilla')")
    assert column(page, 2) == came


@over_http
def test_a_column_is_sorted_by_keyboard(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/experiments/tiny.html")
    button = visitor.page.locator(".mm-runs th button").first
    button.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Space")
    assert column(visitor.page, 0) == ["Keras"] * 3 + ["fastai"] * 3
    assert button.evaluate("button => button === document.activeElement")


@over_http
@pytest.mark.parametrize(
    ("locale", "texts", "expected"),
    [
        (
            "en",
            ["10 h", "–", "−2.5 (−4 to 0)", "1,200", "6–9 h"],
            ["−2.5 (−4 to 0)", "6–9 h", "10 h", "1,200", "–"],
        ),
        (
            "es",
            ["0,9 (0,8 a 1)", "12 %", "1.200", "", "−0,5"],
            ["−0,5", "0,9 (0,8 a 1)", "12 %", "1.200", ""],
        ),
        ("es", ["Ñandú", "oso 10", "nube", "oso 9"], ["nube", "Ñandú", "oso 9", "oso 10"]),
    ],
)
def test_numbers_sort_by_their_value_and_words_by_the_language(
    visit: Start, locale: str, texts: list[str], expected: list[str]
) -> None:
    visitor = visit()
    visitor.open(f"{locale}/experiments/tiny.html")
    visitor.page.evaluate(
        """texts => {
          const rows = [...document.querySelectorAll(".mm-runs tbody tr")];
          rows.forEach((row, n) => n < texts.length ? (row.cells[2].textContent = texts[n]) : row.remove());
        }""",
        texts,
    )
    visitor.page.locator(".mm-runs th button").nth(2).click()
    found = [text for text in column(visitor.page, 2) if text in texts]
    assert found[: len(expected)] == expected


def test_a_part_of_the_runs_is_shown_and_shared(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/experiments/tiny.html")
    page = visitor.page
    form = page.locator("[data-mm-pick]")
    assert form.locator("output").inner_text() == "6 of 6 runs"
    assert form.locator("select").count() == 2, "what there is only one of cannot be chosen"
    form.locator("select[name=library]").select_option("keras")
    form.locator("select[name=seed]").select_option("1")
    assert form.locator("output").inner_text() == "1 of 6 runs"
    assert page.locator(".mm-runs tbody tr:visible").count() == 1
    assert page.locator(".mm-setting:visible h3").all_inner_texts() == ["Keras"]
    shared = page.url
    assert "library=keras" in shared
    page.goto("about:blank")
    page.goto(shared)
    assert page.locator(".mm-runs tbody tr:visible").count() == 1
    page.click("#classes ~ .mm-setting:visible details.mm-twin > summary")
    assert page.locator(".mm-setting:visible .mm-matrices > div:visible").count() == 1
    page.click("[data-mm-pick] button")
    assert page.locator(".mm-runs tbody tr:visible").count() == 6
    assert "library" not in page.url


@over_http
def test_everything_is_there_without_scripts(visit: Start) -> None:
    visitor = visit(java_script_enabled=False, viewport={"width": 360, "height": 780})
    visitor.open("es/experiments/tiny.html")
    page = visitor.page
    assert not page.locator("[data-mm-pick]").is_visible()
    assert page.locator(".mm-runs tbody tr:visible").count() == 6
    assert page.locator(".mm-sort").count() == 0
    assert page.locator(".mm-confusion:visible").count() == 2
    assert page.locator(".mm-runs a:visible").count() == 18


@over_http
def test_a_records_file_opens(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/experiments/tiny.html")
    address = visitor.page.locator(".mm-runs a").first.evaluate("link => link.href")
    answer = visitor.page.request.get(address)
    assert answer.ok
    assert answer.json()["run"] == "fastai-small-cnn-matched-seed0"
