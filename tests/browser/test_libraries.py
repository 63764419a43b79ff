"""Reads the libraries' page: code side by side or one below the other, one stage alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]


def boxes(page: Any) -> tuple[dict[str, float], dict[str, float]]:
    codes = page.locator("#training-code ~ .mm-codes .mm-code")
    return codes.nth(0).bounding_box(), codes.nth(1).bounding_box()


def test_code_is_side_by_side_where_there_is_room(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/libraries.html")
    keras, fastai = boxes(visitor.page)
    assert (keras["y"], keras["width"]) == (fastai["y"], fastai["width"])
    assert keras["x"] + keras["width"] < fastai["x"]
    visitor.page.set_viewport_size({"width": 360, "height": 780})
    keras, fastai = boxes(visitor.page)
    assert keras["x"] == fastai["x"]
    assert keras["y"] + keras["height"] < fastai["y"]


def test_one_stage_alone(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/libraries.html")
    page = visitor.page
    headings = page.locator("article h2:visible")
    every = headings.count()
    page.locator("select[name=stage]").focus()
    page.keyboard.type("Carga")
    page.keyboard.press("Enter")
    assert "stage=loading" in page.url
    assert headings.first.inner_text().startswith("Carga")
    assert not page.locator("#training-code").is_visible()
    page.click(".mm-jumps a[href='#training']")  # a link to what is hidden shows it
    page.locator("#training").wait_for(state="visible")
    assert headings.count() == every
    assert "stage" not in page.url


def test_code_can_be_copied(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/libraries.html")
    page = visitor.page
    code = page.locator("#training-code ~ .mm-codes .mm-code").first
    button = code.locator("button, .md-clipboard").first
    button.wait_for(state="attached")
    page.evaluate(
        "addEventListener('copy', () => "
        "{ window.copied = String(getSelection()) || document.activeElement.value })"
    )
    button.click(force=True)
    page.wait_for_function("window.copied !== undefined")
    assert page.evaluate("window.copied").strip() == code.locator("pre code").text_content().strip()
