"""Looks things up as readers do: hurriedly, in either language, with the keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moocmap.curriculum.check import load_guide
from moocmap.site import search
from moocmap.site.locales import load_strings
from moocmap.site.pages import Origins, site_pages
from moocmap.site.scripts import bundle
from moocmap.site.serve import utc_today
from moocmap.site.views import GuideView

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
REPOSITORY = Path(__file__).parents[2]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)

BUTTON = ".mm-search-button"
INPUT = ".mm-search__input"
FOUND = ".mm-found__title"


def test_nothing_is_loaded_before_the_search_is_wanted(visit: Start) -> None:
    visitor = visit()
    loaded: list[str] = []
    visitor.page.on("request", lambda request: loaded.append(request.url))
    visitor.open("en/courses/alpha.html")
    visitor.page.locator(BUTTON).wait_for(state="visible")
    assert not [url for url in loaded if "search" in url and not url.endswith(".css")]
    visitor.page.keyboard.press("/")
    visitor.page.locator(INPUT).wait_for()
    assert len([url for url in loaded if url.endswith(search.FILE)]) == 1


@over_http
@pytest.mark.parametrize(
    ("locale", "query", "title"),
    [
        ("en", "learning rate fin", "Learning rate finder"),
        ("en", "perdida", "Loss"),
        ("es", "buscador", "Buscador de la tasa de aprendizaje"),
        ("es", "STEP SIZE", "Tasa de aprendizaje"),
        ("es", "lovelace", "Alpha Course"),
        ("en", "lerning rate", "Learning rate"),
    ],
)
def test_the_first_result_is_the_one_meant(visit: Start, locale: str, query: str, title: str) -> None:
    visitor = visit()
    visitor.open(f"{locale}/courses/alpha/lesson-1.html")
    visitor.page.click(BUTTON)
    visitor.page.keyboard.type(query)
    assert visitor.page.locator(FOUND).first.inner_text() == title
    address = visitor.page.locator("a.mm-found").first.evaluate("link => link.href")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(address)
    assert visitor.page.locator("dialog[open]").count() == 0


@over_http
def test_the_keyboard_alone_is_enough(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/index.html")
    for key in ("s", "f", "Control+k"):
        page.keyboard.press(key)
        page.locator(f"{INPUT}:focus").wait_for()
        page.keyboard.press("Escape")
        page.locator(INPUT).wait_for(state="hidden")
    page.keyboard.press("/")
    page.locator(INPUT).wait_for()
    page.keyboard.type("learning")
    page.locator(FOUND).first.wait_for()
    titles = page.locator(FOUND).all_inner_texts()
    assert len(titles) > 1
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[aria-selected=true]")
    assert chosen.get_attribute("id") == page.get_attribute(INPUT, "aria-activedescendant")
    assert titles[1] in chosen.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/topics/*.html")
    assert page.locator("article h1").inner_text() == titles[1]


@over_http
def test_an_address_can_ask_and_nothing_found_is_said(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/index.html?search=zzzz")
    status = visitor.page.locator(".mm-search__status")
    status.get_by_text("zzzz").wait_for()
    assert visitor.page.locator(FOUND).count() == 0
    visitor.page.fill(INPUT, "gradiente")
    visitor.page.locator(FOUND).first.wait_for()
    assert visitor.page.locator(FOUND).first.inner_text() == "Gradiente"
    assert "resultado" in status.inner_text()


@over_http
def test_letters_typed_into_a_field_open_nothing(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/index.html")
    visitor.page.evaluate("document.querySelector('article').append(document.createElement('input'))")
    visitor.page.focus("article input:last-child")
    visitor.page.keyboard.type("sf/")
    assert visitor.page.input_value("article input:last-child") == "sf/"
    assert visitor.page.locator("dialog[open]").count() == 0


@over_http
def test_a_lost_index_is_said_and_asked_for_again(visit: Start) -> None:
    visitor = visit(service_workers="block")  # which would answer in the server's stead
    page = visitor.page
    page.route(f"**/{search.FILE}", lambda route: route.fulfill(status=404))
    visitor.open("en/index.html")
    page.click(BUTTON)
    page.locator(".mm-search__status").get_by_text("could not be loaded").wait_for()
    visitor.complaints.clear()
    page.unroute(f"**/{search.FILE}")
    page.keyboard.press("Escape")
    page.click(BUTTON)
    page.fill(INPUT, "gradient")
    page.locator(FOUND).first.wait_for()


# The guide of this repository ------------------------------------------------------------------------

WANTED = json.loads((Path(__file__).parent / "queries.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ask(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], list[str]]]:
    """Return what the search over the whole guide finds, as "kind: title"."""
    folder = tmp_path_factory.mktemp("search")
    guide, _ = load_guide(REPOSITORY, utc_today())
    view, strings = GuideView(guide), load_strings(REPOSITORY / "site" / "locales", ["en", "es"], REPOSITORY)
    pages = {}
    for locale, t in strings.items():
        index = search.script(search.entries(view, t, site_pages(view, t, [], Origins())), t)
        path = folder / locale / search.FILE
        path.parent.mkdir(parents=True)
        path.write_text(index, encoding="utf-8")
        (folder / locale / "guide.js").write_text(
            bundle(REPOSITORY / "site" / "scripts", "main.js"), encoding="utf-8"
        )
        (folder / locale / "index.html").write_text(
            '<!doctype html><meta charset="utf-8"><button data-mm-search="." data-mm-title="x">'
            '</button><script src="guide.js"></script>',
            encoding="utf-8",
        )
        pages[locale] = browser.new_page()
        pages[locale].goto((folder / locale / "index.html").as_uri())
        pages[locale].click("button")
        pages[locale].locator(".mm-search__keys").wait_for()

    def found(locale: str, query: str) -> list[str]:
        pages[locale].fill(INPUT, query)
        kinds = pages[locale].locator(".mm-found__kind").all_inner_texts()
        titles = pages[locale].locator(FOUND).all_inner_texts()
        return [f"{kind}: {title}" for kind, title in zip(kinds, titles, strict=True)]

    yield found
    for page in pages.values():
        page.close()


@pytest.mark.parametrize(("locale", "query", "first"), [tuple(one) for one in WANTED])
def test_the_whole_guide_answers(
    ask: Callable[[str, str], list[str]], locale: str, query: str, first: str
) -> None:
    found = ask(locale, query)
    assert found[0].startswith(first), found[:6]
