"""The content security policy: what is ours runs, and nothing that somebody smuggled into a page.

What the policy must let through (search, palette, scripts of ours) all other browser tests use: they fail on
any complaint of the browser.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .places import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMUGGLED = {
    "inline script": "<script>attack()</script>",
    "event handler": '<img src="none.png" onerror="attack()">',
    "handler of another element": '<details open ontoggle="attack()"><summary>x</summary></details>',
    "javascript: link": '<a id="bait" href="javascript:attack()">x</a>',
    "javascript: frame": '<iframe src="javascript:parent.attack()"></iframe>',
    "frame with a document": '<iframe srcdoc="<script>parent.attack()</script>"></iframe>',
    "data: script": '<script src="data:text/javascript,attack()"></script>',
    "script of another host": '<script src="{elsewhere}/attack.js"></script>',
    "inline style": "<style>body { visibility: hidden }</style>",
    "object": '<object data="data:text/html,<script>parent.attack()</script>"></object>',
}
ATTACK = "window.attacked = []; window.attack = () => window.attacked.push(location.href);"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another host."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "attack.js").write_text("attack()", encoding="utf-8")
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def attacked(site: Path, elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the site with something smuggled into each of these pages."""
    home = Path(shutil.copytree(site, tmp_path_factory.mktemp("attacked") / "site"))
    page = (home / "en" / "glossary.html").read_text(encoding="utf-8")
    for number, code in enumerate(SMUGGLED.values()):
        assert page.count("</article>") == 1
        text = page.replace("</article>", f"{code.replace('{elsewhere}', elsewhere)}</article>")
        (home / "en" / f"attacked-{number}.html").write_text(text, encoding="utf-8")
        bare = text.replace('http-equiv="Content-Security-Policy"', 'name="no-policy"')
        assert bare != text
        (home / "en" / f"bare-{number}.html").write_text(bare, encoding="utf-8")
    return home


@pytest.fixture(scope="module", params=["http", "file"])
def base(request: pytest.FixtureRequest, attacked: Path) -> Iterator[str]:
    if request.param == "file":
        yield attacked.as_uri()
        return
    with served(attacked) as address:
        yield address


@pytest.fixture(scope="module")
def victim(browser: Any) -> Iterator[Any]:
    """A reader's browser."""
    context = browser.new_context()
    context.add_init_script(ATTACK)
    yield context
    context.close()


def harm(victim: Any, address: str) -> bool:
    """Tell whether what was smuggled into a page had its way."""
    page = victim.new_page()
    page.goto(address, wait_until="load")
    if page.locator("#bait").count():
        page.eval_on_selector("#bait", "link => link.click()")
    page.wait_for_timeout(150)
    found = bool(page.evaluate("window.attacked.length"))
    found = found or page.evaluate("getComputedStyle(document.body).visibility") == "hidden"
    page.close()
    return found


@pytest.mark.parametrize("number", range(len(SMUGGLED)), ids=list(SMUGGLED))
def test_what_is_smuggled_into_a_page_does_nothing(victim: Any, base: str, number: int) -> None:
    assert not harm(victim, f"{base}/en/attacked-{number}.html")


def test_the_attacks_would_work_without_the_policy(victim: Any, attacked: Path) -> None:
    """Else the test above would show nothing."""
    harmless = [
        name
        for number, name in enumerate(SMUGGLED)
        if not harm(victim, (attacked / "en" / f"bare-{number}.html").as_uri())
    ]
    assert harmless in ([], ["object"]), "data: documents may not reach their page in any browser"


def test_a_form_cannot_be_sent_to_another_host(visit: Callable[..., Any]) -> None:
    visitor = visit()
    visitor.open("en/glossary.html")
    blocked = visitor.page.evaluate(
        """() => new Promise(done => {
          addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
          const form = document.createElement("form");
          form.action = "http://127.0.0.1:9/";
          document.body.append(form);
          form.submit();
        })"""
    )
    assert blocked == "form-action"
    visitor.complaints.clear()
