"""The references as one looks through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
SMITH, NOBODY = "#ref-smith-2015", "#ref-nobody-1999"


@over_http
@pytest.mark.parametrize(
    ("field", "value"), [("q", "cyclical SMITH"), ("kind", "paper"), ("year", "2010"), ("place", "history")]
)
def test_works_are_filtered_and_the_address_keeps_it(visit: Start, field: str, value: str) -> None:
    visitor = visit()
    visitor.open("en/references.html")
    page = visitor.page
    control = page.locator(f"form [name={field}]")
    if field == "q":
        control.press_sequentially(value)
    else:
        control.select_option(value)
    for _ in range(2):
        assert page.locator(SMITH).is_visible()
        assert not page.locator(NOBODY).is_visible()
        assert page.locator(".mm-seek__count").inner_text() == "1 work"
        page.reload()
    page.locator("#mm-references-q").fill("zzz")
    page.get_by_role("button", name="Show all").click()
    assert page.locator(NOBODY).is_visible()
    assert "?" not in page.url


@over_http
def test_a_link_to_a_work_shows_it_whatever_is_filtered(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"es/references.html?q=smith{NOBODY}")
    assert visitor.page.locator(NOBODY).is_visible()


@over_http
def test_an_entry_is_copied(visit: Start) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.open("es/references.html")
    page = visitor.page
    button = page.locator(SMITH).get_by_role("button", name="Copiar BibTeX")
    button.focus()
    page.keyboard.press("Enter")
    page.locator(SMITH).get_by_role("button", name="Copiado").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("@inproceedings{smith-2015,\n  author = {Smith, Leslie N.},\n")
    assert copied.endswith("\n}\n")


@over_http
def test_where_copying_is_refused_the_entry_is_selected(visit: Start) -> None:
    visitor = visit()
    visitor.page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    visitor.open("en/references.html")
    visitor.page.locator(SMITH).get_by_role("button", name="Copy BibTeX").click()
    visitor.page.locator(SMITH).locator("pre").wait_for(state="visible")
    assert visitor.page.evaluate("getSelection().toString()").startswith("@inproceedings{smith-2015,")


def test_without_scripts_entries_unfold(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("en/references.html")
    page = visitor.page
    assert not page.locator("form.mm-seek").is_visible()
    assert not page.locator("[data-mm-copy]").first.is_visible()
    page.locator(SMITH).locator("summary").click()
    assert "@inproceedings{smith-2015," in page.locator(SMITH).locator("pre").inner_text()
    assert page.locator(NOBODY).locator(".mm-badge--unverified").is_visible()
