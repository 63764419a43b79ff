"""What was read can be read again without a network; what is new is shown as soon as there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .places import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def home(site: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(site, tmp_path / "guide"))


@pytest.fixture
def page(browser: Any, home: Path) -> Iterator[Any]:
    """A reader at a site below a host's root, as many are."""
    context = browser.new_context()
    with served(home.parent) as address:
        page = context.new_page()
        page.base = f"{address}/guide"
        yield page
        context.close()


def read(page: Any, path: str) -> None:
    """Open a page and wait until it is kept."""
    page.goto(f"{page.base}/{path}")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function(
        "async path => (await (await caches.keys()).reduce(async (found, name) => await found ||"
        " (await (await caches.open(name)).keys()).some(r => r.url.endsWith(path)), false))",
        arg=path,
    )


def test_pages_that_were_read_can_be_read_without_a_network(page: Any) -> None:
    read(page, "en/courses/alpha.html")
    read(page, "en/index.html")
    page.context.set_offline(True)
    page.goto(f"{page.base}/en/courses/alpha.html?from=home#taught")
    assert page.locator("article h1").inner_text() == "Alpha Course"
    styled = page.evaluate("getComputedStyle(document.querySelector('.md-header')).position")
    assert styled == "sticky", "the style sheets are there too"
    assert page.evaluate("document.documentElement.classList.contains('mm-js')"), "and the scripts"
    page.goto(f"{page.base}/es/topics/ulmfit.html")
    assert page.locator("h1:visible").all_inner_texts() == ["Esta página no se ha guardado"]
    page.click("a:visible")
    page.wait_for_url("**/guide/es/index.html")
    page.goto(f"{page.base}/en/")
    assert page.locator("article h1").inner_text() == "Small guide"


def test_a_page_that_changed_is_shown_anew(page: Any, home: Path) -> None:
    read(page, "en/glossary.html")
    file = home / "en" / "glossary.html"
    file.write_text(file.read_text(encoding="utf-8").replace("<h1", "<p>quite new</p><h1"), encoding="utf-8")
    page.reload()
    assert page.locator("text=quite new").count() == 1
    page.context.set_offline(True)
    page.reload()
    assert page.locator("text=quite new").count() == 1, "what is kept is renewed"
