"""Uses every kind of page without a mouse, at 400 % zoom, without motion and in forced colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)

MOST = 40
"""How many stops of the Tab key are tried on a page; longer ones repeat themselves."""
STOP = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const shown = element.matches(".md-option") ? element.nextElementSibling : element;
  const box = shown.getBoundingClientRect();
  // What holds the focus may be marked by its label, what holds it, or what is drawn in it.
  const around = [element.parentElement, element.closest("label"), element.querySelector("rect")];
  const drawn = [shown, element, ...around];
  const isMarked = drawn.filter(Boolean).some((one) => [null, "::before", "::after"].some((part) => {
    const style = getComputedStyle(one, part);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const isThick = one.localName === "rect" && parseFloat(style.strokeWidth) > 3;
    return outline || style.boxShadow !== "none" || isThick;
  }));
  const inView = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  globalThis.stops ??= new Map();
  if (!globalThis.stops.has(element)) globalThis.stops.set(element, globalThis.stops.size);
  return {
    number: globalThis.stops.get(element),
    what: element.outerHTML.slice(0, 150),
    isMarked: isMarked || element.type === "date",  // its last stop is the button within
    isSeen: box.width > 1 && box.height > 1 && inView
      && shown.checkVisibility({visibilityProperty: true, opacityProperty: true}),
  };
}"""
NEVER_REACHED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0)
  .filter((one) => one.type !== "radio")
  .filter((one) => !globalThis.stops.has(one) && one.getBoundingClientRect().width > 1)
  .map((one) => one.outerHTML.slice(0, 150))"""


def walk(page: Any) -> list[dict[str, Any]]:
    """Press Tab through a page; return where it stops."""
    stops: list[dict[str, Any]] = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or stop["number"] < len(stops) - 1:
            return stops
        stops[stop["number"] :] = [stop]  # a date has a stop for its day, its month and its year
    return stops


@over_http
def test_tab_stops_everywhere_and_every_stop_is_seen(visit: Start, kinds: list[str]) -> None:
    visitor = visit(reduced_motion="reduce")
    wrong = []
    for number, kind in enumerate(kinds):
        visitor.open(f"{('es', 'en')[number % 2]}/{kind}.html")
        stops = walk(visitor.page)
        wrong += [f"{kind}: no mark: {stop['what']}" for stop in stops if not stop["isMarked"]]
        wrong += [f"{kind}: out of sight: {stop['what']}" for stop in stops if not stop["isSeen"]]
        if len(stops) < MOST:
            wrong += [f"{kind}: not reached: {what}" for what in visitor.page.evaluate(NEVER_REACHED)]
    assert wrong == []


@over_http
def test_the_first_stop_skips_to_the_content(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/courses/alpha.html")
    visitor.page.keyboard.press("Tab")
    assert "md-skip" in visitor.page.evaluate("document.activeElement.className").split()
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.closest('article') !== null")


@over_http
def test_at_400_percent_nothing_is_cut_off(visit: Start, kinds: list[str]) -> None:
    visitor = visit(viewport={"width": 320, "height": 256})
    wide = []
    for number, kind in enumerate(kinds):
        visitor.open(f"{('en', 'es')[number % 2]}/{kind}.html")
        visitor.page.wait_for_timeout(100)
        excess = visitor.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        wide += [f"{kind}: {excess} px"] if excess > 0 else []
    assert wide == []


@over_http
def test_nothing_moves_for_those_who_asked_for_it(visit: Start, kinds: list[str]) -> None:
    visitor = visit(reduced_motion="reduce")
    moving = []
    for kind in kinds:
        visitor.open(f"en/{kind}.html")
        moving += visitor.page.evaluate(
            """kind => [...document.querySelectorAll("body *")].filter((one) => {
              const style = getComputedStyle(one);
              const seconds = [...style.transitionDuration.split(","), ...style.animationDuration.split(",")];
              const moves = /transform|all|left|top|width|height/.test(style.transitionProperty);
              return moves && seconds.some((one) => parseFloat(one) > 0.01);
            }).slice(0, 3).map((one) => `${kind}: ${one.outerHTML.slice(0, 100)}`)""",
            kind,
        )
    assert moving == []


@over_http
def test_forced_colours_keep_what_colour_says(visit: Start) -> None:
    visitor = visit(forced_colors="active")
    visitor.open("en/courses/alpha/lesson-1.html")
    bars = visitor.page.locator(".mm-depth__bars").first
    assert bars.is_visible()
    assert visitor.page.locator(".mm-depth__text").first.inner_text() != ""
    visitor.page.keyboard.press("/")
    visitor.page.fill(".mm-search__input", "learning")
    chosen = visitor.page.locator(".mm-found[aria-selected=true]")
    assert chosen.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
