from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from moocmap.site.engine import build

from .places import REPOSITORY, served, small_guide

Start = Callable[..., "Visit"]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Visit:
    """A browser's page that notes all it should not do: errors, and requests to other hosts."""

    page: Any
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.base}/{path}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the small guide of tests/site, built once."""
    small = small_guide()
    root = small.copy_guide(tmp_path_factory.mktemp("browser") / "guide")
    return build(root, today=small.TODAY).target


@pytest.fixture(scope="session")
def kinds(site: Path) -> list[str]:
    """One page of each kind: every page of its own, and the first few of those that come in numbers."""
    pages = sorted(path.relative_to(site / "en").with_suffix("") for path in (site / "en").rglob("*.html"))
    many = {name: [page for page in pages if str(page.parent) == name] for name in ("rules", "topics")}
    left_out = {one for found in many.values() for one in found if one.name != "index" and one != found[-1]}
    return [page.as_posix() for page in pages if page not in left_out]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser at {CHROMIUM}; name one in the variable CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def modules(browser: Any) -> Iterator[Any]:
    """A browser's page that can import the modules of the site by their names: `import("/plan.js")`."""
    with served(REPOSITORY / "site" / "scripts") as address:
        page = browser.new_page()
        page.goto(f"{address}/main.js")
        yield page
        page.close()


@pytest.fixture(params=["http", "file"])
def visit(
    request: pytest.FixtureRequest, browser: Any, server: str, site: Path
) -> Iterator[Callable[..., Visit]]:
    """Make a fresh visitor, once over HTTP and once from the file system; at the end nothing may be amiss."""
    base = server if request.param == "http" else site.as_uri()
    contexts, visits = [], []

    def start(**options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(20000)
        contexts.append(context)
        visits.append(Visit(context.new_page(), base))
        _watch(visits[-1])
        return visits[-1]

    yield start
    for context in contexts:
        context.close()
    assert [complaint for visited in visits for complaint in visited.complaints] == []


def _watch(visited: Visit) -> None:
    def on_request(request: Any) -> None:
        if not request.url.startswith((visited.base, "data:", "blob:")):
            visited.complaints.append(f"request to {request.url}")

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning"):
            visited.complaints.append(f"console {message.type}: {message.text}")

    def on_failure(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the visitor went on to another page
            visited.complaints.append(f"{request.failure}: {request.url}")

    page = visited.page
    page.on("request", on_request)
    page.on("console", on_console)
    page.on("pageerror", lambda error: visited.complaints.append(f"error: {error}"))
    page.on("requestfailed", on_failure)
