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
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 360


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


@pytest.mark.parametrize("visit", ["http"], indirect=True)
def test_code_can_be_copied(visit: Start) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.open("en/libraries.html")
    page = visitor.page
    code = page.locator("#training-code ~ .mm-codes .mm-code").first
    code.locator("button").click()
    page.wait_for_timeout(200)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == "model.fit(images, labels)  # <b>*not* bold</b> & `plain`"
