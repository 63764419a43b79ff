"""Looks at every kind of page, wide and narrow, light and dark, with axe-core: WCAG 2.2 AA and more."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STILL = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets.push(sheet);
}"""
"""Colours fade from one scheme to the other: what is seen halfway is no fault."""
LOOK = """async ([only, tags]) => {
  const run = only ? {type: "rule", values: only} : {type: "tag", values: tags};
  const {violations} = await axe.run(document, {runOnly: run, resultTypes: ["violations"]});
  return violations.flatMap(({id, help, nodes}) => nodes.slice(0, 4).map(({html, failureSummary}) =>
    `${id} (${help}): ${html.slice(0, 160)} ${failureSummary.split("\\n")[1]}`));
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    pytest.importorskip("axe_playwright_python")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, axe: str, only: list[str] | None = None) -> list[str]:
    """Return what axe-core finds on a page once its layout and its colours have settled."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe)
        page.evaluate(STILL)
    page.wait_for_timeout(50)
    found: list[str] = page.evaluate(LOOK, [only, TAGS])
    return found


@over_http
def test_no_page_hinders_anybody(visit: Start, axe: str, kinds: list[str]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900}, color_scheme="light")
    found = []
    for number, kind in enumerate(kinds):
        visitor.page.set_viewport_size({"width": 1280, "height": 900})
        visitor.page.emulate_media(color_scheme="light")
        visitor.open(f"{('en', 'es')[number % 2]}/{kind}.html")
        found += [f"{kind}: wide: {one}" for one in violations(visitor.page, axe)]
        visitor.page.emulate_media(color_scheme="dark")
        visitor.page.locator("body[data-md-color-scheme=slate]").wait_for()
        found += [f"{kind}: dark: {one}" for one in violations(visitor.page, axe, ["color-contrast"])]
        visitor.page.set_viewport_size({"width": 360, "height": 780})
        found += [f"{kind}: narrow: {one}" for one in violations(visitor.page, axe)]
    assert found == []


def search(page: Any) -> None:
    page.keyboard.press("/")
    page.fill(".mm-search__input", "a")
    page.locator("a.mm-found").first.wait_for()


def tooltip(page: Any) -> None:
    page.locator("[data-mm-gloss]").first.focus()
    page.locator(".mm-tip").wait_for()


def quiz(page: Any) -> None:
    page.locator("button.mm-reply").first.click()


def ticks(page: Any) -> None:
    page.locator("input[data-mm-tick]").first.check()
    page.goto(page.url.replace("courses/alpha/lesson-1", "progress"))


STATES: dict[str, Callable[[Any], None] | None] = {
    "index.html": search,
    "courses/alpha/lesson-1.html": ticks,
    "quizzes.html": quiz,
    "history.html": tooltip,
    "chooser.html?money=free": None,
    "compare.html?courses=alpha,beta&rows=differences": None,
    "courses/index.html?cost=free": None,
    "map.html?topic=learning-rate": None,
    "planner.html?goal=learning-rate-finder&superseded=1&start=2027-01-11": None,
}
"""What pages show once they are used, by their addresses or by what one does there."""


@over_http
def test_nothing_that_opens_hinders_anybody(visit: Start, axe: str) -> None:
    found = []
    for address, act in STATES.items():
        visitor = visit(color_scheme="light")
        visitor.open(f"en/{address}")
        if act:
            act(visitor.page)
        found += [f"{address}: {one}" for one in violations(visitor.page, axe)]
        visitor.page.emulate_media(color_scheme="dark")
        found += [f"{address}: dark: {one}" for one in violations(visitor.page, axe, ["color-contrast"])]
    assert found == []
